//! Who staffs the windows, as roster tells it.

use sea_orm_migration::{async_trait, prelude::*};

use crate::kit::{code, table};

pub(super) struct Staffed;

impl MigrationName for Staffed {
    fn name(&self) -> &str {
        "intake_2_staffed"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Staffed {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let staffed = table(manager, "staffed")
            .col(code("division", manager))
            .col(code("window_code", manager))
            .col(ColumnDef::new("body").text().not_null())
            .primary_key(Index::create().col("division").col("window_code"))
            .to_owned();
        manager.create_table(staffed).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
