//! Used assertions as rows, which go when nothing is asserted by them any more.

use kit::{
    clock::Moment,
    id::Division,
    store::{Noun, Store, noun::Corrupt},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DbErr, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::domain::assertion::Assertion;

/// At most so many go at once.
const MOST: u64 = 500;

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "assertions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub division: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub outlived_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

impl Noun for Assertion {
    type Entity = row::Entity;
    const KIND: &'static str = "assertions";

    fn division(&self) -> Division {
        self.division
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn from_row(row: row::Model) -> Result<Self, Corrupt> {
        let division = row.division.parse().map_err(|error: &str| Corrupt {
            kind: Self::KIND,
            id: row.id.clone(),
            what: error.to_owned(),
        })?;
        Ok(Assertion { division, id: row.id, outlived_at: row.outlived_at })
    }

    fn to_row(&self) -> row::ActiveModel {
        row::ActiveModel {
            division: Set(self.division.as_str().to_owned()),
            id: Set(self.id.clone()),
            outlived_at: Set(self.outlived_at),
        }
    }
}

/// Takes away some of those that are outlived; who still finds one in memory is told no wrong.
pub async fn prune(store: Store, now: Moment) {
    if let Err(error) = take_away(&store, now).await {
        tracing::warn!(%error, "used assertions were not taken away");
    }
}

async fn take_away(store: &Store, now: Moment) -> Result<(), DbErr> {
    let outlived = row::Entity::find()
        .filter(row::Column::OutlivedAt.lt(now.0))
        .order_by_asc(row::Column::OutlivedAt)
        .limit(MOST)
        .all(store.read())
        .await?;
    if outlived.is_empty() {
        return Ok(());
    }
    let any = outlived.into_iter().fold(Condition::any(), |any, row| {
        any.add(row::Column::Division.eq(row.division).and(row::Column::Id.eq(row.id)))
    });
    let tx = store.begin().await?;
    row::Entity::delete_many().filter(any).exec(&tx).await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use kit::testing::databases;

    use super::*;

    #[tokio::test]
    async fn assertions_that_are_outlived_are_taken_away_and_others_are_kept() {
        for database in databases() {
            let config = database.config(&["directory"]).await;
            let url = config.database("directory");
            let store = Store::open::<migrations::directory::Migrator>("directory", &url).await.expect("opens");
            let division = "410223".parse().expect("a division");
            let rows = (0..700).map(|i| Assertion { division, id: i.to_string(), outlived_at: i }.to_row());
            let tx = store.begin().await.expect("begun");
            row::Entity::insert_many(rows).exec_without_returning(&tx).await.expect("inserted");
            tx.commit().await.expect("committed");
            let count = async || row::Entity::find().all(store.read()).await.expect("read").len();
            prune(store.clone(), Moment(600)).await;
            assert_eq!(count().await, 200);
            prune(store.clone(), Moment(600)).await;
            prune(store.clone(), Moment(600)).await;
            assert_eq!(count().await, 100);
            store.close().await.expect("closed");
        }
    }
}
