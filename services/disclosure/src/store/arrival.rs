//! What arrived by the journals of the other services, as rows. Followers write them in the transaction of their position;
//! they are never on a desk.

use std::collections::BTreeMap;

use calendar::{Date, start_of_day};
use jiff::ToSpan;
use kit::{
    id::Division,
    store::{Noun, Store, noun::Corrupt, readable},
};
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, DatabaseTransaction, IntoActiveModel, QueryOrder,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use crate::domain::source::{Arrival, Known, decisions::Decision};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "arrivals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub division: String,
    /// The source: `guide/410223-012-001`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub open: bool,
    pub wakes_at: i64,
    pub version: i64,
    pub body: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Noun for Arrival {
    type Entity = Entity;
    const KIND: &'static str = "arrivals";

    fn division(&self) -> Division {
        self.division
    }

    fn id(&self) -> &str {
        &self.source
    }

    fn from_row(row: Model) -> Result<Self, Corrupt> {
        let corrupt = |what: String| Corrupt { kind: "arrivals", id: format!("{}/{}", row.division, row.id), what };
        Ok(Arrival {
            division: row.division.parse().map_err(|error: &str| corrupt(error.to_owned()))?,
            known: serde_json::from_str(&row.body).map_err(|error| corrupt(error.to_string()))?,
            wakes_at: row.open.then_some(row.wakes_at),
            version: row.version,
            source: row.id,
        })
    }

    fn to_row(&self) -> ActiveModel {
        let row = Model {
            division: self.division.to_string(),
            id: self.source.clone(),
            open: self.wakes_at.is_some(),
            wakes_at: self.wakes_at.unwrap_or(i64::MAX),
            version: self.version,
            // Texts, numbers and enums always make JSON.
            body: serde_json::to_string(&self.known).unwrap_or_default(),
        };
        row.into_active_model().reset_all()
    }
}

/// Those of a division that are there, of these sources.
pub async fn read(
    db: &impl ConnectionTrait,
    division: Division,
    sources: impl IntoIterator<Item = String>,
) -> Result<Vec<Arrival>, DbErr> {
    let of = Entity::find().filter(Column::Division.eq(division.as_str())).filter(Column::Id.is_in(sources));
    Ok(readable(of.all(db).await?))
}

/// Writes whole ones, new or not.
pub async fn write(tx: &DatabaseTransaction, arrivals: Vec<Arrival>) -> Result<(), DbErr> {
    if arrivals.is_empty() {
        return Ok(());
    }
    let whole = OnConflict::columns([Column::Division, Column::Id])
        .update_columns([Column::Open, Column::WakesAt, Column::Version, Column::Body])
        .to_owned();
    Entity::insert_many(arrivals.iter().map(Noun::to_row)).on_conflict(whole).exec_without_returning(tx).await?;
    Ok(())
}

/// Something was made of an arrival as it was then; one that has changed meanwhile stays open.
pub async fn made(store: &Store, arrival: &Arrival, wakes_at: Option<i64>) -> Result<(), DbErr> {
    let tx = store.begin().await?;
    Entity::update_many()
        .col_expr(Column::Open, Expr::value(wakes_at.is_some()))
        .col_expr(Column::WakesAt, Expr::value(wakes_at.unwrap_or(i64::MAX)))
        .filter(Column::Division.eq(arrival.division.as_str()))
        .filter(Column::Id.eq(&arrival.source))
        .filter(Column::Version.eq(arrival.version))
        .exec(&tx)
        .await?;
    tx.commit().await
}

mod decided {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "decided")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub division: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub unit: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub week: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub day: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: String,
        pub item: String,
        pub granted: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Writes the decisions of a batch, and that the lists of their weeks are to be made when the weeks are over.
pub async fn decide(tx: &DatabaseTransaction, division: Division, made: Vec<Decision>) -> Result<(), DbErr> {
    if made.is_empty() {
        return Ok(());
    }
    let mut weeks: BTreeMap<(String, Date), ()> = BTreeMap::new();
    let mut rows = Vec::with_capacity(made.len());
    for decision in made {
        weeks.insert((decision.unit.clone(), decision.week()), ());
        rows.push(decided::ActiveModel {
            division: Set(division.to_string()),
            week: Set(decision.week().to_string()),
            day: Set(decision.day.to_string()),
            unit: Set(decision.unit),
            number: Set(decision.number),
            item: Set(decision.item),
            granted: Set(decision.granted),
        });
    }
    decided::Entity::insert_many(rows).exec_without_returning(tx).await?;
    let list = |((unit, week), ()): ((String, Date), ())| {
        let over = week.checked_add(7.days()).map_or(i64::MAX, start_of_day);
        let source = format!("decisions/{unit}/{week}");
        Arrival { division, source, version: 1, wakes_at: Some(over), known: Known::Week { unit, week } }.to_row()
    };
    let again = OnConflict::columns([Column::Division, Column::Id])
        .update_columns([Column::Open, Column::WakesAt])
        .value(Column::Version, Expr::col((Entity, Column::Version)).add(1))
        .to_owned();
    Entity::insert_many(weeks.into_iter().map(list)).on_conflict(again).exec_without_returning(tx).await?;
    Ok(())
}

/// The decisions of a unit in a week, by day and number.
pub async fn decisions(
    db: &impl ConnectionTrait,
    division: Division,
    unit: &str,
    week: Date,
) -> Result<Vec<Decision>, DbErr> {
    let rows = decided::Entity::find()
        .filter(decided::Column::Division.eq(division.as_str()))
        .filter(decided::Column::Unit.eq(unit))
        .filter(decided::Column::Week.eq(week.to_string()))
        .order_by_asc(decided::Column::Day)
        .order_by_asc(decided::Column::Number);
    let decision = |row: decided::Model| {
        let day = row.day.parse().map_err(|error: jiff::Error| DbErr::Custom(error.to_string()))?;
        Ok(Decision { unit: row.unit, day, number: row.number, item: row.item, granted: row.granted })
    };
    rows.all(db).await?.into_iter().map(decision).collect()
}

/// What waits for people is looked at again: their column may have been given a standing review.
pub async fn again(store: &Store, division: Option<Division>) -> Result<(), DbErr> {
    let tx = store.begin().await?;
    let mut waiting = Entity::update_many()
        .col_expr(Column::WakesAt, Expr::value(0_i64))
        .filter(Column::Open.eq(true))
        .filter(Column::WakesAt.eq(i64::MAX).or(Column::Id.starts_with("guide/")));
    if let Some(division) = division {
        waiting = waiting.filter(Column::Division.eq(division.as_str()));
    }
    waiting.exec(&tx).await?;
    tx.commit().await
}
