//! Windows as rows.

use crate::domain::window::Window;

kit::table!(Window, "windows", |noun| noun.division, &noun.code, noun.version);
