//! Other systems as rows.

use crate::domain::system::System;

kit::table!(System, "systems", |noun| noun.division, &noun.code, noun.standing.version);
