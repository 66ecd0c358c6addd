//! Who and what there is in the hall.

use kit::testing::request_id;
use proto::{
    directory::v1 as directory,
    intake::v1::{self as pb, Handling, SuspensionCause},
};
use tonic::Status;

use super::{Hall, mandate, name, until};

pub const DIVISION: &str = "410223";
/// The unit that most items are of.
pub const UNIT: &str = "012";
pub const OTHER_UNIT: &str = "005";

/// An ordinary item: 20 days by law, 10 promised, materials M1 and M2 required, M3 not, 15 days to supplement, hearing
/// and expert review may stop the clock.
pub const FOOD: &str = "food-licence";
/// An instant one, with a mandate from the start.
pub const COPY: &str = "certified-copy";
/// Joint: 45 days by law, 30 promised, 15 more by the government's head.
pub const BUILDING: &str = "building-permit";
/// Of the other unit.
pub const ROAD: &str = "road-permit";

/// Who leads the county.
pub const GOVERNMENT_HEAD: &str = "GOV-1";
/// A clerk of the centre itself.
pub const CENTRE_CLERK: &str = "CENTRE-1";

pub fn clerk(unit: &str) -> String {
    format!("{unit}-CLERK")
}

pub fn officer(unit: &str) -> String {
    format!("{unit}-OFFICER")
}

pub fn head(unit: &str) -> String {
    format!("{unit}-HEAD")
}

pub fn deputy(unit: &str) -> String {
    format!("{unit}-DEPUTY")
}

impl Hall {
    /// Brings everybody in, and the catalogue.
    pub(super) async fn furnish(&self) {
        let mut units = vec![unit(UNIT, "市场监督管理局"), unit(OTHER_UNIT, "交通运输局")];
        (units[1].reconsideration_body, units[1].court) = (String::new(), String::new());
        let windows = vec![
            window("A01", UNIT, true),
            window("A02", OTHER_UNIT, true),
            window("A03", UNIT, true),
            window("B01", UNIT, false),
            window("C01", "", false),
        ];
        let of_unit = |unit: &str| {
            [
                person(&clerk(unit), unit, directory::Rank::Staff),
                person(&officer(unit), unit, directory::Rank::Staff),
                person(&head(unit), unit, directory::Rank::Head),
                person(&deputy(unit), unit, directory::Rank::Deputy),
            ]
        };
        let mut people: Vec<_> = [UNIT, OTHER_UNIT].into_iter().flat_map(of_unit).collect();
        people.push(person(GOVERNMENT_HEAD, "", directory::Rank::GovernmentHead));
        people.push(person(CENTRE_CLERK, "", directory::Rank::Staff));
        let division = directory::Division {
            name: format!("divisions/{DIVISION}"),
            display_name_zh: "尉氏县".into(),
            ..Default::default()
        };
        let request = directory::ImportDirectoryRequest {
            parent: division.name.clone(),
            division: Some(division),
            units,
            windows,
            people,
            validate_only: false,
            request_id: request_id(),
        };
        self.directory().import_directory(request).await.expect("the directory is loaded");
        until(async || self.knows_unit(OTHER_UNIT).await).await;

        for item in [food(), copy(), building(), road()] {
            self.creates_item(item).await.expect("the item is created");
        }
        self.mandates(mandate(COPY)).await.expect("the instant item is mandated");
    }

    pub async fn creates_item(&self, item: pb::Item) -> Result<pb::Item, Status> {
        let request = pb::CreateItemRequest { item: Some(item), request_id: request_id() };
        self.catalogue().create_item(request).await.map(|item| item.into_inner())
    }

    pub async fn revises_item(&self, code: &str, text: pb::ItemText, effective_on: &str) -> Result<pb::Item, Status> {
        let item = pb::Item {
            name: name("items", code),
            text: Some(text),
            effective_on: effective_on.into(),
            ..Default::default()
        };
        let request = pb::ReviseItemRequest { item: Some(item), request_id: request_id() };
        self.catalogue().revise_item(request).await.map(|item| item.into_inner())
    }

    pub async fn retires_item(&self, code: &str) -> Result<pb::Item, Status> {
        let request =
            pb::RetireItemRequest { name: name("items", code), etag: String::new(), request_id: request_id() };
        self.catalogue().retire_item(request).await.map(|item| item.into_inner())
    }

    pub async fn mandates(&self, request: pb::MandateItemRequest) -> Result<pb::Item, Status> {
        self.catalogue().mandate_item(request).await.map(|item| item.into_inner())
    }

    pub async fn item(&self, id: &str) -> Result<pb::Item, Status> {
        let request = pb::GetItemRequest { name: name("items", id) };
        self.catalogue().get_item(request).await.map(|item| item.into_inner())
    }

    /// Publishes a notice through the directory, and waits until intake counts by it: until this case was counted anew.
    pub async fn publishes(&self, notice: calendar::Notice, counted: &pb::Case) {
        let before = self.case(counted).await.etag;
        let span =
            |span: &calendar::Span| directory::DateSpan { first: span.first.to_string(), last: span.last.to_string() };
        let notice = directory::Notice {
            name: String::new(),
            year: notice.year.into(),
            version: notice.version as i32,
            document: notice.document,
            issued_on: String::new(),
            off: notice.off.iter().map(span).collect(),
            workdays: notice.workdays.iter().map(calendar::Date::to_string).collect(),
            source: "made up for a test".into(),
        };
        let request = directory::ImportNoticeRequest { notice: Some(notice), request_id: request_id() };
        self.calendar().import_notice(request).await.expect("the notice is imported");
        until(async || self.case(counted).await.etag != before).await;
    }

    /// Deactivates a unit.
    pub async fn dissolves(&self, code: &str) {
        let request = directory::DeactivateUnitRequest {
            name: name("units", code),
            request_id: request_id(),
            ..Default::default()
        };
        self.directory().deactivate_unit(request).await.expect("the unit is dissolved");
    }

    /// Deactivates a window, and waits until intake knows.
    pub async fn closes_window(&self, code: &str) {
        let request = directory::DeactivateWindowRequest {
            name: name("windows", code),
            request_id: request_id(),
            ..Default::default()
        };
        self.directory().deactivate_window(request).await.expect("the window is closed");
    }

    /// Deactivates a person.
    pub async fn dismisses(&self, code: &str) {
        let request = directory::DeactivatePersonRequest {
            name: name("people", code),
            request_id: request_id(),
            ..Default::default()
        };
        self.directory().deactivate_person(request).await.expect("the person has left");
    }
}

fn unit(code: &str, title: &str) -> directory::Unit {
    directory::Unit {
        name: name("units", code),
        display_name_zh: format!("尉氏县{title}"),
        kind: directory::UnitKind::Authority.into(),
        reconsideration_body: "尉氏县人民政府".into(),
        court: "尉氏县人民法院".into(),
        ..Default::default()
    }
}

fn window(code: &str, unit: &str, accepts: bool) -> directory::Window {
    directory::Window {
        name: name("windows", code),
        display_name_zh: format!("{code}窗口"),
        unit: if unit.is_empty() { String::new() } else { name("units", unit) },
        accepts,
        issues: !accepts,
        ..Default::default()
    }
}

fn person(code: &str, unit: &str, rank: directory::Rank) -> directory::Person {
    directory::Person {
        name: name("people", code),
        display_name: format!("工作人员{code}"),
        unit: if unit.is_empty() { String::new() } else { name("units", unit) },
        rank: rank.into(),
        ..Default::default()
    }
}

fn item(code: &str, text: pb::ItemText) -> pb::Item {
    pb::Item { name: name("items", code), text: Some(text), ..Default::default() }
}

fn material(code: &str, required: bool) -> pb::Material {
    pb::Material {
        code: code.into(),
        title: format!("材料{code}"),
        originals: 1,
        copies: 1,
        required,
        issuer: String::new(),
    }
}

/// The text of the ordinary item.
pub fn food_text() -> pb::ItemText {
    pb::ItemText {
        title_zh: "食品经营许可".into(),
        title_en: "Food business licence".into(),
        kind: pb::ItemKind::Licence.into(),
        level: pb::Level::County.into(),
        legal_basis: vec!["中华人民共和国食品安全法 第三十五条".into()],
        unit: name("units", UNIT),
        subjects: vec![pb::Subject::Enterprise.into(), pb::Subject::NaturalPerson.into()],
        handling: Handling::Promised.into(),
        legal_limit_days: 20,
        promised_limit_days: 10,
        extension_days: 10,
        supplement_days: 15,
        materials: vec![material("M1", true), material("M2", true), material("M3", false)],
        special_procedures: vec![SuspensionCause::ExpertReview.into(), SuspensionCause::Hearing.into()],
        result_document: "食品经营许可证".into(),
        ..Default::default()
    }
}

pub fn food() -> pb::Item {
    item(FOOD, food_text())
}

fn copy() -> pb::Item {
    let materials = vec![material("M1", true)];
    let (handling, days) = (Handling::Instant.into(), 0);
    item(
        COPY,
        pb::ItemText { title_zh: "档案查询".into(), handling, promised_limit_days: days, materials, ..food_text() },
    )
}

fn building() -> pb::Item {
    let text = pb::ItemText {
        title_zh: "建设工程联合审批".into(),
        legal_limit_days: 45,
        promised_limit_days: 30,
        joint: true,
        extension_days: 15,
        ..food_text()
    };
    item(BUILDING, text)
}

fn road() -> pb::Item {
    item(ROAD, pb::ItemText { title_zh: "公路占用许可".into(), unit: name("units", OTHER_UNIT), ..food_text() })
}
