//! Terminals as rows.

use super::table;
use crate::domain::terminal::Terminal;

table!(Terminal, "terminals", |noun| noun.division, &noun.code, noun.standing.version);
