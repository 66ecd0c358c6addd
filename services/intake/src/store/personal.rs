//! Sealed personal data as rows, apart from the cases they belong to.

use kit::{
    id::Division,
    keys::Mark,
    store::{Noun, noun::Corrupt},
};
use sea_orm::{
    ActiveValue::Set,
    DatabaseConnection, ExprTrait, QueryOrder, QuerySelect, Select,
    entity::prelude::*,
    sea_query::{Func, SimpleExpr},
};

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

/// How many do not begin with the mark.
pub async fn count_otherwise(db: &DatabaseConnection, mark: Mark) -> Result<u64, DbErr> {
    otherwise(mark).count(db).await
}

/// Divisions and ids of those that do not, in order, after one of them.
pub async fn sealed_otherwise(
    db: &DatabaseConnection,
    mark: Mark,
    (division, id): &(String, String),
    most: u64,
) -> Result<Vec<(String, String)>, DbErr> {
    let of_division = Column::Division.eq(division.as_str()).and(Column::Id.gt(id.as_str()));
    otherwise(mark)
        .filter(Column::Division.gt(division.as_str()).or(of_division))
        .order_by_asc(Column::Division)
        .order_by_asc(Column::Id)
        .limit(most)
        .select_only()
        .columns([Column::Division, Column::Id])
        .into_tuple()
        .all(db)
        .await
}

fn otherwise(mark: Mark) -> Select<Entity> {
    let begins: SimpleExpr = Func::cust("substr").arg(Expr::col(Column::Sealed)).arg(1).arg(2).into();
    Entity::find().filter(begins.ne(mark.to_vec()))
}
