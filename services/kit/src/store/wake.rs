//! Nouns to which something happens by itself: whose table has the columns `open` and `wakes_at` (microseconds UTC,
//! `i64::MAX` for never).

use sea_orm::{DbErr, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};

use super::{Noun, Store};

/// When one wakes, its division and its id: where a page of them ends.
pub type Wake = (i64, String, String);

/// Those that are due by a moment, earliest first; at most so many after the last one, from the first where there is none.
pub async fn due<N: Noun>(store: &Store, by: i64, after: Option<&Wake>, most: u64) -> Result<Vec<Wake>, DbErr> {
    let mut query = N::Entity::find().filter(Expr::col("open").eq(true)).filter(Expr::col("wakes_at").lte(by));
    if let Some((at, division, id)) = after {
        let of_division = Expr::col("division").eq(division.as_str()).and(Expr::col("id").gt(id.as_str()));
        let of_moment = Expr::col("division").gt(division.as_str()).or(of_division);
        query = query.filter(Expr::col("wakes_at").gt(*at).or(Expr::col("wakes_at").eq(*at).and(of_moment)));
    }
    query
        .order_by_asc(Expr::col("wakes_at"))
        .order_by_asc(Expr::col("division"))
        .order_by_asc(Expr::col("id"))
        .limit(most)
        .select_only()
        .expr(Expr::col("wakes_at"))
        .expr(Expr::col("division"))
        .expr(Expr::col("id"))
        .into_tuple()
        .all(store.read())
        .await
}

/// When the next one wakes after a moment.
pub async fn next<N: Noun>(store: &Store, after: i64) -> Result<Option<i64>, DbErr> {
    N::Entity::find()
        .filter(Expr::col("open").eq(true))
        .filter(Expr::col("wakes_at").gt(after))
        .filter(Expr::col("wakes_at").lt(i64::MAX))
        .order_by_asc(Expr::col("wakes_at"))
        .select_only()
        .expr(Expr::col("wakes_at"))
        .into_tuple()
        .one(store.read())
        .await
}
