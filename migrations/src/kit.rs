//! The tables of the one mechanism, which every service's database has: its Migrator names [`journal`] first, and somewhere
//! behind it [`log`].
//!
//! Also how a table of nouns begins ([`nouns`], [`code`]), so that all of them are alike on both engines.

use sea_orm_migration::{
    async_trait,
    prelude::*,
    sea_orm::DbBackend,
    sea_query::{Expr, ExprTrait, IndexCreateStatement, TableCreateStatement},
};

/// The journal, its heads, and the positions in other services' journals. kit::store::journal reads and writes them.
pub fn journal() -> Box<dyn MigrationTrait> {
    Box::new(Journal)
}

struct Journal;

impl MigrationName for Journal {
    fn name(&self) -> &str {
        "kit_1_journal"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Journal {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let journal = Table::create()
            .table("journal")
            .col(code("division", manager))
            .col(ColumnDef::new("seq").big_integer().not_null())
            .col(ColumnDef::new("occurred_at").big_integer().not_null())
            .col(ColumnDef::new("actor").text().not_null())
            .col(ColumnDef::new("noun").text().not_null())
            .col(ColumnDef::new("event").text().not_null())
            .col(ColumnDef::new("payload").blob().not_null())
            .col(ColumnDef::new("request_id").blob())
            .col(ColumnDef::new("request_hash").blob())
            .col(ColumnDef::new("leaf_hash").blob().not_null())
            .primary_key(Index::create().col("division").col("seq"))
            .to_owned();
        manager.create_table(journal).await?;
        // What the clock did came with no request, and needs no room here.
        let requests = Index::create()
            .name("journal_request")
            .table("journal")
            .col("request_id")
            .col("division")
            .unique()
            .cond_where(Expr::col("request_id").is_not_null())
            .to_owned();
        manager.create_index(requests).await?;

        let heads = table(manager, "journal_heads")
            .col(code("division", manager))
            .col(ColumnDef::new("seq").big_integer().not_null())
            .primary_key(Index::create().col("division"))
            .to_owned();
        manager.create_table(heads).await?;

        let positions = table(manager, "positions")
            .col(code("source", manager))
            .col(code("division", manager))
            .col(ColumnDef::new("seq").big_integer().not_null())
            .primary_key(Index::create().col("source").col("division"))
            .to_owned();
        manager.create_table(positions).await
    }

    // A migration is applied whole or not at all, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// The journal as a transparency log: the tiles of each division's tree, and its signed heads. kit::store::log reads and
/// writes them.
pub fn log() -> Box<dyn MigrationTrait> {
    Box::new(Log)
}

struct Log;

impl MigrationName for Log {
    fn name(&self) -> &str {
        "kit_2_log"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Log {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tiles = Table::create()
            .table("tiles")
            .col(code("division", manager))
            .col(ColumnDef::new("level").big_integer().not_null())
            .col(ColumnDef::new("idx").big_integer().not_null())
            .col(ColumnDef::new("hashes").blob().not_null())
            .primary_key(Index::create().col("division").col("level").col("idx"))
            .to_owned();
        manager.create_table(tiles).await?;
        let heads = table(manager, "tree_heads")
            .col(code("division", manager))
            .col(ColumnDef::new("size").big_integer().not_null())
            .col(ColumnDef::new("root").blob().not_null())
            .col(ColumnDef::new("signed_at").big_integer().not_null())
            .col(ColumnDef::new("note").text().not_null())
            .primary_key(Index::create().col("division").col("size"))
            .to_owned();
        manager.create_table(heads).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// A table of short rows with a primary key of several columns. On SQLite its rows lie in the key's own tree (WITHOUT
/// ROWID), so a row is written once and found in one step. Not for long rows: what is beyond a quarter of a page would
/// lie on a page of its own.
pub(crate) fn table(manager: &SchemaManager, name: &'static str) -> TableCreateStatement {
    let mut table = Table::create().table(name).to_owned();
    if manager.get_database_backend() == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
    table
}

/// A table of nouns: primary key (division, id). Add the columns that are searched, and `body` or the like for the rest.
pub(crate) fn nouns(manager: &SchemaManager, name: &'static str) -> TableCreateStatement {
    Table::create()
        .table(name)
        .col(code("division", manager))
        .col(code("id", manager))
        .primary_key(Index::create().col("division").col("id"))
        .to_owned()
}

/// A required text that is compared and ordered by its bytes on both engines, whatever PostgreSQL's locale: codes,
/// numbers, states, dates as YYYY-MM-DD.
pub(crate) fn code(name: &'static str, manager: &SchemaManager) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.text().not_null();
    if manager.get_database_backend() == DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column
}

/// An index over columns of a table.
pub(crate) fn index(name: &'static str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create().name(name).table(table).to_owned();
    for column in columns {
        index.col(*column);
    }
    index
}
