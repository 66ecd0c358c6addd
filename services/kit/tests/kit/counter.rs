//! The nouns of these tests: counters, and the ledgers that sum them up. Only here; kit knows no noun.

use std::sync::Arc;

use bytes::Bytes;
use kit::{
    id::Division,
    refusal::Refusal,
    store::{Desk, Event, Noun, noun::Corrupt},
};
use sea_orm::ActiveValue::Set;
use sea_orm_migration::{
    async_trait,
    prelude::*,
    sea_orm::DbBackend,
    sea_query::{Expr, ExprTrait},
};

/// A counter. Its table refuses the value [`POISON`] and a note of None; `made` never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Counter {
    pub division: Division,
    pub id: String,
    pub value: i64,
    pub made: String,
    pub note: Option<String>,
}

/// What the table of counters refuses.
pub const POISON: i64 = 666;
/// What is not made into a row: the making panics.
pub const PANICS: i64 = 1_313;
/// What does not read back as a counter.
pub const CORRUPT: i64 = -1;

impl Counter {
    pub fn new(division: Division, id: &str) -> Counter {
        Counter { division, id: id.to_owned(), value: 0, made: "first".into(), note: Some(String::new()) }
    }

    /// What the journal says of it.
    pub fn payload(&self) -> Bytes {
        self.value.to_be_bytes().to_vec().into()
    }
}

impl Noun for Counter {
    type Entity = row::Entity;
    const KIND: &'static str = "counters";
    const FIXED: &'static [&'static str] = &["made"];

    fn division(&self) -> Division {
        self.division
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn from_row(row: row::Model) -> Result<Counter, Corrupt> {
        let corrupt = |what: &str| Corrupt { kind: "counters", id: row.id.clone(), what: what.to_owned() };
        if row.value == CORRUPT {
            return Err(corrupt("below zero"));
        }
        let division = row.division.parse().map_err(corrupt)?;
        Ok(Counter { division, id: row.id, value: row.value, made: row.made, note: row.note })
    }

    fn to_row(&self) -> row::ActiveModel {
        assert_ne!(self.value, PANICS, "this counter panics on purpose");
        row::ActiveModel {
            division: Set(self.division.to_string()),
            id: Set(self.id.clone()),
            value: Set(self.value),
            made: Set(self.made.clone()),
            note: Set(self.note.clone()),
        }
    }
}

pub mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "counters")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub division: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub value: i64,
        pub made: String,
        pub note: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// A sum of counters.
#[derive(Clone, Debug, PartialEq)]
pub struct Ledger {
    pub division: Division,
    pub id: String,
    pub total: i64,
}

impl Noun for Ledger {
    type Entity = ledger::Entity;
    const KIND: &'static str = "ledgers";

    fn division(&self) -> Division {
        self.division
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn from_row(row: ledger::Model) -> Result<Ledger, Corrupt> {
        let corrupt = |what: &str| Corrupt { kind: "ledgers", id: row.id.clone(), what: what.to_owned() };
        Ok(Ledger { division: row.division.parse().map_err(corrupt)?, id: row.id, total: row.total })
    }

    fn to_row(&self) -> ledger::ActiveModel {
        ledger::ActiveModel {
            division: Set(self.division.to_string()),
            id: Set(self.id.clone()),
            total: Set(self.total),
        }
    }
}

pub mod ledger {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "ledgers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub division: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub total: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Adds to a counter, which begins at nothing, and says so.
pub fn add(desk: &mut Desk<'_>, id: &str, by: i64) -> Result<Arc<str>, Refusal> {
    let division = desk.division();
    let mut counter = desk.get::<Counter>(id).map_or_else(|| Counter::new(division, id), Arc::unwrap_or_clone);
    if by == 0 {
        return Err(Refusal::state("NOTHING_TO_ADD", "无可增加", "nothing to add"));
    }
    counter.value += by;
    let payload = counter.payload();
    desk.put(counter);
    desk.record(Event { name: "counter.added", noun: format!("counters/{id}"), actor: "tester".into(), payload });
    Ok(id.into())
}

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![migrations::kit::journal(), Box::new(Nouns), migrations::kit::log()]
    }
}

struct Nouns;

impl MigrationName for Nouns {
    fn name(&self) -> &str {
        "test_1_nouns"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Nouns {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let code = |name: &'static str| {
            let mut column = ColumnDef::new(name);
            column.text().not_null();
            if manager.get_database_backend() == DbBackend::Postgres {
                column.extra("COLLATE \"C\"");
            }
            column
        };
        let counters = Table::create()
            .table("counters")
            .col(code("division"))
            .col(code("id"))
            .col(ColumnDef::new("value").big_integer().not_null().check(Expr::col("value").ne(POISON)))
            .col(ColumnDef::new("made").text().not_null())
            .col(ColumnDef::new("note").text().not_null())
            .primary_key(Index::create().col("division").col("id"))
            .to_owned();
        manager.create_table(counters).await?;
        let ledgers = Table::create()
            .table("ledgers")
            .col(code("division"))
            .col(code("id"))
            .col(ColumnDef::new("total").big_integer().not_null())
            .primary_key(Index::create().col("division").col("id"))
            .to_owned();
        manager.create_table(ledgers).await?;
        // What followers wrote down, in the order in which they did. Nothing in it prevents doubling.
        let seen = Table::create()
            .table("seen")
            .col(ColumnDef::new("line").big_integer().not_null().auto_increment().primary_key())
            .col(code("division"))
            .col(ColumnDef::new("seq").big_integer().not_null())
            .to_owned();
        manager.create_table(seen).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
