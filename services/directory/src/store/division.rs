//! Divisions as rows.

use super::table;
use crate::domain::division::Division;

table!(Division, "divisions", |noun| noun.division, &noun.code, noun.version);
