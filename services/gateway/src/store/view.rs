//! How often publications were looked at, as rows.

use sea_orm::{
    ActiveValue::Set,
    DatabaseTransaction, DbErr, EntityTrait,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use crate::domain::look::Looked;

/// So many looks at a publication on a day.
pub mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "views")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub division: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub day: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub n: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

use row::{Column, Entity};

/// Adds looks to those that are there: other gateways may count in the same table. In order, so that two of them do not
/// wait for each other.
pub async fn add(tx: &DatabaseTransaction, looks: Vec<(Looked, i64)>) -> Result<(), DbErr> {
    let more = Expr::col((Entity, Column::N)).add(Expr::col(("excluded", Column::N)));
    let key = [Column::Division, Column::Day, Column::Id];
    let more = OnConflict::columns(key).value(Column::N, more).to_owned();
    for some in super::runs(looks) {
        let rows = some.into_iter().map(|(looked, n)| row::ActiveModel {
            division: Set(looked.division.as_str().to_owned()),
            day: Set(looked.day.0),
            id: Set(looked.publication),
            n: Set(n),
        });
        Entity::insert_many(rows).on_conflict(more.clone()).exec_without_returning(tx).await?;
    }
    Ok(())
}
