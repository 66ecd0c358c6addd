//! Bad input names its field and changes nothing; a secrecy marking stops at the door.

use kit::testing::request_id;
use proto::disclosure::v1 as pb;
use tonic::Code;
use tonic_types::StatusExt;

use crate::hall::*;

const DAY: &str = "2016-02-02T09:00";

fn fields(status: &tonic::Status) -> Vec<String> {
    let wrong = status.get_details_bad_request().map(|wrong| wrong.field_violations).unwrap_or_default();
    wrong.into_iter().map(|wrong| wrong.field).collect()
}

#[tokio::test]
async fn each_wrong_field_of_a_text_is_named_all_at_once() {
    let hall = Hall::open(DAY).await;
    let wrong = pb::Content {
        title: "长".repeat(201),
        summary: "长".repeat(501),
        formed_on: "2016-02-03".into(),
        document_number: "两\n行".into(),
        sections: vec![section("X", ""), section("a", "\u{202e}"), section("a", &"长".repeat(20_001))],
        body: "长".repeat(200_001),
        subjects: vec!["everybody".into()],
        ..notice()
    };
    let status = hall.drafts(wrong).await.expect_err("wrong");
    assert_eq!(status.code(), Code::InvalidArgument);
    let expected = [
        "content.formed_on",
        "content.title",
        "content.summary",
        "content.document_number",
        "content.sections[0].element",
        "content.sections[1].text",
        "content.sections[2].element",
        "content.sections[2].text",
        "content.body",
        "content.subjects",
    ];
    assert_eq!(fields(&status), expected);
    for wrong in [
        pb::Content { formed_on: String::new(), ..notice() },
        pb::Content { formed_on: "gestern".into(), ..notice() },
        pb::Content { unit: name("units", "a/b"), ..notice() },
        pb::Content { column: String::new(), ..notice() },
        pb::Content { sections: (0..41).map(|i| section(&format!("s{i}"), "x")).collect(), ..notice() },
    ] {
        assert_eq!(refused(hall.drafts(wrong).await), "FIELD_INVALID");
    }
    assert_eq!(refused(hall.drafts(pb::Content { unit: name("units", "099"), ..notice() }).await), "UNIT_NOT_FOUND");
    assert!(hall.events().await.is_empty());
}

#[tokio::test]
async fn a_marking_stops_at_the_door_in_every_field_and_is_named() {
    let hall = Hall::open(DAY).await;
    let marked = "机　密 ★ 10年";
    for (content, field) in [
        (pb::Content { title: format!("方案 {marked}"), ..notice() }, "content.title"),
        (pb::Content { summary: marked.into(), ..notice() }, "content.summary"),
        (pb::Content { document_number: marked.into(), ..notice() }, "content.document_number"),
        (pb::Content { sections: vec![section("basis", marked)], ..notice() }, "content.sections[0].text"),
        (pb::Content { body: format!("正文\n\n密级：绝密\n\n{}", notice().body), ..notice() }, "content.body"),
    ] {
        let status = hall.drafts(content).await.expect_err(field);
        assert_eq!(kit::status::reason(&status), "SECRECY_MARKING");
        assert_eq!(fields(&status), [field]);
    }
    let there = hall.drafts(notice()).await.expect("drafted");
    let again = pb::Content { body: marked.into(), ..notice() };
    assert_eq!(refused(hall.updates(&there, again).await), "SECRECY_MARKING");
    hall.checks(&there.name).await.expect("checked");
    assert_eq!(refused(hall.returns(&there.name, marked).await), "SECRECY_MARKING");
    let partial = pb::ReviewPublicationRequest {
        disposal: pb::Disposal::Partial.into(),
        omissions: vec![pb::Omission { what: "附件".into(), ground: 1, reason: "原件为“绝密★”".into() }],
        ..discloses(&there.name)
    };
    assert_eq!(refused(hall.reviews(partial).await), "SECRECY_MARKING");
    // Who only speaks of secrets is let through.
    let law = pb::Content {
        body: "依法保守国家秘密、商业秘密，公开前进行保密审查，密级分为绝密、机密、秘密三级。".into(),
        ..notice()
    };
    hall.drafts(law).await.expect("drafted");
}

#[tokio::test]
async fn a_verdict_says_what_it_must_and_no_more() {
    let hall = Hall::open(DAY).await;
    let name = hall.drafts(notice()).await.expect("drafted").name;
    hall.checks(&name).await.expect("checked");
    let omission = pb::Omission { what: "电话".into(), ground: pb::Ground::Privacy.into(), reason: "隐私".into() };
    let withhold = pb::Disposal::Withhold.into();
    let partial = pb::Disposal::Partial.into();
    for (wrong, field) in [
        (pb::ReviewPublicationRequest { disposal: 0, ..discloses(&name) }, "disposal"),
        (pb::ReviewPublicationRequest { disposal: 9, ..discloses(&name) }, "disposal"),
        (pb::ReviewPublicationRequest { ground: 5, ..discloses(&name) }, "ground"),
        (pb::ReviewPublicationRequest { omissions: vec![omission.clone()], ..discloses(&name) }, "omissions"),
        (pb::ReviewPublicationRequest { disposal: withhold, reason: "理由".into(), ..discloses(&name) }, "ground"),
        (pb::ReviewPublicationRequest { disposal: withhold, ground: 5, ..discloses(&name) }, "reason"),
        (pb::ReviewPublicationRequest { disposal: partial, ..discloses(&name) }, "omissions"),
        (
            pb::ReviewPublicationRequest {
                disposal: partial,
                omissions: vec![pb::Omission { ground: 0, ..omission }],
                ..discloses(&name)
            },
            "omissions[0].ground",
        ),
    ] {
        let status = hall.reviews(wrong).await.expect_err(field);
        assert_eq!(fields(&status), [field]);
    }
}

#[tokio::test]
async fn what_was_edited_must_be_told_and_the_unit_stays() {
    let hall = Hall::open(DAY).await;
    let there = hall.drafts(notice()).await.expect("drafted");
    let blind = pb::Publication { etag: String::new(), ..there.clone() };
    assert_eq!(fields(&hall.updates(&blind, notice()).await.expect_err("no etag")), ["etag"]);
    let moved = pb::Content { unit: name("units", "005"), ..notice() };
    assert_eq!(fields(&hall.updates(&there, moved).await.expect_err("moved")), ["content.unit"]);
    let file = |sha256: &str| pb::RemoveFileRequest {
        name: format!("{}/files/{sha256}", there.name),
        clerk: people(CLERK),
        etag: String::new(),
        request_id: request_id(),
    };
    assert_eq!(refused(hall.publications().remove_file(file("..")).await), "FIELD_INVALID");
    assert_eq!(refused(hall.publications().remove_file(file(&"0".repeat(64))).await), "FILE_NOT_FOUND");
    for number in [-1, 100_001] {
        assert_eq!(refused(hall.reads(&there.name, number).await), "FIELD_INVALID");
    }
}
