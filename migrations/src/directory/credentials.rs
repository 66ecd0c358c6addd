//! Terminals, passwords with their sessions, other systems, operators, signing keys, and assertions that were used.

use sea_orm_migration::{async_trait, prelude::*};

use crate::kit::{code, index, nouns, table};

pub(super) struct Credentials;

impl MigrationName for Credentials {
    fn name(&self) -> &str {
        "directory_2_credentials"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Credentials {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["terminals", "passwords", "systems", "operators", "signing_rings"] {
            let table = nouns(manager, name)
                .col(ColumnDef::new("version").big_integer().not_null())
                .col(ColumnDef::new("body").text().not_null())
                .to_owned();
            manager.create_table(table).await?;
        }
        let assertions = table(manager, "assertions")
            .col(code("division", manager))
            .col(code("id", manager))
            .col(ColumnDef::new("outlived_at").big_integer().not_null())
            .primary_key(Index::create().col("division").col("id"))
            .to_owned();
        manager.create_table(assertions).await?;
        manager.create_index(index("assertions_outlived", "assertions", &["outlived_at"])).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
