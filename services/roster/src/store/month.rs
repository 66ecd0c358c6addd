//! Months as rows.

use crate::domain::month::Month;

kit::table!(Month, "months", |month| month.division, &month.code, month.version);
