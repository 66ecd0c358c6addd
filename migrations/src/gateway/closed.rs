//! Divisions and windows that were deactivated, and stay so: whoever is of one is let in no more.

use sea_orm_migration::{async_trait, prelude::*};

use crate::kit::{code, table};

pub(super) struct Closed;

impl MigrationName for Closed {
    fn name(&self) -> &str {
        "gateway_3_closed"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Closed {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let closed =
            table(manager, "closed").col(code("name", manager)).primary_key(Index::create().col("name")).to_owned();
        manager.create_table(closed).await
    }

    // A migration is applied whole or not at all, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
