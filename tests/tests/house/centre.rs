//! A centre to work in: divisions with units, windows, people and items. Every name is made up.

use kit::keyring::Keyring;
use proto::{
    directory::v1::{self as directory, directory_service_client::DirectoryServiceClient},
    disclosure::v1 as disclosure,
    intake::v1::{self as pb, catalogue_service_client::CatalogueServiceClient},
};
use tonic::Code;
use uuid::Uuid;

use super::until;

/// The codes of its units.
pub const UNITS: [&str; 2] = ["012", "023"];

/// One division's part of it.
#[derive(Clone, Debug)]
pub struct Centre {
    /// Six digits.
    pub code: String,
}

impl Centre {
    /// Sets up a division, waits until intake has learned of it, and has the instant items mandated.
    pub async fn open(channel: Keyring, code: &str) -> Centre {
        let centre = Centre { code: code.to_owned() };
        let directory = DirectoryServiceClient::new(channel.clone());
        let import = centre.import();
        until("the directory answers", || {
            let (mut directory, import) = (directory.clone(), import.clone());
            async move { directory.import_directory(import).await.ok() }
        })
        .await;
        let catalogue = CatalogueServiceClient::new(channel.clone());
        for item in UNITS.iter().flat_map(|unit| [centre.promised(unit), centre.instant(unit)]) {
            let request = pb::CreateItemRequest { item: Some(item), request_id: request_id() };
            until("intake learns of the units", || {
                let (mut catalogue, request) = (catalogue.clone(), request.clone());
                async move {
                    match catalogue.create_item(request).await {
                        Ok(item) => Some(item),
                        Err(status) if matches!(status.code(), Code::NotFound | Code::Unavailable) => None,
                        Err(status) => panic!("an item cannot be created: {status:?}"),
                    }
                }
            })
            .await;
        }
        for unit in UNITS {
            let mandated = CatalogueServiceClient::new(channel.clone()).mandate_item(centre.mandate(unit)).await;
            mandated.expect("intake knows who leads the unit");
        }
        centre
    }

    pub fn name(&self) -> String {
        format!("divisions/{}", self.code)
    }

    pub fn of(&self, collection: &str, code: &str) -> String {
        format!("divisions/{}/{collection}/{code}", self.code)
    }

    /// Accepts for every unit.
    pub fn accepting(&self) -> String {
        self.of("windows", "A01")
    }

    /// Issues for every unit.
    pub fn issuing(&self) -> String {
        self.of("windows", "B01")
    }

    pub fn clerk(&self, unit: &str) -> String {
        self.of("people", &format!("C{unit}"))
    }

    /// Decides.
    pub fn officer(&self, unit: &str) -> String {
        self.of("people", &format!("O{unit}"))
    }

    /// Approves extensions, and gives the mandate.
    pub fn head(&self, unit: &str) -> String {
        self.of("people", &format!("H{unit}"))
    }

    pub fn promised_item(&self, unit: &str) -> String {
        self.of("items", &format!("{}-{unit}-001", self.code))
    }

    pub fn instant_item(&self, unit: &str) -> String {
        self.of("items", &format!("{}-{unit}-002", self.code))
    }

    /// An application with everything that is required.
    pub fn receipt(&self, unit: &str) -> pb::ReceiveCaseRequest {
        pb::ReceiveCaseRequest {
            parent: self.name(),
            item: self.promised_item(unit),
            window: self.accepting(),
            clerk: self.clerk(unit),
            applicant: Some(applicant()),
            materials: vec![ticked("M1")],
            request_id: request_id(),
            ..Default::default()
        }
    }

    /// Something to publish, with something in each of its texts.
    pub fn content(&self, unit: &str) -> disclosure::Content {
        let section =
            disclosure::Section {
                element: "scope".into(), heading: "范围".into(), text: "全县城区居民".into()
            };
        disclosure::Content {
            unit: self.of("units", unit),
            column: self.of("columns", "notices"),
            title: "停水公告".into(),
            summary: "城区管网检修，分片停水。".into(),
            formed_on: "2026-03-02".into(),
            document_number: "示公告〔2026〕1号".into(),
            sections: vec![section],
            body: "因管网检修，三月五日停水一天。".into(),
            subjects: vec!["person".into()],
            ..Default::default()
        }
    }

    fn mandate(&self, unit: &str) -> pb::MandateItemRequest {
        pb::MandateItemRequest {
            name: self.instant_item(unit),
            leader: self.head(unit),
            officer: self.officer(unit),
            document_number: "示授1号".to_owned(),
            etag: String::new(),
            request_id: request_id(),
        }
    }

    fn import(&self) -> directory::ImportDirectoryRequest {
        let window = |code: &str, accepts: bool| directory::Window {
            name: self.of("windows", code),
            display_name_zh: format!("窗口{code}"),
            accepts,
            issues: !accepts,
            ..Default::default()
        };
        let person = |name: String, unit: &str, rank: directory::Rank| directory::Person {
            name,
            display_name: "某某".to_owned(),
            unit: self.of("units", unit),
            rank: rank.into(),
            ..Default::default()
        };
        let people = UNITS.iter().flat_map(|unit| {
            [
                person(self.clerk(unit), unit, directory::Rank::Staff),
                person(self.officer(unit), unit, directory::Rank::Staff),
                person(self.head(unit), unit, directory::Rank::Head),
            ]
        });
        directory::ImportDirectoryRequest {
            parent: self.name(),
            division: Some(directory::Division {
                name: self.name(),
                display_name_zh: "示例县".to_owned(),
                ..Default::default()
            }),
            units: UNITS.iter().map(|unit| self.unit(unit)).collect(),
            windows: vec![window("A01", true), window("B01", false)],
            people: people.collect(),
            validate_only: false,
            request_id: request_id(),
        }
    }

    pub fn unit(&self, code: &str) -> directory::Unit {
        directory::Unit {
            name: self.of("units", code),
            display_name_zh: format!("示例局{code}"),
            kind: directory::UnitKind::Authority.into(),
            reconsideration_body: "示例县人民政府".to_owned(),
            court: "示例县人民法院".to_owned(),
            ..Default::default()
        }
    }

    fn promised(&self, unit: &str) -> pb::Item {
        let material = |code: &str, required| pb::Material {
            code: code.to_owned(),
            title: format!("材料{code}"),
            originals: 1,
            required,
            ..Default::default()
        };
        let text = pb::ItemText {
            title_zh: "示例许可".to_owned(),
            kind: pb::ItemKind::Licence.into(),
            level: pb::Level::County.into(),
            legal_basis: vec!["示例法 第一条".to_owned()],
            unit: self.of("units", unit),
            subjects: vec![pb::Subject::NaturalPerson.into()],
            handling: pb::Handling::Promised.into(),
            legal_limit_days: 10,
            promised_limit_days: 6,
            extension_days: 5,
            materials: vec![material("M1", true), material("M2", false)],
            result_document: "示例许可证".to_owned(),
            special_procedures: vec![pb::SuspensionCause::Inspection.into()],
            ..Default::default()
        };
        pb::Item { name: self.promised_item(unit), text: Some(text), ..Default::default() }
    }

    fn instant(&self, unit: &str) -> pb::Item {
        let promised = self.promised(unit).text;
        let text = promised.map(|text| pb::ItemText {
            title_zh: "示例证明".to_owned(),
            kind: pb::ItemKind::PublicService.into(),
            handling: pb::Handling::Instant.into(),
            promised_limit_days: 0,
            ..text
        });
        pb::Item { name: self.instant_item(unit), text, ..Default::default() }
    }
}

pub fn request_id() -> String {
    Uuid::new_v4().to_string()
}

/// A number that is right and nobody's: of the calendar's tests.
pub fn applicant() -> pb::Applicant {
    pb::Applicant {
        display_name: "张某某".to_owned(),
        document: pb::IdentityDocument::CitizenId.into(),
        document_number: "41022319900101001X".to_owned(),
        ..Default::default()
    }
}

pub fn recipient() -> pb::Recipient {
    let pb::Applicant { display_name, document, document_number, .. } = applicant();
    pb::Recipient { display_name, document, document_number }
}

pub fn ticked(code: &str) -> pb::TickedMaterial {
    pb::TickedMaterial { code: code.to_owned(), originals: 1, copies: 0 }
}
