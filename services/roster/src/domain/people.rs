//! Who may do what in the roster, by what the directory says of them.

use kit::{id::Division, refusal::Refusal};
use mirror::{Mirror, Person};

use super::rules::Rules;

/// A manager: somebody of the centre itself.
pub fn manager<'a>(mirror: &'a Mirror, division: Division, code: &str) -> Result<&'a Person, Refusal> {
    let person = mirror.person(division, code)?;
    if person.unit.is_empty() {
        return Ok(person);
    }
    let (zh, en) = ("只有行政服务中心自己的人员可以办理", "only people of the centre itself may do this");
    Err(Refusal::state("NOT_MANAGER", zh, en))
}

/// Somebody of a unit, or a manager.
pub fn of_unit<'a>(mirror: &'a Mirror, division: Division, code: &str, unit: &str) -> Result<&'a Person, Refusal> {
    let person = mirror.person(division, code)?;
    if person.unit == unit || person.unit.is_empty() {
        return Ok(person);
    }
    let (zh, en) = (format!("人员 {code} 不属于单位 {unit}"), format!("person {code} is not of unit {unit}"));
    Err(Refusal::state("PERSON_UNIT", zh, en))
}

/// Whether somebody takes turns under these rules.
pub fn takes_turns(rules: &Rules, person: &Person) -> bool {
    person.active
        && !person.unit.is_empty()
        && rules.ranks.contains(&person.rank)
        && (rules.units.is_empty() || rules.units.contains(&person.unit))
}

/// Of a rank that the rules let be on duty.
pub fn eligible(rules: &Rules, person: &Person, code: &str) -> Result<(), Refusal> {
    if rules.ranks.contains(&person.rank) {
        return Ok(());
    }
    let (zh, en) = (
        format!("{} 不是值班规则规定的领导班子成员", person.name),
        format!("{code} is not of a rank that takes turns"),
    );
    Err(Refusal::state("RANK_NOT_ELIGIBLE", zh, en))
}
