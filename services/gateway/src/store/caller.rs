//! Those who call, as rows.

use kit::clock::Moment;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, sea_query::OnConflict,
};

use crate::domain::caller::{Credential, OUTLIVED, Person, SigningKey, Standing};

pub mod credential {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "credentials")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub window: String,
        pub revoked: bool,
        pub valid_after: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub mod person {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "people")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub unit: String,
        pub window: String,
        pub leads: bool,
        pub active: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub mod ended {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "ended_sessions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub session: String,
        pub ended_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub mod key {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "signing_keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub public_key: Vec<u8>,
        pub valid_until: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub mod closed {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "closed")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// What an entry of the directory's journal says of who calls.
#[derive(Debug)]
pub enum Told {
    Credential(String, Credential),
    Person(String, Person),
    Ended(String, Moment),
    Key(SigningKey),
    /// A division or a window, for good.
    Closed(String),
}

/// Writes what was told, in its order, and forgets what no token can belong to any more.
pub async fn save(tx: &DatabaseTransaction, told: Vec<Told>, now: Moment) -> Result<(), DbErr> {
    if told.is_empty() {
        return Ok(());
    }
    let (mut credentials, mut people, mut ends, mut keys) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut closed = Vec::new();
    for told in told {
        match told {
            Told::Credential(name, credential) => credentials.push(credential::Model {
                name,
                window: credential.window,
                revoked: credential.revoked,
                valid_after: credential.valid_after.map(|at| at.0),
            }),
            Told::Person(name, Person { unit, window, leads, active }) => {
                people.push(person::Model { name, unit, window, leads, active });
            }
            Told::Ended(session, at) => ends.push(ended::Model { session, ended_at: at.0 }),
            Told::Key(SigningKey { id, public_key, valid_until }) => {
                keys.push(key::Model { id, public_key: public_key.to_vec(), valid_until: valid_until.map(|at| at.0) })
            }
            Told::Closed(name) => closed.push(closed::Model { name }),
        }
    }
    let whole = OnConflict::column(credential::Column::Name)
        .update_columns([credential::Column::Window, credential::Column::Revoked, credential::Column::ValidAfter])
        .to_owned();
    for some in super::runs(last_of(credentials, |row| &row.name)) {
        let rows = some.into_iter().map(credential::ActiveModel::from);
        credential::Entity::insert_many(rows).on_conflict(whole.clone()).exec_without_returning(tx).await?;
    }
    let whole = OnConflict::column(person::Column::Name)
        .update_columns([person::Column::Unit, person::Column::Window, person::Column::Leads, person::Column::Active])
        .to_owned();
    for some in super::runs(last_of(people, |row| &row.name)) {
        let rows = some.into_iter().map(person::ActiveModel::from);
        person::Entity::insert_many(rows).on_conflict(whole.clone()).exec_without_returning(tx).await?;
    }
    let whole = OnConflict::column(ended::Column::Session).update_column(ended::Column::EndedAt).to_owned();
    for some in super::runs(last_of(ends, |row| &row.session)) {
        let rows = some.into_iter().map(ended::ActiveModel::from);
        ended::Entity::insert_many(rows).on_conflict(whole.clone()).exec_without_returning(tx).await?;
    }
    let whole = OnConflict::column(key::Column::Id)
        .update_columns([key::Column::PublicKey, key::Column::ValidUntil])
        .to_owned();
    for some in super::runs(last_of(keys, |row| &row.id)) {
        let rows = some.into_iter().map(key::ActiveModel::from);
        key::Entity::insert_many(rows).on_conflict(whole.clone()).exec_without_returning(tx).await?;
    }
    let known = OnConflict::column(closed::Column::Name).do_nothing().to_owned();
    for some in super::runs(last_of(closed, |row| &row.name)) {
        let rows = some.into_iter().map(closed::ActiveModel::from);
        closed::Entity::insert_many(rows).on_conflict(known.clone()).exec_without_returning(tx).await?;
    }
    prune(tx, Moment(now.0 - OUTLIVED)).await
}

/// Of several rows about the same the last one stands.
fn last_of<T>(rows: Vec<T>, key: impl Fn(&T) -> &String) -> Vec<T> {
    let mut last = std::collections::BTreeMap::new();
    for row in rows {
        last.insert(key(&row).clone(), row);
    }
    last.into_values().collect()
}

/// Credentials stay: there are no more of them than there are holders.
async fn prune(tx: &DatabaseTransaction, before: Moment) -> Result<(), DbErr> {
    ended::Entity::delete_many().filter(ended::Column::EndedAt.lt(before.0)).exec(tx).await?;
    key::Entity::delete_many().filter(key::Column::ValidUntil.lt(before.0)).exec(tx).await?;
    Ok(())
}

/// Everything that is known.
pub async fn standing(db: &impl ConnectionTrait) -> Result<Standing, DbErr> {
    let credentials = credential::Entity::find().all(db).await?.into_iter().map(|row| {
        let valid_after = row.valid_after.map(Moment);
        (row.name, Credential { window: row.window, revoked: row.revoked, valid_after })
    });
    let people = person::Entity::find()
        .all(db)
        .await?
        .into_iter()
        .map(|row| (row.name, Person { unit: row.unit, window: row.window, leads: row.leads, active: row.active }));
    let ended = ended::Entity::find().all(db).await?.into_iter().map(|row| (row.session, Moment(row.ended_at)));
    let keys = key::Entity::find().all(db).await?.into_iter().filter_map(|row| {
        let public_key = row.public_key.try_into().ok()?;
        Some(SigningKey { id: row.id, public_key, valid_until: row.valid_until.map(Moment) })
    });
    let closed = closed::Entity::find().all(db).await?.into_iter().map(|row| row.name);
    Ok(Standing {
        credentials: credentials.collect(),
        people: people.collect(),
        ended: ended.collect(),
        closed: closed.collect(),
        keys: keys.collect(),
    })
}
