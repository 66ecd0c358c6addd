//! Imports as rows.

use super::table;
use crate::domain::import::Import;

table!(Import, "imports", |import| import.division, &import.id, 1);
