//! Units as rows.

use super::table;
use crate::domain::unit::Unit;

table!(Unit, "units", |noun| noun.division, &noun.code, noun.version);
