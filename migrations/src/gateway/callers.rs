//! What the door knows of those who call: credentials, people, sessions that have ended, keys that tokens are verified
//! with. Kept here so that a gateway knows after a restart whom to refuse before it has followed anything.

use sea_orm_migration::{
    async_trait,
    prelude::*,
    sea_query::{Expr, ExprTrait},
};

use crate::kit::{code, table};

pub(super) struct Callers;

impl MigrationName for Callers {
    fn name(&self) -> &str {
        "gateway_2_callers"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Callers {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let moment = |name: &'static str| ColumnDef::new(name).big_integer().to_owned();
        let truth = |name: &'static str| ColumnDef::new(name).boolean().not_null().to_owned();
        let credentials = table(manager, "credentials")
            .col(code("name", manager))
            .col(code("window", manager))
            .col(truth("revoked"))
            .col(moment("valid_after"))
            .primary_key(Index::create().col("name"))
            .to_owned();
        manager.create_table(credentials).await?;

        let people = table(manager, "people")
            .col(code("name", manager))
            .col(code("unit", manager))
            .col(code("window", manager))
            .col(truth("leads"))
            .col(truth("active"))
            .primary_key(Index::create().col("name"))
            .to_owned();
        manager.create_table(people).await?;

        let sessions = table(manager, "ended_sessions")
            .col(code("session", manager))
            .col(moment("ended_at").not_null())
            .primary_key(Index::create().col("session"))
            .to_owned();
        manager.create_table(sessions).await?;

        let keys = table(manager, "signing_keys")
            .col(code("id", manager))
            .col(ColumnDef::new("public_key").blob().not_null())
            .col(moment("valid_until"))
            .primary_key(Index::create().col("id"))
            .to_owned();
        manager.create_table(keys).await?;

        // The directory told of people before anybody here listened: it is followed from the first entry again.
        let again = Query::delete().from_table("positions").and_where(Expr::col("source").eq("directory")).to_owned();
        manager.execute(again).await
    }

    // A migration is applied whole or not at all, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
