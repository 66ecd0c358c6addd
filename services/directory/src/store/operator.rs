//! Operators as rows.

use kit::id::Division;

use super::table;
use crate::domain::operator::Operator;

table!(Operator, "operators", |noun| Division::NATIONAL, &noun.code, noun.standing.version);
