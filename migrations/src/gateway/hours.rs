//! The hour of the day at which a case was received, in the index that receptions are counted by.

use sea_orm_migration::{
    async_trait,
    prelude::*,
    sea_query::{Expr, ExprTrait},
};

use crate::kit::index;

pub(super) struct Hours;

impl MigrationName for Hours {
    fn name(&self) -> &str {
        "gateway_6_hours"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Hours {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let hour = ColumnDef::new("received_hour").integer().to_owned();
        manager.alter_table(Table::alter().table("case_facts").add_column(hour).to_owned()).await?;
        let old = Index::drop().name("case_facts_received").table("case_facts").to_owned();
        manager.drop_index(old).await?;
        let columns = ["division", "received_on", "place", "received_hour"];
        manager.create_index(index("case_facts_received", "case_facts", &columns)).await?;

        // Only the journal knows the hours of the cases that are here: they are learnt from its first entry again.
        manager.execute(Query::delete().from_table("case_facts").to_owned()).await?;
        let again = Query::delete().from_table("positions").and_where(Expr::col("source").eq("intake")).to_owned();
        manager.execute(again).await
    }

    // A migration is applied whole or not at all, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
