//! Labels as rows.

use std::collections::HashMap;

use kit::id::Division;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    sea_query::OnConflict,
};

use crate::domain::label::{Kind, Label};

/// A label as a row.
pub mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "labels")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub division: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub code: String,
        pub zh: String,
        pub en: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Writes labels, new or not; of several for the same thing the last one stands.
pub async fn save(tx: &DatabaseTransaction, labels: Vec<(Division, Kind, String, Label)>) -> Result<(), DbErr> {
    let mut last = HashMap::with_capacity(labels.len());
    for (division, kind, code, label) in labels {
        last.insert((division, kind, code), label);
    }
    let mut labels: Vec<_> = last.into_iter().collect();
    labels.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let whole = OnConflict::columns([row::Column::Division, row::Column::Kind, row::Column::Code])
        .update_columns([row::Column::Zh, row::Column::En])
        .to_owned();
    for some in super::runs(labels) {
        let rows = some.into_iter().map(|((division, kind, code), label)| row::ActiveModel {
            division: Set(division.as_str().to_owned()),
            kind: Set(kind.code().to_owned()),
            code: Set(code),
            zh: Set(label.zh),
            en: Set(label.en),
        });
        row::Entity::insert_many(rows).on_conflict(whole.clone()).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// The labels of one kind in a division, by code.
pub async fn all(db: &impl ConnectionTrait, division: Division, kind: Kind) -> Result<HashMap<String, Label>, DbErr> {
    let rows = row::Entity::find()
        .filter(row::Column::Division.eq(division.as_str()))
        .filter(row::Column::Kind.eq(kind.code()))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.code, Label { zh: row.zh, en: row.en })).collect())
}
