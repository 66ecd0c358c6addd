//! What the suite publishes by itself: guides, decisions, rosters, circulars.

use kit::testing::request_id;
use proto::{
    disclosure::v1 as pb,
    intake::v1::{
        self as intake, case_service_client::CaseServiceClient, catalogue_service_client::CatalogueServiceClient,
    },
    roster::v1::{
        self as roster, circular_service_client::CircularServiceClient, roster_service_client::RosterServiceClient,
    },
};

use crate::hall::*;

const ITEM: &str = "410223-012-001";
/// Whatever of this applicant appears anywhere is one time too often.
const APPLICANT: &str = "钱多多";
const APPLICANT_ID: &str = "410223198001011237";

fn item(effective_on: &str, text: intake::ItemText) -> Option<intake::Item> {
    Some(intake::Item {
        name: name("items", ITEM),
        effective_on: effective_on.into(),
        text: Some(text),
        ..Default::default()
    })
}

fn text() -> intake::ItemText {
    let material = |code: &str, title: &str| intake::Material {
        code: code.into(),
        title: title.into(),
        originals: 1,
        required: true,
        issuer: "申请人自备".into(),
        ..Default::default()
    };
    intake::ItemText {
        title_zh: "企业投资项目备案".into(),
        title_en: "Filing of investment projects".into(),
        kind: intake::ItemKind::Licence.into(),
        level: intake::Level::County.into(),
        legal_basis: vec!["《企业投资项目核准和备案管理条例》第十三条".into()],
        unit: name("units", UNIT),
        subjects: vec![intake::Subject::Enterprise.into(), intake::Subject::NaturalPerson.into()],
        handling: intake::Handling::Instant.into(),
        legal_limit_days: 5,
        promised_limit_days: 0,
        extension_days: 10,
        conditions: vec!["项目符合国家产业政策，不在核准目录之内".into()],
        materials: vec![material("M1", "备案申请表"), material("M2", "承诺书")],
        steps: vec!["受理：A01窗口核对材料".into(), "决定：授权窗口当场备案".into()],
        result_document: "备案证明".into(),
        place: "尉氏县行政服务中心A01窗口".into(),
        open_hours: "法定工作日 09:00-12:00，14:30-17:30".into(),
        phone: "0371-27990012".into(),
        supervision_phone: "0371-27991012".into(),
        ..Default::default()
    }
}

impl Hall {
    fn catalogue(&self) -> CatalogueServiceClient<kit::peer::Peer> {
        CatalogueServiceClient::new(self.intake.clone())
    }

    async fn creates_item(&self, from: &str) {
        let request = || intake::CreateItemRequest { item: item(from, text()), request_id: request_id() };
        until(async || self.catalogue().create_item(request()).await.is_ok()).await;
    }

    async fn revises_item(&self, from: &str, text: intake::ItemText) {
        let request = intake::ReviseItemRequest { item: item(from, text), request_id: request_id() };
        self.catalogue().revise_item(request).await.expect("revised");
    }

    async fn mandates_item(&self) {
        let request = || intake::MandateItemRequest {
            name: name("items", ITEM),
            leader: people(LEADER),
            officer: people(REVIEWER),
            document_number: "尉发改授〔2016〕1号".into(),
            etag: String::new(),
            request_id: request_id(),
        };
        until(async || self.catalogue().mandate_item(request()).await.is_ok()).await;
    }

    /// Grants a case at the window, and answers with its number.
    async fn grants(&self) -> String {
        let tick = |code: &str| intake::TickedMaterial { code: code.into(), originals: 1, ..Default::default() };
        let applicant = intake::Applicant {
            display_name: APPLICANT.into(),
            document: intake::IdentityDocument::CitizenId.into(),
            document_number: APPLICANT_ID.into(),
            ..Default::default()
        };
        let request = intake::ReceiveCaseRequest {
            parent: parent(),
            item: name("items", ITEM),
            window: name("windows", "A01"),
            clerk: people(CLERK),
            applicant: Some(applicant),
            materials: vec![tick("M1"), tick("M2")],
            on_the_spot: Some(intake::OnTheSpot { document_number: "尉发改备〔2016〕1号".into() }),
            request_id: request_id(),
            ..Default::default()
        };
        let mut cases = CaseServiceClient::new(self.intake.clone());
        let case = cases.receive_case(request).await.expect("granted").into_inner();
        case.name.rsplit('/').next().expect("a number").to_owned()
    }

    /// Gives a column a standing review by the leader of a unit.
    async fn trusts(&self, column: &str) {
        let request = pb::ListColumnsRequest { parent: parent(), show_retired: false };
        let columns = self.columns().list_columns(request).await.expect("columns").into_inner().columns;
        let there = columns.into_iter().find(|there| there.name == name("columns", column)).expect("the column");
        let review = pb::StandingReview {
            reviewer: people("CENTRE-2"),
            leader: people(LEADER),
            document_number: "尉政公开〔2016〕1号".into(),
            given_at: None,
        };
        let column = Some(pb::Column { standing_review: Some(review), ..there });
        let request = pb::SetColumnRequest { column, manager: people(MANAGER), request_id: request_id() };
        self.columns().set_column(request).await.expect("set");
    }

    async fn public(&self, column: &str) -> Vec<pb::Summary> {
        let selection = Some(pb::Selection { column: column.into(), ..Default::default() });
        let request = pb::ListPublishedRequest { parent: parent(), selection, ..Default::default() };
        self.publications().list_published(request).await.expect("a list").into_inner().publications
    }

    /// Waits until so much of a column is public, and answers with it, newest first.
    async fn sees(&self, column: &str, count: usize) -> Vec<pb::Summary> {
        until(async || self.public(column).await.len() == count).await;
        self.public(column).await
    }

    async fn sees_edition(&self, name: &str, number: i32) -> pb::Edition {
        let edition = async || self.reads(name, 0).await.expect("there").edition.expect("an edition");
        until(async || edition().await.number == number).await;
        edition().await
    }
}

fn said<'a>(edition: &'a pb::Edition, element: &str) -> &'a str {
    let content = edition.content.as_ref().expect("a text");
    content.sections.iter().find(|section| section.element == element).map_or("", |section| &section.text)
}

#[tokio::test]
async fn a_guide_says_what_the_window_does_from_the_day_on_which_it_does_it() {
    Hall::on_each_engine("2016-03-01T09:00", async |hall| {
        hall.trusts("guides").await;
        hall.creates_item("").await;
        let [guide] = &hall.sees("guides", 1).await[..] else { panic!("one guide") };
        assert_eq!((guide.title.as_str(), guide.source.as_str()), ("企业投资项目备案办事指南", "guide/410223-012-001"));
        assert_eq!((&guide.formed_on, guide.subjects.len()), (&"2016-03-01".into(), 2));
        let edition = hall.sees_edition(&guide.name, 1).await;
        let conformance = edition.conformance.clone().expect("scored");
        assert_eq!((conformance.score, conformance.findings), (100, Vec::new()), "it is complete");
        assert!(edition.on_time);
        assert!(said(&edition, "materials").contains("| 2 | 承诺书 | 1份 | 不需要 | 必备 | 申请人自备 |"));
        assert!(said(&edition, "limit").contains("5个工作日") && said(&edition, "limit").contains("当场办结"));
        assert!(said(&edition, "fee").starts_with("不收费"));

        // For a later day: the window does it from then on, and so says the guide.
        let dearer = intake::ItemText { fee_fen: 12_050, fee_basis: "豫发改收费〔2016〕9号".into(), ..text() };
        hall.revises_item("2016-03-10", dearer).await;
        hall.pass_to("2016-03-09T18:00").await;
        assert_eq!(hall.sees_edition(&guide.name, 1).await.number, 1);
        hall.pass_to("2016-03-10T00:00").await;
        let edition = hall.sees_edition(&guide.name, 2).await;
        assert!(said(&edition, "fee").contains("120.50元"), "{}", said(&edition, "fee"));
        assert_eq!(edition.correction, "事项清单第2版自2016-03-10起施行，收费有变化");
        let there = hall.looks_at(&guide.name, 0).await;
        let by = there.edition.expect("an edition");
        assert_eq!((by.author.as_str(), by.publisher.as_str()), ("system", "system"));
        assert_eq!((by.reviewer, by.leader), (people("CENTRE-2"), people(LEADER)));

        let request =
            intake::RetireItemRequest { name: name("items", ITEM), etag: String::new(), request_id: request_id() };
        hall.catalogue().retire_item(request).await.expect("retired");
        hall.sees("guides", 0).await;
        let gone = hall.reads(&guide.name, 0).await.expect("there");
        assert_eq!(gone.standing(), pb::Standing::Withdrawn);
        assert!(gone.withdrawal.expect("withdrawn").reason.contains("已取消"));
    })
    .await;
}

#[tokio::test]
async fn without_a_standing_review_a_draft_waits_for_people_and_goes_when_there_is_one() {
    Hall::on_each_engine("2016-03-01T09:00", async |hall| {
        hall.creates_item("").await;
        until(async || hall.inbox(UNIT).await.len() == 1).await;
        let [entry] = &hall.inbox(UNIT).await[..] else { panic!("one draft") };
        let draft = entry.publication.clone().expect("a draft");
        assert_eq!((draft.source.as_str(), entry.action()), ("guide/410223-012-001", pb::NextAction::Check));
        assert_eq!(hall.public("guides").await.len(), 0);
        hall.trusts("guides").await;
        hall.sees("guides", 1).await;
        assert!(hall.inbox(UNIT).await.is_empty());

        // Somebody is at a draft of it: that is theirs until the next day it is public.
        hall.corrects(&draft.name, None).await.expect("begun");
        hall.revises_item("", intake::ItemText { phone: "0371-27990099".into(), ..text() }).await;
        hall.pass_to("2016-03-02T09:00").await;
        assert_eq!(hall.inbox(UNIT).await.len(), 1);
        hall.leads_to_the_public(&draft.name).await;
        hall.pass_to("2016-03-03T09:00").await;
        assert!(said(&hall.sees_edition(&draft.name, 3).await, "phone").contains("0371-27990099"));
    })
    .await;
}

#[tokio::test]
async fn a_week_s_decisions_are_listed_on_the_next_monday_and_name_no_applicant() {
    // The Sunday of this week is worked.
    Hall::on_each_engine("2016-02-08T09:00", async |hall| {
        hall.trusts("decisions").await;
        hall.trusts("guides").await;
        hall.creates_item("").await;
        hall.mandates_item().await;
        let first = hall.grants().await;
        hall.pass_to("2016-02-14T15:00").await;
        let second = hall.grants().await;
        assert_eq!(hall.public("decisions").await.len(), 0);
        hall.pass_to("2016-02-15T00:00").await;
        let [list] = &hall.sees("decisions", 1).await[..] else { panic!("one list") };
        assert_eq!((&*list.source, &*list.formed_on), ("decisions/012/2016-02-08", "2016-02-08"));
        let edition = hall.sees_edition(&list.name, 1).await;
        assert!(edition.on_time && edition.conformance.clone().is_some_and(|found| found.score == 100));
        let rows = said(&edition, "decisions");
        assert!(rows.contains(&format!("| 1 | {first} | 企业投资项目备案 | 准予 | 2016-02-08 |")), "{rows}");
        assert!(rows.contains(&format!("| 2 | {second} | 企业投资项目备案 | 准予 | 2016-02-14 |")), "{rows}");
        let told = format!("{:?}{:?}", hall.looks_at(&list.name, 0).await, hall.journal().await);
        assert!(![APPLICANT, "钱", APPLICANT_ID, "410223198"].iter().any(|personal| told.contains(personal)));
        hall.pass_to("2016-02-22T09:00").await;
        assert_eq!(hall.public("decisions").await.len(), 1, "a week without decisions has no list");
    })
    .await;
}

#[tokio::test]
async fn a_stop_between_what_arrives_and_what_is_made_of_it_loses_and_doubles_nothing() {
    Hall::on_each_engine("2016-03-01T09:00", async |hall| {
        hall.trusts("guides").await;
        hall.trusts("decisions").await;
        hall.creates_item("2016-03-03").await;
        let hall = hall.sleeps_until("2016-03-03T08:00").await;
        let [guide] = &hall.sees("guides", 1).await[..] else { panic!("one guide") };
        assert_eq!(guide.formed_on, "2016-03-03");
        hall.mandates_item().await;
        hall.grants().await;
        hall.revises_item("", intake::ItemText { phone: "0371-27990099".into(), ..text() }).await;
        let hall = hall.sleeps_until("2016-03-07T09:00").await;
        hall.sees("decisions", 1).await;
        hall.sees_edition(&guide.name, 2).await;
        let hall = hall.sleeps_until("2016-03-08T09:00").await;
        hall.pass_to("2016-03-09T09:00").await;
        assert_eq!((hall.public("guides").await.len(), hall.public("decisions").await.len()), (1, 1));
        let published = hall.events().await.iter().filter(|event| *event == "publication.published").count();
        assert_eq!(published, 3, "a guide, its correction, a list");
    })
    .await;
}

fn rules(publishes_circulars: bool) -> roster::DutyRules {
    let hours = |first: &str, last: &str| Some(roster::Hours { first: first.into(), last: last.into() });
    roster::DutyRules {
        effective_on: "2016-01-01".into(),
        posts: vec![roster::Post {
            code: "HALL".into(),
            title_zh: "大厅值班".into(),
            title_en: "Hall".into(),
            window: name("windows", "A01"),
            seats: 1,
            halves: vec![roster::Half::Morning.into()],
        }],
        morning: hours("08:30", "12:00"),
        afternoon: hours("14:30", "17:30"),
        unit_half_days_per_week: 1,
        head_half_days_per_month: 1,
        fairness: 1,
        notice_days: 3,
        late_minutes: 15,
        early_minutes: 15,
        absent_minutes: 60,
        substitutions_per_month: 2,
        contest_days: 2,
        document_prefix: "尉政务通".into(),
        publishes_circulars,
        ..Default::default()
    }
}

impl Hall {
    /// A month's plan, published, and nobody comes; its circular is issued.
    async fn circulates(&self, publishes: bool) {
        let mut rosters = RosterServiceClient::new(self.roster.clone());
        let manager = || people(MANAGER);
        let set = || roster::SetDutyRulesRequest {
            parent: parent(),
            rules: Some(rules(publishes)),
            manager: manager(),
            etag: String::new(),
            request_id: request_id(),
        };
        until(async || RosterServiceClient::new(self.roster.clone()).set_duty_rules(set()).await.is_ok()).await;
        let request = roster::DraftPlanRequest {
            parent: parent(),
            month: "2016-03".into(),
            manager: manager(),
            request_id: request_id(),
            ..Default::default()
        };
        rosters.draft_plan(request).await.expect("drafted");
        let request = roster::PublishPlanRequest {
            name: name("plans", "2016-03"),
            manager: manager(),
            etag: String::new(),
            request_id: request_id(),
        };
        rosters.publish_plan(request).await.expect("published");
        self.pass_to("2016-04-01T09:00").await;
        let mut circulars = CircularServiceClient::new(self.roster.clone());
        let request = roster::DraftCircularRequest {
            parent: parent(),
            month: "2016-03".into(),
            manager: manager(),
            request_id: request_id(),
        };
        circulars.draft_circular(request).await.expect("drafted");
        let name = || name("circulars", "2016-03");
        let request = roster::SendCircularRequest {
            name: name(),
            manager: manager(),
            etag: String::new(),
            request_id: request_id(),
        };
        circulars.send_circular(request).await.expect("sent");
        self.pass_to("2016-04-08T09:00").await;
        let request = roster::IssueCircularRequest {
            name: name(),
            manager: people("CENTRE-2"),
            etag: String::new(),
            request_id: request_id(),
        };
        circulars.issue_circular(request).await.expect("issued");
    }
}

#[tokio::test]
async fn rosters_and_circulars_are_published_by_the_unit_that_answers_for_the_centre() {
    Hall::on_each_engine("2016-02-22T09:00", async |hall| {
        hall.trusts("duty").await;
        hall.trusts("circulars").await;
        hall.circulates(true).await;
        let [roster] = &hall.sees("duty", 1).await[..] else { panic!("one roster") };
        assert_eq!((&*roster.source, &*roster.unit), ("roster/2016-03", UNIT), "of the leader who has approved");
        let edition = hall.sees_edition(&roster.name, 1).await;
        assert_eq!(said(&edition, "hours"), "上午08:30至12:00，下午14:30至17:30");
        assert_eq!(said(&edition, "place"), "行政服务中心：大厅值班");
        let [circular] = &hall.sees("circulars", 1).await[..] else { panic!("one circular") };
        assert_eq!((&*circular.source, &*circular.formed_on), ("circular/2016-03", "2016-04-08"));
        let edition = hall.sees_edition(&circular.name, 1).await;
        assert!(edition.content.as_ref().is_some_and(|content| content.document_number == "尉政务通〔2016〕1号"));
        assert!(said(&edition, "absences").contains("张012-L1"), "{}", said(&edition, "absences"));
    })
    .await;
}

#[tokio::test]
async fn a_circular_that_is_not_to_be_public_is_not() {
    let hall = Hall::open("2016-02-22T09:00").await;
    hall.trusts("duty").await;
    hall.trusts("circulars").await;
    hall.circulates(false).await;
    hall.sees("duty", 1).await;
    hall.pass_to("2016-04-11T09:00").await;
    assert_eq!(hall.public("circulars").await, []);
    assert!(hall.inbox(UNIT).await.is_empty());
}
