//! Operators as rows.

use kit::id::Division;

use crate::domain::operator::Operator;

kit::table!(Operator, "operators", |noun| Division::NATIONAL, &noun.code, noun.standing.version);
