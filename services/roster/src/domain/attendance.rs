//! Who came: signing in and out by the server's clock, and what the clock alone decides.

use calendar::end_of_day;
use kit::{clock::Moment, refusal::Refusal};
use mirror::Mirror;

use super::{
    duty::{Correction, Duty, Log, State},
    people,
};

/// What happened, as the journal names it.
pub type Happened = &'static str;

/// How long before the beginning one may sign in.
const EARLIEST: i64 = 60 * 60_000_000;

/// Where somebody signs.
pub struct Place<'a> {
    /// Code of the window.
    pub window: &'a str,
    /// On an enrolled terminal, as its certificate proves.
    pub on_terminal: bool,
}

impl Duty {
    pub fn sign_in(&mut self, person: &str, place: &Place<'_>, now: Moment) -> Result<Happened, Refusal> {
        self.must_serve(person)?;
        self.must_be_at(place)?;
        self.must_be(&[State::Planned])?;
        if now.0 < self.times.starts - EARLIEST {
            let (zh, en) = ("值班开始前一小时内方可签到", "sign in within the hour before the duty begins");
            return Err(Refusal::state("TOO_EARLY", zh, en));
        }
        (self.state, self.signed_in, self.late) = (State::OnDuty, now.0, now.0 > self.times.late_after);
        self.version += 1;
        Ok("duty.signed_in")
    }

    pub fn sign_out(&mut self, person: &str, place: &Place<'_>, now: Moment) -> Result<Happened, Refusal> {
        self.must_serve(person)?;
        self.must_be_at(place)?;
        self.must_be(&[State::OnDuty])?;
        (self.state, self.signed_out, self.early) = (State::Served, now.0, now.0 < self.times.early_before);
        self.version += 1;
        Ok("duty.signed_out")
    }

    /// Absent where nobody came, left where nobody signed out; with the moment that it was due.
    pub fn wake(&mut self, now: Moment) -> Option<Happened> {
        if now.0 < self.wakes_at() {
            return None;
        }
        let happened = if self.state == State::Planned {
            self.state = State::Absent;
            "duty.absent"
        } else {
            (self.state, self.early) = (State::Served, true);
            "duty.closed"
        };
        self.version += 1;
        Some(happened)
    }

    /// The log is written by who serves, until the end of the next day.
    pub fn write(&mut self, person: &str, log: Log, now: Moment) -> Result<Happened, Refusal> {
        self.must_serve(person)?;
        self.must_be(&[State::OnDuty, State::Served])?;
        let next = self.slot.day.tomorrow().map_err(Refusal::internal)?;
        if now.0 >= end_of_day(next) {
            let (zh, en) = ("值班日志应在次日结束前填写", "the log is written by the end of the next day");
            return Err(Refusal::state("LOG_CLOSED", zh, en));
        }
        self.log = Some(log);
        self.version += 1;
        Ok("duty.logged")
    }

    /// Corrects the mark of a duty that is over, by another person.
    pub fn correct(
        &mut self,
        mark: (State, bool, bool),
        by: &str,
        reason: &str,
        mirror: &Mirror,
        now: Moment,
    ) -> Result<Happened, Refusal> {
        people::manager(mirror, self.division, by)?;
        if by == self.person.code || by == self.planned.code {
            let (zh, en) = ("不得更正本人的考勤", "nobody corrects their own attendance");
            return Err(Refusal::state("OWN_ATTENDANCE", zh, en));
        }
        self.must_be(&[State::Served, State::Absent, State::Excused])?;
        let (state, late, early) = mark;
        if (self.state, self.late, self.early) == mark {
            let (zh, en) = ("考勤结果没有变化", "nothing changes by it");
            return Err(Refusal::state("NOTHING_CORRECTED", zh, en));
        }
        self.corrections.push(Correction {
            by: by.to_owned(),
            at: now.0,
            reason: reason.to_owned(),
            state: self.state,
            late: self.late,
            early: self.early,
        });
        (self.state, self.late, self.early) = (state, late, early);
        self.version += 1;
        Ok("duty.corrected")
    }

    fn must_serve(&self, person: &str) -> Result<(), Refusal> {
        if self.person.code == person {
            return Ok(());
        }
        let (zh, en) = (
            format!("{}{}{}由{}值班", self.slot.day, self.slot.half.zh(), self.post_zh, self.person.name),
            format!("{} is {}'s", self.slot, self.person.code),
        );
        Err(Refusal::state("NOT_ON_DUTY", zh, en))
    }

    fn must_be_at(&self, place: &Place<'_>) -> Result<(), Refusal> {
        if place.on_terminal && place.window == self.window {
            return Ok(());
        }
        let (zh, en) = (
            format!("请在值班岗位（窗口 {}）的终端上签到签退", self.window),
            format!("sign on an enrolled terminal of the post's window, {}", self.window),
        );
        Err(Refusal::state("NOT_AT_POST", zh, en))
    }
}

#[cfg(test)]
pub mod tests {
    use calendar::{shanghai_date, start_of_day};

    use super::{
        super::{duty::Who, plan::Assignment, rules::tests::rules, slot::Slot},
        *,
    };

    const MINUTE: i64 = 60_000_000;
    const POST: Place<'static> = Place { window: "D01", on_terminal: true };

    pub fn duty(id: &str, unit: &str, person: &str) -> Duty {
        let division = "410223".parse().expect("a division");
        let slot: Slot = id.parse().expect("a slot");
        let at = Assignment { slot, unit: unit.into(), person: person.into() };
        Duty::publish(None, &at, division, &rules(), &Mirror::empty()).expect("published").expect("new")
    }

    /// Minutes after 8:30 on 8 March 2016.
    fn at(minutes: i64) -> Moment {
        let day = "2016-03-08".parse().expect("a day");
        Moment(start_of_day(day) + (510 + minutes) * MINUTE)
    }

    fn fresh() -> Duty {
        duty("20160308-AM-HALL-1", "012", "P1")
    }

    #[test]
    fn late_is_after_fifteen_minutes_and_early_before_the_last_fifteen() {
        for (came, left, late, early) in [(0, 210, false, false), (15, 195, false, false), (16, 194, true, true)] {
            let mut duty = fresh();
            duty.sign_in("P1", &POST, at(came)).expect("in");
            duty.sign_out("P1", &POST, at(left)).expect("out");
            assert_eq!((duty.state, duty.late, duty.early), (State::Served, late, early), "{came} {left}");
        }
    }

    #[test]
    fn who_has_not_come_after_an_hour_is_absent_and_cannot_sign_in_any_more() {
        let mut duty = fresh();
        assert_eq!(duty.wake(at(59)), None);
        assert_eq!(duty.wake(at(60)), Some("duty.absent"));
        assert_eq!(duty.wake(at(61)), None);
        assert_eq!(duty.sign_in("P1", &POST, at(61)).expect_err("absent").reason(), "DUTY_STATE");
    }

    #[test]
    fn who_does_not_sign_out_has_left_early() {
        let mut duty = fresh();
        duty.sign_in("P1", &POST, at(0)).expect("in");
        assert_eq!(duty.wake(at(269)), None);
        assert_eq!((duty.wake(at(270)), duty.early, duty.signed_out), (Some("duty.closed"), true, 0));
    }

    #[test]
    fn only_who_serves_signs_and_only_at_the_post() {
        let mut duty = fresh();
        let mut refused =
            |person: &str, place: &Place<'_>, now| duty.sign_in(person, place, now).expect_err("refused").reason();
        assert_eq!(refused("P2", &POST, at(0)), "NOT_ON_DUTY");
        assert_eq!(refused("P1", &Place { window: "A01", on_terminal: true }, at(0)), "NOT_AT_POST");
        assert_eq!(refused("P1", &Place { window: "D01", on_terminal: false }, at(0)), "NOT_AT_POST");
        assert_eq!(refused("P1", &POST, at(-61)), "TOO_EARLY");
        assert_eq!(duty.sign_out("P1", &POST, at(0)).expect_err("not in").reason(), "DUTY_STATE");
    }

    #[test]
    fn a_duty_knows_its_people_by_the_names_they_had() {
        assert_eq!(fresh().person, Who { code: "P1".into(), name: "P1".into() });
        assert_eq!(shanghai_date(fresh().times.starts).to_string(), "2016-03-08");
    }
}
