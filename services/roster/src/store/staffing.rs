//! Staffings as rows.

use kit::{
    id::Division,
    store::{Store, readable},
};
use sea_orm::{DbErr, EntityTrait, ExprTrait, QueryFilter, QueryOrder, sea_query::Expr};

use crate::domain::staffing::Staffing;

kit::table!(Staffing, "staffings", |staffing| staffing.division, &staffing.window, staffing.version);

/// Those of a division by window, or all where none is given.
pub async fn all(store: &Store, division: Option<Division>) -> Result<Vec<Staffing>, DbErr> {
    let mut query = row::Entity::find();
    if let Some(division) = division {
        query = query.filter(Expr::col("division").eq(division.as_str()));
    }
    let rows = query.order_by_asc(Expr::col("division")).order_by_asc(Expr::col("id")).all(store.read()).await?;
    Ok(readable(rows))
}
