//! A unit's inbox: open drafts, nearest due first.

use kit::{id, page, refusal::Refusal, store::readable};
use proto::disclosure::v1 as pb;
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};

use super::render;
use crate::{
    domain::publication::{Publication, State},
    office::{Office, unreadable},
    store::publication::{Column, Entity},
};

/// Of what is public no text is given here.
pub async fn list(office: &Office, request: pb::ListInboxRequest) -> Result<pb::ListInboxResponse, Refusal> {
    let (division, unit) = id::child("parent", &request.parent, "units")?;
    office.mirror().unit(division, unit)?;
    let size = page::size(request.page_size, 50, 200)?;
    let scope = ["ListInbox", &request.parent];
    let after = page::after(&office.keys, &scope, &request.page_token)?;
    let mut query = Entity::find()
        .filter(Column::Division.eq(division.as_str()))
        .filter(Column::Unit.eq(unit))
        .filter(Expr::cust("open"));
    if let Some(after) = after {
        let (due, id) = after.split_once(' ').ok_or_else(|| Refusal::internal("a page token of ours is malformed"))?;
        let later = Column::DueOn.gt(due).or(Column::DueOn.eq(due).and(Column::Id.gt(id)));
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
    let publications = readable::<Publication>(rows.into_iter().take(size as usize));
    Ok(pb::ListInboxResponse {
        entries: publications.iter().filter_map(entry).collect(),
        next_page_token: last.map(|last| page::token(&office.keys, &scope, &last)).unwrap_or_default(),
    })
}

fn entry(publication: &Publication) -> Option<pb::InboxEntry> {
    let draft = publication.draft.as_ref()?;
    let action = match draft.state {
        State::Draft => pb::NextAction::Check,
        State::Checked => pb::NextAction::Review,
        State::Reviewed => pb::NextAction::Approve,
        State::Approved => pb::NextAction::Publish,
    };
    Some(pb::InboxEntry {
        publication: Some(render::whole(publication, &[])),
        action: action.into(),
        due_on: draft.clock.due_on().map(|day| day.to_string()).unwrap_or_default(),
        signal: render::signal(draft.clock.signal).into(),
    })
}
