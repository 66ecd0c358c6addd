//! Divisions as rows.

use crate::domain::division::Division;

kit::table!(Division, "divisions", |noun| noun.division, &noun.code, noun.version);
