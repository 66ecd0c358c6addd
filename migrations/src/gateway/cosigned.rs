//! The newest head of each journal as the gateway saw it, and what each witness says of it. Unlike what was learnt from
//! journals, it cannot be learnt again: what was seen once is what later heads are held against.

use sea_orm_migration::{async_trait, prelude::*};

use crate::kit::{code, table};

pub(super) struct Cosigned;

impl MigrationName for Cosigned {
    fn name(&self) -> &str {
        "gateway_8_cosigned"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Cosigned {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &'static str| ColumnDef::new(name).text().not_null().to_owned();
        let number = |name: &'static str| ColumnDef::new(name).big_integer().not_null().to_owned();
        let seen = table(manager, "seen_heads")
            .col(code("division", manager))
            .col(code("service", manager))
            .col(number("size"))
            .col(number("seen_at"))
            .col(text("key"))
            .col(text("note"))
            .col(text("alarm"))
            .primary_key(Index::create().col("division").col("service"))
            .to_owned();
        manager.create_table(seen).await?;
        let cosigned = table(manager, "cosigned")
            .col(code("division", manager))
            .col(code("service", manager))
            .col(code("witness", manager))
            .col(number("size"))
            .col(number("cosigned_at"))
            .col(text("line"))
            .col(ColumnDef::new("alarmed").boolean().not_null())
            .col(text("error"))
            .primary_key(Index::create().col("division").col("service").col("witness"))
            .to_owned();
        manager.create_table(cosigned).await
    }

    // A migration is applied whole or not at all, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
