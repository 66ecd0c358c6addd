//! Items as rows; the revisions and the mandate are the body.

use std::collections::HashMap;

use kit::{
    id::Division,
    store::{Noun, noun::Corrupt},
};
use sea_orm::{ActiveValue::Set, ConnectionTrait, QuerySelect, entity::prelude::*};

use crate::domain::item::Item;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "items")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub division: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub unit: String,
    pub retired: bool,
    pub version: i64,
    pub body: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

/// Items by division and code, with their versions.
pub type Versions = HashMap<(Division, String), i64>;

/// The version at which each item stands.
pub async fn versions(db: &impl ConnectionTrait) -> Result<Versions, DbErr> {
    let columns = [Column::Division, Column::Id, Column::Version];
    let rows: Vec<(String, String, i64)> = Entity::find().select_only().columns(columns).into_tuple().all(db).await?;
    let read = |(division, code, version): (String, String, i64)| Some(((division.parse().ok()?, code), version));
    Ok(rows.into_iter().filter_map(read).collect())
}

impl Noun for Item {
    type Entity = Entity;
    const KIND: &'static str = "items";

    fn division(&self) -> Division {
        self.division
    }

    fn id(&self) -> &str {
        &self.code
    }

    fn from_row(row: Model) -> Result<Self, Corrupt> {
        let corrupt = |what: String| Corrupt { kind: Self::KIND, id: row.id.clone(), what };
        let item: Item = serde_json::from_str(&row.body).map_err(|error| corrupt(error.to_string()))?;
        if item.revisions.is_empty() {
            return Err(corrupt("no revision".into()));
        }
        let division = row.division.parse().map_err(|error: &str| corrupt(error.to_owned()))?;
        Ok(Item { division, code: row.id, retired: row.retired, version: row.version, ..item })
    }

    fn to_row(&self) -> ActiveModel {
        ActiveModel {
            division: Set(self.division.as_str().to_owned()),
            id: Set(self.code.clone()),
            unit: Set(self.newest().text.unit.clone()),
            retired: Set(self.retired),
            version: Set(self.version),
            body: Set(serde_json::to_string(self).unwrap_or_default()),
        }
    }
}
