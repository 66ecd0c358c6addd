//! Windows as rows.

use super::table;
use crate::domain::window::Window;

table!(Window, "windows", |noun| noun.division, &noun.code, noun.version);
