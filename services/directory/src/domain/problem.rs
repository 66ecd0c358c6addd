//! What the calendar finds wrong with a field, told in both languages.

use calendar::Problem;
use kit::refusal::{Fault, Refusal};

/// The fault at a field of the request.
pub fn fault(field: String, problem: Problem) -> Fault {
    let zh = match problem {
        Problem::Empty => "不能为空".to_owned(),
        Problem::AboveMax { max } => format!("不能超过{max}"),
        Problem::BelowMin { min } => format!("不能小于{min}"),
        Problem::OutsideYear => "须在该通知的年份之内".to_owned(),
        Problem::Backwards => "不能早于起始日".to_owned(),
        Problem::Overlap => "与另一时段重叠".to_owned(),
        Problem::Duplicate => "重复".to_owned(),
        Problem::NotWeekend => "须为周六或周日".to_owned(),
        Problem::AlsoOff => "同一通知中该日放假".to_owned(),
    };
    Fault { field, zh, en: problem.to_string() }
}

/// FIELD_INVALID at that field.
pub fn refuse(field: String, problem: Problem) -> Refusal {
    Refusal::fields(vec![fault(field, problem)])
}
