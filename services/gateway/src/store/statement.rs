//! Stated figures as rows; what they say is the body.

use kit::{
    id::Division,
    store::{Noun, noun::Corrupt},
};
use sea_orm::{ActiveValue::Set, ConnectionTrait, PaginatorTrait, QueryOrder, entity::prelude::*};

use crate::domain::{
    day::Period,
    statement::{Question, Statement},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "statements")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub division: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub definition: String,
    pub first_on: i32,
    pub last_on: i32,
    pub unit: String,
    pub number: i32,
    pub seq: i64,
    pub body: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Noun for Statement {
    type Entity = Entity;
    const KIND: &'static str = "figures";
    const FIXED: &'static [&'static str] = &["definition", "first_on", "last_on", "unit", "number", "seq"];

    fn division(&self) -> Division {
        self.division
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn from_row(row: Model) -> Result<Self, Corrupt> {
        let corrupt =
            |what: serde_json::Error| Corrupt { kind: Self::KIND, id: row.id.clone(), what: what.to_string() };
        serde_json::from_str(&row.body).map_err(corrupt)
    }

    fn to_row(&self) -> ActiveModel {
        ActiveModel {
            division: Set(self.division.as_str().to_owned()),
            id: Set(self.id.clone()),
            definition: Set(self.definition.clone()),
            first_on: Set(self.period.first.0),
            last_on: Set(self.period.last.0),
            unit: Set(self.unit.clone()),
            number: Set(self.number),
            seq: Set(self.seq),
            // Texts and numbers always make JSON.
            body: Set(serde_json::to_string(self).unwrap_or_default()),
        }
    }
}

/// The newest first, of a definition where it is not empty, before an entry of the journal; at most so many.
pub async fn list(
    db: &impl ConnectionTrait,
    division: Division,
    definition: &str,
    before: Option<i64>,
    most: u64,
) -> Result<Vec<Statement>, DbErr> {
    let mut query = of(division).order_by_desc(Column::Seq);
    if !definition.is_empty() {
        query = query.filter(Column::Definition.eq(definition));
    }
    if let Some(before) = before {
        query = query.filter(Column::Seq.lt(before));
    }
    kit::store::page(db, query, most).await
}

pub async fn named(db: &impl ConnectionTrait, division: Division, id: &str) -> Result<Option<Statement>, DbErr> {
    Ok(kit::store::readable(of(division).filter(Column::Id.eq(id)).one(db).await?).pop())
}

/// The newest of a series.
pub async fn newest(db: &impl ConnectionTrait, question: &Question) -> Result<Option<Statement>, DbErr> {
    let Question { division, definition, period, unit } = question;
    let series = in_period(*division, *period, unit).filter(Column::Definition.eq(definition.id));
    Ok(kit::store::readable(series.order_by_desc(Column::Number).one(db).await?).pop())
}

/// What stands of a period, a unit or all: the newest statement of each definition.
pub async fn standing(
    db: &impl ConnectionTrait,
    division: Division,
    period: Period,
    unit: &str,
) -> Result<Vec<Statement>, DbErr> {
    let rows = in_period(division, period, unit).order_by_asc(Column::Definition).all(db).await?;
    let all: Vec<Statement> = kit::store::readable(rows);
    Ok(all.into_iter().filter(|statement| statement.superseded_by.is_empty()).collect())
}

/// Everything that was stated of a division, in the order in which it was.
pub async fn all(db: &impl ConnectionTrait, division: Division) -> Result<Vec<Statement>, DbErr> {
    Ok(kit::store::readable(of(division).order_by_asc(Column::Seq).all(db).await?))
}

/// How many they are.
pub async fn number(db: &impl ConnectionTrait, division: Division) -> Result<i64, DbErr> {
    Ok(of(division).count(db).await?.cast_signed())
}

fn of(division: Division) -> Select<Entity> {
    Entity::find().filter(Column::Division.eq(division.as_str()))
}

fn in_period(division: Division, period: Period, unit: &str) -> Select<Entity> {
    let of = of(division).filter(Column::FirstOn.eq(period.first.0)).filter(Column::LastOn.eq(period.last.0));
    of.filter(Column::Unit.eq(unit))
}
