//! Places by number.

use std::collections::HashMap;

use kit::id::Division;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::OnConflict,
};

use crate::domain::fact::Place;

/// A place as a row.
pub mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "places")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub division: String,
        pub unit: String,
        pub item: String,
        pub window: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// The places of a division by their numbers.
pub async fn all(db: &impl ConnectionTrait, division: Division) -> Result<HashMap<i32, Place>, DbErr> {
    let rows = row::Entity::find().filter(row::Column::Division.eq(division.as_str())).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.id, Place { unit: row.unit, item: row.item, window: row.window })).collect())
}

/// The numbers of these places; a place that is met for the first time gets one.
pub async fn numbers<'a>(
    tx: &DatabaseTransaction,
    division: Division,
    wanted: impl Iterator<Item = &'a Place>,
) -> Result<HashMap<Place, i32>, DbErr> {
    let turn =
        |places: HashMap<i32, Place>| places.into_iter().map(|(id, place)| (place, id)).collect::<HashMap<_, _>>();
    let known = turn(all(tx, division).await?);
    let mut new: Vec<&Place> = wanted.filter(|place| !known.contains_key(place)).collect();
    if new.is_empty() {
        return Ok(known);
    }
    // In one order, so that two followers of a shared database never wait for each other.
    new.sort_unstable();
    new.dedup();
    for some in super::runs(new) {
        let rows = some.into_iter().map(|place| row::ActiveModel {
            id: NotSet,
            division: Set(division.as_str().to_owned()),
            unit: Set(place.unit.clone()),
            item: Set(place.item.clone()),
            window: Set(place.window.clone()),
        });
        let once = [row::Column::Division, row::Column::Unit, row::Column::Item, row::Column::Window];
        let already = OnConflict::columns(once).do_nothing().to_owned();
        row::Entity::insert_many(rows).on_conflict(already).exec_without_returning(tx).await?;
    }
    Ok(turn(all(tx, division).await?))
}

/// The divisions that have cases, by code.
pub async fn divisions(db: &impl ConnectionTrait) -> Result<Vec<Division>, DbErr> {
    let codes: Vec<String> = row::Entity::find()
        .select_only()
        .column(row::Column::Division)
        .distinct()
        .order_by_asc(row::Column::Division)
        .into_tuple()
        .all(db)
        .await?;
    Ok(codes.into_iter().filter_map(|code| code.parse().ok()).collect())
}
