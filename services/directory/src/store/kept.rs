//! What the directory's nouns have in common as rows: pages of them, and the keys of what they name.

use kit::{
    id::Division,
    refusal::Refusal,
    store::{self, Desk, Key, Noun, Store},
};
use sea_orm::{EntityTrait, ExprTrait, QueryFilter, QueryOrder, sea_query::Expr};

use crate::domain::{
    kept::State,
    reference::{Known, Reference},
    unit::Unit,
    window::Window,
};

/// At most so many nouns of a division, or of all where none is given, after a code and in the order of codes.
pub async fn page<N: Noun>(
    db: &Store,
    parent: Option<Division>,
    after: Option<String>,
    most: u64,
) -> Result<Vec<N>, Refusal> {
    let mut query = N::Entity::find();
    if let Some(parent) = parent {
        query = query.filter(Expr::col("division").eq(parent.as_str()));
    }
    // A noun that has no parent is a division, and its id is the division's code.
    let code = if parent.is_some() { "id" } else { "division" };
    if let Some(after) = after {
        query = query.filter(Expr::col(code).gt(after));
    }
    store::page(db.read(), query.order_by_asc(Expr::col(code)), most).await.map_err(|error| {
        tracing::error!(%error, kind = N::KIND, "list failed");
        Refusal::unavailable()
    })
}

/// The key of what is named.
pub fn key(division: Division, reference: &Reference) -> Key {
    match reference {
        Reference::Unit(code) => Key::of::<Unit>(division, code.as_str()),
        Reference::Window(code) => Key::of::<Window>(division, code.as_str()),
    }
}

/// References are looked up among the nouns that the change loaded.
pub struct OnDesk<'a, 'b>(pub &'a Desk<'b>);

impl Known for OnDesk<'_, '_> {
    fn unit(&self, code: &str) -> Option<State> {
        self.0.get::<Unit>(code).map(|unit| unit.state)
    }

    fn window(&self, code: &str) -> Option<State> {
        self.0.get::<Window>(code).map(|window| window.state)
    }
}
