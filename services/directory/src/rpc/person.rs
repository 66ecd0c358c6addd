//! People on the wire.

use proto::directory::v1 as pb;

use super::kept::{Sheet, Wire, state};
use crate::domain::{
    person::{self, Facts, Person, Rank},
    unit, window,
};

impl Wire for Facts {
    type Message = pb::Person;
    const FIELD: &'static str = "person";

    fn name(message: &pb::Person) -> &str {
        &message.name
    }

    fn etag(message: &pb::Person) -> &str {
        &message.etag
    }

    fn check_code(code: &str) -> Result<(), (&'static str, &'static str)> {
        let (zh, en) =
            ("人员代码应为1至20位大写字母、数字或连字符", "a person's code is 1 to 20 of A-Z, 0-9 and hyphen");
        if person::is_code(code) { Ok(()) } else { Err((zh, en)) }
    }

    fn read(sheet: &mut Sheet<'_>, message: &pb::Person) -> Option<Facts> {
        let rank = sheet.choice::<pb::Rank>("rank", message.rank);
        Some(Facts {
            name: sheet.text("display_name", &message.display_name, 1..=50),
            unit: sheet.reference::<unit::Facts>("unit", &message.unit),
            title: sheet.text("title", &message.title, 0..=50),
            window: sheet.reference::<window::Facts>("window", &message.window),
            phone: sheet.text("phone", &message.phone, 0..=40),
            // Last, so that a wrong rank hides no other fault.
            rank: read(rank?)?,
        })
    }

    fn show(noun: &Person) -> pb::Person {
        let Facts { name, unit, rank, title, window, phone } = noun.facts.clone();
        let child = |collection: &str, code: Option<String>| {
            code.map(|code| noun.division.child(collection, &code)).unwrap_or_default()
        };
        pb::Person {
            name: child("people", Some(noun.code.clone())),
            display_name: name,
            unit: child("units", unit),
            rank: show(rank).into(),
            title,
            window: child("windows", window),
            phone,
            state: state(noun.state).into(),
            etag: noun.etag(),
        }
    }
}

fn read(rank: pb::Rank) -> Option<Rank> {
    match rank {
        pb::Rank::Unspecified => None,
        pb::Rank::Head => Some(Rank::Head),
        pb::Rank::Deputy => Some(Rank::Deputy),
        pb::Rank::PartyMember => Some(Rank::PartyMember),
        pb::Rank::Staff => Some(Rank::Staff),
        pb::Rank::GovernmentHead => Some(Rank::GovernmentHead),
    }
}

fn show(rank: Rank) -> pb::Rank {
    match rank {
        Rank::Head => pb::Rank::Head,
        Rank::Deputy => pb::Rank::Deputy,
        Rank::PartyMember => pb::Rank::PartyMember,
        Rank::Staff => pb::Rank::Staff,
        Rank::GovernmentHead => pb::Rank::GovernmentHead,
    }
}
