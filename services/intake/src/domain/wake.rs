//! What time does to a case: deemed acceptance on silence, lapse without supplement, yellow, red; and the counting anew
//! when a notice changes the calendar.

use calendar::shanghai_date;
use kit::{clock::Moment, refusal::Refusal};

use super::{
    case::{Case, End, Ending, State},
    clocks::{Clock, RanOut, Signal},
    hall::Hall,
    life::Happened,
};

impl Case {
    /// When something happens to the case by itself, microseconds UTC.
    pub fn wakes_at(&self, hall: &Hall) -> Option<i64> {
        let light =
            |clock: &Option<Clock>| clock.as_ref().and_then(|clock| clock.next(&hall.calendar)).map(|(at, _)| at);
        match self.state {
            State::Received => {
                let silence = self.intake.as_ref().and_then(Clock::overdue_at);
                silence.into_iter().chain(light(&self.intake)).min()
            }
            State::SupplementPending => self.supplement.as_ref()?.clock.as_ref()?.overdue_at(),
            State::Accepted => light(&self.legal).into_iter().chain(light(&self.promised)).min(),
            State::Granted | State::Denied => light(&self.issue),
            _ => None,
        }
    }

    /// Does the next thing that is due by `now`, if any. Run until it answers None: so what time brings is exact after
    /// any downtime, and no command is decided on a case that time has already changed.
    pub fn wake(&mut self, hall: &Hall, now: Moment) -> Result<Option<Happened>, Refusal> {
        let Some(at) = self.wakes_at(hall).filter(|at| *at <= now.0) else { return Ok(None) };
        let happened = match self.state {
            State::Received if self.intake.as_ref().and_then(Clock::overdue_at) == Some(at) => {
                // Silence is acceptance from the day the materials were received (art. 32): the first day, or where a
                // supplement was asked for, the day it was complete.
                let met = self.supplement.as_ref().and_then(|supplement| supplement.met_at);
                let on = shanghai_date(met.unwrap_or(self.received_at));
                let text = hall.revision(self.division, &self.item, self.revision)?.text.clone();
                self.start(&text, on, at, hall);
                self.deemed = true;
                "case.deemed_accepted"
            }
            State::SupplementPending => {
                let reason = "逾期未补正，视为撤回申请".to_owned();
                let ending =
                    Ending { kind: End::Lapsed, reason, agency: String::new(), by: kit::actor::SYSTEM.into(), at };
                self.state = State::Lapsed;
                self.ending = Some(ending);
                "case.lapsed"
            }
            _ => {
                let mut turned = Signal::Yellow;
                let so_far = RanOut { stops: self.stops.len(), extended: self.extension.is_some() };
                // What was decided in time stays so, whatever day the handing out is due.
                let running = match self.state {
                    State::Received => [self.intake.as_mut(), None],
                    State::Accepted => [self.legal.as_mut(), self.promised.as_mut()],
                    _ => [self.issue.as_mut(), None],
                };
                for clock in running.into_iter().flatten() {
                    if let Some((when, signal)) = clock.next(&hall.calendar)
                        && when == at
                    {
                        clock.turn(signal, so_far);
                        turned = turned.max(signal);
                    }
                }
                if turned == Signal::Red { "case.red" } else { "case.yellow" }
            }
        };
        self.touch(now);
        Ok(Some(happened))
    }

    /// Counts open clocks anew after a notice was published or amended; None where they were counted by it already.
    pub fn recount(&mut self, hall: &Hall, now: Moment) -> Option<Happened> {
        if !self.state.is_open() || self.calendar == hall.calendar.version() {
            return None;
        }
        let before = (
            self.intake.clone(),
            self.legal.clone(),
            self.promised.clone(),
            self.issue.clone(),
            self.supplement.clone(),
        );
        let today = shanghai_date(now.0);
        // What was decided keeps the clocks it was decided under.
        if self.state.is_undecided() {
            self.count(hall, today);
        }
        let asked = self.supplement.as_mut().and_then(|supplement| supplement.clock.as_mut());
        for clock in [self.intake.as_mut(), self.issue.as_mut(), asked].into_iter().flatten() {
            clock.count(&hall.calendar, &[], None, today);
        }
        self.stamp(hall);
        let after = (
            self.intake.clone(),
            self.legal.clone(),
            self.promised.clone(),
            self.issue.clone(),
            self.supplement.clone(),
        );
        self.touch(now);
        Some(if before == after { "case.recounted" } else { "case.redated" })
    }
}
