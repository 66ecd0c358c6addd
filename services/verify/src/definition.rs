//! What the figures mean: each definition stands here once, in words for people and as data for machines.
//!
//! Two implementations go by it, each with code of its own: the gateway's SQL over its facts, and [`crate::recount`] over the
//! journals' entries. What both have to agree on:
//!
//! * The **cohort** says which of a case's days lies in the period, both ends inclusive, by civil days in Shanghai.
//! * The **denominator** is what of the cohort fulfils all of its terms; the **numerator** what of the denominator fulfils all
//!   of the numerator's. A count has no denominator: there the counted set is the numerator's, and the statement says 0.
//! * A member's **number** is the case's number; a duty's id; of an edition `{id}/{edition}`, of a draft `{id}/draft`. The
//!   digest's order is that of the numbers' bytes.
//! * **Late entries** are those of the counted set (the denominator's, or a count's) whose case says so; duties and
//!   publications state no time of their own.
//! * What is true is what the last entry at or before the position says.

/// What a figure is about. Figures of one cohort are never put beside those of another without saying so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cohort {
    /// Cases by the day of receipt.
    Received,
    /// Cases by the day of acceptance, by silence too, whenever they ended.
    Accepted,
    /// Accepted cases by the day of their end, whenever accepted.
    Closed,
    /// Duties by their day.
    Duties,
    /// Editions by the day on which they became public; and drafts that wait, whose last day is on or before the period's
    /// last and before `as_of`.
    Published,
}

/// One of the two clocks of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clock {
    /// 法定时限
    Legal,
    /// 承诺时限
    Promised,
}

/// A plain condition. Of a case, if nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Term {
    /// Refused at the door: in that state, and never accepted.
    Refused,
    /// Lapsed without supplement: in that state, and never accepted.
    Lapsed,
    /// Withdrawn by the applicant, accepted before or not.
    Withdrawn,
    /// Entered more than five minutes after the reception that it states.
    LateEntered,
    /// Come to its end, whatever the end.
    Ended,
    /// Not come to its end.
    Open,
    /// Neither decided nor ended, and the due day was before `as_of`.
    Overdue(Clock),
    /// Decided, or ended without a decision, on or before the due day; or without any due day, since the clock stood still or
    /// no calendar can tell.
    OnTime(Clock),
    /// Decided or ended, or else overdue: the clock has said its last or has run out.
    SettledOrOverdue(Clock),
    /// Accepted by silence (行政许可法 art. 32).
    DeemedAccepted,
    /// Of an instant item (即办件).
    Instant,
    /// Of a duty: served or absent. Who was excused was not required.
    Required,
    /// Of a duty: served.
    Attended,
    /// Of a duty: nobody came.
    Absent,
    /// An edition, not a draft.
    Edition,
    /// A publication's edition 1.
    FirstEdition,
    /// An edition that came by the last day of its clock.
    PublishedOnTime,
    /// An edition that said everything its column requires: a score of 100.
    Conforming,
}

/// Numerator or denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    pub zh: &'static str,
    pub en: &'static str,
    /// All of them; none leaves the whole cohort.
    pub terms: &'static [Term],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// For example completion-rate.
    pub id: &'static str,
    /// Moves on whenever the meaning does.
    pub version: i32,
    /// Whose journal it counts.
    pub service: &'static str,
    pub title_zh: &'static str,
    pub title_en: &'static str,
    pub cohort: Cohort,
    pub numerator: Counted,
    /// None for a count.
    pub denominator: Option<Counted>,
}

impl Definition {
    pub fn is_rate(&self) -> bool {
        self.denominator.is_some()
    }
}

/// The definition with this id.
pub fn find(id: &str) -> Option<&'static Definition> {
    ALL.iter().find(|definition| definition.id == id)
}

const fn counted(zh: &'static str, en: &'static str, terms: &'static [Term]) -> Counted {
    Counted { zh, en, terms }
}

/// A number of cases, without a denominator.
const fn count(
    id: &'static str,
    title_zh: &'static str,
    title_en: &'static str,
    cohort: Cohort,
    numerator: Counted,
) -> Definition {
    Definition { id, version: 1, service: cohort.service(), title_zh, title_en, cohort, numerator, denominator: None }
}

impl Definition {
    const fn of(self, whole: Counted) -> Definition {
        Definition { denominator: Some(whole), ..self }
    }
}

impl Cohort {
    /// Whose journal tells of them.
    pub const fn service(self) -> &'static str {
        match self {
            Cohort::Received | Cohort::Accepted | Cohort::Closed => "intake",
            Cohort::Duties => "roster",
            Cohort::Published => "disclosure",
        }
    }
}

const ACCEPTED: Counted =
    counted("期内受理的全部办件，含默示受理", "all cases accepted in the period, by silence too", &[]);

pub const ALL: &[Definition] = &[
    count(
        "received",
        "收件数",
        "Received",
        Cohort::Received,
        counted("期内收件的全部办件", "all cases received in the period", &[]),
    ),
    count("accepted", "受理数", "Accepted", Cohort::Accepted, ACCEPTED),
    count(
        "completed",
        "已办结数",
        "Completed",
        Cohort::Accepted,
        counted(
            "期内受理、现已办结的办件，不论何时、以何种方式办结",
            "of the cases accepted in the period, those that have come to their end, whenever and whatever the end",
            &[Term::Ended],
        ),
    ),
    count(
        "completion-rate",
        "办结率",
        "Completion rate",
        Cohort::Accepted,
        counted(
            "期内受理、现已办结的办件，不论何时、以何种方式办结",
            "of the cases accepted in the period, those that have come to their end, whenever and whatever the end",
            &[Term::Ended],
        ),
    )
    .of(ACCEPTED),
    count(
        "on-time-rate-legal",
        "法定时限按时办结率",
        "On-time rate by the legal limit",
        Cohort::Accepted,
        counted(
            "其中在法定到期日当日或之前作出决定的；未作决定而终结的，在该日或之前终结的；无到期日的不算逾期",
            "of these, those decided on or before the legal due day; where nothing was decided, those ended by it; what has no \
             due day is not late",
            &[Term::OnTime(Clock::Legal)],
        ),
    )
    .of(counted(
        "期内受理、已作出决定或已终结的办件，以及未决且已超过法定到期日的在办件",
        "of the cases accepted in the period, those decided or ended, and those open and undecided past the legal due day",
        &[Term::SettledOrOverdue(Clock::Legal)],
    )),
    count(
        "on-time-rate-promised",
        "承诺时限按时办结率",
        "On-time rate by the promised limit",
        Cohort::Accepted,
        counted(
            "其中在承诺到期日当日或之前作出决定的；未作决定而终结的，在该日或之前终结的；无到期日的不算逾期",
            "of these, those decided on or before the promised due day; where nothing was decided, those ended by it; what has \
             no due day is not late",
            &[Term::OnTime(Clock::Promised)],
        ),
    )
    .of(counted(
        "期内受理、已作出决定或已终结的办件，以及未决且已超过承诺到期日的在办件",
        "of the cases accepted in the period, those decided or ended, and those open and undecided past the promised due day",
        &[Term::SettledOrOverdue(Clock::Promised)],
    )),
    count(
        "open",
        "在办数",
        "Open",
        Cohort::Accepted,
        counted(
            "期内受理、尚未办结的办件",
            "of the cases accepted in the period, those that have not come to their end",
            &[Term::Open],
        ),
    ),
    count(
        "overdue-legal",
        "超法定时限在办数",
        "Open past the legal limit",
        Cohort::Accepted,
        counted(
            "期内受理、未作决定也未终结、已超过法定到期日的办件",
            "of the cases accepted in the period, those neither decided nor ended past the legal due day",
            &[Term::Overdue(Clock::Legal)],
        ),
    ),
    count(
        "overdue-promised",
        "超承诺时限在办数",
        "Open past the promised limit",
        Cohort::Accepted,
        counted(
            "期内受理、未作决定也未终结、已超过承诺到期日的办件",
            "of the cases accepted in the period, those neither decided nor ended past the promised due day",
            &[Term::Overdue(Clock::Promised)],
        ),
    ),
    count(
        "refused",
        "不予受理数",
        "Refused",
        Cohort::Received,
        counted(
            "期内收件、不受理或不予受理的办件",
            "of the cases received in the period, those refused at the door",
            &[Term::Refused],
        ),
    ),
    count(
        "lapsed",
        "逾期未补正数",
        "Lapsed",
        Cohort::Received,
        counted(
            "期内收件、逾期未补正而视为撤回的办件",
            "of the cases received in the period, those that lapsed without supplement",
            &[Term::Lapsed],
        ),
    ),
    count(
        "withdrawn",
        "撤回数",
        "Withdrawn",
        Cohort::Received,
        counted(
            "期内收件、申请人撤回的办件，不论是否已受理",
            "of the cases received in the period, those that the applicant withdrew, accepted before or not",
            &[Term::Withdrawn],
        ),
    ),
    count(
        "instant-rate",
        "即办件占比",
        "Share of instant items",
        Cohort::Accepted,
        counted("其中即办件", "of these, those of instant items", &[Term::Instant]),
    )
    .of(ACCEPTED),
    count(
        "deemed-accepted",
        "默示受理数",
        "Accepted by silence",
        Cohort::Accepted,
        counted(
            "期内逾期未告知、依法视为受理的办件（行政许可法第三十二条）",
            "of the cases accepted in the period, those accepted by silence (Administrative Licensing Law, art. 32)",
            &[Term::DeemedAccepted],
        ),
    ),
    count(
        "late-entered",
        "补录数",
        "Entered late",
        Cohort::Received,
        counted(
            "期内收件、录入时间晚于所载收件时间五分钟以上的办件",
            "of the cases received in the period, those entered more than five minutes after the reception that they state",
            &[Term::LateEntered],
        ),
    ),
    count(
        "closed",
        "期内办结数",
        "Ended in the period",
        Cohort::Closed,
        counted(
            "期内办结的已受理办件，不论何时受理",
            "accepted cases that came to their end in the period, whenever they were accepted",
            &[],
        ),
    ),
    count(
        "attendance-rate",
        "领导值班到岗率",
        "Attendance of leaders on duty",
        Cohort::Duties,
        counted("其中到岗的", "of these, those that were served", &[Term::Attended]),
    )
    .of(counted(
        "期内已结束的应到班次，不含凭文件免到的",
        "duties of the period that are over, without those excused by a document",
        &[Term::Required],
    )),
    count(
        "absent",
        "领导缺岗数",
        "Absences of leaders on duty",
        Cohort::Duties,
        counted("期内无人到岗的班次", "duties of the period to which nobody came", &[Term::Absent]),
    ),
    count(
        "published",
        "主动公开数",
        "Published",
        Cohort::Published,
        counted(
            "期内首次公开的信息",
            "publications that became public in the period, for the first time",
            &[Term::FirstEdition],
        ),
    ),
    count(
        "published-on-time-rate",
        "公开及时率",
        "Published on time",
        Cohort::Published,
        counted(
            "其中在时限最后一日或之前公开的",
            "of these, editions that became public by the last day of their clock",
            &[Term::PublishedOnTime],
        ),
    )
    .of(counted(
        "期内公开的各版信息，以及时限最后一日不晚于期末、至今逾期未公开的稿件",
        "editions that became public in the period, and drafts whose last day was in or before it and has passed",
        &[],
    )),
    count(
        "conformance-rate",
        "公开规范率",
        "Published completely",
        Cohort::Published,
        counted(
            "其中栏目要求的内容齐全的（得分100）",
            "of these, those that say everything their column requires (a score of 100)",
            &[Term::Conforming],
        ),
    )
    .of(counted("期内公开的各版信息", "editions that became public in the period", &[Term::Edition])),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_definition_has_its_own_id_and_its_words_in_both_languages() {
        let ids: BTreeSet<_> = ALL.iter().map(|definition| definition.id).collect();
        assert_eq!(ids.len(), ALL.len());
        for definition in ALL {
            assert_eq!(find(definition.id), Some(definition));
            assert!(definition.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", definition.id);
            let words = [definition.title_zh, definition.title_en, definition.numerator.zh, definition.numerator.en];
            let whole = definition.denominator.iter().flat_map(|whole| [whole.zh, whole.en]);
            assert!(words.into_iter().chain(whole).all(|words| !words.is_empty()), "{}", definition.id);
            assert_eq!(definition.is_rate(), definition.id.ends_with("-rate") || definition.id.contains("-rate-"));
        }
        assert_eq!(find("on-time-rate"), None);
    }

    #[test]
    fn what_is_open_and_overdue_is_always_in_the_denominator_of_on_time() {
        for clock in [Clock::Legal, Clock::Promised] {
            let rates = ALL.iter().filter(|definition| definition.numerator.terms == [Term::OnTime(clock)]);
            for rate in rates {
                assert_eq!(rate.denominator.map(|whole| whole.terms), Some(&[Term::SettledOrOverdue(clock)][..]));
            }
        }
    }
}
