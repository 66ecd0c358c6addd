//! The first count of what is stated: a definition's terms as SQL over the gateway's own facts. [`verify::recount`] is the
//! second, over the journals' entries, and shares nothing with this but the definitions.

use sea_orm::{
    ColumnTrait, Condition as Where, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use sha2::{Digest, Sha256};
use verify::definition::{Clock, Cohort, Term};

use super::{
    duty,
    fact::row::{Column, Entity},
    figures,
    publication::{edition, row as draft},
};
use crate::domain::{
    day::Day,
    duty::{Mark, Search},
    fact::{Marks, State},
    figures::{Condition, DayOf},
    scope::{Scope, Selection},
    statement::{Count, Question},
};

/// So many members of a counted set are read at once.
const PAGE: u64 = 50_000;

/// Counts what is asked; what is open is overdue or not as of a day.
pub async fn count(db: &impl ConnectionTrait, question: &Question, as_of: Day) -> Result<Count, DbErr> {
    match question.definition.cohort {
        Cohort::Received => cases(db, question, DayOf::Receipt, as_of).await,
        Cohort::Accepted => cases(db, question, DayOf::Acceptance, as_of).await,
        Cohort::Closed => cases(db, question, DayOf::End, as_of).await,
        Cohort::Duties => duties(db, question).await,
        Cohort::Published => publications(db, question, as_of).await,
    }
}

/// The counted set, told in the order of its numbers.
struct Set {
    is_rate: bool,
    count: Count,
    digest: Sha256,
}

impl Set {
    fn of(question: &Question) -> Set {
        Set { is_rate: question.definition.is_rate(), count: Count::default(), digest: Sha256::new() }
    }

    fn add(&mut self, number: &str, counts: bool, late: bool) {
        self.count.numerator += i64::from(counts);
        self.count.denominator += i64::from(self.is_rate);
        self.count.late_entries += i64::from(late);
        self.digest.update(number);
        self.digest.update(if counts { b" 1\n" } else { b" 0\n" });
    }

    fn count(self) -> Count {
        Count { set_digest: self.digest.finalize().to_vec(), ..self.count }
    }
}

/// What makes something a member of the counted set, and what makes a member count: a count has no other members.
fn terms(question: &Question) -> (&'static [Term], &'static [Term]) {
    let numerator = question.definition.numerator.terms;
    question.definition.denominator.map_or((numerator, numerator), |whole| (whole.terms, numerator))
}

async fn cases(db: &impl ConnectionTrait, question: &Question, day: DayOf, as_of: Day) -> Result<Count, DbErr> {
    let (members, counted) = terms(question);
    let all = |terms: &[Term]| {
        terms.iter().fold(Where::all(), |all, term| all.add(case(*term, as_of).unwrap_or_else(|| Expr::value(false))))
    };
    let selection = Selection { unit: question.unit.clone(), ..Selection::default() };
    let scope = Scope { division: question.division, period: question.period, selection };
    let cohort = Condition { day, marks: Marks::NONE, overdue: None };
    let holds = figures::holds(&scope, cohort, as_of).add(all(members));
    let once = |holds: Where| Expr::case(holds, 1).finally(0);
    let (mut set, mut after) = (Set::of(question), String::new());
    loop {
        let page = Entity::find()
            .select_only()
            .column(Column::Number)
            .expr(once(all(counted)))
            .expr(once(Where::all().add(Column::LateOn.is_not_null())))
            .filter(holds.clone())
            .filter(Column::Number.gt(after.as_str()))
            .order_by_asc(Column::Number)
            .limit(PAGE);
        let rows: Vec<(String, i32, i32)> = page.into_tuple().all(db).await?;
        rows.iter().for_each(|(number, counts, late)| set.add(number, *counts == 1, *late == 1));
        match rows.into_iter().nth(PAGE as usize - 1) {
            Some((last, ..)) => after = last,
            None => return Ok(set.count()),
        }
    }
}

/// A term as SQL; None where it is not one of cases.
fn case(term: Term, as_of: Day) -> Option<Expr> {
    let has = |Marks(marks)| Expr::col(Column::Marks).bit_and(marks).eq(marks);
    let overdue = |clock| {
        let due = match clock {
            Clock::Legal => Column::LegalDueOn,
            Clock::Promised => Column::PromisedDueOn,
        };
        // Of what has no due day SQL says neither yes nor no.
        Column::WaitingOn.is_not_null().and(due.is_not_null()).and(due.lt(as_of.0))
    };
    Some(match term {
        Term::Refused => has(Marks::REFUSED),
        Term::Lapsed => has(Marks::LAPSED),
        Term::Withdrawn => Expr::col(Column::Marks).bit_and(Marks::STATE.0).eq(State::Withdrawn as i32),
        Term::LateEntered => Column::LateOn.is_not_null(),
        Term::Ended => Column::EndedOn.is_not_null(),
        Term::Open => Column::EndedOn.is_null(),
        Term::Overdue(clock) => overdue(clock),
        Term::OnTime(Clock::Legal) => has(Marks::ON_TIME_LEGAL),
        Term::OnTime(Clock::Promised) => has(Marks::ON_TIME_PROMISED),
        Term::SettledOrOverdue(clock) => has(Marks::SETTLED).or(overdue(clock)),
        Term::DeemedAccepted => has(Marks::DEEMED),
        Term::Instant => has(Marks::INSTANT),
        _ => return None,
    })
}

async fn duties(db: &impl ConnectionTrait, question: &Question) -> Result<Count, DbErr> {
    use duty::row::{Column, Entity};
    let search = Search { unit: question.unit.clone(), ..Search::all(question.division, question.period) };
    let of = Entity::find().select_only().columns([Column::Id, Column::State]).filter(duty::holds(&search));
    let rows: Vec<(String, i32)> = of.order_by_asc(Column::Id).into_tuple().all(db).await?;
    let is = |state: i32, terms: &[Term]| {
        let mark = |term: &Term| match term {
            Term::Required => Some(Mark::Required),
            Term::Attended => Some(Mark::Attended),
            Term::Absent => Some(Mark::Absent),
            _ => None,
        };
        let holds = |mark: Mark| mark.condition().0.iter().any(|of| *of as i32 == state);
        terms.iter().all(|term| mark(term).is_some_and(holds))
    };
    let (members, counted) = terms(question);
    let mut set = Set::of(question);
    rows.iter()
        .filter(|(_, state)| is(*state, members))
        .for_each(|(id, state)| set.add(id, is(*state, counted), false));
    Ok(set.count())
}

/// An edition's number, whether it came in time, and its score; of a draft there is nothing of it.
type Told = Option<(i32, bool, i32)>;

async fn publications(db: &impl ConnectionTrait, question: &Question, as_of: Day) -> Result<Count, DbErr> {
    let (members, counted) = terms(question);
    let mut told: Vec<(String, Told)> = editions(db, question).await?;
    told.extend(drafts(db, question, as_of).await?.into_iter().map(|id| (format!("{id}/draft"), None)));
    // By its bytes, edition 10 comes before edition 2.
    told.sort_unstable();
    let is = |told: &Told, terms: &[Term]| terms.iter().all(|term| told.is_some_and(|told| edition(*term, told)));
    let mut set = Set::of(question);
    for (number, told) in told.iter().filter(|(_, told)| is(told, members)) {
        set.add(number, is(told, counted), false);
    }
    Ok(set.count())
}

fn edition(term: Term, (number, on_time, score): (i32, bool, i32)) -> bool {
    match term {
        Term::Edition => true,
        Term::FirstEdition => number == 1,
        Term::PublishedOnTime => on_time,
        Term::Conforming => score >= 100,
        _ => false,
    }
}

async fn editions(db: &impl ConnectionTrait, question: &Question) -> Result<Vec<(String, Told)>, DbErr> {
    use edition::{Column, Entity};
    let mut of = Entity::find()
        .filter(Column::Division.eq(question.division.as_str()))
        .filter(Column::PublishedOn.between(question.period.first.0, question.period.last.0));
    if !question.unit.is_empty() {
        of = of.filter(Column::Unit.eq(question.unit.as_str()));
    }
    let rows = of.all(db).await?.into_iter();
    Ok(rows.map(|row| (format!("{}/{}", row.id, row.number), Some((row.number, row.on_time, row.score)))).collect())
}

async fn drafts(db: &impl ConnectionTrait, question: &Question, as_of: Day) -> Result<Vec<String>, DbErr> {
    use draft::{Column, Entity};
    let mut of = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Division.eq(question.division.as_str()))
        .filter(Column::DueOn.lte(question.period.last.0))
        .filter(Column::DueOn.lt(as_of.0));
    if !question.unit.is_empty() {
        of = of.filter(Column::Unit.eq(question.unit.as_str()));
    }
    of.into_tuple().all(db).await
}
