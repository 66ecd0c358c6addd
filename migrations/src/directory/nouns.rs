//! Divisions, units, windows, people, notices, and the outcomes of imports.

use sea_orm_migration::{async_trait, prelude::*};

use crate::kit::nouns;

pub(super) struct Nouns;

impl MigrationName for Nouns {
    fn name(&self) -> &str {
        "directory_1_nouns"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Nouns {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["divisions", "units", "windows", "people", "notices", "imports"] {
            let table = nouns(manager, name)
                .col(ColumnDef::new("version").big_integer().not_null())
                // The noun as JSON: nothing else of it is searched for.
                .col(ColumnDef::new("body").text().not_null())
                .to_owned();
            manager.create_table(table).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
