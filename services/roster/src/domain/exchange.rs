//! What changes hands of a published plan: swaps, substitutes, excuses. Each is asked for, answered by another person, and
//! can be undone until it is served.

use kit::{clock::Moment, id::Division, refusal::Refusal};
use mirror::{Mirror, Person};
use serde::{Deserialize, Serialize};

use super::{
    duty::{Duty, Who},
    month::Month,
    people,
    rules::Rules,
    slot::Slot,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Swap,
    Substitute,
    Excuse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Requested,
    Accepted,
    Refused,
    Withdrawn,
    Undone,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    pub kind: Kind,
    pub duty: Slot,
    /// Of a swap.
    pub other: Option<Slot>,
    /// Who substitutes; empty for another kind.
    pub substitute: String,
    pub document: String,
    pub reason: String,
}

impl Wish {
    /// The duties that change hands.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        std::iter::once(&self.duty).chain(&self.other)
    }
}

/// Who served before, and the version of the duty that the exchange made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    pub slot: Slot,
    pub person: Who,
    pub unit: String,
    pub substituted: bool,
    pub version: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// `{month}-{end of the request that made it}`
    pub id: String,
    pub wish: Wish,
    /// The unit whose duty it is.
    pub unit: String,
    pub state: State,
    pub requested_by: String,
    pub requested_at: i64,
    pub answered_by: String,
    pub answered_at: i64,
    pub answer: String,
    pub before: Vec<Before>,
}

/// What a decision on an exchange looks at: the month, the duties of the wish in its order, and what is known.
pub struct Scene<'a> {
    pub month: &'a mut Month,
    pub duties: &'a mut [Duty],
    pub rules: &'a Rules,
    pub mirror: &'a Mirror,
    pub now: Moment,
}

impl Exchange {
    /// Asks for an exchange.
    pub fn request(scene: &mut Scene<'_>, id: &str, wish: Wish, by: &str) -> Result<Exchange, Refusal> {
        let duty = scene.duties.first().ok_or_else(Duty::not_found)?;
        if by != duty.person.code {
            people::of_unit(scene.mirror, scene.division(), by, &duty.unit)?;
        }
        let unit = duty.unit.clone();
        scene.check(&wish)?;
        let exchange = Exchange {
            id: id.to_owned(),
            wish,
            unit,
            state: State::Requested,
            requested_by: by.to_owned(),
            requested_at: scene.now.0,
            answered_by: String::new(),
            answered_at: 0,
            answer: String::new(),
            before: Vec::new(),
        };
        scene.keep(&exchange);
        Ok(exchange)
    }

    /// Accepts or refuses. Things may have changed since it was asked for, so all is looked at again.
    pub fn answer(
        mut self,
        scene: &mut Scene<'_>,
        accept: bool,
        by: &str,
        answer: String,
    ) -> Result<Exchange, Refusal> {
        self.must_be(&[State::Requested])?;
        let is_other = scene.duties.get(1).is_some_and(|other| other.person.code == by);
        if by == self.requested_by || !is_other && people::manager(scene.mirror, scene.division(), by).is_err() {
            return Err(not_yours());
        }
        if accept {
            scene.check(&self.wish)?;
            self.before = scene.perform(&self.wish);
        }
        self.state = if accept { State::Accepted } else { State::Refused };
        (self.answered_by, self.answered_at, self.answer) = (by.to_owned(), scene.now.0, answer);
        scene.keep(&self);
        Ok(self)
    }

    /// Withdraws what was asked for, or undoes what was accepted and is not served.
    pub fn undo(mut self, scene: &mut Scene<'_>, by: &str) -> Result<Exchange, Refusal> {
        self.must_be(&[State::Requested, State::Accepted])?;
        if by != self.requested_by && people::manager(scene.mirror, scene.division(), by).is_err() {
            return Err(not_yours());
        }
        if self.state == State::Requested {
            self.state = State::Withdrawn;
        } else {
            scene.restore(&self)?;
            self.state = State::Undone;
        }
        scene.keep(&self);
        Ok(self)
    }

    fn must_be(&self, states: &[State]) -> Result<(), Refusal> {
        if states.contains(&self.state) {
            return Ok(());
        }
        let (zh, en) = match self.state {
            State::Requested => ("该申请尚未答复", "it is not answered yet"),
            State::Accepted => ("该申请已同意", "it was accepted already"),
            State::Refused => ("该申请已被拒绝", "it was refused already"),
            State::Withdrawn => ("该申请已撤回", "it was withdrawn already"),
            State::Undone => ("该调整已撤销", "it was undone already"),
        };
        Err(Refusal::state("EXCHANGE_STATE", zh, en))
    }

    pub fn not_found() -> Refusal {
        Refusal::not_found("EXCHANGE_NOT_FOUND", "没有此调班申请", "there is no such exchange")
    }
}

impl Scene<'_> {
    fn division(&self) -> Division {
        self.month.division
    }

    /// Whether a wish can be fulfilled as things stand.
    fn check(&self, wish: &Wish) -> Result<(), Refusal> {
        self.duties.iter().try_for_each(|duty| duty.must_be_ahead(self.now))?;
        match (wish.kind, &*self.duties) {
            (Kind::Swap, [one, other]) => {
                if one.person == other.person {
                    let (zh, en) = ("两个值班是同一人", "both duties are one person's");
                    return Err(Refusal::field("exchange.other_duty", zh, en));
                }
                let both = [&one.slot, &other.slot];
                self.may_take(&one.person.code, &other.slot, &both)?;
                self.may_take(&other.person.code, &one.slot, &both).map(drop)
            }
            (Kind::Substitute, [duty]) => {
                let person = self.may_take(&wish.substitute, &duty.slot, &[&duty.slot])?;
                if person.unit != duty.unit {
                    let (zh, en) = ("只能由本单位领导班子成员替班", "only the same unit's leadership substitutes");
                    return Err(Refusal::state("PERSON_UNIT", zh, en));
                }
                if wish.substitute == duty.person.code {
                    let (zh, en) = ("替班人就是值班人本人", "this is who is on duty");
                    return Err(Refusal::field("exchange.substitute", zh, en));
                }
                let most = self.rules.substitutions;
                if self.month.substitutions(&duty.unit) >= usize::from(most) {
                    let (zh, en) = (
                        format!("每单位每月最多替班{most}次"),
                        format!("a unit sends at most {most} substitutes a month"),
                    );
                    return Err(Refusal::state("SUBSTITUTIONS_USED_UP", zh, en));
                }
                Ok(())
            }
            (Kind::Excuse, [_]) => Ok(()),
            _ => Err(Refusal::internal("an exchange of another number of duties")),
        }
    }

    /// Whether somebody can be on duty in a slot, other than for what they have in `but`.
    fn may_take(&self, code: &str, slot: &Slot, but: &[&Slot]) -> Result<&Person, Refusal> {
        let person = self.mirror.person(self.division(), code)?;
        people::eligible(self.rules, person, code)?;
        if self.month.away(code, slot.day, slot.half).is_some() {
            // Why is not said: who asks may be of another unit.
            let (zh, en) = (
                format!("{}{} {} 不在岗", slot.day, slot.half.zh(), person.name),
                format!("{code} is away on {} {}", slot.day, slot.half.en()),
            );
            return Err(Refusal::state("ON_LEAVE", zh, en));
        }
        if let Some(other) = self.month.elsewhere(code, slot, but) {
            let (zh, en) = (
                format!("{} 同一时间已在 {other} 值班", person.name),
                format!("{code} is on duty at {other} at that time"),
            );
            return Err(Refusal::state("TWO_PLACES", zh, en));
        }
        Ok(person)
    }

    /// Gives the duties to whom the wish says; answers with who had them.
    fn perform(&mut self, wish: &Wish) -> Vec<Before> {
        let had: Vec<_> =
            self.duties.iter().map(|duty| (duty.person.clone(), duty.unit.clone(), duty.substituted)).collect();
        match wish.kind {
            Kind::Swap => {
                for (duty, (person, unit, substituted)) in self.duties.iter_mut().zip(had.iter().rev()) {
                    duty.give(person.clone(), unit.clone(), *substituted);
                }
            }
            Kind::Substitute => {
                let person = Who::of(self.mirror, self.month.division, &wish.substitute);
                self.duties.iter_mut().for_each(|duty| duty.give(person.clone(), duty.unit.clone(), true));
            }
            Kind::Excuse => self.duties.iter_mut().for_each(|duty| duty.excuse(true)),
        }
        self.note();
        let before = self.duties.iter().zip(had).map(|(duty, (person, unit, substituted))| Before {
            slot: duty.slot.clone(),
            person,
            unit,
            substituted,
            version: duty.version,
        });
        before.collect()
    }

    /// Gives the duties back to who had them before.
    fn restore(&mut self, exchange: &Exchange) -> Result<(), Refusal> {
        for (duty, before) in self.duties.iter().zip(&exchange.before) {
            if duty.version != before.version {
                let (zh, en) = ("此后该值班又有变动，不能撤销", "the duty has changed since");
                return Err(Refusal::state("EXCHANGED_SINCE", zh, en));
            }
            if self.now.0 >= duty.times.starts {
                return Err(Refusal::state("DUTY_BEGUN", "值班已经开始", "the duty has begun"));
            }
        }
        if exchange.wish.kind != Kind::Excuse {
            let slots: Vec<_> = exchange.wish.slots().collect();
            for before in &exchange.before {
                self.may_take(&before.person.code, &before.slot, &slots)?;
            }
        }
        for (duty, before) in self.duties.iter_mut().zip(&exchange.before) {
            match exchange.wish.kind {
                Kind::Excuse => duty.excuse(false),
                _ => duty.give(before.person.clone(), before.unit.clone(), before.substituted),
            }
        }
        self.note();
        Ok(())
    }

    /// The plan says who serves, too.
    fn note(&mut self) {
        let Some(plan) = &mut self.month.plan else { return };
        for duty in self.duties.iter() {
            if let Some(at) = plan.assignments.iter_mut().find(|at| at.slot == duty.slot) {
                (at.person, at.unit) = (duty.person.code.clone(), duty.unit.clone());
            }
        }
    }

    fn keep(&mut self, exchange: &Exchange) {
        match self.month.exchanges.iter_mut().find(|kept| kept.id == exchange.id) {
            Some(kept) => *kept = exchange.clone(),
            None => self.month.exchanges.push(exchange.clone()),
        }
        self.month.touch();
    }
}

fn not_yours() -> Refusal {
    let (zh, en) = (
        "调班由对方或中心管理人员答复，替班、请假由中心管理人员答复，申请人不得自行答复",
        "a swap is answered by the other person or a manager, anything else by a manager, nothing by who asked",
    );
    Refusal::state("NOT_YOURS_TO_ANSWER", zh, en)
}
