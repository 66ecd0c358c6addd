//! CatalogueService: items and their revisions.

use std::sync::Arc;

use calendar::shanghai_date;
use kit::{
    actor::RequestKey,
    caller::Caller,
    clock::Moment,
    form::{Form, choice, finish, must_match},
    id, page,
    refusal::{Kind, Refusal},
    store::{Desk, Event, Key, Noun},
};
use prost::Message;
use proto::intake::v1::{self as pb, catalogue_service_server::CatalogueService};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tonic::{Request, Response, Status};

use crate::{
    domain::item::{Cause, Faq, Handling, Item, Mandate, Material, Revision, Text},
    office::Office,
    store::{item, readable},
};

/// The catalogue's face to the world.
pub struct Catalogue(pub Arc<Office>);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl CatalogueService for Catalogue {
    async fn create_item(&self, request: Request<pb::CreateItemRequest>) -> Answer<pb::Item> {
        let actor = Caller::of_call(&request).actor().to_owned();
        let request = request.into_inner();
        let key = RequestKey::of("CreateItem", &request, &request.request_id)?;
        let asked = Asked::read(request.item)?;
        let (division, code, now) = (asked.division, asked.code.clone(), self.0.clock.now());
        self.0.hall().unit(division, &asked.text.unit)?;
        let today = shanghai_date(now.0);
        let from = asked.effective_on.unwrap_or(today);
        let keys = vec![Key::of::<Item>(division, code.as_str())];
        let decide = move |desk: &mut Desk<'_>| {
            if desk.get::<Item>(&code).is_some() {
                let (zh, en) = ("该事项已存在", "the item exists already");
                return Err(Refusal::new(Kind::AlreadyExists, "ITEM_EXISTS", zh, en));
            }
            let item = Item::create(division, &code, asked.text.clone(), from, now.0);
            put(desk, item, &actor, "item.created")
        };
        self.answer(self.0.writer.change::<Item>(division, keys, Some(key), decide).await?).await
    }

    async fn get_item(&self, request: Request<pb::GetItemRequest>) -> Answer<pb::Item> {
        let name = request.into_inner().name;
        let (division, id) = id::child("name", &name, "items")?;
        let (code, revision) = match id.split_once('@') {
            None => (id, None),
            Some((code, number)) => (code, Some(number.parse().map_err(|_| Item::not_found())?)),
        };
        let hall = self.0.hall();
        let item = hall.item(division, code)?;
        let revision = match revision {
            Some(number) => item.revision(number).ok_or_else(Item::not_found)?,
            None => item.shown(shanghai_date(self.0.clock.now().0)),
        };
        Ok(Response::new(render(item, revision)))
    }

    async fn list_items(&self, request: Request<pb::ListItemsRequest>) -> Answer<pb::ListItemsResponse> {
        Ok(Response::new(list(&self.0, request.into_inner()).await?))
    }

    async fn revise_item(&self, request: Request<pb::ReviseItemRequest>) -> Answer<pb::Item> {
        let actor = Caller::of_call(&request).actor().to_owned();
        let request = request.into_inner();
        let key = RequestKey::of("ReviseItem", &request, &request.request_id)?;
        let asked = Asked::read(request.item)?;
        let (division, code, now) = (asked.division, asked.code.clone(), self.0.clock.now());
        self.0.hall().unit(division, &asked.text.unit)?;
        let today = shanghai_date(now.0);
        let keys = vec![Key::of::<Item>(division, code.as_str())];
        let decide = move |desk: &mut Desk<'_>| {
            let mut item = desk.take::<Item>(&code, Item::not_found)?;
            must_match(&asked.etag, item.version)?;
            item.revise(asked.text.clone(), asked.effective_on.unwrap_or(today), today, now.0)?;
            put(desk, item, &actor, "item.revised")
        };
        self.answer(self.0.writer.change::<Item>(division, keys, Some(key), decide).await?).await
    }

    async fn mandate_item(&self, request: Request<pb::MandateItemRequest>) -> Answer<pb::Item> {
        let request = request.into_inner();
        let key = RequestKey::of("MandateItem", &request, &request.request_id)?;
        let (hall, now) = (self.0.hall(), self.0.clock.now());
        let Mandating { division, code, leader, mandate } = Mandating::read(&request, now)?;
        let keys = vec![Key::of::<Item>(division, code.as_str())];
        let decide = move |desk: &mut Desk<'_>| {
            let mut item = desk.take::<Item>(&code, Item::not_found)?;
            must_match(&request.etag, item.version)?;
            item.set_mandate(&leader, mandate.clone(), &hall, now)?;
            put(desk, item, &request.leader, "item.mandated")
        };
        self.answer(self.0.writer.change::<Item>(division, keys, Some(key), decide).await?).await
    }

    async fn retire_item(&self, request: Request<pb::RetireItemRequest>) -> Answer<pb::Item> {
        let actor = Caller::of_call(&request).actor().to_owned();
        let request = request.into_inner();
        let key = RequestKey::of("RetireItem", &request, &request.request_id)?;
        let (division, code) = id::child("name", &request.name, "items")?;
        let (code, etag) = (code.to_owned(), request.etag);
        let keys = vec![Key::of::<Item>(division, code.as_str())];
        let decide = move |desk: &mut Desk<'_>| {
            let mut item = desk.take::<Item>(&code, Item::not_found)?;
            must_match(&etag, item.version)?;
            item.retire()?;
            put(desk, item, &actor, "item.retired")
        };
        self.answer(self.0.writer.change::<Item>(division, keys, Some(key), decide).await?).await
    }
}

impl Catalogue {
    /// Answers with the newest revision, once the hall knows it too.
    async fn answer(&self, item: Arc<Item>) -> Answer<pb::Item> {
        self.0.refresh().await.map_err(|error| {
            tracing::error!(%error, "the hall could not be read");
            Refusal::unavailable()
        })?;
        Ok(Response::new(render(&item, item.newest())))
    }
}

fn put(desk: &mut Desk<'_>, item: Item, actor: &str, name: &'static str) -> Result<Arc<str>, Refusal> {
    let (code, payload) = (item.code.clone(), render(&item, item.newest()).encode_to_vec().into());
    desk.record(Event { name, noun: format!("{}/{code}", Item::KIND), actor: actor.to_owned(), payload });
    desk.put(item);
    Ok(code.into())
}

async fn list(office: &Office, request: pb::ListItemsRequest) -> Result<pb::ListItemsResponse, Refusal> {
    let division = id::division("parent", &request.parent)?;
    let unit = match request.unit.as_str() {
        "" => None,
        name => Some(id::child_of("unit", name, "units", division)?),
    };
    let size = page::size(request.page_size, 100, 1_000)?;
    let retired = if request.show_retired { "retired" } else { "" };
    let scope = ["ListItems", &request.parent, &request.unit, retired];
    let after = page::after(&office.keys, &scope, &request.page_token)?;
    let mut query = item::Entity::find().filter(item::Column::Division.eq(division.as_str()));
    if let Some(unit) = unit {
        query = query.filter(item::Column::Unit.eq(unit));
    }
    if !request.show_retired {
        query = query.filter(item::Column::Retired.eq(false));
    }
    if let Some(after) = after {
        query = query.filter(item::Column::Id.gt(after));
    }
    let rows =
        query.order_by_asc(item::Column::Id).limit(size + 1).all(office.store.read()).await.map_err(unreadable)?;
    let more = rows.len() as u64 > size;
    let last = rows.get(size as usize - 1).filter(|_| more);
    let next = last.map(|last| page::token(&office.keys, &scope, &last.id));
    let items = readable::<Item>(rows.into_iter().take(size as usize));
    let today = shanghai_date(office.clock.now().0);
    Ok(pb::ListItemsResponse {
        items: items.iter().map(|item| render(item, item.shown(today))).collect(),
        next_page_token: next.unwrap_or_default(),
    })
}

pub fn unreadable(error: sea_orm::DbErr) -> Refusal {
    tracing::error!(%error, "read failed");
    Refusal::unavailable()
}

/// A mandate as a request gives it, or takes it back.
struct Mandating {
    division: id::Division,
    code: String,
    leader: String,
    mandate: Option<Mandate>,
}

impl Mandating {
    fn read(request: &pb::MandateItemRequest, now: Moment) -> Result<Mandating, Refusal> {
        let (division, code) = id::child("name", &request.name, "items")?;
        let mut form = Form::new();
        let mut person =
            |field, name: &str| form.take(id::child_of(field, name, "people", division)).map(str::to_owned);
        let leader = person("leader", &request.leader).unwrap_or_default();
        let is_given = !request.officer.is_empty();
        let officer = if is_given { person("officer", &request.officer) } else { None };
        let length = if is_given { 1..=100 } else { 0..=0 };
        let document = form.text("document_number", &request.document_number, length);
        form.finish()?;
        let mandate = officer.map(|officer| Mandate { officer, document, by: leader.clone(), at: now.0 });
        Ok(Mandating { division, code: code.to_owned(), leader, mandate })
    }
}

/// An item as a request gives it.
struct Asked {
    division: id::Division,
    code: String,
    etag: String,
    effective_on: Option<calendar::Date>,
    text: Text,
}

impl Asked {
    fn read(item: Option<pb::Item>) -> Result<Asked, Refusal> {
        let missing = |field: &str| Refusal::field(field, "必填", "required");
        let item = item.ok_or_else(|| missing("item"))?;
        let text = item.text.ok_or_else(|| missing("item.text"))?;
        let (division, code) = id::child("item.name", &item.name, "items")?;
        let mut form = Form::new();
        form.require(
            code.len() <= 40 && !code.contains(['@', '.']),
            "item.name",
            "事项代码为1至40位字母、数字或连字符",
            "the code is 1 to 40 letters, digits and hyphens",
        );
        let effective_on = form.date("item.effective_on", &item.effective_on);
        let unit =
            form.take(id::child_of("item.text.unit", &text.unit, "units", division)).unwrap_or_default().to_owned();
        let text = read_text(text, unit, &mut form);
        let text = finish(form, text)?;
        let mut form = Form::new();
        text.check(&mut form);
        form.finish()?;
        Ok(Asked { division, code: code.to_owned(), etag: item.etag, effective_on, text })
    }
}

fn read_text(text: pb::ItemText, unit: String, form: &mut Form) -> Option<Text> {
    let at = |field: &str| format!("item.text.{field}");
    let kind = form.take(choice::<pb::ItemKind>(&at("kind"), text.kind));
    let level = form.take(choice::<pb::Level>(&at("level"), text.level));
    let handling = form.take(choice::<pb::Handling>(&at("handling"), text.handling));
    form.require(text.subjects.len() <= 6, &at("subjects"), "最多6项", "at most 6");
    for (i, subject) in text.subjects.iter().take(6).enumerate() {
        form.take(choice::<pb::Subject>(&at(&format!("subjects[{i}]")), *subject));
    }
    form.require(text.special_procedures.len() <= 8, &at("special_procedures"), "最多8项", "at most 8");
    let special: Vec<_> = text
        .special_procedures
        .iter()
        .take(8)
        .enumerate()
        .filter_map(|(i, value)| form.take(cause(&at(&format!("special_procedures[{i}]")), *value)))
        .collect();
    form.require(text.materials.len() <= 60, &at("materials"), "最多60项", "at most 60");
    let materials = text.materials.iter().take(60).enumerate().map(|(i, m)| {
        let at = |field: &str| format!("item.text.materials[{i}].{field}");
        form.require(
            m.code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
            &at("code"),
            "材料代码只含字母、数字和连字符",
            "letters, digits and hyphens",
        );
        Material {
            code: form.text(&at("code"), &m.code, 1..=20),
            title: form.text(&at("title"), &m.title, 1..=200),
            originals: form.number(&at("originals"), m.originals.into(), 0..=20) as i32,
            copies: form.number(&at("copies"), m.copies.into(), 0..=20) as i32,
            required: m.required,
            issuer: form.text(&at("issuer"), &m.issuer, 0..=200),
        }
    });
    let materials = materials.collect();
    form.require(text.faq.len() <= 50, &at("faq"), "最多50条", "at most 50");
    let faq = text.faq.iter().take(50).enumerate().map(|(i, f)| Faq {
        question: form.text(&at(&format!("faq[{i}].question")), &f.question, 1..=500),
        answer: form.text(&at(&format!("faq[{i}].answer")), &f.answer, 1..=2_000),
    });
    let faq = faq.collect();
    let code = |form: &mut Form, field: &str, code: &str, most: usize| {
        form.require(
            code.bytes().all(|b| b.is_ascii_alphanumeric()),
            &at(field),
            "只含字母和数字",
            "letters and digits",
        );
        form.text(&at(field), code, 0..=most)
    };
    let basic_code = code(form, "basic_code", &text.basic_code, 12);
    let implementation_code = code(form, "implementation_code", &text.implementation_code, 33);
    let read = Text {
        title_zh: form.text(&at("title_zh"), &text.title_zh, 1..=200),
        title_en: form.text(&at("title_en"), &text.title_en, 0..=200),
        kind: kind.map_or(0, Into::into),
        level: level.map_or(0, Into::into),
        basic_code,
        implementation_code,
        legal_basis: form.texts(&at("legal_basis"), &text.legal_basis, 20, 1..=500),
        unit,
        subjects: text.subjects,
        handling: if handling == Some(pb::Handling::Instant) { Handling::Instant } else { Handling::Promised },
        legal_limit: form.number(&at("legal_limit_days"), text.legal_limit_days.into(), 1..=250) as u16,
        promised_limit: form.number(&at("promised_limit_days"), text.promised_limit_days.into(), 0..=250) as u16,
        joint: text.joint,
        extension: form.number(&at("extension_days"), text.extension_days.into(), 0..=15) as u16,
        supplement: form.number(&at("supplement_days"), text.supplement_days.into(), 0..=250) as u16,
        conditions: form.texts(&at("conditions"), &text.conditions, 50, 1..=1_000),
        materials,
        steps: form.texts(&at("steps"), &text.steps, 30, 1..=500),
        fee_fen: form.number(&at("fee_fen"), text.fee_fen, 0..=100_000_000_000),
        fee_basis: form.text(&at("fee_basis"), &text.fee_basis, 0..=500),
        result_document: form.text(&at("result_document"), &text.result_document, 0..=200),
        result_validity_days: form.number(&at("result_validity_days"), text.result_validity_days.into(), 0..=36_500)
            as i32,
        place: form.text(&at("place"), &text.place, 0..=200),
        open_hours: form.text(&at("open_hours"), &text.open_hours, 0..=200),
        phone: form.text(&at("phone"), &text.phone, 0..=40),
        supervision_phone: form.text(&at("supervision_phone"), &text.supervision_phone, 0..=40),
        special_procedures: special,
        faq,
    };
    form.is_clean().then_some(read)
}

fn render(item: &Item, revision: &Revision) -> pb::Item {
    let text = &revision.text;
    pb::Item {
        name: item.division.child("items", &item.code),
        revision: revision.number,
        effective_on: revision.effective_on.to_string(),
        text: Some(pb::ItemText {
            title_zh: text.title_zh.clone(),
            title_en: text.title_en.clone(),
            kind: text.kind,
            level: text.level,
            basic_code: text.basic_code.clone(),
            implementation_code: text.implementation_code.clone(),
            legal_basis: text.legal_basis.clone(),
            unit: item.division.child("units", &text.unit),
            subjects: text.subjects.clone(),
            handling: match text.handling {
                Handling::Instant => pb::Handling::Instant.into(),
                Handling::Promised => pb::Handling::Promised.into(),
            },
            legal_limit_days: text.legal_limit.into(),
            promised_limit_days: text.promised_limit.into(),
            joint: text.joint,
            extension_days: text.extension.into(),
            supplement_days: text.supplement.into(),
            conditions: text.conditions.clone(),
            materials: text
                .materials
                .iter()
                .map(|m| pb::Material {
                    code: m.code.clone(),
                    title: m.title.clone(),
                    originals: m.originals,
                    copies: m.copies,
                    required: m.required,
                    issuer: m.issuer.clone(),
                })
                .collect(),
            steps: text.steps.clone(),
            fee_fen: text.fee_fen,
            fee_basis: text.fee_basis.clone(),
            result_document: text.result_document.clone(),
            result_validity_days: text.result_validity_days,
            place: text.place.clone(),
            open_hours: text.open_hours.clone(),
            phone: text.phone.clone(),
            supervision_phone: text.supervision_phone.clone(),
            special_procedures: text.special_procedures.iter().map(|cause| cause_code(*cause)).collect(),
            faq: text.faq.iter().map(|f| pb::Faq { question: f.question.clone(), answer: f.answer.clone() }).collect(),
        }),
        retired: item.retired,
        etag: item.version.to_string(),
        revised_at: Some(Moment(revision.revised_at).timestamp()),
        mandate: item.mandate.as_ref().map(|mandate| pb::Mandate {
            officer: item.division.child("people", &mandate.officer),
            leader: item.division.child("people", &mandate.by),
            document_number: mandate.document.clone(),
            given_at: Some(Moment(mandate.at).timestamp()),
        }),
    }
}

/// Reads a cause of art. 45.
pub fn cause(field: &str, value: i32) -> Result<Cause, Refusal> {
    Ok(match choice::<pb::SuspensionCause>(field, value)? {
        pb::SuspensionCause::Hearing | pb::SuspensionCause::Unspecified => Cause::Hearing,
        pb::SuspensionCause::Tender => Cause::Tender,
        pb::SuspensionCause::Auction => Cause::Auction,
        pb::SuspensionCause::Inspection => Cause::Inspection,
        pb::SuspensionCause::Testing => Cause::Testing,
        pb::SuspensionCause::Quarantine => Cause::Quarantine,
        pb::SuspensionCause::Appraisal => Cause::Appraisal,
        pb::SuspensionCause::ExpertReview => Cause::ExpertReview,
    })
}

/// As in the contract.
pub fn cause_code(cause: Cause) -> i32 {
    match cause {
        Cause::Hearing => pb::SuspensionCause::Hearing,
        Cause::Tender => pb::SuspensionCause::Tender,
        Cause::Auction => pb::SuspensionCause::Auction,
        Cause::Inspection => pb::SuspensionCause::Inspection,
        Cause::Testing => pb::SuspensionCause::Testing,
        Cause::Quarantine => pb::SuspensionCause::Quarantine,
        Cause::Appraisal => pb::SuspensionCause::Appraisal,
        Cause::ExpertReview => pb::SuspensionCause::ExpertReview,
    }
    .into()
}
