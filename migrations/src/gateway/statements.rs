//! Figures as they were stated, for good; and the day of receipt of cases that were entered late, which are counted apart.

use sea_orm_migration::{
    async_trait,
    prelude::*,
    sea_query::{Expr, ExprTrait},
};

use crate::kit::{code, index, nouns};

pub(super) struct Statements;

impl MigrationName for Statements {
    fn name(&self) -> &str {
        "gateway_7_statements"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Statements {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let late = ColumnDef::new("late_on").integer().to_owned();
        manager.alter_table(Table::alter().table("case_facts").add_column(late).to_owned()).await?;
        let mut late = index("case_facts_late", "case_facts", &["division", "late_on", "place"]);
        manager.create_index(late.cond_where(Expr::col("late_on").is_not_null()).to_owned()).await?;

        let number = |name: &'static str| ColumnDef::new(name).integer().not_null().to_owned();
        let statements = nouns(manager, "statements")
            .col(code("definition", manager))
            .col(number("first_on"))
            .col(number("last_on"))
            .col(code("unit", manager))
            .col(number("number"))
            .col(ColumnDef::new("seq").big_integer().not_null())
            .col(ColumnDef::new("body").text().not_null())
            .to_owned();
        manager.create_table(statements).await?;
        let series = ["division", "first_on", "last_on", "unit", "definition", "number"];
        manager.create_index(index("statements_series", "statements", &series).unique().to_owned()).await?;
        manager.create_index(index("statements_newest", "statements", &["division", "seq"]).unique().to_owned()).await
    }

    // A migration is applied whole or not at all, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
