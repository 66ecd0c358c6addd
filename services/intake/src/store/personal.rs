//! Sealed personal data as rows, apart from the cases they belong to.

use kit::{
    id::Division,
    store::{Noun, noun::Corrupt},
};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use crate::domain::applicant::Sealed;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "personal")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub division: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub sealed: Vec<u8>,
    pub salt: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Noun for Sealed {
    type Entity = Entity;
    const KIND: &'static str = "personal";

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
        Ok(Sealed { division, id: row.id, sealed: row.sealed, salt: row.salt })
    }

    fn to_row(&self) -> ActiveModel {
        ActiveModel {
            division: Set(self.division.as_str().to_owned()),
            id: Set(self.id.clone()),
            sealed: Set(self.sealed.clone()),
            salt: Set(self.salt.clone()),
        }
    }
}
