//! Publications and their editions as rows: kept and counted.

use std::collections::BTreeMap;

use kit::id::Division;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, Order, QueryFilter, QueryOrder,
    QueryResult, QuerySelect,
    sea_query::{Expr, ExprTrait, IntoColumnRef, OnConflict, Query, SelectStatement},
};

use super::view;
use crate::domain::{
    day::{Day, Period},
    publication::{Edition, Place, Publication, Search, Tally, Withdrawal},
};

/// A publication as a row.
pub mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "publications")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub division: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub unit: String,
        pub column: String,
        pub category: i32,
        pub due_on: Option<i32>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// An edition as a row.
pub mod edition {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "editions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub division: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i32,
        pub unit: String,
        pub column: String,
        pub category: i32,
        pub published_on: i32,
        pub on_time: bool,
        pub score: i32,
        pub pictures: i32,
        pub withdrawn_on: Option<i32>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Writes publications as they were told; of several about one the last one stands.
pub async fn save(tx: &DatabaseTransaction, division: Division, told: Vec<Publication>) -> Result<(), DbErr> {
    let last: BTreeMap<String, Publication> = told.into_iter().map(|told| (told.id.clone(), told)).collect();
    use row::{ActiveModel, Column, Entity};
    let whole = OnConflict::columns([Column::Division, Column::Id])
        .update_columns([Column::Unit, Column::Column, Column::Category, Column::DueOn])
        .to_owned();
    for some in super::runs(last.into_values().collect()) {
        let rows = some.into_iter().map(|Publication { id, place, due_on }| ActiveModel {
            division: Set(division.as_str().to_owned()),
            id: Set(id),
            unit: Set(place.unit),
            column: Set(place.column),
            category: Set(place.category),
            due_on: Set(due_on.map(|day| day.0)),
        });
        Entity::insert_many(rows).on_conflict(whole.clone()).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Adds what became public, and notes what was taken away, which became public before.
pub async fn save_editions(
    tx: &DatabaseTransaction,
    division: Division,
    editions: Vec<Edition>,
    withdrawals: Vec<Withdrawal>,
) -> Result<(), DbErr> {
    use edition::{ActiveModel, Column, Entity};
    for some in super::runs(editions) {
        let rows = some.into_iter().map(|edition| ActiveModel {
            division: Set(division.as_str().to_owned()),
            id: Set(edition.id),
            number: Set(edition.number),
            unit: Set(edition.place.unit),
            column: Set(edition.place.column),
            category: Set(edition.place.category),
            published_on: Set(edition.published_on.0),
            on_time: Set(edition.on_time),
            score: Set(edition.score),
            pictures: Set(edition.pictures),
            withdrawn_on: Set(None),
        });
        Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    for Withdrawal { id, number, on } in withdrawals {
        let of = Column::Division.eq(division.as_str()).and(Column::Id.eq(id)).and(Column::Number.eq(number));
        Entity::update_many().col_expr(Column::WithdrawnOn, Expr::value(on.0)).filter(of).exec(tx).await?;
    }
    Ok(())
}

/// By what counts are kept apart. Everything else follows from one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Place,
    /// On which something happened; what is overdue now is of no day.
    Day,
}

/// Place or day; the other is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub place: Place,
    pub day: i32,
}

/// All that is counted of a search.
pub async fn count(
    db: &impl ConnectionTrait,
    search: &Search,
    by: By,
    today: Day,
) -> Result<BTreeMap<Key, Tally>, DbErr> {
    let mut counted: BTreeMap<Key, Tally> = BTreeMap::new();
    for (key, [published, corrected, on_time, conforming, pictures, scores]) in editions(db, search, by).await? {
        let tally = Tally { published, corrected, on_time, conforming, pictures, scores, ..Tally::default() };
        counted.entry(key).or_default().merge(&tally);
    }
    for (key, [withdrawn]) in withdrawn(db, search, by).await? {
        counted.entry(key).or_default().withdrawn += withdrawn;
    }
    for (key, [views]) in viewed(db, search, by).await? {
        counted.entry(key).or_default().views += views;
    }
    if by == By::Place {
        for (key, [overdue]) in overdue(db, search, today).await? {
            counted.entry(key).or_default().overdue += overdue;
        }
    }
    Ok(counted)
}

type Sums<const N: usize> = Vec<(Key, [i64; N])>;

async fn editions(db: &impl ConnectionTrait, search: &Search, by: By) -> Result<Sums<6>, DbErr> {
    use edition::{Column, Entity};
    let Period { first, last } = search.period;
    let holds = of(search, (Entity, Column::Division), (Entity, Column::Unit), (Entity, Column::Column))
        .add(Column::PublishedOn.between(first.0, last.0));
    let once = |holds: Expr, n: Expr| -> Expr { Expr::case(holds, n).finally(0).into() };
    let is_first = || Column::Number.eq(1);
    let counted = [
        once(is_first(), 1.into()),
        once(is_first().not(), 1.into()),
        once(Column::OnTime.eq(true), 1.into()),
        once(Column::Score.gte(100), 1.into()),
        once(is_first(), Column::Pictures.into_expr()),
        Column::Score.into_expr(),
    ];
    let from = Query::select().from(Entity).cond_where(holds).take();
    sums(db, from, by, (Entity, Column::PublishedOn), Entity, counted).await
}

async fn withdrawn(db: &impl ConnectionTrait, search: &Search, by: By) -> Result<Sums<1>, DbErr> {
    use edition::{Column, Entity};
    let Period { first, last } = search.period;
    let holds = of(search, (Entity, Column::Division), (Entity, Column::Unit), (Entity, Column::Column))
        .add(Column::WithdrawnOn.between(first.0, last.0));
    let from = Query::select().from(Entity).cond_where(holds).take();
    sums(db, from, by, (Entity, Column::WithdrawnOn), Entity, [1.into()]).await
}

/// Where a publication belongs now.
async fn viewed(db: &impl ConnectionTrait, search: &Search, by: By) -> Result<Sums<1>, DbErr> {
    use row::{Column, Entity};
    use view::row::{Column as Of, Entity as View};
    let Period { first, last } = search.period;
    let same = Expr::col((Entity, Column::Division))
        .eq(Expr::col((View, Of::Division)))
        .and(Expr::col((Entity, Column::Id)).eq(Expr::col((View, Of::Id))));
    let holds = of(search, (View, Of::Division), (Entity, Column::Unit), (Entity, Column::Column))
        .add(Of::Day.between(first.0, last.0));
    let from = Query::select().from(View).inner_join(Entity, same).cond_where(holds).take();
    sums(db, from, by, (View, Of::Day), Entity, [Expr::col((View, Of::N))]).await
}

/// What waits, and should not any more.
async fn overdue(db: &impl ConnectionTrait, search: &Search, today: Day) -> Result<Sums<1>, DbErr> {
    use row::{Column, Entity};
    let holds = of(search, (Entity, Column::Division), (Entity, Column::Unit), (Entity, Column::Column))
        .add(Column::DueOn.lt(today.0));
    let from = Query::select().from(Entity).cond_where(holds).take();
    sums(db, from, By::Place, (Entity, Column::DueOn), Entity, [1.into()]).await
}

/// Adds up over what a statement finds, by the place that a table tells or by a day.
async fn sums<const N: usize>(
    db: &impl ConnectionTrait,
    mut from: SelectStatement,
    by: By,
    day: impl IntoColumnRef,
    places: impl EntityTrait,
    summed: [Expr; N],
) -> Result<Sums<N>, DbErr> {
    let place = |name: &'static str| (places, name).into_column_ref();
    let keys = match by {
        By::Place => vec![place("unit"), place("column"), place("category")],
        By::Day => vec![day.into_column_ref()],
    };
    from.columns(keys.clone()).exprs(summed.map(|sum| sum.sum().cast_as("bigint")));
    from.add_group_by(keys.into_iter().map(Expr::col));
    let line = |row: QueryResult| {
        let (key, at) = match by {
            By::Place => {
                let (unit, column) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
                (Key { place: Place { unit, column, category: row.try_get_by_index(2)? }, ..Key::default() }, 3)
            }
            By::Day => (Key { day: row.try_get_by_index(0)?, ..Key::default() }, 1),
        };
        let mut sums = [0; N];
        for (sum, at) in sums.iter_mut().zip(at..) {
            *sum = row.try_get_by_index(at)?;
        }
        Ok((key, sums))
    };
    db.query_all(&from).await?.into_iter().map(line).collect()
}

/// Of whom and what: the same of every table.
fn of(
    search: &Search,
    division: impl IntoColumnRef,
    unit: impl IntoColumnRef,
    column: impl IntoColumnRef,
) -> Condition {
    let mut all = Condition::all().add(Expr::col(division).eq(search.division.as_str()));
    if !search.unit.is_empty() {
        all = all.add(Expr::col(unit).eq(search.unit.as_str()));
    }
    if !search.column.is_empty() {
        all = all.add(Expr::col(column).eq(search.column.as_str()));
    }
    all
}

/// The first and the last day on which a division published.
pub async fn span(db: &impl ConnectionTrait, division: Division) -> Result<Option<(Day, Day)>, DbErr> {
    use edition::{Column, Entity};
    let end = |order| {
        Entity::find()
            .select_only()
            .column(Column::PublishedOn)
            .filter(Column::Division.eq(division.as_str()))
            .order_by(Column::PublishedOn, order)
            .limit(1)
            .into_tuple::<i32>()
            .one(db)
    };
    let (first, last) = (end(Order::Asc).await?, end(Order::Desc).await?);
    Ok(first.zip(last).map(|(first, last)| (Day(first), Day(last))))
}

/// The divisions that have publications, by code.
pub async fn divisions(db: &impl ConnectionTrait) -> Result<Vec<Division>, DbErr> {
    use row::{Column, Entity};
    let found = Entity::find().select_only().column(Column::Division).distinct().order_by_asc(Column::Division);
    let codes: Vec<String> = found.into_tuple().all(db).await?;
    Ok(codes.into_iter().filter_map(|code| code.parse().ok()).collect())
}
