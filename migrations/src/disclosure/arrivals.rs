//! What the suite itself has to publish: what arrived by the journals, and the decisions of each unit and week.

use sea_orm_migration::{
    async_trait,
    prelude::*,
    sea_query::{Expr, ExprTrait},
};

use crate::kit::{code, index, nouns, table};

pub(super) struct Arrivals;

impl MigrationName for Arrivals {
    fn name(&self) -> &str {
        "disclosure_2_arrivals"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Arrivals {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let arrivals = nouns(manager, "arrivals")
            // Something is to be made of it, or will be.
            .col(ColumnDef::new("open").boolean().not_null())
            .col(ColumnDef::new("wakes_at").big_integer().not_null())
            .col(ColumnDef::new("version").big_integer().not_null())
            .col(ColumnDef::new("body").text().not_null())
            .to_owned();
        manager.create_table(arrivals).await?;
        let mut wakes = index("arrivals_wake", "arrivals", &["wakes_at"]);
        manager.create_index(wakes.cond_where(Expr::col("open").eq(true)).to_owned()).await?;
        let decided = table(manager, "decided")
            .col(code("division", manager))
            .col(code("unit", manager))
            // Its Monday.
            .col(code("week", manager))
            .col(code("day", manager))
            .col(code("number", manager))
            .col(code("item", manager))
            .col(ColumnDef::new("granted").boolean().not_null())
            .primary_key(Index::create().col("division").col("unit").col("week").col("day").col("number"))
            .to_owned();
        manager.create_table(decided).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
