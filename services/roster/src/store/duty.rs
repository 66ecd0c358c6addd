//! Duties as rows: what is searched stands in columns, the rest in `body`. Their ids are in the order of day, half and post.

use kit::{
    id::Division,
    store::{Noun, Store, noun::Corrupt, page},
};
use sea_orm::{ActiveValue::Set, ExprTrait, QueryOrder, entity::prelude::*};

use crate::domain::duty::Duty;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "duties")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub division: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub unit: String,
    pub person: String,
    pub post: String,
    pub open: bool,
    /// When something happens by itself, microseconds UTC; `i64::MAX` for never.
    pub wakes_at: i64,
    pub version: i64,
    pub body: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Noun for Kept {
    type Entity = Entity;
    const KIND: &'static str = "duties";
    const FIXED: &'static [&'static str] = &["post"];

    fn division(&self) -> Division {
        self.duty.division
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn from_row(row: Model) -> Result<Self, Corrupt> {
        let duty = serde_json::from_str(&row.body).map_err(|error| Corrupt {
            kind: Self::KIND,
            id: row.id.clone(),
            what: error.to_string(),
        })?;
        Ok(Kept { id: row.id, duty })
    }

    fn to_row(&self) -> ActiveModel {
        let duty = &self.duty;
        ActiveModel {
            division: Set(duty.division.as_str().to_owned()),
            id: Set(self.id.clone()),
            unit: Set(duty.unit.clone()),
            person: Set(duty.person.code.clone()),
            post: Set(duty.slot.post.clone()),
            open: Set(duty.is_open()),
            wakes_at: Set(duty.wakes_at()),
            version: Set(duty.version),
            // A duty is made of texts, numbers and lists, which always have a JSON form.
            body: Set(serde_json::to_string(duty).unwrap_or_default()),
        }
    }
}

/// A duty with its id, which its slot writes out.
#[derive(Clone, Debug)]
pub struct Kept {
    id: String,
    pub duty: Duty,
}

impl From<Duty> for Kept {
    fn from(duty: Duty) -> Kept {
        Kept { id: duty.slot.id(), duty }
    }
}

/// Which duties: of these days, and of a unit, a person, a post where they are not empty.
#[derive(Clone, Debug, Default)]
pub struct Search {
    pub first: String,
    pub last: String,
    pub unit: String,
    pub person: String,
    pub post: String,
}

/// At most so many after an id, in the order of ids.
pub async fn list(
    store: &Store,
    division: Division,
    search: &Search,
    after: Option<&str>,
    most: u64,
) -> Result<Vec<Duty>, DbErr> {
    // `~` is behind every character of an id.
    let days = Column::Id.gte(&search.first).and(Column::Id.lt(format!("{}~", search.last)));
    let mut query = Entity::find().filter(Column::Division.eq(division.as_str())).filter(days);
    for (column, code) in [(Column::Unit, &search.unit), (Column::Person, &search.person), (Column::Post, &search.post)]
    {
        if !code.is_empty() {
            query = query.filter(column.eq(code));
        }
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    let kept = page::<Kept>(store.read(), query.order_by_asc(Column::Id), most).await?;
    Ok(kept.into_iter().map(|kept| kept.duty).collect())
}
