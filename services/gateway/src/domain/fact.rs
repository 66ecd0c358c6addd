//! What the journal says of one case, and what follows from it for counting.

use super::day::Day;

/// The unit, item and receiving window of a case. They never change.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub unit: String,
    pub item: String,
    pub window: String,
}

/// A case's state, as intake names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Received = 1,
    SupplementPending = 2,
    Accepted = 3,
    Suspended = 4,
    Granted = 5,
    Denied = 6,
    Issued = 7,
    Refused = 8,
    Lapsed = 9,
    Withdrawn = 10,
    Terminated = 11,
}

impl State {
    pub const ALL: [State; 11] = [
        State::Received,
        State::SupplementPending,
        State::Accepted,
        State::Suspended,
        State::Granted,
        State::Denied,
        State::Issued,
        State::Refused,
        State::Lapsed,
        State::Withdrawn,
        State::Terminated,
    ];

    /// For example `ACCEPTED`.
    pub fn code(self) -> &'static str {
        match self {
            State::Received => "RECEIVED",
            State::SupplementPending => "SUPPLEMENT_PENDING",
            State::Accepted => "ACCEPTED",
            State::Suspended => "SUSPENDED",
            State::Granted => "GRANTED",
            State::Denied => "DENIED",
            State::Issued => "ISSUED",
            State::Refused => "REFUSED",
            State::Lapsed => "LAPSED",
            State::Withdrawn => "WITHDRAWN",
            State::Terminated => "TERMINATED",
        }
    }
}

/// What is true of a case whatever day it is, as bits: so that cases alike are counted together, and a figure is a set of
/// bits that must be there. The lowest four bits are the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(pub i32);

impl Marks {
    pub const NONE: Marks = Marks(0);
    /// Where the state stands.
    pub const STATE: Marks = Marks(0b1111);
    /// Accepted, in words or by silence, and come to its end, whatever the end. What follows is of accepted cases, too.
    pub const ENDED: Marks = Marks(1 << 4);
    /// Not come to its end.
    pub const OPEN: Marks = Marks(1 << 5);
    /// Decided, or ended without a decision: the clocks have said their last.
    pub const SETTLED: Marks = Marks(1 << 6);
    /// Settled on or before the due day, or with no due day that could have passed: the clock stood still, or the
    /// calendar cannot say yet.
    pub const ON_TIME_LEGAL: Marks = Marks(1 << 7);
    pub const ON_TIME_PROMISED: Marks = Marks(1 << 8);
    /// 默示受理 (行政许可法 art. 32)
    pub const DEEMED: Marks = Marks(1 << 9);
    pub const SUPPLEMENTED: Marks = Marks(1 << 10);
    pub const SUSPENDED: Marks = Marks(1 << 11);
    pub const EXTENDED: Marks = Marks(1 << 12);
    pub const GRANTED: Marks = Marks(1 << 13);
    pub const DENIED: Marks = Marks(1 << 14);
    /// 即办件
    pub const INSTANT: Marks = Marks(1 << 15);
    /// Refused at the door: never accepted.
    pub const REFUSED: Marks = Marks(1 << 16);
    /// Lapsed without supplement: never accepted.
    pub const LAPSED: Marks = Marks(1 << 17);

    /// All marks of `others` are there.
    pub const fn has(self, others: Marks) -> bool {
        self.0 & others.0 == others.0
    }

    pub fn state(self) -> Option<State> {
        State::ALL.into_iter().find(|state| *state as i32 == self.0 & Marks::STATE.0)
    }
}

/// What the journal says of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub number: String,
    pub place: Place,
    pub state: State,
    pub received_on: Day,
    /// The hour of the day, 0 to 23, at which it was received, in Shanghai.
    pub received_hour: Option<i32>,
    pub accepted_on: Option<Day>,
    pub decided_on: Option<Day>,
    /// Whatever the end.
    pub ended_on: Option<Day>,
    /// None where the clock stands still or the calendar cannot say.
    pub legal_due_on: Option<Day>,
    pub promised_due_on: Option<Day>,
    pub deemed: bool,
    pub supplemented: bool,
    pub suspended: bool,
    pub extended: bool,
    pub granted: bool,
    pub instant: bool,
    /// Entered more than five minutes after the reception that it states.
    pub late_entry: bool,
    /// Working days from acceptance to decision; None where not decided or not countable.
    pub handling_days: Option<i32>,
    /// The journal entry that says so.
    pub seq: i64,
}

impl Fact {
    pub fn marks(&self) -> Marks {
        let settled_on = self.decided_on.or(self.ended_on);
        let in_time = |due: Option<Day>| settled_on.is_some_and(|on| due.is_none_or(|due| on <= due));
        let when = |is: bool, marks: Marks| if is { marks.0 } else { 0 };
        let mut marks = self.state as i32;
        if self.accepted_on.is_some() {
            marks |= when(self.ended_on.is_some(), Marks::ENDED)
                | when(self.ended_on.is_none(), Marks::OPEN)
                | when(settled_on.is_some(), Marks::SETTLED)
                | when(in_time(self.legal_due_on), Marks::ON_TIME_LEGAL)
                | when(in_time(self.promised_due_on), Marks::ON_TIME_PROMISED)
                | when(self.deemed, Marks::DEEMED)
                | when(self.supplemented, Marks::SUPPLEMENTED)
                | when(self.suspended, Marks::SUSPENDED)
                | when(self.extended, Marks::EXTENDED)
                | when(self.decided_on.is_some() && self.granted, Marks::GRANTED)
                | when(self.decided_on.is_some() && !self.granted, Marks::DENIED)
                | when(self.instant, Marks::INSTANT);
        } else {
            marks |=
                when(self.state == State::Refused, Marks::REFUSED) | when(self.state == State::Lapsed, Marks::LAPSED);
        }
        Marks(marks)
    }

    /// The day of receipt of a case that was entered late.
    pub fn late_on(&self) -> Option<Day> {
        self.late_entry.then_some(self.received_on)
    }

    /// The day of receipt of a case that has not been accepted (yet).
    pub fn unaccepted_on(&self) -> Option<Day> {
        self.accepted_on.is_none().then_some(self.received_on)
    }

    /// The day of acceptance of a case that still waits for its decision.
    pub fn waiting_on(&self) -> Option<Day> {
        self.accepted_on.filter(|_| self.decided_on.is_none() && self.ended_on.is_none())
    }

    /// The handling time that counts: of a promised case that was accepted and decided.
    pub fn timed_days(&self) -> Option<i32> {
        self.handling_days.filter(|_| !self.instant && self.accepted_on.is_some() && self.decided_on.is_some())
    }
}

/// A case in the list behind a figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub number: String,
    pub place: Place,
    pub state: State,
    pub received_on: Day,
    pub accepted_on: Option<Day>,
    pub decided_on: Option<Day>,
    pub ended_on: Option<Day>,
    pub legal_due_on: Option<Day>,
    pub promised_due_on: Option<Day>,
    /// Neither decided nor ended: its due days still count.
    pub waiting: bool,
    pub seq: i64,
}
