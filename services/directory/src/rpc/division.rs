//! Divisions on the wire.

use kit::{id, refusal::Refusal};
use proto::directory::v1 as pb;

use super::kept::{Sheet, Wire, state};
use crate::domain::division::{Division, Facts};

impl Wire for Facts {
    type Message = pb::Division;
    const FIELD: &'static str = "division";
    const OF_DIVISION: bool = false;

    fn name(message: &pb::Division) -> &str {
        &message.name
    }

    fn etag(message: &pb::Division) -> &str {
        &message.etag
    }

    fn check_code(_: &str) -> Result<(), (&'static str, &'static str)> {
        Ok(())
    }

    fn read(sheet: &mut Sheet<'_>, message: &pb::Division) -> Option<Facts> {
        Some(Facts {
            name_zh: sheet.text("display_name_zh", &message.display_name_zh, 1..=100),
            name_en: sheet.text("display_name_en", &message.display_name_en, 0..=100),
        })
    }

    fn show(noun: &Division) -> pb::Division {
        pb::Division {
            name: noun.division.name(),
            display_name_zh: noun.facts.name_zh.clone(),
            display_name_en: noun.facts.name_en.clone(),
            state: state(noun.state).into(),
            etag: noun.etag(),
        }
    }

    fn parse<'a>(field: &str, name: &'a str) -> Result<(id::Division, &'a str), Refusal> {
        let division = id::division(field, name)?;
        Ok((division, name.trim_start_matches("divisions/")))
    }
}
