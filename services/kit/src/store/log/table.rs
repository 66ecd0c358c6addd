//! The log's two tables: tiles, and signed heads.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, ExprTrait,
    FromQueryResult, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, sea_query::OnConflict,
};
use tlog::tile::{Id, Tiles};

/// Up to 256 neighbouring hashes of a division's tree.
pub mod tile {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "tiles")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub division: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub level: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub idx: i64,
        pub hashes: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// A head that was signed: what its note says, and the note.
pub mod head {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "tree_heads")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub division: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub size: i64,
        pub root: Vec<u8>,
        /// Microseconds, UTC.
        pub signed_at: i64,
        pub note: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// The newest head of a division.
pub(super) async fn newest(db: &impl ConnectionTrait, division: &str) -> Result<Option<head::Model>, DbErr> {
    let of = head::Entity::find().filter(head::Column::Division.eq(division));
    of.order_by_desc(head::Column::Size).one(db).await
}

/// Heads of a division that cover more than so many entries, by size.
pub(super) async fn heads(
    db: &impl ConnectionTrait,
    division: &str,
    after: i64,
    most: u64,
) -> Result<Vec<head::Model>, DbErr> {
    let of = head::Entity::find().filter(head::Column::Division.eq(division)).filter(head::Column::Size.gt(after));
    of.order_by_asc(head::Column::Size).limit(most).all(db).await
}

/// These tiles of a division; what is missing or malformed is left out.
pub(super) async fn tiles(db: &impl ConnectionTrait, division: &str, ids: &[Id]) -> Result<Tiles, DbErr> {
    let mut tiles = Tiles::new();
    if ids.is_empty() {
        return Ok(tiles);
    }
    let any = ids.iter().fold(Condition::any(), |any, id| {
        any.add(tile::Column::Level.eq(i64::from(id.level)).and(tile::Column::Idx.eq(id.index as i64)))
    });
    let query = tile::Entity::find().filter(tile::Column::Division.eq(division)).filter(any);
    for row in stored(db, query).await?.into_iter().flatten() {
        if let (Ok(level), Ok(index)) = (u8::try_from(row.level), u64::try_from(row.idx)) {
            // One that cannot be read is as good as none.
            let _ = tiles.insert(Id { level, index }, &row.hashes);
        }
    }
    Ok(tiles)
}

/// What stands in a table, where a row may be anything: None for one that cannot be read.
pub(super) async fn stored<E: EntityTrait>(
    db: &impl ConnectionTrait,
    query: Select<E>,
) -> Result<Vec<Option<E::Model>>, DbErr> {
    let rows = db.query_all_raw(query.build(db.get_database_backend())).await?;
    Ok(rows.iter().map(|row| E::Model::from_query_result(row, "").ok()).collect())
}

/// Writes tiles, in place of the partial ones that they have grown from.
pub(super) async fn put_tiles(tx: &DatabaseTransaction, division: &str, tiles: &Tiles) -> Result<(), DbErr> {
    let row = |(id, hashes): (Id, &[u8])| tile::Model {
        division: division.to_owned(),
        level: i64::from(id.level),
        idx: id.index as i64,
        hashes: hashes.to_vec(),
    };
    let rows: Vec<_> = tiles.iter().map(row).collect();
    let key = [tile::Column::Division, tile::Column::Level, tile::Column::Idx];
    for some in rows.chunks(32) {
        let whole = OnConflict::columns(key).update_column(tile::Column::Hashes).to_owned();
        let some = some.iter().cloned().map(|row| ActiveModelTrait::reset_all(row.into_active_model()));
        tile::Entity::insert_many(some).on_conflict(whole).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Writes a head. That there is one of its size already is an error.
pub(super) async fn put_head(tx: &DatabaseTransaction, head: head::Model) -> Result<(), DbErr> {
    let row = ActiveModelTrait::reset_all(head.into_active_model());
    head::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}
