//! Case facts, the places they belong to, and the labels of units, windows and items.
//!
//! A figure counts the cases of a period by one of their days, so each such day has an index that holds all that is
//! counted by it. An index has no entry for a case that the day has not come to, which keeps writing cheap.

use sea_orm_migration::{
    async_trait,
    prelude::*,
    sea_query::{Expr, ExprTrait},
};

use crate::kit::{code, index, table};

pub(super) struct Figures;

impl MigrationName for Figures {
    fn name(&self) -> &str {
        "gateway_1_figures"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Figures {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let day = |name: &'static str| ColumnDef::new(name).integer().to_owned();
        // Which unit, item and receiving window: a few hundred in a division, so that a fact names one by number.
        let places = Table::create()
            .table("places")
            .col(ColumnDef::new("id").integer().not_null().auto_increment().primary_key())
            .col(code("division", manager))
            .col(code("unit", manager))
            .col(code("item", manager))
            .col(code("window", manager))
            .to_owned();
        manager.create_table(places).await?;
        let once = index("places_once", "places", &["division", "unit", "item", "window"]).unique().to_owned();
        manager.create_index(once).await?;

        let facts = table(manager, "case_facts")
            .col(code("division", manager))
            .col(code("number", manager))
            .col(ColumnDef::new("place").integer().not_null())
            .col(ColumnDef::new("marks").integer().not_null())
            .col(day("received_on").not_null())
            .col(day("unaccepted_on"))
            .col(day("accepted_on"))
            .col(day("waiting_on"))
            .col(day("decided_on"))
            .col(day("ended_on"))
            .col(day("legal_due_on"))
            .col(day("promised_due_on"))
            .col(ColumnDef::new("handling_days").integer())
            .col(ColumnDef::new("seq").big_integer().not_null())
            .primary_key(Index::create().col("division").col("number"))
            .to_owned();
        manager.create_table(facts).await?;
        let on = |name, columns: &[&'static str], holds: Expr| {
            let mut index = index(name, "case_facts", columns);
            index.cond_where(holds).to_owned()
        };
        let set = |column: &'static str| Expr::col(column).is_not_null();
        for index in [
            index("case_facts_received", "case_facts", &["division", "received_on", "place"]),
            on("case_facts_unaccepted", &["division", "unaccepted_on", "place", "marks"], set("unaccepted_on")),
            on("case_facts_accepted", &["division", "accepted_on", "place", "marks"], set("accepted_on")),
            on("case_facts_waiting", &["division", "waiting_on", "place", "marks"], set("waiting_on")),
            // Only of accepted cases it is counted who ended, so the index must be able to tell.
            on("case_facts_ended", &["division", "ended_on", "place", "accepted_on"], set("ended_on")),
            on("case_facts_handled", &["division", "decided_on", "place", "handling_days"], set("handling_days")),
        ] {
            manager.create_index(index).await?;
        }

        let labels = table(manager, "labels")
            .col(code("division", manager))
            .col(code("kind", manager))
            .col(code("code", manager))
            .col(ColumnDef::new("zh").text().not_null())
            .col(ColumnDef::new("en").text().not_null())
            .primary_key(Index::create().col("division").col("kind").col("code"))
            .to_owned();
        manager.create_table(labels).await
    }

    // A migration is applied whole or not at all, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
