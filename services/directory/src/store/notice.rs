//! Notices as rows.

use kit::id::Division;

use super::table;
use crate::domain::notice::Notice;

table!(Notice, "notices", |notice| Division::NATIONAL, &notice.id, notice.text.version.into());
