//! From the draft to the public, back, and away.

use kit::testing::request_id;
use proto::disclosure::v1 as pb;

use crate::hall::*;

const DAY: &str = "2016-02-02T09:00";

#[tokio::test]
async fn a_notice_is_drafted_checked_reviewed_approved_and_published() {
    Hall::on_each_engine(DAY, async |hall| {
        let drafted = hall.drafts(notice()).await.expect("drafted");
        assert_eq!(drafted.name, name("publications", "012-2016-00001"));
        assert_eq!(drafted.index_number, "410223-012-2016-00001");
        let draft = drafted.draft.as_ref().expect("a draft");
        // 20 working days from 1 February, the 春节 of 2016 between.
        assert_eq!((draft.due_on.as_str(), draft.signal()), ("2016-03-03", pb::Signal::Green));
        assert_eq!(refused(hall.reads(&drafted.name, 0).await), "PUBLICATION_NOT_FOUND");

        let checked = hall.checks(&drafted.name).await.expect("checked").draft.expect("a draft");
        let found = checked.conformance.expect("scored");
        assert_eq!((found.score, found.said, found.required, found.bar), (100, 5, 5, 80));
        let reviewed = hall.reviews(discloses(&drafted.name)).await.expect("reviewed").draft.expect("a draft");
        assert_eq!(reviewed.review.expect("a review").reviewer, people(REVIEWER));
        hall.approves(&drafted.name, LEADER, "").await.expect("approved");
        let published = hall.publishes(&drafted.name).await.expect("published");
        assert_eq!((published.standing(), published.draft), (pb::Standing::Public, None));
        let edition = published.edition.expect("an edition");
        assert_eq!((edition.number, edition.on_time), (1, true));
        assert_eq!((edition.author, edition.reviewer), (people(CLERK), people(REVIEWER)));
        assert_eq!((edition.leader, edition.publisher), (people(LEADER), people(CLERK)));
        assert_eq!(edition.content.expect("its text").body, notice().body);

        let told = hall.events().await;
        let life = ["drafted", "checked", "reviewed", "approved", "published"];
        assert_eq!(told, life.map(|event| format!("publication.{event}")));
        let second = hall.drafts(notice()).await.expect("drafted");
        assert_eq!(second.name, name("publications", "012-2016-00002"));
    })
    .await;
}

#[tokio::test]
async fn each_step_follows_the_one_before_and_is_refused_out_of_turn() {
    let hall = Hall::open(DAY).await;
    let name = hall.drafts(notice()).await.expect("drafted").name;
    assert_eq!(refused(hall.reviews(discloses(&name)).await), "DRAFT_STATE");
    assert_eq!(refused(hall.approves(&name, LEADER, "").await), "DRAFT_STATE");
    assert_eq!(refused(hall.publishes(&name).await), "DRAFT_STATE");
    assert_eq!(refused(hall.returns(&name, "请补充").await), "DRAFT_STATE");
    assert_eq!(refused(hall.withdraws(&name).await), "NOT_PUBLIC");
    assert_eq!(refused(hall.corrects(&name, None).await), "DRAFT_OPEN");
    hall.checks(&name).await.expect("checked");
    assert_eq!(refused(hall.checks(&name).await), "DRAFT_STATE");

    let own = pb::ReviewPublicationRequest { reviewer: people(CLERK), ..discloses(&name) };
    assert_eq!(refused(hall.reviews(own).await), "AUTHOR_REVIEWS");
    let foreign = pb::ReviewPublicationRequest { reviewer: people(STRANGER), ..discloses(&name) };
    assert_eq!(refused(hall.reviews(foreign).await), "PERSON_UNIT");
    let unknown = pb::ReviewPublicationRequest { reviewer: people("NOBODY"), ..discloses(&name) };
    assert_eq!(refused(hall.reviews(unknown).await), "PERSON_NOT_FOUND");
    hall.reviews(pb::ReviewPublicationRequest { reviewer: people(MANAGER), ..discloses(&name) }).await.expect("centre");
    assert_eq!(refused(hall.approves(&name, REVIEWER, "").await), "APPROVER_RANK");
    assert_eq!(refused(hall.approves(&name, "005-L1", "").await), "PERSON_UNIT");
    hall.approves(&name, MAYOR, "").await.expect("the mayor approves");
    let sent_back = hall.returns(&name, "请核对电话").await.expect("returned").draft.expect("a draft");
    assert_eq!((sent_back.state(), sent_back.returned_by), (pb::DraftState::Draft, people(LEADER)));
    assert_eq!((sent_back.review, sent_back.leader), (None, String::new()));
    hall.leads_to_the_public(&name).await;
    assert_eq!(refused(hall.checks(&name).await), "NO_DRAFT");
    let missing = crate::hall::name("publications", "012-2016-99999");
    assert_eq!(refused(hall.checks(&missing).await), "PUBLICATION_NOT_FOUND");
}

#[tokio::test]
async fn a_correction_is_another_edition_and_the_one_before_stays_readable() {
    Hall::on_each_engine(DAY, async |hall| {
        let name = hall.makes_public(notice()).await.name;
        hall.pass_to("2016-03-01T09:00").await;
        let changed = pb::Content {
            body: "值班电话改为0371-27990001，自3月1日起使用。".into(),
            formed_on: "2016-03-01".into(),
            ..notice()
        };
        let draft = hall.corrects(&name, Some(changed.clone())).await.expect("a draft").draft.expect("a draft");
        // Its clock runs from the change.
        assert_eq!((draft.due_on.as_str(), draft.correction.as_str()), ("2016-03-29", "电话号码变更"));
        assert_eq!(refused(hall.corrects(&name, None).await), "DRAFT_OPEN");
        // What is public stays public meanwhile, and says nothing of the draft.
        let seen = hall.reads(&name, 0).await.expect("public");
        assert_eq!((seen.draft, seen.edition.expect("an edition").number), (None, 1));
        hall.leads_to_the_public(&name).await;

        let seen = hall.reads(&name, 0).await.expect("public");
        let edition = seen.edition.expect("an edition");
        assert_eq!((edition.number, edition.correction.as_str()), (2, "电话号码变更"));
        assert_eq!(edition.content.expect("its text").body, changed.body);
        assert_eq!((edition.author, edition.reviewer), (String::new(), String::new()));
        assert_eq!((edition.leader, edition.publisher), (String::new(), String::new()));
        assert_eq!((seen.before.len(), seen.before[0].content.is_none()), (1, true));
        let first = hall.reads(&name, 1).await.expect("public").before.remove(0);
        assert_eq!(first.content.expect("its text").body, notice().body);
        assert_eq!(refused(hall.reads(&name, 3).await), "EDITION_NOT_FOUND");

        // Without a text it begins with the last one, as of today.
        let again = hall.corrects(&name, None).await.expect("a draft").draft.expect("a draft").content.expect("a text");
        assert_eq!((again.body, again.formed_on.as_str()), (changed.body, "2016-03-01"));
    })
    .await;
}

#[tokio::test]
async fn what_is_withdrawn_says_since_when_and_why_and_no_more() {
    Hall::on_each_engine(DAY, async |hall| {
        let name = hall.makes_public(notice()).await.name;
        hall.withdraws(&name).await.expect("withdrawn");
        assert_eq!(refused(hall.withdraws(&name).await), "NOT_PUBLIC");
        for edition in [0, 1] {
            let seen = hall.reads(&name, edition).await.expect("it says so");
            let withdrawal = seen.withdrawal.expect("a withdrawal");
            assert_eq!((withdrawal.reason.as_str(), withdrawal.by.as_str()), ("内容有误，核实后重新公布", ""));
            let there = seen.edition.expect("an edition");
            assert_eq!((there.content, there.conformance, there.omissions.len()), (None, None, 0));
        }
        let inside = hall.looks_at(&name, 0).await;
        assert_eq!(inside.withdrawal.expect("a withdrawal").by, people(CLERK));
        assert!(inside.edition.expect("an edition").content.is_some(), "people of the division read it");
        // Corrected, it is public again.
        hall.corrects(&name, Some(notice())).await.expect("a draft");
        let again = hall.leads_to_the_public(&name).await;
        assert_eq!((again.standing(), again.withdrawal), (pb::Standing::Public, None));
    })
    .await;
}

#[tokio::test]
async fn what_is_withheld_leaves_the_way_with_its_ground_and_may_be_taken_up_again() {
    let hall = Hall::open(DAY).await;
    let name = hall.drafts(notice()).await.expect("drafted").name;
    hall.checks(&name).await.expect("checked");
    let withholds = pb::ReviewPublicationRequest {
        disposal: pb::Disposal::Withhold.into(),
        ground: pb::Ground::InternalAffairs.into(),
        reason: "属于内部值班安排".into(),
        ..discloses(&name)
    };
    let withheld = hall.reviews(withholds).await.expect("withheld");
    assert_eq!((withheld.standing(), withheld.draft), (pb::Standing::Withheld, None));
    let review = withheld.withheld.expect("a review");
    assert_eq!((review.ground(), review.reviewer), (pb::Ground::InternalAffairs, people(REVIEWER)));
    assert_eq!(refused(hall.reads(&name, 0).await), "PUBLICATION_NOT_FOUND");
    assert!(hall.inbox(UNIT).await.is_empty());
    let facts = hall.journal().await.pop().expect("an entry");
    assert_eq!(facts.event, "publication.withheld");
    let taken_up = hall.corrects(&name, None).await.expect("a draft").draft.expect("a draft");
    assert_eq!(taken_up.content.expect("a text").body, notice().body);
    hall.leads_to_the_public(&name).await;
    assert!(hall.looks_at(&name, 0).await.withheld.is_none());
}

#[tokio::test]
async fn what_is_disclosed_in_part_says_what_was_left_out_and_why() {
    let hall = Hall::open(DAY).await;
    let name = hall.drafts(notice()).await.expect("drafted").name;
    hall.checks(&name).await.expect("checked");
    let omission = pb::Omission {
        what: "值班人员的个人电话".into(),
        ground: pb::Ground::Privacy.into(),
        reason: "公开会侵害个人隐私".into(),
    };
    let partial = pb::ReviewPublicationRequest {
        disposal: pb::Disposal::Partial.into(),
        omissions: vec![omission.clone()],
        ..discloses(&name)
    };
    hall.reviews(partial).await.expect("reviewed");
    hall.approves(&name, LEADER, "").await.expect("approved");
    hall.publishes(&name).await.expect("published");
    let seen = hall.reads(&name, 0).await.expect("public").edition.expect("an edition");
    assert_eq!(seen.omissions, [omission]);
}

#[tokio::test]
async fn below_the_bar_a_leader_says_why() {
    let hall = Hall::open(DAY).await;
    let poor = pb::Content {
        column: name("columns", "fees"),
        sections: vec![section("item", "企业登记"), section("standard", "按规定收费"), section("payers", "无")],
        ..notice()
    };
    let there = hall.drafts(poor).await.expect("drafted").name;
    let found = hall.checks(&there).await.expect("checked").draft.expect("a draft").conformance.expect("scored");
    let problems: Vec<_> = found.findings.iter().map(|it| (it.element.as_str(), it.problem())).collect();
    let expected =
        [("basis", pb::Problem::Missing), ("standard", pb::Problem::Evasive), ("payers", pb::Problem::Evasive)];
    assert_eq!(problems, expected);
    assert_eq!((found.score, found.requirements.as_str(), found.version), (62, "art20-08", 0));
    assert!(found.findings[1].message_zh.contains("收费标准"), "{}", found.findings[1].message_zh);
    hall.reviews(discloses(&there)).await.expect("reviewed");
    assert_eq!(refused(hall.approves(&there, LEADER, "").await), "BELOW_BAR");
    hall.approves(&there, LEADER, "收费标准正由发改部门核定，先行公开").await.expect("approved");
    let edition = hall.publishes(&there).await.expect("published").edition.expect("an edition");
    assert_eq!(edition.below_bar_reason, "收费标准正由发改部门核定，先行公开");
    // Where it is not below, a reason is not kept.
    let good = hall.drafts(notice()).await.expect("drafted").name;
    hall.checks(&good).await.expect("checked");
    hall.reviews(discloses(&good)).await.expect("reviewed");
    let approved = hall.approves(&good, LEADER, "没有必要").await.expect("approved").draft.expect("a draft");
    assert_eq!(approved.below_bar_reason, "");
}

#[tokio::test]
async fn of_two_editors_at_once_the_second_is_told() {
    Hall::on_each_engine(DAY, async |hall| {
        let there = hall.drafts(notice()).await.expect("drafted");
        let with = |body: &str| pb::Content { body: body.into(), ..notice() };
        let (one, other) = (with("第一位编辑修改后的正文，内容完整，电话不变。"), with("第二位编辑修改后的正文。"));
        let both = tokio::join!(hall.updates(&there, one), hall.updates(&there, other));
        let (done, stale) = match both {
            (Ok(done), Err(stale)) | (Err(stale), Ok(done)) => (done, stale),
            both => panic!("one of two: {both:?}"),
        };
        assert_eq!(kit::status::reason(&stale), "ETAG_STALE");
        assert_eq!(hall.looks_at(&there.name, 0).await.etag, done.etag);
    })
    .await;
}

#[tokio::test]
async fn whoever_has_written_a_draft_does_not_review_it_and_a_change_begins_anew() {
    let hall = Hall::open(DAY).await;
    let there = hall.drafts(notice()).await.expect("drafted");
    hall.checks(&there.name).await.expect("checked");
    let checked = hall.looks_at(&there.name, 0).await;
    let request = pb::UpdatePublicationRequest {
        name: there.name.clone(),
        content: Some(notice()),
        author: people(REVIEWER),
        etag: checked.etag,
        request_id: request_id(),
    };
    let updated = hall.publications().update_publication(request.clone()).await.expect("updated").into_inner();
    let draft = updated.draft.expect("a draft");
    assert_eq!((draft.state(), draft.conformance, draft.author), (pb::DraftState::Draft, None, people(REVIEWER)));
    hall.checks(&there.name).await.expect("checked");
    for writer in [CLERK, REVIEWER] {
        let own = pb::ReviewPublicationRequest { reviewer: people(writer), ..discloses(&there.name) };
        assert_eq!(refused(hall.reviews(own).await), "AUTHOR_REVIEWS");
    }
    // The same request again answers with what stands now.
    let again = hall.publications().update_publication(request.clone()).await.expect("answered again").into_inner();
    assert_eq!(again.draft.expect("a draft").state(), pb::DraftState::Checked);
    let other = pb::UpdatePublicationRequest { author: people(CLERK), ..request };
    assert_eq!(refused(hall.publications().update_publication(other).await), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn the_journal_has_no_text_of_a_draft_and_no_title_of_what_is_not_public() {
    let hall = Hall::open(DAY).await;
    let secret = "尚未公开的标题";
    let content = pb::Content { title: secret.into(), body: secret.repeat(9), summary: secret.repeat(3), ..notice() };
    let name = hall.drafts(content).await.expect("drafted").name;
    hall.checks(&name).await.expect("checked");
    let has = |entries: &[proto::journal::v1::Entry]| {
        entries.iter().any(|entry| String::from_utf8_lossy(&entry.payload).contains(secret))
    };
    assert!(!has(&hall.journal().await));
    hall.returns(&name, "请核对").await.expect("returned");
    hall.leads_to_the_public(&name).await;
    assert!(has(&hall.journal().await[5..]), "published, its title is told");
}
