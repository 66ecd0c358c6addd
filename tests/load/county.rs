//! A small county to put load on: ten units, each with an accepting window, a clerk, an officer, a head and two items.

use kit::keyring::Keyring;
use proto::{
    directory::v1::{self as directory, directory_service_client::DirectoryServiceClient},
    intake::v1::{self as intake, catalogue_service_client::CatalogueServiceClient},
};
use uuid::Uuid;

pub const DIVISION: &str = "divisions/410223";
pub const UNITS: usize = 10;

/// What the drivers name.
pub struct Hall;

impl Hall {
    pub fn unit(i: usize) -> String {
        format!("{:03}", i % UNITS + 1)
    }

    pub fn window(i: usize) -> String {
        format!("{DIVISION}/windows/A{}", Hall::unit(i))
    }

    pub fn person(i: usize, role: &str) -> String {
        format!("{DIVISION}/people/U{}-{role}", Hall::unit(i))
    }

    pub fn item(i: usize, kind: &str) -> String {
        format!("{DIVISION}/items/{}-{kind}", Hall::unit(i))
    }
}

pub async fn load(channel: Keyring) -> Result<Hall, Box<dyn std::error::Error>> {
    let mut directory = DirectoryServiceClient::new(channel.clone());
    let request_id = || Uuid::new_v4().to_string();
    let person = |unit: usize, role: &str, rank: directory::Rank| directory::Person {
        name: Hall::person(unit, role),
        display_name: format!("{role}{unit}"),
        unit: format!("{DIVISION}/units/{}", Hall::unit(unit)),
        rank: rank.into(),
        ..Default::default()
    };
    let import = directory::ImportDirectoryRequest {
        parent: DIVISION.into(),
        division: Some(directory::Division {
            name: DIVISION.into(),
            display_name_zh: "尉氏县".into(),
            ..Default::default()
        }),
        units: (0..UNITS)
            .map(|i| directory::Unit {
                name: format!("{DIVISION}/units/{}", Hall::unit(i)),
                display_name_zh: format!("单位{i}"),
                kind: directory::UnitKind::Authority.into(),
                reconsideration_body: "尉氏县人民政府".into(),
                court: "尉氏县人民法院".into(),
                ..Default::default()
            })
            .collect(),
        windows: (0..UNITS)
            .map(|i| directory::Window {
                name: Hall::window(i),
                display_name_zh: format!("受理窗口{i}"),
                unit: format!("{DIVISION}/units/{}", Hall::unit(i)),
                accepts: true,
                ..Default::default()
            })
            .chain([directory::Window {
                name: format!("{DIVISION}/windows/C01"),
                display_name_zh: "出件窗口".into(),
                issues: true,
                ..Default::default()
            }])
            .collect(),
        people: (0..UNITS)
            .flat_map(|i| {
                [
                    person(i, "C", directory::Rank::Staff),
                    person(i, "O", directory::Rank::Staff),
                    person(i, "H", directory::Rank::Head),
                ]
            })
            .collect(),
        validate_only: false,
        request_id: request_id(),
    };
    directory.import_directory(import).await?;

    let mut catalogue = CatalogueServiceClient::new(channel);
    for i in 0..UNITS {
        for (kind, handling) in [("1", intake::Handling::Promised), ("2", intake::Handling::Instant)] {
            let text = intake::ItemText {
                title_zh: format!("食品经营许可{i}"),
                kind: intake::ItemKind::Licence.into(),
                level: intake::Level::County.into(),
                unit: format!("{DIVISION}/units/{}", Hall::unit(i)),
                handling: handling.into(),
                legal_limit_days: 20,
                promised_limit_days: 10,
                extension_days: 10,
                materials: (1..=4)
                    .map(|m| intake::Material {
                        code: format!("m{m}"),
                        title: format!("材料{m}"),
                        originals: 1,
                        required: true,
                        ..Default::default()
                    })
                    .collect(),
                ..Default::default()
            };
            let item = intake::Item { name: Hall::item(i, kind), text: Some(text), ..Default::default() };
            let request = intake::CreateItemRequest { item: Some(item), request_id: request_id() };
            // Intake may still be following the directory.
            let mut tries = 0;
            while let Err(status) = catalogue.create_item(request.clone()).await {
                tries += 1;
                if tries > 100 {
                    return Err(status.into());
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
        let mandate = intake::MandateItemRequest {
            name: Hall::item(i, "2"),
            leader: Hall::person(i, "H"),
            officer: Hall::person(i, "O"),
            document_number: format!("授〔2026〕{i}号"),
            etag: String::new(),
            request_id: request_id(),
        };
        catalogue.mandate_item(mandate).await?;
    }
    Ok(Hall)
}
