//! Who staffs the windows, as rows: the last that was told of each.

use std::collections::HashMap;

use kit::id::Division;
use sea_orm::{ActiveValue::Set, ConnectionTrait, entity::prelude::*, sea_query::OnConflict};

use crate::domain::hall::Staffed;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "staffed")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub division: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub window_code: String,
    pub body: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

pub type Told = (Division, String, Staffed);

/// Writes what was told; the last of a window counts.
pub async fn learn(db: &impl ConnectionTrait, told: Vec<Told>) -> Result<(), DbErr> {
    let mut rows: HashMap<(String, String), String> = HashMap::new();
    for (division, window, staffed) in told {
        let body = serde_json::to_string(&staffed).map_err(|error| DbErr::Custom(error.to_string()))?;
        rows.insert((division.to_string(), window), body);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let rows = rows.into_iter().map(|((division, window), body)| ActiveModel {
        division: Set(division),
        window_code: Set(window),
        body: Set(body),
    });
    let newer = OnConflict::columns([Column::Division, Column::WindowCode]).update_column(Column::Body).to_owned();
    Entity::insert_many(rows).on_conflict(newer).exec_without_returning(db).await?;
    Ok(())
}

pub async fn read(db: &impl ConnectionTrait) -> Result<HashMap<(Division, String), Staffed>, DbErr> {
    let read = |row: Model| {
        let division = row.division.parse().map_err(|error: &str| DbErr::Custom(error.to_owned()))?;
        let staffed = serde_json::from_str(&row.body).map_err(|error| DbErr::Custom(error.to_string()))?;
        Ok(((division, row.window_code), staffed))
    };
    Entity::find().all(db).await?.into_iter().map(read).collect()
}
