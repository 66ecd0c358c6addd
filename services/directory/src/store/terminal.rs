//! Terminals as rows.

use crate::domain::terminal::Terminal;

kit::table!(Terminal, "terminals", |noun| noun.division, &noun.code, noun.standing.version);
