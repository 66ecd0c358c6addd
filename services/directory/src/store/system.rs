//! Other systems as rows.

use super::table;
use crate::domain::system::System;

table!(System, "systems", |noun| noun.division, &noun.code, noun.standing.version);
