//! What is known of the directory, as rows, and the hall built from them.

use std::{collections::HashMap, sync::Arc};

use calendar::{Calendar, Notice};
use kit::id::Division;
use sea_orm::{ActiveValue::Set, ConnectionTrait, entity::prelude::*, sea_query::OnConflict};
use serde::de::DeserializeOwned;

use super::{item, readable};
use crate::domain::{
    hall::{Hall, Person, Unit, Window},
    item::Item,
};

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

/// The hall as the database knows it.
pub async fn read(db: &impl ConnectionTrait) -> Result<Hall, DbErr> {
    let (mut units, mut windows, mut people) = (HashMap::new(), HashMap::new(), HashMap::new());
    let mut notices: Vec<Notice> = Vec::new();
    for row in Entity::find().all(db).await? {
        let division: Division = row.division.parse().map_err(|error: &str| DbErr::Custom(error.to_owned()))?;
        let key = (division, row.id.clone());
        match row.kind.as_str() {
            "unit" => drop(units.insert(key, Arc::new(parse::<Unit>(&row)?))),
            "window" => drop(windows.insert(key, Arc::new(parse::<Window>(&row)?))),
            "person" => drop(people.insert(key, Arc::new(parse::<Person>(&row)?))),
            "notice" => notices.push(parse(&row)?),
            _ => {}
        }
    }
    notices.sort_by_key(|notice| (notice.year, notice.version));
    let mut calendar = Calendar::empty();
    for notice in notices {
        calendar = calendar.with(notice).map_err(|error| DbErr::Custom(error.to_string()))?;
    }
    // An item that cannot be read is missing alone: the hall is there for all others.
    let items = readable::<Item>(item::Entity::find().all(db).await?).into_iter();
    let items: HashMap<_, _> = items.map(|item| ((item.division, item.code.clone()), Arc::new(item))).collect();
    Ok(Hall {
        calendar,
        units: Arc::new(units),
        windows: Arc::new(windows),
        people: Arc::new(people),
        items: Arc::new(items),
    })
}

fn parse<T: DeserializeOwned>(row: &Model) -> Result<T, DbErr> {
    serde_json::from_str(&row.body).map_err(|error| DbErr::Custom(format!("{} {}: {error}", row.kind, row.id)))
}
