//! The newest head of each journal as the gateway saw it, and what each witness says of it, as rows.

use kit::id::Division;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, ExprTrait, OnConflict},
};

/// A head that was seen, which later ones are held against.
pub mod seen {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "seen_heads")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub division: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub service: String,
        pub size: i64,
        /// Microseconds, UTC.
        pub seen_at: i64,
        /// The log's key as it was first seen.
        pub key: String,
        pub note: String,
        /// Why the log is not what it was, and below that the head which shows it; empty while all is well.
        pub alarm: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// What a witness last said of a journal.
pub mod said {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "cosigned")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub division: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub service: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub witness: String,
        /// The last size that it cosigned; 0 for none.
        pub size: i64,
        /// Microseconds, UTC; the witness's clock.
        pub cosigned_at: i64,
        /// The cosignature's line, without its end.
        pub line: String,
        pub alarmed: bool,
        pub error: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// The head of a journal that was last seen.
pub async fn head(db: &impl ConnectionTrait, division: Division, service: &str) -> Result<Option<seen::Model>, DbErr> {
    seen::Entity::find_by_id((division.as_str().to_owned(), service.to_owned())).one(db).await
}

/// Those of a division, by service.
pub async fn heads(db: &impl ConnectionTrait, division: Division) -> Result<Vec<seen::Model>, DbErr> {
    let query = seen::Entity::find().filter(seen::Column::Division.eq(division.as_str()));
    query.order_by_asc(seen::Column::Service).all(db).await
}

/// What the witnesses say of a division's journals.
pub async fn said(db: &impl ConnectionTrait, division: Division) -> Result<Vec<said::Model>, DbErr> {
    let query = said::Entity::find().filter(said::Column::Division.eq(division.as_str()));
    query.order_by_asc(said::Column::Witness).all(db).await
}

/// Keeps a head, unless another replica keeps a later one already.
pub async fn see(tx: &DatabaseTransaction, row: seen::Model) -> Result<(), DbErr> {
    use seen::{Column, Entity};
    let later = OnConflict::columns([Column::Division, Column::Service])
        .update_columns([Column::Size, Column::SeenAt, Column::Note, Column::Alarm])
        .action_and_where(Expr::col((Entity, Column::Size)).lte(Expr::col(("excluded", Column::Size))))
        .to_owned();
    let row: seen::ActiveModel = row.into();
    Entity::insert(row.reset_all()).on_conflict(later).exec_without_returning(tx).await.map(drop)
}

/// Keeps what a witness says.
pub async fn hear(tx: &DatabaseTransaction, row: said::Model) -> Result<(), DbErr> {
    use said::{Column, Entity};
    let later = OnConflict::columns([Column::Division, Column::Service, Column::Witness])
        .update_columns([Column::Size, Column::CosignedAt, Column::Line, Column::Alarmed, Column::Error])
        .action_and_where(Expr::col((Entity, Column::Size)).lte(Expr::col(("excluded", Column::Size))))
        .to_owned();
    let row: said::ActiveModel = row.into();
    Entity::insert(row.reset_all()).on_conflict(later).exec_without_returning(tx).await.map(drop)
}
