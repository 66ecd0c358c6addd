//! The nouns as rows.

pub mod case;
pub mod hall;
pub mod item;
pub mod number;
pub mod personal;

use kit::store::Noun;
use sea_orm::EntityTrait;

/// The rows that can be read; another is logged and left out, so that it hides none but itself.
pub fn readable<N: Noun>(rows: impl IntoIterator<Item = <N::Entity as EntityTrait>::Model>) -> Vec<N> {
    let read = |row| N::from_row(row).inspect_err(|corrupt| tracing::error!(%corrupt, "left out")).ok();
    rows.into_iter().filter_map(read).collect()
}
