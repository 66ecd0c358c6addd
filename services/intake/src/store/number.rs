//! Counters as rows.

use kit::{
    id::Division,
    store::{Noun, noun::Corrupt},
};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use crate::domain::number::Counter;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "counters")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub division: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub last: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Noun for Counter {
    type Entity = Entity;
    const KIND: &'static str = "counters";

    fn division(&self) -> Division {
        self.division
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn from_row(row: Model) -> Result<Self, Corrupt> {
        let division = row.division.parse().map_err(|error: &str| Corrupt {
            kind: Self::KIND,
            id: row.id.clone(),
            what: error.into(),
        })?;
        Ok(Counter { division, id: row.id, last: row.last })
    }

    fn to_row(&self) -> ActiveModel {
        ActiveModel { division: Set(self.division.as_str().to_owned()), id: Set(self.id.clone()), last: Set(self.last) }
    }
}
