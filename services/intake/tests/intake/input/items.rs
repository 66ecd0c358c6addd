//! What may be wrong with a request about an item.

use kit::testing::request_id;
use prost::Message;
use proto::intake::v1 as pb;

use super::{Row, Table};
use crate::hall::*;

fn create() -> pb::CreateItemRequest {
    let item = pb::Item { name: name("items", "new-item"), text: Some(food_text()), ..Default::default() };
    pb::CreateItemRequest { item: Some(item), request_id: request_id() }
}

fn revise() -> pb::ReviseItemRequest {
    pb::ReviseItemRequest { item: Some(food()), request_id: request_id() }
}

fn retire() -> pb::RetireItemRequest {
    pb::RetireItemRequest { name: name("items", FOOD), etag: "1".into(), request_id: request_id() }
}

fn list() -> pb::ListItemsRequest {
    let parent = format!("divisions/{DIVISION}");
    pb::ListItemsRequest {
        parent,
        page_size: 5,
        page_token: String::new(),
        unit: name("units", UNIT),
        show_retired: true,
    }
}

fn get() -> pb::GetItemRequest {
    pb::GetItemRequest { name: name("items", "food-licence@1") }
}

pub fn samples() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("CatalogueService/CreateItem", create().encode_to_vec()),
        ("CatalogueService/ReviseItem", revise().encode_to_vec()),
        // Retired, the item would stand in the way of all else.
        ("CatalogueService/RetireItem", pb::RetireItemRequest { etag: "999".into(), ..retire() }.encode_to_vec()),
        ("CatalogueService/MandateItem", mandate(COPY).encode_to_vec()),
        ("CatalogueService/ListItems", list().encode_to_vec()),
        ("CatalogueService/GetItem", get().encode_to_vec()),
    ]
}

pub fn tables() -> Vec<Row> {
    let revised = Table::of("CatalogueService/ReviseItem", revise())
        .wrong("item", |r| r.item = None)
        .wrong("item.text", |r| r.item.as_mut().expect("an item").text = None)
        .name("item.name", |r, v| r.item.as_mut().expect("an item").name = v)
        .day("item.effective_on", |r, v| r.item.as_mut().expect("an item").effective_on = v)
        .request_id(|r, v| r.request_id = v);
    let retired = Table::of("CatalogueService/RetireItem", retire())
        .name("name", |r, v| r.name = v)
        .request_id(|r, v| r.request_id = v);
    let mandated = Table::of("CatalogueService/MandateItem", mandate(COPY))
        .name("name", |r, v| r.name = v)
        .name("leader", |r, v| r.leader = v)
        .wrong("leader", |r| r.leader = "divisions/410224/people/012-HEAD".into())
        .wrong("officer", |r| r.officer = "012-OFFICER".into())
        .wrong("officer", |r| r.officer = "divisions/410224/people/012-OFFICER".into())
        .wrong("document_number", |r| r.document_number.clear())
        .wrong("document_number", |r| r.officer.clear())
        .text("document_number", 100, |r, v| r.document_number = v)
        .request_id(|r, v| r.request_id = v);
    let listed = Table::of("CatalogueService/ListItems", list())
        .wrong("parent", |r| r.parent = "410223".into())
        .wrong("unit", |r| r.unit = "divisions/410223/windows/A01".into())
        .wrong("page_size", |r| r.page_size = -5);
    let got = Table::of("CatalogueService/GetItem", get()).name("name", |r, v| r.name = v);
    let tables = [created(), revised.rows(), mandated.rows(), retired.rows(), listed.rows(), got.rows()];
    tables.into_iter().flatten().collect()
}

fn created() -> Vec<Row> {
    fn item(request: &mut pb::CreateItemRequest) -> &mut pb::Item {
        request.item.as_mut().expect("an item")
    }
    fn text(request: &mut pb::CreateItemRequest) -> &mut pb::ItemText {
        item(request).text.as_mut().expect("text")
    }
    Table::of("CatalogueService/CreateItem", create())
        .wrong("item", |r| r.item = None)
        .wrong("item.text", |r| item(r).text = None)
        .name("item.name", |r, v| item(r).name = v)
        .wrong("item.name", |r| item(r).name = name("items", "a@1"))
        .wrong("item.name", |r| item(r).name = name("items", &"a".repeat(41)))
        .day("item.effective_on", |r, v| item(r).effective_on = v)
        .wrong("item.text.title_zh", |r| text(r).title_zh.clear())
        .text("item.text.title_zh", 200, |r, v| text(r).title_zh = v)
        .text("item.text.title_en", 200, |r, v| text(r).title_en = v)
        .choice("item.text.kind", |r, v| text(r).kind = v)
        .wrong("item.text.kind", |r| text(r).kind = 11)
        .choice("item.text.level", |r, v| text(r).level = v)
        .choice("item.text.handling", |r, v| text(r).handling = v)
        .choice("item.text.subjects[0]", |r, v| text(r).subjects = vec![v])
        .wrong("item.text.subjects", |r| text(r).subjects = vec![1; 7])
        .choice("item.text.special_procedures[0]", |r, v| text(r).special_procedures = vec![v])
        .wrong("item.text.special_procedures", |r| text(r).special_procedures = vec![1; 9])
        .wrong("item.text.basic_code", |r| text(r).basic_code = "1".repeat(13))
        .wrong("item.text.basic_code", |r| text(r).basic_code = "行政".into())
        .wrong("item.text.implementation_code", |r| text(r).implementation_code = "1".repeat(34))
        .wrong("item.text.legal_basis", |r| text(r).legal_basis = vec!["法".into(); 21])
        .text("item.text.legal_basis[0]", 500, |r, v| text(r).legal_basis = vec![v])
        .name("item.text.unit", |r, v| text(r).unit = v)
        .wrong("item.text.unit", |r| text(r).unit = "divisions/410224/units/012".into())
        .wrong("item.text.legal_limit_days", |r| text(r).legal_limit_days = 0)
        .wrong("item.text.legal_limit_days", |r| text(r).legal_limit_days = 251)
        .wrong("item.text.promised_limit_days", |r| text(r).promised_limit_days = -1)
        .wrong("item.text.promised_limit_days", |r| text(r).promised_limit_days = 21)
        .wrong("item.text.extension_days", |r| text(r).extension_days = 11)
        .wrong("item.text.extension_days", |r| text(r).extension_days = i32::MIN)
        .wrong("item.text.extension_days", |r| (text(r).joint, text(r).extension_days) = (true, 16))
        .wrong("item.text.supplement_days", |r| text(r).supplement_days = 251)
        .wrong("item.text.conditions", |r| text(r).conditions = vec!["条件".into(); 51])
        .text("item.text.conditions[0]", 1_000, |r, v| text(r).conditions = vec![v])
        .wrong("item.text.materials", |r| text(r).materials = vec![text(r).materials[0].clone(); 61])
        .wrong("item.text.materials[1].code", |r| text(r).materials = vec![text(r).materials[0].clone(); 2])
        .wrong("item.text.materials[0].code", |r| text(r).materials[0].code = "M 1".into())
        .text("item.text.materials[0].code", 20, |r, v| text(r).materials[0].code = v)
        .text("item.text.materials[0].title", 200, |r, v| text(r).materials[0].title = v)
        .wrong("item.text.materials[0].originals", |r| text(r).materials[0].originals = 21)
        .wrong("item.text.materials[0].copies", |r| text(r).materials[0].copies = -1)
        .wrong("item.text.materials[0].copies", |r| {
            (text(r).materials[0].originals, text(r).materials[0].copies) = (0, 0)
        })
        .wrong("item.text.steps", |r| text(r).steps = vec!["步".into(); 31])
        .wrong("item.text.fee_fen", |r| text(r).fee_fen = -1)
        .wrong("item.text.fee_fen", |r| text(r).fee_fen = i64::MAX)
        .wrong("item.text.fee_basis", |r| text(r).fee_fen = 1)
        .wrong("item.text.result_validity_days", |r| text(r).result_validity_days = 36_501)
        .text("item.text.place", 200, |r, v| text(r).place = v)
        .text("item.text.phone", 40, |r, v| text(r).phone = v)
        .wrong("item.text.faq", |r| text(r).faq = vec![pb::Faq { question: "问".into(), answer: "答".into() }; 51])
        .wrong("item.text.faq[0].answer", |r| {
            text(r).faq = vec![pb::Faq { question: "问".into(), answer: String::new() }]
        })
        .request_id(|r, v| r.request_id = v)
        .rows()
}
