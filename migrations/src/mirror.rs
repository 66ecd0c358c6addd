//! The table in which a service keeps what it knows of the directory (crate `mirror`).

use sea_orm_migration::{async_trait, prelude::*};

use crate::kit::{code, table};

pub fn known() -> Box<dyn MigrationTrait> {
    Box::new(Known)
}

struct Known;

impl MigrationName for Known {
    fn name(&self) -> &str {
        "mirror_1_known"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Known {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let known = table(manager, "known")
            .col(code("kind", manager))
            .col(code("division", manager))
            .col(code("id", manager))
            .col(ColumnDef::new("body").text().not_null())
            .primary_key(Index::create().col("kind").col("division").col("id"))
            .to_owned();
        manager.create_table(known).await
    }

    // A migration is applied whole or not at all, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
