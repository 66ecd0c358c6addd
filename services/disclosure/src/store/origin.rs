//! What each publication of the suite was made from, as rows.

use crate::domain::source::Origin;

kit::table!(Origin, "origins", |it| it.division, &it.source, it.row);
