//! Duties of the units' leaders, as the roster's journal tells them. Their ids are in the order of day, half and post.

use sea_orm_migration::{async_trait, prelude::*};

use crate::kit::{code, index, table};

pub(super) struct Duties;

impl MigrationName for Duties {
    fn name(&self) -> &str {
        "gateway_4_duties"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Duties {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &'static str| ColumnDef::new(name).text().not_null().to_owned();
        let truth = |name: &'static str| ColumnDef::new(name).boolean().not_null().to_owned();
        let number = |name: &'static str| ColumnDef::new(name).integer().not_null().to_owned();
        let long = |name: &'static str| ColumnDef::new(name).big_integer().not_null().to_owned();
        let duties = table(manager, "duties")
            .col(code("division", manager))
            .col(code("id", manager))
            .col(number("day"))
            .col(truth("afternoon"))
            .col(code("post", manager))
            .col(text("post_zh"))
            .col(text("post_en"))
            .col(code("window", manager))
            .col(code("unit", manager))
            .col(code("person", manager))
            .col(text("person_name"))
            .col(code("planned", manager))
            .col(number("state"))
            .col(truth("substituted"))
            .col(truth("late"))
            .col(truth("early"))
            .col(long("starts_at"))
            .col(long("ends_at"))
            .col(ColumnDef::new("signed_in_at").big_integer())
            .col(ColumnDef::new("signed_out_at").big_integer())
            .col(long("changed_at"))
            .col(long("seq"))
            .primary_key(Index::create().col("division").col("id"))
            .to_owned();
        manager.create_table(duties).await?;
        for index in [
            index("duties_day", "duties", &["division", "day", "unit"]),
            index("duties_person", "duties", &["division", "person", "day"]),
            index("duties_post", "duties", &["division", "post", "day"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    // A migration is applied whole or not at all, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
