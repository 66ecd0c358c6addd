//! The nouns as RPCs: parse, change, render.

pub mod column;
pub mod content;
pub mod file;
pub mod inbox;
pub mod portal;
pub mod publication;
pub mod render;

use kit::{
    caller::{Caller, Role},
    clock::Moment,
    form::Form,
    id::Division,
};
use prost_types::Timestamp;

/// The code of a person in a request.
fn person(form: &mut Form, field: &str, name: &str, division: Division) -> Option<String> {
    form.take(kit::id::child_of(field, name, "people", division)).map(str::to_owned)
}

/// A text that stands on one line.
fn line(form: &mut Form, field: &str, text: &str, length: std::ops::RangeInclusive<usize>) -> String {
    let text = form.text(field, text, length);
    form.require(!text.contains(['\n', '\r', '\t']), field, "须为一行文字", "must be one line");
    text
}

/// 1 to 30 of a-z, 0-9 and hyphen.
fn code(form: &mut Form, field: &str, code: &str) -> String {
    let code = form.text(field, code, 1..=30);
    let fits = code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    form.require(fits, field, "应为小写字母、数字和连字符", "must be of a-z, 0-9 and hyphen");
    code
}

/// The name of a person; `system` where the suite did it, empty where nobody did.
fn name_of(division: Division, code: &str) -> String {
    match code {
        "" | crate::domain::publication::SYSTEM => code.to_owned(),
        code => division.child("people", code),
    }
}

/// A moment, or none where it is 0.
fn time(micros: i64) -> Option<Timestamp> {
    (micros != 0).then(|| Moment(micros).timestamp())
}

/// Whether a caller is of the division's own people, or runs the installation.
fn is_inside(caller: &Caller, division: Division) -> bool {
    match caller.role() {
        Role::Operator | Role::Service => true,
        _ => caller.is_person() && caller.division() == Some(division),
    }
}
