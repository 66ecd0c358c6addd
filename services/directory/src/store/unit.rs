//! Units as rows.

use crate::domain::unit::Unit;

kit::table!(Unit, "units", |noun| noun.division, &noun.code, noun.version);
