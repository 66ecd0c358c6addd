//! Rules, months, duties, staffings, circulars and what numbers them.

use sea_orm_migration::{
    async_trait,
    prelude::*,
    sea_query::{Expr, ExprTrait},
};

use crate::kit::{code, index, nouns};

pub(super) struct Nouns;

impl MigrationName for Nouns {
    fn name(&self) -> &str {
        "roster_1_nouns"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Nouns {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["duty_rules", "months", "staffings", "circulars", "serials"] {
            let table = nouns(manager, name)
                .col(ColumnDef::new("version").big_integer().not_null())
                // The noun as JSON: nothing else of it is searched for.
                .col(ColumnDef::new("body").text().not_null())
                .to_owned();
            manager.create_table(table).await?;
        }
        // An id begins with the day, so that a range of days is a range of ids.
        let duties = nouns(manager, "duties")
            .col(code("unit", manager))
            .col(code("person", manager))
            .col(code("post", manager))
            .col(ColumnDef::new("open").boolean().not_null())
            .col(ColumnDef::new("wakes_at").big_integer().not_null())
            .col(ColumnDef::new("version").big_integer().not_null())
            .col(ColumnDef::new("body").text().not_null())
            .to_owned();
        manager.create_table(duties).await?;
        manager.create_index(index("duties_person", "duties", &["division", "person", "id"])).await?;
        let mut wakes = index("duties_wake", "duties", &["wakes_at"]);
        manager.create_index(wakes.cond_where(Expr::col("open").eq(true)).to_owned()).await
    }

    // A migration is applied whole or not at all, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
