//! What a noun must be able to do to be changed: say where it lies, and turn into a row and back.

use std::{any::Any, fmt, hash, marker::PhantomData, sync::Arc};

use futures::future::BoxFuture;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, ExprTrait, IdenStatic, Iterable,
    QueryFilter, QuerySelect, Select,
    sea_query::{Expr, OnConflict},
};

use crate::id::Division;

/// A row that does not read back as the noun it was: never expected, never passed over in silence.
#[derive(Debug, thiserror::Error)]
#[error("{kind} {id}: {what}")]
pub struct Corrupt {
    pub kind: &'static str,
    pub id: String,
    pub what: String,
}

/// A noun with a table whose primary key is `(division, id)`.
pub trait Noun: Clone + Send + Sync + 'static {
    type Entity: EntityTrait<Model: Send + Sync, ActiveModel: ActiveModelTrait<Entity = Self::Entity> + Send>;

    /// Its collection in resource names, for example `cases`.
    const KIND: &'static str;

    /// Columns that never change once the row is there. They are left out of updates, so their indexes are left alone.
    const FIXED: &'static [&'static str] = &[];

    fn division(&self) -> Division;
    fn id(&self) -> &str;
    fn from_row(row: <Self::Entity as EntityTrait>::Model) -> Result<Self, Corrupt>;
    fn to_row(&self) -> <Self::Entity as EntityTrait>::ActiveModel;
}

/// The rows that can be read; another is logged and left out, so that it hides none but itself.
pub fn readable<N: Noun>(rows: impl IntoIterator<Item = <N::Entity as EntityTrait>::Model>) -> Vec<N> {
    let read = |row| N::from_row(row).inspect_err(|corrupt| tracing::error!(%corrupt, "left out")).ok();
    rows.into_iter().filter_map(read).collect()
}

/// The first so many that can be read of a query's rows, in its order. What is left out makes no page shorter, since a
/// short page is the last one.
pub async fn page<N: Noun>(db: &impl ConnectionTrait, query: Select<N::Entity>, most: u64) -> Result<Vec<N>, DbErr> {
    let (mut nouns, mut seen) = (Vec::new(), 0);
    loop {
        let wanted = most - nouns.len() as u64;
        let rows = query.clone().offset(seen).limit(wanted).all(db).await?;
        let found = rows.len() as u64;
        nouns.extend(readable::<N>(rows));
        seen += found;
        if found < wanted || nouns.len() as u64 >= most {
            return Ok(nouns);
        }
    }
}

/// A noun of some kind, as the writer holds it.
pub(crate) type AnyNoun = Arc<dyn Any + Send + Sync>;

/// Which noun: its table, division and id.
#[derive(Clone)]
pub struct Key {
    pub(crate) table: &'static dyn Table,
    pub division: Division,
    pub id: Arc<str>,
}

impl Key {
    pub fn of<N: Noun>(division: Division, id: impl Into<Arc<str>>) -> Key {
        Key { table: Shelf::<N>::TABLE, division, id: id.into() }
    }

    pub fn kind(&self) -> &'static str {
        self.table.kind()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.id == other.id && self.division == other.division && self.kind() == other.kind()
    }
}

impl Eq for Key {}

impl hash::Hash for Key {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.id.hash(state);
        self.division.hash(state);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.division.child(self.kind(), &self.id))
    }
}

/// A table of nouns, whatever the noun.
pub(crate) trait Table: Send + Sync {
    fn kind(&self) -> &'static str;

    fn load<'a>(
        &'a self,
        tx: &'a DatabaseTransaction,
        divisions: &'a [Division],
        ids: Vec<Arc<str>>,
    ) -> BoxFuture<'a, Result<Vec<(Key, AnyNoun)>, DbErr>>;

    /// Writes whole nouns, new or not, with one statement for a few hundred.
    fn save<'a>(&'a self, tx: &'a DatabaseTransaction, nouns: Vec<AnyNoun>) -> BoxFuture<'a, Result<(), DbErr>>;
}

/// The table of one noun.
struct Shelf<N>(PhantomData<fn() -> N>);

impl<N: Noun> Shelf<N> {
    const TABLE: &'static dyn Table = &Shelf::<N>(PhantomData);
}

impl<N: Noun> Table for Shelf<N> {
    fn kind(&self) -> &'static str {
        N::KIND
    }

    fn load<'a>(
        &'a self,
        tx: &'a DatabaseTransaction,
        divisions: &'a [Division],
        ids: Vec<Arc<str>>,
    ) -> BoxFuture<'a, Result<Vec<(Key, AnyNoun)>, DbErr>> {
        Box::pin(async move {
            let rows = N::Entity::find()
                .filter(Expr::col("division").is_in(divisions.iter().map(Division::as_str)))
                .filter(Expr::col("id").is_in(ids.iter().map(|id| &**id)))
                .all(tx)
                .await?;
            let noun = |row| {
                let noun = N::from_row(row).map_err(|corrupt| DbErr::Custom(corrupt.to_string()))?;
                Ok((Key::of::<N>(noun.division(), noun.id()), Arc::new(noun) as AnyNoun))
            };
            rows.into_iter().map(noun).collect()
        })
    }

    fn save<'a>(&'a self, tx: &'a DatabaseTransaction, nouns: Vec<AnyNoun>) -> BoxFuture<'a, Result<(), DbErr>> {
        Box::pin(async move {
            let others = <N::Entity as EntityTrait>::Column::iter()
                .filter(|column| !matches!(column.as_str(), "division" | "id") && !N::FIXED.contains(&column.as_str()));
            let whole = OnConflict::columns(["division", "id"]).update_columns(others).to_owned();
            for some in nouns.chunks(512) {
                let rows = some.iter().filter_map(|noun| noun.downcast_ref::<N>()).map(Noun::to_row);
                N::Entity::insert_many(rows).on_conflict(whole.clone()).exec_without_returning(tx).await?;
            }
            Ok(())
        })
    }
}
