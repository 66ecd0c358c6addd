//! The year's duty of the units' leaders: twelve plans, who came, what was exchanged, twelve circulars; and the clerks of
//! the windows. Beside the cases, on the same clock.
//!
//! A month is drafted while the one before is served, published some working days ahead, served, and told of in a circular.
//! [`course`] says what becomes of each duty, [`month`] who serves it, [`step`] does what is due; [`figures`] asks how it
//! went.

mod course;
mod desk;
pub mod figures;
mod month;
mod rules;
mod step;

use std::collections::{BTreeMap, HashSet};

use calendar::{Date, start_of_day};
use futures::{TryStreamExt, stream::FuturesUnordered};
use kit::{clock::Moment, keyring::Keyring};
use proto::roster::v1 as pb;
use tokio::task::JoinHandle;

use super::{
    county::{County, Person},
    days::Days,
};
use course::Course;
use desk::Desk;
use month::Month;

/// What there is to do at a moment.
#[derive(Clone, Debug)]
enum Act {
    /// A month's leaves become known, and its plan is drafted.
    Draft(i8),
    Publish(i8),
    /// Something is asked for instead of a duty, by its place in the month.
    Exchange(i8, usize),
    SignIn(i8, usize),
    SignOut(i8, usize),
    DraftCircular(i8),
    Contest(i8, usize),
    Answer(i8, usize),
    Issue(i8),
}

const MINUTE: i64 = 60_000_000;

/// How long after the directory is loaded the roster may know of it.
const LEARNING: std::time::Duration = std::time::Duration::from_secs(60);

pub use desk::request_id;

pub struct Duties {
    desk: Desk,
    seed: u64,
    people: Vec<Person>,
    staffings: Vec<(String, pb::Staffing)>,
    /// The working days.
    dates: Vec<Date>,
    agenda: BTreeMap<Moment, Vec<Act>>,
    months: BTreeMap<i8, Month>,
    /// Leaves and drafts that are under way.
    drafts: BTreeMap<i8, JoinHandle<anyhow::Result<Vec<pb::Leave>>>>,
    /// Requests that were answered.
    pub changes: u64,
}

impl Duties {
    pub fn new(county: &County, days: &Days, seed: u64, ring: &Keyring) -> Duties {
        Duties {
            desk: Desk::new(ring, seed),
            seed,
            people: county.people.clone(),
            staffings: rules::staffings(county),
            dates: (0..days.count()).map(|day| days.date(day)).collect(),
            agenda: BTreeMap::new(),
            months: BTreeMap::new(),
            drafts: BTreeMap::new(),
            changes: 0,
        }
    }

    /// The first morning: who staffs the windows, the rules, and the plan of January from the first day on that can be
    /// published in time.
    pub async fn open(&mut self) -> anyhow::Result<()> {
        self.staff().await?;
        self.set_rules().await?;
        self.draft(1);
        self.publish(1).await?;
        self.sign_in_ahead();
        for month in 2..=12 {
            let before = self.workdays(month - 1);
            let ahead = before.len().saturating_sub(rules::NOTICE + 2);
            self.note(before[0], 9 * 60, Act::Draft(month));
            self.note(before[ahead], 10 * 60, Act::Publish(month));
            self.note(self.workdays(month)[0], 9 * 60, Act::DraftCircular(month - 1));
        }
        Ok(())
    }

    /// Signs in who will serve, beside what goes on: a password costs its time, and nobody waits for it in the morning.
    fn sign_in_ahead(&self) {
        let mut people: Vec<_> =
            self.months.values().flat_map(|month| &month.duties).map(|duty| &duty.person).collect();
        let mut known = HashSet::new();
        people.retain(|person| known.insert(*person));
        let (people, desk) = (people.into_iter().cloned().collect::<Vec<_>>(), self.desk.clone());
        tokio::spawn(async move {
            for person in people {
                // Who could not be signed in is, when they come.
                let _ = desk.link(&person).await;
            }
        });
    }

    /// When there is next something to do, up to a moment and without it.
    pub fn next_before(&self, until: Moment) -> Option<Moment> {
        self.agenda.keys().next().copied().filter(|at| *at < until)
    }

    /// Does what is due: first what is planned and asked for, then who comes and goes, all at once.
    pub async fn perform(&mut self, at: Moment) -> anyhow::Result<()> {
        let due = self.agenda.remove(&at).unwrap_or_default();
        let (signs, acts): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|act| matches!(act, Act::SignIn(..) | Act::SignOut(..)));
        for act in acts {
            self.act(act).await?;
        }
        let (mut signing, mut changes) = (FuturesUnordered::new(), 0);
        for act in &signs {
            signing.push(self.sign(act));
        }
        while let Some(signed) = signing.try_next().await? {
            changes += signed;
        }
        drop(signing);
        self.changes += changes;
        Ok(())
    }

    /// The last evening: the circular of December is drafted. It is sent and issued in the new year.
    pub async fn close(&mut self) -> anyhow::Result<()> {
        self.draft_circular(12).await.map(drop)
    }

    async fn act(&mut self, act: Act) -> anyhow::Result<()> {
        match act {
            Act::Draft(month) => {
                self.draft(month);
                Ok(())
            }
            Act::Publish(month) => self.publish(month).await,
            Act::Exchange(month, number) => self.exchange(month, number).await,
            Act::DraftCircular(month) => self.circulate(month).await,
            Act::Contest(month, number) => self.contest(month, number).await,
            Act::Answer(month, number) => self.answer(month, number).await,
            Act::Issue(month) => self.issue(month).await,
            Act::SignIn(..) | Act::SignOut(..) => Ok(()),
        }
    }

    /// Puts the duties of a published month on the agenda.
    fn expect(&mut self, month: i8, published: Month) {
        for (number, duty) in published.duties.iter().enumerate() {
            let (course, day, afternoon) = (duty.course, duty.day, duty.afternoon);
            if course.asks()
                && let Some(before) = self.workday_before(day)
            {
                self.note(before, 15 * 60 + 30, Act::Exchange(month, number));
            }
            for (at, act) in [
                (course.comes(afternoon), Act::SignIn(month, number)),
                (course.goes(afternoon), Act::SignOut(month, number)),
            ] {
                if let Some(at) = at {
                    self.note(day, at, act);
                }
            }
        }
        self.months.insert(month, published);
    }

    /// Puts the rest of a circular's way on the agenda: contests, their answers, and its issue once the days are over.
    fn follow_up(&mut self, month: i8) {
        let after = self.workdays(month + 1);
        let contested = |course: Course| matches!(course, Course::Upheld | Course::Pardoned);
        let duties = self.months.get(&month).map(|month| month.duties.as_slice()).unwrap_or_default();
        let numbers: Vec<_> = (0..duties.len()).filter(|number| contested(duties[*number].course)).collect();
        for number in numbers {
            self.note(after[1], 10 * 60, Act::Contest(month, number));
            self.note(after[2], 15 * 60 + 30, Act::Answer(month, number));
        }
        self.note(after[3], 10 * 60, Act::Issue(month));
    }

    fn note(&mut self, day: Date, minutes: i64, act: Act) {
        let at = Moment(start_of_day(day) + minutes * MINUTE);
        self.agenda.entry(at).or_default().push(act);
    }

    /// The working days of a month.
    fn workdays(&self, month: i8) -> Vec<Date> {
        self.dates.iter().filter(|date| date.month() == month).copied().collect()
    }

    fn workday_before(&self, day: Date) -> Option<Date> {
        self.dates.iter().rev().find(|date| **date < day).copied()
    }
}
