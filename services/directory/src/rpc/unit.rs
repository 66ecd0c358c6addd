//! Units on the wire.

use proto::directory::v1 as pb;

use super::kept::{Sheet, Wire, state};
use crate::domain::{
    unit::{self, Facts, Kind, Unit},
    uscc,
};

impl Wire for Facts {
    type Message = pb::Unit;
    const FIELD: &'static str = "unit";

    fn name(message: &pb::Unit) -> &str {
        &message.name
    }

    fn etag(message: &pb::Unit) -> &str {
        &message.etag
    }

    fn check_code(code: &str) -> Result<(), (&'static str, &'static str)> {
        if unit::is_code(code) {
            Ok(())
        } else {
            Err(("单位代码应为三位数字", "a unit's code has three digits"))
        }
    }

    fn read(sheet: &mut Sheet<'_>, message: &pb::Unit) -> Option<Facts> {
        let kind = sheet.choice::<pb::UnitKind>("kind", message.kind);
        if !message.uscc.is_empty() && !uscc::is_valid(&message.uscc) {
            sheet.fault("uscc", "统一社会信用代码有误", "not a unified social credit code (GB 32100)");
        }
        Some(Facts {
            name_zh: sheet.text("display_name_zh", &message.display_name_zh, 1..=100),
            name_en: sheet.text("display_name_en", &message.display_name_en, 0..=100),
            short_name_zh: sheet.text("short_name_zh", &message.short_name_zh, 0..=100),
            uscc: message.uscc.clone(),
            phone: sheet.text("phone", &message.phone, 0..=40),
            supervision_phone: sheet.text("supervision_phone", &message.supervision_phone, 0..=40),
            address: sheet.text("address", &message.address, 0..=200),
            reconsideration_body: sheet.text("reconsideration_body", &message.reconsideration_body, 0..=100),
            court: sheet.text("court", &message.court, 0..=100),
            // Last, so that a wrong kind hides no other fault.
            kind: read(kind?)?,
        })
    }

    fn show(noun: &Unit) -> pb::Unit {
        let facts = noun.facts.clone();
        pb::Unit {
            name: noun.division.child("units", &noun.code),
            display_name_zh: facts.name_zh,
            display_name_en: facts.name_en,
            short_name_zh: facts.short_name_zh,
            kind: show(facts.kind).into(),
            uscc: facts.uscc,
            phone: facts.phone,
            supervision_phone: facts.supervision_phone,
            address: facts.address,
            reconsideration_body: facts.reconsideration_body,
            court: facts.court,
            state: state(noun.state).into(),
            etag: noun.etag(),
        }
    }
}

fn read(kind: pb::UnitKind) -> Option<Kind> {
    match kind {
        pb::UnitKind::Unspecified => None,
        pb::UnitKind::Authority => Some(Kind::Authority),
        pb::UnitKind::Empowered => Some(Kind::Empowered),
        pb::UnitKind::Entrusted => Some(Kind::Entrusted),
        pb::UnitKind::Other => Some(Kind::Other),
    }
}

fn show(kind: Kind) -> pb::UnitKind {
    match kind {
        Kind::Authority => pb::UnitKind::Authority,
        Kind::Empowered => pb::UnitKind::Empowered,
        Kind::Entrusted => pb::UnitKind::Entrusted,
        Kind::Other => pb::UnitKind::Other,
    }
}
