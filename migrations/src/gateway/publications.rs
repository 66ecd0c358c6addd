//! Publications and their editions, as disclosure's journal tells them, and how often each was looked at on a day.

use sea_orm_migration::{
    async_trait,
    prelude::*,
    sea_query::{Expr, ExprTrait},
};

use crate::kit::{code, index, table};

pub(super) struct Publications;

impl MigrationName for Publications {
    fn name(&self) -> &str {
        "gateway_5_publications"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Publications {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let truth = |name: &'static str| ColumnDef::new(name).boolean().not_null().to_owned();
        let number = |name: &'static str| ColumnDef::new(name).integer().not_null().to_owned();
        let publications = table(manager, "publications")
            .col(code("division", manager))
            .col(code("id", manager))
            .col(code("unit", manager))
            .col(code("column", manager))
            .col(number("category"))
            .col(ColumnDef::new("due_on").integer())
            .primary_key(Index::create().col("division").col("id"))
            .to_owned();
        manager.create_table(publications).await?;
        let mut waiting = index("publications_due", "publications", &["division", "due_on", "unit", "column"]);
        manager.create_index(waiting.cond_where(Expr::col("due_on").is_not_null()).to_owned()).await?;

        let editions = table(manager, "editions")
            .col(code("division", manager))
            .col(code("id", manager))
            .col(number("number"))
            .col(code("unit", manager))
            .col(code("column", manager))
            .col(number("category"))
            .col(number("published_on"))
            .col(truth("on_time"))
            .col(number("score"))
            .col(number("pictures"))
            .col(ColumnDef::new("withdrawn_on").integer())
            .primary_key(Index::create().col("division").col("id").col("number"))
            .to_owned();
        manager.create_table(editions).await?;
        manager.create_index(index("editions_published", "editions", &["division", "published_on"])).await?;
        let mut withdrawn = index("editions_withdrawn", "editions", &["division", "withdrawn_on"]);
        manager.create_index(withdrawn.cond_where(Expr::col("withdrawn_on").is_not_null()).to_owned()).await?;

        let views = table(manager, "views")
            .col(code("division", manager))
            .col(number("day"))
            .col(code("id", manager))
            .col(ColumnDef::new("n").big_integer().not_null())
            .primary_key(Index::create().col("division").col("day").col("id"))
            .to_owned();
        manager.create_table(views).await
    }

    // A migration is applied whole or not at all, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
