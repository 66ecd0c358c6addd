//! Windows on the wire.

use proto::directory::v1 as pb;

use super::kept::{Sheet, Wire, state};
use crate::domain::{
    unit,
    window::{self, Facts, Window, Work},
};

impl Wire for Facts {
    type Message = pb::Window;
    const FIELD: &'static str = "window";

    fn name(message: &pb::Window) -> &str {
        &message.name
    }

    fn etag(message: &pb::Window) -> &str {
        &message.etag
    }

    fn check_code(code: &str) -> Result<(), (&'static str, &'static str)> {
        let (zh, en) =
            ("窗口代码应为1至12位大写字母、数字或连字符", "a window's code is 1 to 12 of A-Z, 0-9 and hyphen");
        if window::is_code(code) { Ok(()) } else { Err((zh, en)) }
    }

    fn read(sheet: &mut Sheet<'_>, message: &pb::Window) -> Option<Facts> {
        let work = Work::of(message.accepts, message.issues);
        if work.is_none() {
            sheet.fault("issues", "受理窗口与出件窗口应当分设", "one window accepts, another issues: never both");
        }
        Some(Facts {
            name_zh: sheet.text("display_name_zh", &message.display_name_zh, 1..=100),
            name_en: sheet.text("display_name_en", &message.display_name_en, 0..=100),
            unit: sheet.reference::<unit::Facts>("unit", &message.unit),
            floor: sheet.text("floor", &message.floor, 0..=20),
            work: work?,
        })
    }

    fn show(noun: &Window) -> pb::Window {
        let Facts { name_zh, name_en, unit, work, floor } = noun.facts.clone();
        pb::Window {
            name: noun.division.child("windows", &noun.code),
            display_name_zh: name_zh,
            display_name_en: name_en,
            unit: unit.map(|code| noun.division.child("units", &code)).unwrap_or_default(),
            accepts: work == Work::Accepts,
            issues: work == Work::Issues,
            floor,
            state: state(noun.state).into(),
            etag: noun.etag(),
        }
    }
}
