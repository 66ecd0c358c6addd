//! Items, cases, what numbers them, and what is sealed of them.

use sea_orm_migration::{
    async_trait,
    prelude::*,
    sea_query::{Expr, ExprTrait},
};

use crate::kit::{code, index, nouns};

pub struct Nouns;

impl MigrationName for Nouns {
    fn name(&self) -> &str {
        "intake_1_nouns"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Nouns {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let items = nouns(manager, "items")
            .col(code("unit", manager))
            .col(ColumnDef::new("retired").boolean().not_null())
            .col(ColumnDef::new("version").big_integer().not_null())
            .col(ColumnDef::new("body").text().not_null())
            .to_owned();
        manager.create_table(items).await?;

        let cases = nouns(manager, "cases")
            .col(code("unit", manager))
            .col(code("item", manager))
            .col(code("window_code", manager))
            .col(ColumnDef::new("received_at").big_integer().not_null())
            .col(code("received_on", manager))
            .col(ColumnDef::new("state").small_integer().not_null())
            .col(ColumnDef::new("open").boolean().not_null())
            .col(ColumnDef::new("signal").small_integer().not_null())
            .col(code("due_on", manager))
            .col(ColumnDef::new("wakes_at").big_integer().not_null())
            .col(code("calendar", manager))
            .col(ColumnDef::new("version").big_integer().not_null())
            .col(ColumnDef::new("body").text().not_null())
            .to_owned();
        manager.create_table(cases).await?;
        // Most cases are closed: what is looked up by the clock and in the inbox are the open ones.
        let mut inbox = index("cases_inbox", "cases", &["division", "unit", "due_on", "id"]);
        manager.create_index(inbox.cond_where(Expr::col("open").eq(true)).to_owned()).await?;
        let mut wakes = index("cases_wake", "cases", &["wakes_at"]);
        manager.create_index(wakes.cond_where(Expr::col("open").eq(true)).to_owned()).await?;
        manager.create_index(index("cases_received", "cases", &["division", "received_at", "id"])).await?;

        let counters = nouns(manager, "counters").col(ColumnDef::new("last").big_integer().not_null()).to_owned();
        manager.create_table(counters).await?;

        let personal = nouns(manager, "personal")
            .col(ColumnDef::new("sealed").blob().not_null())
            .col(ColumnDef::new("salt").blob().not_null())
            .to_owned();
        manager.create_table(personal).await
    }

    // A migration is applied whole or not at all, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
