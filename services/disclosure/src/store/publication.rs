//! Publications as rows: what is searched stands in columns, the rest in `body`.

use kit::{
    id::Division,
    store::{Noun, noun::Corrupt},
};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use crate::domain::publication::Publication;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "publications")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub division: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub unit: String,
    /// Of the draft; [`NEVER`] where no day is certain or nothing is being drafted.
    pub due_on: String,
    /// Something is being drafted.
    pub open: bool,
    /// When something happens by itself, microseconds UTC; `i64::MAX` for never.
    pub wakes_at: i64,
    pub version: i64,
    pub body: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

/// A due day after all others.
pub const NEVER: &str = "9999-12-31";

impl Noun for Publication {
    type Entity = Entity;
    const KIND: &'static str = "publications";
    const FIXED: &'static [&'static str] = &["unit"];

    fn division(&self) -> Division {
        self.division
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn from_row(row: Model) -> Result<Self, Corrupt> {
        let corrupt =
            |error: serde_json::Error| Corrupt { kind: Self::KIND, id: row.id.clone(), what: error.to_string() };
        serde_json::from_str(&row.body).map_err(corrupt)
    }

    fn to_row(&self) -> ActiveModel {
        let due_on = self.draft.as_ref().and_then(|draft| draft.clock.due_on());
        ActiveModel {
            division: Set(self.division.as_str().to_owned()),
            id: Set(self.id.clone()),
            unit: Set(self.unit.clone()),
            due_on: Set(due_on.map_or_else(|| NEVER.to_owned(), |day| day.to_string())),
            open: Set(self.draft.is_some()),
            wakes_at: Set(self.wakes_at()),
            version: Set(self.version),
            // A publication is made of texts, numbers and lists, which always have a JSON form.
            body: Set(serde_json::to_string(self).unwrap_or_default()),
        }
    }
}
