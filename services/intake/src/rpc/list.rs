//! ListCases: filter, order, pages.

use kit::{
    filter::{self, Operator, Term},
    id::{self, Division},
    page,
    refusal::Refusal,
};
use proto::intake::v1 as pb;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Value,
    sea_query::{Expr, ExprTrait, SimpleExpr},
};

use super::{item::unreadable, render};
use crate::{
    office::Office,
    store::{
        case::{Column, Entity, Kept, NEVER},
        readable,
    },
};

/// `own`: only cases of this unit.
pub async fn list(
    office: &Office,
    own: Option<String>,
    request: pb::ListCasesRequest,
) -> Result<pb::ListCasesResponse, Refusal> {
    let division = id::division("parent", &request.parent)?;
    let size = page::size(request.page_size, 50, 200)?;
    let order = Ordering::read(&request.order_by)?;
    let scope = ["ListCases", &request.parent, &request.filter, &request.order_by];
    let after = page::after(&office.keys, &scope, &request.page_token)?;

    let mut query = Entity::find().filter(Column::Division.eq(division.as_str()));
    for term in filter::parse(&request.filter)? {
        query = query.filter(condition(&term, division)?);
    }
    if let Some(own) = own {
        query = query.filter(Column::Unit.eq(own));
    }
    if let Some(after) = after {
        query = query.filter(order.after(&after)?);
    }
    let rows = query
        .order_by(order.column, order.direction.clone())
        .order_by(Column::Id, order.direction.clone())
        .limit(size + 1)
        .all(office.store.read())
        .await
        .map_err(unreadable)?;
    let more = rows.len() as u64 > size;
    let last = rows.get(size as usize - 1).filter(|_| more).map(|row| order.place(row));
    let kept = readable::<Kept>(rows.into_iter().take(size as usize));
    Ok(pb::ListCasesResponse {
        cases: kept.iter().map(|kept| render::case(&kept.case)).collect(),
        next_page_token: last.map(|last| page::token(&office.keys, &scope, &last)).unwrap_or_default(),
    })
}

/// What a list is ordered by; the number decides between equals, so a place in the list is exact.
struct Ordering {
    column: Column,
    direction: Order,
}

impl Ordering {
    fn read(order_by: &str) -> Result<Ordering, Refusal> {
        let (field, direction) = match order_by.trim().split_once(' ') {
            Some((field, "desc")) => (field, Order::Desc),
            Some((field, "asc")) => (field, Order::Asc),
            None => (order_by.trim(), Order::Asc),
            Some(_) => ("?", Order::Asc),
        };
        let column = match field {
            "" | "number" => Column::Id,
            "received_at" => Column::ReceivedAt,
            "due_on" => Column::DueOn,
            _ => {
                return Err(Refusal::field(
                    "order_by",
                    "可用：number、received_at、due_on，加 desc 为倒序",
                    "must be number, received_at or due_on, with ` desc` for the other way round",
                ));
            }
        };
        Ok(Ordering { column, direction })
    }

    /// Where a row stands: the ordering value and the number.
    fn place(&self, row: &crate::store::case::Model) -> String {
        match self.column {
            Column::ReceivedAt => format!("{} {}", row.received_at, row.id),
            Column::DueOn => format!("{} {}", row.due_on, row.id),
            _ => format!("- {}", row.id),
        }
    }

    fn after(&self, place: &str) -> Result<SimpleExpr, Refusal> {
        let (value, id) =
            place.split_once(' ').ok_or_else(|| Refusal::internal("a page token of ours is malformed"))?;
        let value: Value = match self.column {
            Column::ReceivedAt => value.parse::<i64>().map_err(Refusal::internal)?.into(),
            _ => value.to_owned().into(),
        };
        let beyond = |column: Column, value: Value| match self.direction {
            Order::Desc => Expr::col(column).lt(value),
            _ => Expr::col(column).gt(value),
        };
        let by_number = beyond(Column::Id, id.to_owned().into());
        Ok(match self.column {
            Column::Id => by_number,
            column => beyond(column, value.clone()).or(Expr::col(column).eq(value).and(by_number)),
        })
    }
}

/// A term as SQL. Only the fields named here can be asked for.
fn condition(term: &Term, division: Division) -> Result<Condition, Refusal> {
    let malformed =
        |what: &str| filter::refuse(&format!("`{}` {what}", term.field), &format!("条件 {} 的取值无效", term.field));
    let equality = matches!(term.operator, Operator::Equal | Operator::NotEqual);
    let (column, value): (Column, Value) = match term.field.as_str() {
        "unit" if equality => (Column::Unit, code(term, "units", division)?.into()),
        "item" if equality => (Column::Item, code(term, "items", division)?.into()),
        "window" if equality => (Column::WindowCode, code(term, "windows", division)?.into()),
        "open" if equality => {
            (Column::Open, term.value.parse::<bool>().map_err(|_| malformed("is true or false"))?.into())
        }
        "state" if equality => {
            let name = format!("CASE_STATE_{}", term.value.to_ascii_uppercase().trim_start_matches("CASE_STATE_"));
            let state = pb::CaseState::from_str_name(&name).filter(|s| *s != pb::CaseState::Unspecified);
            (Column::State, (state.ok_or_else(|| malformed("is not a state"))? as i16).into())
        }
        "signal" if equality => {
            let name = format!("SIGNAL_{}", term.value.to_ascii_uppercase().trim_start_matches("SIGNAL_"));
            let signal = pb::Signal::from_str_name(&name).filter(|s| *s != pb::Signal::Unspecified);
            (Column::Signal, (signal.ok_or_else(|| malformed("is GREEN, YELLOW or RED"))? as i16).into())
        }
        "received_on" | "due_on" => {
            let day: calendar::Date = term.value.parse().map_err(|_| malformed("is a date YYYY-MM-DD"))?;
            (if term.field == "due_on" { Column::DueOn } else { Column::ReceivedOn }, day.to_string().into())
        }
        "unit" | "item" | "window" | "open" | "state" | "signal" => return Err(malformed("takes = and != only")),
        _ => {
            return Err(filter::refuse(
                "there is no such field; there are state, unit, item, window, received_on, due_on, signal, open",
                "可用字段：state、unit、item、window、received_on、due_on、signal、open",
            ));
        }
    };
    // What has no due day is neither before nor after one.
    let due = (term.field == "due_on").then(|| Expr::col(Column::DueOn).ne(NEVER));
    let column = Expr::col(column);
    Ok(Condition::all().add_option(due).add(match term.operator {
        Operator::Equal => column.eq(value),
        Operator::NotEqual => column.ne(value),
        Operator::Less => column.lt(value),
        Operator::LessOrEqual => column.lte(value),
        Operator::Greater => column.gt(value),
        Operator::GreaterOrEqual => column.gte(value),
    }))
}

/// A code, or a resource name of the list's division. A name that no case of this list can have is a mistake, and said
/// to be one: an empty answer would look like an answer.
fn code(term: &Term, collection: &str, division: Division) -> Result<String, Refusal> {
    let refuse = || {
        let (field, name) = (&term.field, division.child(collection, "{code}"));
        filter::refuse(&format!("`{field}` is a code or {name}"), &format!("条件 {field} 的取值应为代码或 {name}"))
    };
    let code = match term.value.contains('/') {
        true => id::child_of("filter", &term.value, collection, division).map_err(|_| refuse())?,
        false => &term.value,
    };
    // A case is listed by its item, whatever the revision.
    if id::is_id(code) && !code.contains('@') { Ok(code.to_owned()) } else { Err(refuse()) }
}
