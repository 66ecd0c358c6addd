//! A unit's inbox: what to do next, nearest due first.

use kit::{id, page, refusal::Refusal};
use proto::intake::v1 as pb;
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};

use super::{item::unreadable, render};
use crate::{
    office::Office,
    store::{
        case::{Column, Entity, Kept, signal_code},
        readable,
    },
};

pub async fn inbox(office: &Office, request: pb::ListInboxRequest) -> Result<pb::ListInboxResponse, Refusal> {
    let (division, unit) = id::child("parent", &request.parent, "units")?;
    office.hall().unit(division, unit)?;
    let size = page::size(request.page_size, 50, 200)?;
    let scope = ["ListInbox", &request.parent];
    let after = page::after(&office.keys, &scope, &request.page_token)?;
    let mut query = Entity::find()
        .filter(Column::Division.eq(division.as_str()))
        .filter(Column::Unit.eq(unit))
        .filter(Column::Open.eq(true));
    if let Some(after) = after {
        let (due, number) =
            after.split_once(' ').ok_or_else(|| Refusal::internal("a page token of ours is malformed"))?;
        let later =
            Expr::col(Column::DueOn).gt(due).or(Expr::col(Column::DueOn).eq(due).and(Expr::col(Column::Id).gt(number)));
        query = query.filter(later);
    }
    let rows = query
        .order_by_asc(Column::DueOn)
        .order_by_asc(Column::Id)
        .limit(size + 1)
        .all(office.store.read())
        .await
        .map_err(unreadable)?;
    let more = rows.len() as u64 > size;
    let last = rows.get(size as usize - 1).filter(|_| more).map(|row| format!("{} {}", row.due_on, row.id));
    let kept = readable::<Kept>(rows.into_iter().take(size as usize));
    let entries = kept.iter().filter_map(|Kept { case, .. }| {
        let (next, clock) = case.next()?;
        Some(pb::InboxEntry {
            case: Some(render::case(case)),
            action: render::next_code(next),
            due_on: clock.and_then(|clock| clock.due_on()).map(|day| day.to_string()).unwrap_or_default(),
            signal: i32::from(signal_code(case.signal())),
        })
    });
    Ok(pb::ListInboxResponse {
        entries: entries.collect(),
        next_page_token: last.map(|last| page::token(&office.keys, &scope, &last)).unwrap_or_default(),
    })
}
