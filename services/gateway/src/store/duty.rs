//! Duties as rows: kept, found and counted.

use std::collections::{BTreeMap, HashMap};

use kit::{clock::Moment, id::Division};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, Iterable, QueryFilter,
    QueryOrder, QuerySelect,
    sea_query::{ExprTrait, OnConflict},
};

use crate::domain::{
    day::Day,
    duty::{Duty, Flag, Search, Standing, State, Tally},
};

use row::{Column, Entity};

/// A duty as a row.
pub mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "duties")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub division: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub day: i32,
        pub afternoon: bool,
        pub post: String,
        pub post_zh: String,
        pub post_en: String,
        pub window: String,
        pub unit: String,
        pub person: String,
        pub person_name: String,
        pub planned: String,
        pub state: i32,
        pub substituted: bool,
        pub late: bool,
        pub early: bool,
        pub starts_at: i64,
        pub ends_at: i64,
        pub signed_in_at: Option<i64>,
        pub signed_out_at: Option<i64>,
        pub changed_at: i64,
        pub seq: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Writes duties in the order in which they were told; of several about one the last one stands.
pub async fn save(tx: &DatabaseTransaction, division: Division, duties: Vec<Duty>) -> Result<(), DbErr> {
    let mut last: HashMap<String, Duty> = HashMap::with_capacity(duties.len());
    for duty in duties {
        last.insert(duty.id.clone(), duty);
    }
    let mut duties: Vec<Duty> = last.into_values().collect();
    duties.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    let key = [Column::Division, Column::Id];
    let changing = Column::iter().filter(|column| !key.iter().any(|key| *key as usize == *column as usize));
    let whole = OnConflict::columns(key).update_columns(changing).to_owned();
    for some in super::runs(duties) {
        let rows = some.into_iter().map(|duty| to_row(division, duty));
        Entity::insert_many(rows).on_conflict(whole.clone()).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// The duties of a search in their order, after one of them, at most so many.
pub async fn list(
    db: &impl ConnectionTrait,
    search: &Search,
    after: Option<&str>,
    most: u64,
) -> Result<Vec<Duty>, DbErr> {
    let mut query = Entity::find().filter(holds(search)).order_by_asc(Column::Id).limit(most);
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    query.all(db).await?.into_iter().map(from_row).collect()
}

/// The duties of these ids, in their order.
pub async fn named(db: &impl ConnectionTrait, division: Division, ids: &[String]) -> Result<Vec<Duty>, DbErr> {
    let of = Column::Division.eq(division.as_str()).and(Column::Id.is_in(ids));
    Entity::find().filter(of).order_by_asc(Column::Id).all(db).await?.into_iter().map(from_row).collect()
}

/// How many duties a search finds.
pub async fn total(db: &impl ConnectionTrait, search: &Search) -> Result<i64, DbErr> {
    use sea_orm::PaginatorTrait;
    Ok(Entity::find().filter(holds(search)).count(db).await?.cast_signed())
}

/// What is counted of a search, by a column's value: the code of the unit, or the day's number.
pub async fn tally<K: Ord + sea_orm::TryGetable>(
    db: &impl ConnectionTrait,
    search: &Search,
    by: Column,
) -> Result<BTreeMap<K, Tally>, DbErr> {
    let alike = [by, Column::State, Column::Substituted, Column::Late, Column::Early];
    let mut query = Entity::find().select_only().filter(holds(search));
    for column in alike {
        query = query.column(column).group_by(column);
    }
    let lines: Vec<(K, i32, bool, bool, bool, i64)> =
        query.column_as(Column::Id.count(), "n").into_tuple().all(db).await?;
    let mut counted: BTreeMap<K, Tally> = BTreeMap::new();
    for (key, number, substituted, late, early, n) in lines {
        let standing = Standing { state: state(number)?, substituted, late, early };
        counted.entry(key).or_default().add(standing, n);
    }
    Ok(counted)
}

/// The last day with a duty before one, or the first one after it.
pub async fn beside(
    db: &impl ConnectionTrait,
    division: Division,
    day: Day,
    later: bool,
) -> Result<Option<Day>, DbErr> {
    let of = Entity::find().filter(Column::Division.eq(division.as_str()));
    let near = if later {
        of.filter(Column::Day.gt(day.0)).order_by_asc(Column::Day)
    } else {
        of.filter(Column::Day.lt(day.0)).order_by_desc(Column::Day)
    };
    let found: Option<i32> = near.select_only().column(Column::Day).into_tuple().one(db).await?;
    Ok(found.map(Day))
}

/// The newest duty of a unit, person or post, if there ever was one.
pub async fn newest(
    db: &impl ConnectionTrait,
    division: Division,
    column: Column,
    code: &str,
) -> Result<Option<Duty>, DbErr> {
    let of = Column::Division.eq(division.as_str()).and(column.eq(code));
    Entity::find().filter(of).order_by_desc(Column::Day).one(db).await?.map(from_row).transpose()
}

/// The divisions that have duties, by code.
pub async fn divisions(db: &impl ConnectionTrait) -> Result<Vec<Division>, DbErr> {
    let codes: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Division)
        .distinct()
        .order_by_asc(Column::Division)
        .into_tuple()
        .all(db)
        .await?;
    Ok(codes.into_iter().filter_map(|code| code.parse().ok()).collect())
}

pub(super) fn holds(search: &Search) -> Condition {
    let mut all = Condition::all()
        .add(Column::Division.eq(search.division.as_str()))
        .add(Column::Day.between(search.period.first.0, search.period.last.0));
    for (column, code) in [(Column::Unit, &search.unit), (Column::Person, &search.person), (Column::Post, &search.post)]
    {
        if !code.is_empty() {
            all = all.add(column.eq(code));
        }
    }
    let Some(mark) = search.mark else { return all };
    let (states, flag) = mark.condition();
    all = all.add(Column::State.is_in(states.iter().map(|state| *state as i32)));
    match flag {
        None => all,
        Some(Flag::Substituted) => all.add(Column::Substituted.eq(true)),
        Some(Flag::Late) => all.add(Column::Late.eq(true)),
        Some(Flag::Early) => all.add(Column::Early.eq(true)),
    }
}

fn state(number: i32) -> Result<State, DbErr> {
    State::numbered(number).ok_or_else(|| DbErr::Custom(format!("a duty of state {number}")))
}

fn from_row(row: row::Model) -> Result<Duty, DbErr> {
    let standing =
        Standing { state: state(row.state)?, substituted: row.substituted, late: row.late, early: row.early };
    Ok(Duty {
        id: row.id,
        day: Day(row.day),
        afternoon: row.afternoon,
        post: row.post,
        post_zh: row.post_zh,
        post_en: row.post_en,
        window: row.window,
        unit: row.unit,
        person: row.person,
        name: row.person_name,
        planned: row.planned,
        standing,
        starts_at: Moment(row.starts_at),
        ends_at: Moment(row.ends_at),
        signed_in_at: row.signed_in_at.map(Moment),
        signed_out_at: row.signed_out_at.map(Moment),
        changed_at: Moment(row.changed_at),
        seq: row.seq,
    })
}

fn to_row(division: Division, duty: Duty) -> row::ActiveModel {
    row::ActiveModel {
        division: Set(division.as_str().to_owned()),
        id: Set(duty.id),
        day: Set(duty.day.0),
        afternoon: Set(duty.afternoon),
        post: Set(duty.post),
        post_zh: Set(duty.post_zh),
        post_en: Set(duty.post_en),
        window: Set(duty.window),
        unit: Set(duty.unit),
        person: Set(duty.person),
        person_name: Set(duty.name),
        planned: Set(duty.planned),
        state: Set(duty.standing.state as i32),
        substituted: Set(duty.standing.substituted),
        late: Set(duty.standing.late),
        early: Set(duty.standing.early),
        starts_at: Set(duty.starts_at.0),
        ends_at: Set(duty.ends_at.0),
        signed_in_at: Set(duty.signed_in_at.map(|at| at.0)),
        signed_out_at: Set(duty.signed_out_at.map(|at| at.0)),
        changed_at: Set(duty.changed_at.0),
        seq: Set(duty.seq),
    }
}
