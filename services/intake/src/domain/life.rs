//! The life of a case, step by step (行政许可法 ch. 4). Each step answers with what happened, or refuses.

use calendar::{Date, shanghai_date};
use kit::{clock::Moment, id::Division, refusal::Refusal};
use mirror::Rank;

use super::{
    applicant::Party,
    attachment::{Attachment, MOST_FILES},
    case::{
        Case, Decision, Demand, End, Ending, Extension, INTAKE_DAYS, ISSUE_DAYS, Issuance, State, Stop, Supplement,
        Ticked,
    },
    clocks::Clock,
    hall::Hall,
    item::{Cause, Item, Text},
    late::{handed_in, is_late},
};

/// What happened, as the journal names it.
pub type Happened = &'static str;

/// An application as it is handed in.
pub struct Receipt {
    pub window: String,
    pub clerk: String,
    /// Masked.
    pub applicant: Party,
    pub commitment: Vec<u8>,
    pub materials: Vec<Ticked>,
    pub fixed_on_spot: Vec<String>,
    /// When it was handed in, where that is stated.
    pub at: Option<Moment>,
}

/// Who may not act for the unit is told so before anything of the case, so that another unit's clerk learns nothing of it.
impl Case {
    /// Takes an application in, as of when it was handed in and under the revision that was in force then.
    pub fn receive(
        division: Division,
        number: String,
        item: &Item,
        receipt: Receipt,
        hall: &Hall,
        now: Moment,
    ) -> Result<Case, Refusal> {
        let at = handed_in(receipt.at, now)?;
        item.must_live()?;
        let day = shanghai_date(at.0);
        let revision = item.in_force(day).ok_or_else(|| {
            Refusal::state("ITEM_NOT_IN_FORCE", "该事项尚未生效", "no revision of the item is in force yet")
        })?;
        let text = &revision.text;
        hall.receiving_unit(division, &text.unit)?;
        hall.accepting_window(division, &receipt.window, &text.unit)?;
        hall.must_be_staffed(division, &receipt.window, at)?;
        hall.clerk(division, &receipt.clerk, &text.unit)?;
        known(text, receipt.materials.iter().map(|ticked| ticked.code.as_str()))?;
        Ok(Case {
            division,
            number,
            version: 1,
            state: State::Received,
            item: item.code.clone(),
            revision: revision.number,
            title: text.title_zh.clone(),
            handling: text.handling,
            unit: text.unit.clone(),
            applicant: receipt.applicant,
            commitment: receipt.commitment,
            materials: receipt.materials,
            fixed_on_spot: receipt.fixed_on_spot,
            window: receipt.window,
            clerk: receipt.clerk,
            received_at: at.0,
            late: is_late(at, now),
            entry: 0,
            accepted_on: None,
            accepted_at: None,
            deemed: false,
            supplement: None,
            stops: Vec::new(),
            extension: None,
            intake: Some(Clock::start(&hall.calendar, day, INTAKE_DAYS)),
            legal: None,
            promised: None,
            issue: None,
            decision: None,
            issuance: None,
            ending: None,
            attachments: Vec::new(),
            calendar: hall.calendar.version().to_owned(),
            updated_at: now.0,
        })
    }

    /// An instant item: accepted, and granted by its mandate, while the applicant waits. `now` is when it was handed in.
    pub fn grant_at_once(
        &mut self,
        item: &Item,
        document: String,
        hall: &Hall,
        now: Moment,
    ) -> Result<Happened, Refusal> {
        self.handling.must_be_instant()?;
        let clerk = self.clerk.clone();
        let mandate = item.mandate_for(&clerk, now)?;
        self.accept(&clerk, hall, now)?;
        self.decide(true, &mandate.officer, String::new(), document, hall, now)?;
        if let Some(decision) = &mut self.decision {
            decision.mandate.clone_from(&mandate.document);
        }
        self.version = 1;
        Ok("case.granted_at_once")
    }

    /// Asks once for everything that is missing (art. 32(4)); a second list is against art. 72(4).
    pub fn ask_supplement(
        &mut self,
        clerk: &str,
        demands: Vec<Demand>,
        hall: &Hall,
        now: Moment,
    ) -> Result<Happened, Refusal> {
        hall.clerk(self.division, clerk, &self.unit)?;
        if self.supplement.is_some() {
            let (zh, en) = (
                "补正须一次性告知，不得再次要求补正（行政许可法第三十二条、第七十二条）",
                "a supplement was asked for already; everything must be told at once (art. 32, 72)",
            );
            return Err(Refusal::state("SUPPLEMENT_ALREADY_ASKED", zh, en));
        }
        self.must_be(&[State::Received])?;
        let text = self.text(hall)?;
        known(text, demands.iter().map(|demand| demand.material.as_str()))?;
        let today = shanghai_date(now.0);
        // The law sets no limit for the applicant; the item may.
        let clock = (text.supplement > 0).then(|| Clock::start(&hall.calendar, today, text.supplement));
        self.supplement = Some(Supplement { demands, asked_at: now.0, by: clerk.to_owned(), clock, met_at: None });
        self.state = State::SupplementPending;
        self.intake = None;
        self.stamp(hall);
        self.touch(now);
        Ok("case.supplement_asked")
    }

    /// Takes what the applicant brought. Once nothing is missing the five days run anew, from today.
    pub fn take_supplement(
        &mut self,
        window: &str,
        clerk: &str,
        materials: Vec<Ticked>,
        hall: &Hall,
        now: Moment,
    ) -> Result<Happened, Refusal> {
        hall.accepting_window(self.division, window, &self.unit)?;
        hall.must_be_staffed(self.division, window, now)?;
        hall.clerk(self.division, clerk, &self.unit)?;
        self.must_be(&[State::SupplementPending])?;
        let Some(supplement) = &mut self.supplement else { return Err(Refusal::internal("pending without a notice")) };
        for ticked in materials {
            let Some(demand) = supplement.demands.iter_mut().find(|demand| demand.material == ticked.code) else {
                let (zh, en) = ("有材料不在补正清单内", "one of the materials was not asked for");
                return Err(Refusal::new(kit::refusal::Kind::Invalid, "MATERIAL_NOT_ASKED", zh, en).at("materials"));
            };
            // What is named, but not there, meets nothing.
            if ticked.originals + ticked.copies == 0 {
                continue;
            }
            demand.met = true;
            match self.materials.iter_mut().find(|old| old.code == ticked.code) {
                Some(old) => *old = ticked,
                None => self.materials.push(ticked),
            }
        }
        if supplement.demands.iter().all(|demand| demand.met) {
            supplement.met_at = Some(now.0);
            let today = shanghai_date(now.0);
            self.state = State::Received;
            self.intake = Some(Clock::start(&hall.calendar, today, INTAKE_DAYS));
            self.stamp(hall);
        }
        self.touch(now);
        Ok("case.supplemented")
    }

    /// Accepts, and starts both clocks (art. 32, 42).
    pub fn accept(&mut self, clerk: &str, hall: &Hall, now: Moment) -> Result<Happened, Refusal> {
        hall.clerk(self.division, clerk, &self.unit)?;
        self.must_be(&[State::Received])?;
        let text = self.text(hall)?;
        let ticked = |code: &str| {
            self.materials.iter().any(|ticked| ticked.code == code && ticked.originals + ticked.copies > 0)
        };
        let missing: Vec<_> =
            text.materials.iter().filter(|m| m.required && !ticked(&m.code)).map(|m| m.code.as_str()).collect();
        if !missing.is_empty() {
            let list = missing.join(", ");
            let (zh, en) = (format!("缺少必备材料：{list}"), format!("required materials are missing: {list}"));
            return Err(Refusal::state("MATERIALS_MISSING", zh, en));
        }
        let today = shanghai_date(now.0);
        self.start(text, today, now.0, hall);
        self.touch(now);
        Ok("case.accepted")
    }

    pub(super) fn start(&mut self, text: &Text, on: Date, at: i64, hall: &Hall) {
        self.accepted_on = Some(on);
        self.accepted_at = Some(at);
        self.legal = Some(Clock::start(&hall.calendar, on, text.legal_limit));
        self.promised = Some(Clock::start(&hall.calendar, on, text.promised_limit));
        self.intake = None;
        self.state = State::Accepted;
        self.stamp(hall);
    }

    /// Not required, or not competent (art. 32(1), (2)).
    pub fn refuse(
        &mut self,
        clerk: &str,
        kind: End,
        reason: String,
        agency: String,
        hall: &Hall,
        now: Moment,
    ) -> Result<Happened, Refusal> {
        hall.clerk(self.division, clerk, &self.unit)?;
        self.must_be(&[State::Received])?;
        self.end(State::Refused, Ending { kind, reason, agency, by: clerk.to_owned(), at: now.0 }, now);
        Ok("case.refused")
    }

    /// Stops the clocks from a day on, for a cause of art. 45 and with its written notice. The day may be past, but what
    /// has run out by now has: without the notice the clock ran on (handbook §1.2), and being late is not undone.
    #[allow(clippy::too_many_arguments)] // a notice has so many parts
    pub fn suspend(
        &mut self,
        officer: &str,
        cause: Cause,
        notice: String,
        needed_days: u16,
        first: Option<Date>,
        hall: &Hall,
        now: Moment,
    ) -> Result<Happened, Refusal> {
        hall.officer(self.division, officer, &self.unit)?;
        self.must_be(&[State::Accepted])?;
        if !self.text(hall)?.special_procedures.contains(&cause) {
            let (zh, en) = (
                "该事项的实施清单未列此特别程序",
                "the item does not list this procedure as one that may stop the clock",
            );
            return Err(Refusal::state("CAUSE_NOT_OF_ITEM", zh, en));
        }
        let today = shanghai_date(now.0);
        let first = first.unwrap_or(today);
        let earliest = self.accepted_on.unwrap_or(today).max(today.saturating_sub(jiff::Span::new().days(30)));
        if first > today || first < earliest {
            let (zh, en) = (format!("应在{earliest}至{today}之间"), format!("must be {earliest} to {today}"));
            return Err(Refusal::field("first_day", zh, en));
        }
        self.stops.push(Stop { cause, notice, needed_days, first, last: None, by: officer.to_owned() });
        self.state = State::Suspended;
        self.count(hall, today);
        self.touch(now);
        Ok("case.suspended")
    }

    /// The clocks go on after `last`.
    pub fn resume(&mut self, officer: &str, last: Option<Date>, hall: &Hall, now: Moment) -> Result<Happened, Refusal> {
        hall.officer(self.division, officer, &self.unit)?;
        self.must_be(&[State::Suspended])?;
        let today = shanghai_date(now.0);
        let last = last.unwrap_or(today);
        let Some(stop) = self.stops.last_mut() else { return Err(Refusal::internal("suspended without a stop")) };
        if last < stop.first || last > today {
            let (zh, en) = (format!("应在{}至{today}之间", stop.first), format!("must be {} to {today}", stop.first));
            return Err(Refusal::field("last_day", zh, en));
        }
        stop.last = Some(last);
        self.state = State::Accepted;
        self.count(hall, today);
        self.touch(now);
        Ok("case.resumed")
    }

    /// Prolongs the clocks that have not run out (handbook §1.4: approved on or before the due date), once, by the head of the agency, or by the government's head where joint (art. 42).
    pub fn extend(&mut self, approver: &str, reason: String, hall: &Hall, now: Moment) -> Result<Happened, Refusal> {
        let (joint, days) = self.text(hall).map(|text| (text.joint, text.extension))?;
        let person = hall.person(self.division, approver)?;
        let may = if joint {
            person.rank == Rank::GovernmentHead
        } else {
            person.unit == self.unit && person.rank.leads_unit()
        };
        if !may {
            let (zh, en) = if joint {
                ("联合办理的延长须经本级人民政府负责人批准", "a joint item is extended by the government's head")
            } else {
                ("延长须经本行政机关负责人批准", "an extension is approved by the head or deputy head of the unit")
            };
            return Err(Refusal::state("APPROVER_RANK", zh, en));
        }
        self.must_be(&[State::Accepted])?;
        if self.extension.is_some() {
            let (zh, en) = ("期限只能延长一次", "the limit was extended already");
            return Err(Refusal::state("EXTENDED_ALREADY", zh, en));
        }
        let today = shanghai_date(now.0);
        if days == 0 || !self.legal.as_ref().is_some_and(|legal| legal.keeps(today)) {
            let (zh, en) = ("期限已届满，不能再延长", "the limit has passed, or the item allows no extension");
            return Err(Refusal::state("EXTENSION_TOO_LATE", zh, en));
        }
        self.extension = Some(Extension { days, approver: approver.to_owned(), reason, at: now.0 });
        self.count(hall, today);
        self.touch(now);
        Ok("case.extended")
    }

    /// Grants, or denies with reasons and remedies (art. 38).
    pub fn decide(
        &mut self,
        granted: bool,
        officer: &str,
        reasons: String,
        document: String,
        hall: &Hall,
        now: Moment,
    ) -> Result<Happened, Refusal> {
        hall.officer(self.division, officer, &self.unit)?;
        self.must_be(&[State::Accepted])?;
        if officer == self.clerk {
            return Err(Case::decider_received());
        }
        let today = shanghai_date(now.0);
        let remedies = if granted { String::new() } else { remedies(hall, self.division, &self.unit)? };
        let keeps = |clock: &Option<Clock>| clock.as_ref().is_none_or(|clock| clock.keeps(today));
        self.decision = Some(Decision {
            granted,
            reasons,
            remedies,
            by: officer.to_owned(),
            at: now.0,
            document,
            mandate: String::new(),
            in_time_legal: keeps(&self.legal),
            in_time_promised: keeps(&self.promised),
            days: self.handling_days(hall, today),
        });
        self.state = if granted { State::Granted } else { State::Denied };
        self.issue = Some(Clock::start(&hall.calendar, today, ISSUE_DAYS));
        self.stamp(hall);
        self.touch(now);
        Ok("case.decided")
    }

    /// Hands the result out, at another window than the one that received (art. 44).
    pub fn issue(
        &mut self,
        window: &str,
        clerk: &str,
        recipient: Party,
        hall: &Hall,
        now: Moment,
    ) -> Result<Happened, Refusal> {
        hall.clerk(self.division, clerk, &self.unit)?;
        hall.issuing_window(self.division, window, &self.unit, &self.window)?;
        hall.must_be_staffed(self.division, window, now)?;
        self.must_be(&[State::Granted, State::Denied])?;
        self.issuance = Some(Issuance { window: window.to_owned(), by: clerk.to_owned(), at: now.0, recipient });
        self.state = State::Issued;
        self.touch(now);
        Ok("case.issued")
    }

    /// The applicant withdraws, before the decision.
    pub fn withdraw(&mut self, clerk: &str, reason: String, hall: &Hall, now: Moment) -> Result<Happened, Refusal> {
        hall.clerk(self.division, clerk, &self.unit)?;
        self.must_be(&[State::Received, State::SupplementPending, State::Accepted, State::Suspended])?;
        self.end(
            State::Withdrawn,
            Ending { kind: End::Withdrawn, reason, agency: String::new(), by: clerk.to_owned(), at: now.0 },
            now,
        );
        Ok("case.withdrawn")
    }

    /// Ends what cannot be decided or handed out any more.
    pub fn terminate(&mut self, officer: &str, reason: String, hall: &Hall, now: Moment) -> Result<Happened, Refusal> {
        hall.officer(self.division, officer, &self.unit)?;
        if !self.state.is_open() {
            self.must_be(&[])?;
        }
        self.end(
            State::Terminated,
            Ending { kind: End::Terminated, reason, agency: String::new(), by: officer.to_owned(), at: now.0 },
            now,
        );
        Ok("case.terminated")
    }

    pub fn attach(
        &mut self,
        attachment: Attachment,
        clerk: &str,
        hall: &Hall,
        now: Moment,
    ) -> Result<Happened, Refusal> {
        hall.clerk(self.division, clerk, &self.unit)?;
        if !self.state.is_open() {
            return Err(Refusal::state("CASE_CLOSED", "办件已结束", "the case has come to its end"));
        }
        if !attachment.material.is_empty() {
            known(self.text(hall)?, [attachment.material.as_str()])?;
        }
        let same = |old: &Attachment| old.sha256 == attachment.sha256 && old.material == attachment.material;
        if !self.attachments.iter().any(same) {
            if self.attachments.len() >= MOST_FILES {
                let (zh, en) = ("附件数量已达上限", "the case has as many files as it may");
                return Err(Refusal::new(kit::refusal::Kind::Exhausted, "TOO_MANY_FILES", zh, en));
            }
            self.attachments.push(attachment);
        }
        self.touch(now);
        Ok("case.attached")
    }

    fn end(&mut self, state: State, ending: Ending, now: Moment) {
        self.state = state;
        self.ending = Some(ending);
        self.intake = None;
        self.touch(now);
    }

    /// Working days from acceptance to the decision, those of suspensions left out.
    fn handling_days(&self, hall: &Hall, decided_on: Date) -> Option<u32> {
        let accepted_on = self.accepted_on?;
        let all = hall.calendar.workdays_between(accepted_on, decided_on)?;
        if self.stops.is_empty() {
            return Some(all);
        }
        let stopped =
            |day: &Date| self.stops.iter().any(|stop| *day >= stop.first && stop.last.is_none_or(|last| *day <= last));
        let days = accepted_on.tomorrow().ok()?.series(jiff::Span::new().days(1)).take_while(|day| *day <= decided_on);
        let lost = days.filter(stopped).filter(|day| hall.calendar.is_workday(*day) == Some(true)).count();
        Some(all.saturating_sub(u32::try_from(lost).ok()?))
    }
}

/// Every code is a material of the item.
fn known<'a>(text: &Text, codes: impl IntoIterator<Item = &'a str>) -> Result<(), Refusal> {
    match codes.into_iter().position(|code| text.material(code).is_none()) {
        None => Ok(()),
        Some(before) => {
            let number = before + 1;
            let (zh, en) =
                (format!("第{number}项材料不在事项清单内"), format!("material {number} is none of the item's"));
            Err(Refusal::new(kit::refusal::Kind::Invalid, "MATERIAL_UNKNOWN", zh, en).at("materials"))
        }
    }
}

/// The remedies line of a denial: sixty days to the reconsideration body (行政复议法 art. 20), six months to the court.
fn remedies(hall: &Hall, division: Division, unit: &str) -> Result<String, Refusal> {
    let unit = hall.unit(division, unit)?;
    // The directory may not know them yet; the line is required all the same.
    let or = |known: &str, competent: &str| if known.is_empty() { competent.to_owned() } else { known.to_owned() };
    Ok(format!(
        "如不服本决定，可自收到本决定书之日起六十日内向{}申请行政复议，或者自收到之日起六个月内依法向{}提起行政诉讼。",
        or(&unit.reconsideration_body, "有管辖权的行政复议机关"),
        or(&unit.court, "有管辖权的人民法院")
    ))
}
