//! Imports as rows.

use crate::domain::import::Import;

kit::table!(Import, "imports", |import| import.division, &import.id, 1);
