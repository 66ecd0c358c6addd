//! The rows that the mirror is read from: one table, `known`, in the database of the service that looks into it.

use std::{collections::HashMap, sync::Arc};

use calendar::{Calendar, Notice};
use kit::id::Division;
use sea_orm::{ActiveValue::Set, ConnectionTrait, entity::prelude::*, sea_query::OnConflict};
use serde::de::DeserializeOwned;

use crate::{Mirror, Person, Unit, Window};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "known")]
pub struct Model {
    /// unit, window, person or notice
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub division: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub body: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

/// A fact of the directory.
pub enum Known {
    Unit(Unit),
    Window(Window),
    Person(Person),
    /// The id is `{year}.{version}`: every version is kept.
    Notice(Notice),
}

/// Writes facts; the last one about a noun counts.
pub async fn learn(db: &impl ConnectionTrait, facts: Vec<(Division, String, Known)>) -> Result<(), DbErr> {
    let mut rows: HashMap<(&'static str, String, String), String> = HashMap::new();
    for (division, id, fact) in facts {
        let (kind, body) = match &fact {
            Known::Unit(unit) => ("unit", serde_json::to_string(unit)),
            Known::Window(window) => ("window", serde_json::to_string(window)),
            Known::Person(person) => ("person", serde_json::to_string(person)),
            Known::Notice(notice) => ("notice", serde_json::to_string(notice)),
        };
        let body = body.map_err(|error| DbErr::Custom(error.to_string()))?;
        rows.insert((kind, division.as_str().to_owned(), id), body);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let rows = rows.into_iter().map(|((kind, division, id), body)| ActiveModel {
        kind: Set(kind.to_owned()),
        division: Set(division),
        id: Set(id),
        body: Set(body),
    });
    let newer =
        OnConflict::columns([Column::Kind, Column::Division, Column::Id]).update_column(Column::Body).to_owned();
    Entity::insert_many(rows).on_conflict(newer).exec_without_returning(db).await?;
    Ok(())
}

/// The mirror as the database has it.
pub async fn read(db: &impl ConnectionTrait) -> Result<Mirror, DbErr> {
    let (mut units, mut windows, mut people) = (HashMap::new(), HashMap::new(), HashMap::new());
    let mut notices: Vec<Notice> = Vec::new();
    for row in Entity::find().all(db).await? {
        let Some(division) = read_or_tell(&row, row.division.parse::<Division>()) else { continue };
        let key = (division, row.id.clone());
        match row.kind.as_str() {
            "unit" => units.extend(parse::<Unit>(&row).map(|unit| (key, Arc::new(unit)))),
            "window" => windows.extend(parse::<Window>(&row).map(|window| (key, Arc::new(window)))),
            "person" => people.extend(parse::<Person>(&row).map(|person| (key, Arc::new(person)))),
            "notice" => notices.extend(parse::<Notice>(&row)),
            _ => {}
        }
    }
    notices.sort_by_key(|notice| (notice.year, notice.version));
    let mut calendar = Calendar::empty();
    for notice in notices {
        let (year, version) = (notice.year, notice.version);
        match calendar.with(notice) {
            Ok(with) => calendar = with,
            Err(error) => tracing::error!(year, version, %error, "a notice is left out"),
        }
    }
    Ok(Mirror { calendar, units: Arc::new(units), windows: Arc::new(windows), people: Arc::new(people) })
}

fn parse<T: DeserializeOwned>(row: &Model) -> Option<T> {
    read_or_tell(row, serde_json::from_str(&row.body))
}

/// A row that cannot be read is logged and left out, so that it hides none but itself.
fn read_or_tell<T>(row: &Model, read: Result<T, impl std::fmt::Display>) -> Option<T> {
    let tell = |error: &_| tracing::error!(kind = row.kind, division = row.division, id = row.id, %error, "left out");
    read.inspect_err(tell).ok()
}
