//! The hall, built from what is known of the directory, the items and the staffed windows.

use std::{collections::HashMap, sync::Arc};

use sea_orm::{ConnectionTrait, DbErr, EntityTrait};

use super::{item, readable, staffed};
use crate::domain::{hall::Hall, item::Item};

/// The hall as the database knows it.
pub async fn read(db: &impl ConnectionTrait) -> Result<Hall, DbErr> {
    // An item that cannot be read is missing alone: the hall is there for all others.
    let items = readable::<Item>(item::Entity::find().all(db).await?).into_iter();
    let items: HashMap<_, _> = items.map(|item| ((item.division, item.code.clone()), Arc::new(item))).collect();
    let staffed = staffed::read(db).await?;
    Ok(Hall { known: mirror::rows::read(db).await?, items: Arc::new(items), staffed: Arc::new(staffed) })
}
