//! The nouns as RPCs: parse, change, render.

pub mod attendance;
pub mod circular;
pub mod document;
pub mod exchange;
pub mod leave;
pub mod plan;
pub mod roster;
pub mod rules;
pub mod staffing;

use kit::{
    caller::{Caller, Role},
    clock::Moment,
    form::{Form, finish},
    id::Division,
};
use prost_types::Timestamp;
use proto::roster::v1 as pb;

use crate::domain::slot::{Half, Slot, days_of};

/// The code of a person in a request.
fn person(form: &mut Form, field: &str, name: &str, division: Division) -> Option<String> {
    form.take(kit::id::child_of(field, name, "people", division)).map(str::to_owned)
}

/// A month, YYYY-MM.
fn month(form: &mut Form, field: &str, text: &str) -> Option<String> {
    let known = days_of(text).map(|_| text.to_owned());
    form.require(known.is_some(), field, "月份格式应为YYYY-MM", "must be a month YYYY-MM of the years 2000 to 2100");
    known
}

/// A duty of a division, by its name.
fn duty(form: &mut Form, field: &str, name: &str, division: Division) -> Option<Slot> {
    let code = form.take(kit::id::child_of(field, name, "duties", division))?;
    slot(form, field, code)
}

/// A duty, by its id.
fn slot(form: &mut Form, field: &str, id: &str) -> Option<Slot> {
    let slot = id.parse().ok();
    form.require(
        slot.is_some(),
        field,
        "值班编号格式应为 YYYYMMDD-AM或PM-岗位-序号",
        "must be {YYYYMMDD}-{AM or PM}-{post}-{seat}",
    );
    slot
}

fn half(half: Half) -> pb::Half {
    match half {
        Half::Morning => pb::Half::Morning,
        Half::Afternoon => pb::Half::Afternoon,
    }
}

/// None where the field is left unspecified.
fn half_of(form: &mut Form, field: &str, value: i32) -> Option<Half> {
    match pb::Half::try_from(value) {
        Ok(pb::Half::Unspecified) => None,
        Ok(pb::Half::Morning) => Some(Half::Morning),
        Ok(pb::Half::Afternoon) => Some(Half::Afternoon),
        Err(_) => {
            form.fault(field, "取值未知", "is of no known value");
            None
        }
    }
}

/// The name of a person; empty where nobody is meant.
fn name_of(division: Division, code: &str) -> String {
    if code.is_empty() { String::new() } else { division.child("people", code) }
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

/// What names a leave or an exchange within its month: the end of the request that made it, which is random.
fn suffix(request_id: uuid::Uuid) -> String {
    request_id.simple().to_string().split_off(20)
}
