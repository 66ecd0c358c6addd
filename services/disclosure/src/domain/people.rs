//! Who may do what in disclosure, by what the directory says of them.

use kit::{id::Division, refusal::Refusal};
use mirror::{Mirror, Person, Rank};

/// A manager: somebody of the centre itself.
pub fn manager<'a>(mirror: &'a Mirror, division: Division, code: &str) -> Result<&'a Person, Refusal> {
    let person = mirror.person(division, code)?;
    if person.unit.is_empty() {
        return Ok(person);
    }
    let (zh, en) = ("只有行政服务中心自己的人员可以办理", "only people of the centre itself may do this");
    Err(Refusal::state("NOT_MANAGER", zh, en))
}

/// Somebody of the responsible unit, or of the centre itself.
pub fn of_unit<'a>(mirror: &'a Mirror, division: Division, code: &str, unit: &str) -> Result<&'a Person, Refusal> {
    let person = mirror.person(division, code)?;
    if person.unit == unit || person.unit.is_empty() {
        return Ok(person);
    }
    let (zh, en) = (format!("人员 {code} 不属于单位 {unit}"), format!("person {code} is not of unit {unit}"));
    Err(Refusal::state("PERSON_UNIT", zh, en))
}

/// Of a unit's leadership, or a leader of the government.
pub fn leads(person: &Person) -> Result<(), Refusal> {
    if person.rank.is_leadership() || person.rank == Rank::GovernmentHead {
        return Ok(());
    }
    let (zh, en) = ("须由领导班子成员审批", "a member of the unit's leadership approves");
    Err(Refusal::state("APPROVER_RANK", zh, en))
}
