//! Sites, publications, the texts of their editions, what numbers them, and what each was made from.

use sea_orm_migration::{
    async_trait,
    prelude::*,
    sea_query::{Expr, ExprTrait},
};

use crate::kit::{code, index, nouns};

pub(super) struct Nouns;

impl MigrationName for Nouns {
    fn name(&self) -> &str {
        "disclosure_1_nouns"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Nouns {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["sites", "texts", "serials", "origins"] {
            let table = nouns(manager, name)
                .col(ColumnDef::new("version").big_integer().not_null())
                // The noun as JSON: nothing else of it is searched for.
                .col(ColumnDef::new("body").text().not_null())
                .to_owned();
            manager.create_table(table).await?;
        }
        let publications = nouns(manager, "publications")
            .col(code("unit", manager))
            // Of the draft, YYYY-MM-DD; `9999` where it is provisional or there is none.
            .col(code("due_on", manager))
            // Something is being drafted.
            .col(ColumnDef::new("open").boolean().not_null())
            .col(ColumnDef::new("wakes_at").big_integer().not_null())
            .col(ColumnDef::new("version").big_integer().not_null())
            .col(ColumnDef::new("body").text().not_null())
            .to_owned();
        manager.create_table(publications).await?;
        let open = || Expr::col("open").eq(true);
        let mut inbox = index("publications_inbox", "publications", &["division", "unit", "due_on", "id"]);
        manager.create_index(inbox.cond_where(open()).to_owned()).await?;
        let mut wakes = index("publications_wake", "publications", &["wakes_at"]);
        manager.create_index(wakes.cond_where(open()).to_owned()).await
    }

    // A migration is applied whole or not at all, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
