//! Counts cases, and lists those that are counted, by the same conditions.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{
    ColumnTrait, Condition as Where, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Asterisk, Expr, ExprTrait, Query},
};

use super::{
    fact::row::{Column, Entity, Model},
    place,
};
use crate::domain::{
    day::Day,
    fact::{Listed, Marks, Place},
    figures::{Clock, Condition, DayOf, Figure, Figures},
    scope::Scope,
};

/// By what counts are kept apart. Everything else follows from one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The number of the place.
    Place,
    /// The day that the case was found by.
    Day,
}

/// All figures of a scope, by the number of the place or by the day.
pub async fn count(
    db: &impl ConnectionTrait,
    scope: &Scope,
    by: By,
    today: Day,
) -> Result<BTreeMap<i32, Figures>, DbErr> {
    let mut counted: BTreeMap<i32, Figures> = BTreeMap::new();
    for day in [DayOf::Receipt, DayOf::LateReceipt, DayOf::ReceiptUnaccepted, DayOf::Acceptance, DayOf::End] {
        let all = Condition { day, marks: Marks::NONE, overdue: None };
        for line in lines(db, scope, all, by, today).await? {
            counted.entry(line.key).or_default().add(day, Marks(line.alike), line.n);
        }
    }
    for figure in [Figure::OverdueLegal, Figure::OverduePromised] {
        for line in lines(db, scope, figure.condition(), by, today).await? {
            counted.entry(line.key).or_default().add_to(figure, line.n);
        }
    }
    let decided = Condition { day: DayOf::Decision, marks: Marks::NONE, overdue: None };
    for line in lines(db, scope, decided, by, today).await? {
        counted.entry(line.key).or_default().handling.add(line.alike, line.n);
    }
    Ok(counted)
}

/// How many cases of a scope a condition holds for, by the number of their place.
pub async fn by_place(
    db: &impl ConnectionTrait,
    scope: &Scope,
    condition: Condition,
    today: Day,
) -> Result<HashMap<i32, i64>, DbErr> {
    let mut counted = HashMap::new();
    for line in lines(db, scope, condition, By::Place, today).await? {
        *counted.entry(line.key).or_default() += line.n;
    }
    Ok(counted)
}

/// So many cases of one place or day that are alike.
struct Line {
    key: i32,
    /// Their marks, or their handling days.
    alike: i32,
    n: i64,
}

/// Counts in two steps: first in the order of the day's index, which needs no sorting, then what little that leaves.
async fn lines(
    db: &impl ConnectionTrait,
    scope: &Scope,
    condition: Condition,
    by: By,
    today: Day,
) -> Result<Vec<Line>, DbErr> {
    let day = day_column(condition.day);
    let alike = match condition.day {
        // Only the number is wanted of these, so their indexes know no marks and are seldom written again.
        DayOf::Receipt | DayOf::LateReceipt | DayOf::End => None,
        DayOf::Decision => Some(Column::HandlingDays),
        _ => Some(Column::Marks),
    };
    let columns: Vec<Column> = [day, Column::Place].into_iter().chain(alike).collect();
    let inner = Query::select()
        .columns(columns.clone())
        .expr_as(Expr::col(Asterisk).count(), "n")
        .from(Entity)
        .cond_where(holds(scope, condition, today))
        .group_by_columns(columns)
        .take();
    let key = match by {
        By::Place => Column::Place,
        By::Day => day,
    };
    let keys: Vec<Column> = [key].into_iter().chain(alike).collect();
    let outer = Query::select()
        .columns(keys.clone())
        .expr(Expr::col("n").sum().cast_as("bigint"))
        .from_subquery(inner, "alike")
        .group_by_columns(keys)
        .take();
    let line = |row: sea_orm::QueryResult| {
        let (alike, n) = if alike.is_some() { (row.try_get_by_index(1)?, 2) } else { (0, 1) };
        Ok(Line { key: row.try_get_by_index(0)?, alike, n: row.try_get_by_index(n)? })
    };
    db.query_all(&outer).await?.into_iter().map(line).collect()
}

/// How many cases of a scope were received at each place and hour of the day.
pub async fn hours(db: &impl ConnectionTrait, scope: &Scope, today: Day) -> Result<Vec<(i32, i32, i64)>, DbErr> {
    let columns = [Column::ReceivedOn, Column::Place, Column::ReceivedHour];
    // In the order of the index again.
    let inner = Query::select()
        .columns(columns)
        .expr_as(Expr::col(Asterisk).count(), "n")
        .from(Entity)
        .cond_where(holds(scope, Figure::Received.condition(), today))
        .and_where(Column::ReceivedHour.is_not_null())
        .group_by_columns(columns)
        .take();
    let outer = Query::select()
        .columns([Column::Place, Column::ReceivedHour])
        .expr(Expr::col("n").sum().cast_as("bigint"))
        .from_subquery(inner, "hours")
        .group_by_columns([Column::Place, Column::ReceivedHour])
        .take();
    let line =
        |row: sea_orm::QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?));
    db.query_all(&outer).await?.into_iter().map(line).collect()
}

/// The cases of a scope that a condition holds for, by number, after a number, at most so many.
pub async fn list(
    db: &impl ConnectionTrait,
    scope: &Scope,
    condition: Condition,
    today: Day,
    after: Option<&str>,
    most: u64,
) -> Result<Vec<Listed>, DbErr> {
    let mut query = Entity::find().filter(holds(scope, condition, today)).order_by_asc(Column::Number).limit(most);
    if let Some(after) = after {
        query = query.filter(Column::Number.gt(after));
    }
    let rows = query.all(db).await?;
    let places = place::all(db, scope.division).await?;
    rows.into_iter().map(|row| listed(row, &places)).collect()
}

/// How many they are altogether.
pub async fn total(db: &impl ConnectionTrait, scope: &Scope, condition: Condition, today: Day) -> Result<i64, DbErr> {
    let count = Entity::find().select_only().expr(Expr::col(Asterisk).count()).filter(holds(scope, condition, today));
    Ok(count.into_tuple().one(db).await?.unwrap_or_default())
}

/// What makes a case count, as SQL.
pub(super) fn holds(scope: &Scope, condition: Condition, today: Day) -> Where {
    let period = scope.period;
    let mut holds = Where::all()
        .add(Column::Division.eq(scope.division.as_str()))
        .add(day_column(condition.day).between(period.first.0, period.last.0));
    holds = match condition.day {
        DayOf::Decision => holds.add(Column::HandlingDays.is_not_null()),
        DayOf::End => holds.add(Column::AcceptedOn.is_not_null()),
        _ => holds,
    };
    let Marks(marks) = condition.marks;
    if marks != 0 {
        holds = holds.add(Expr::col(Column::Marks).bit_and(marks).eq(marks));
    }
    holds = match condition.overdue {
        Some(Clock::Legal) => holds.add(Column::LegalDueOn.lt(today.0)),
        Some(Clock::Promised) => holds.add(Column::PromisedDueOn.lt(today.0)),
        None => holds,
    };
    if scope.selection.is_all() {
        return holds;
    }
    use place::row::Column as PlaceColumn;
    let mut places = Query::select()
        .column(PlaceColumn::Id)
        .from(place::row::Entity)
        .and_where(PlaceColumn::Division.eq(scope.division.as_str()))
        .take();
    let selection = &scope.selection;
    for (column, code) in [
        (PlaceColumn::Unit, &selection.unit),
        (PlaceColumn::Item, &selection.item),
        (PlaceColumn::Window, &selection.window),
    ] {
        if !code.is_empty() {
            places.and_where(column.eq(code.as_str()));
        }
    }
    holds.add(Column::Place.in_subquery(places))
}

fn day_column(day: DayOf) -> Column {
    match day {
        DayOf::Receipt => Column::ReceivedOn,
        DayOf::LateReceipt => Column::LateOn,
        DayOf::ReceiptUnaccepted => Column::UnacceptedOn,
        DayOf::Acceptance => Column::AcceptedOn,
        DayOf::AcceptanceWaiting => Column::WaitingOn,
        DayOf::Decision => Column::DecidedOn,
        DayOf::End => Column::EndedOn,
    }
}

fn listed(row: Model, places: &HashMap<i32, Place>) -> Result<Listed, DbErr> {
    let corrupt = |what: &str| DbErr::Custom(format!("case {}: {what}", row.number));
    Ok(Listed {
        place: places.get(&row.place).cloned().ok_or_else(|| corrupt("its place is not there"))?,
        state: Marks(row.marks).state().ok_or_else(|| corrupt("it is in no state"))?,
        received_on: Day(row.received_on),
        accepted_on: row.accepted_on.map(Day),
        decided_on: row.decided_on.map(Day),
        ended_on: row.ended_on.map(Day),
        legal_due_on: row.legal_due_on.map(Day),
        promised_due_on: row.promised_due_on.map(Day),
        waiting: row.waiting_on.is_some(),
        seq: row.seq,
        number: row.number,
    })
}

/// The first and the last day on which a case of a division was received.
pub async fn span(db: &impl ConnectionTrait, division: kit::id::Division) -> Result<Option<(Day, Day)>, DbErr> {
    let end = |order| {
        Entity::find()
            .select_only()
            .column(Column::ReceivedOn)
            .filter(Column::Division.eq(division.as_str()))
            .order_by(Column::ReceivedOn, order)
            .limit(1)
            .into_tuple::<i32>()
            .one(db)
    };
    let (first, last) = (end(sea_orm::Order::Asc).await?, end(sea_orm::Order::Desc).await?);
    Ok(first.zip(last).map(|(first, last)| (Day(first), Day(last))))
}
