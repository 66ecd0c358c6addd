//! Notices as rows.

use kit::id::Division;

use crate::domain::notice::Notice;

kit::table!(Notice, "notices", |notice| Division::NATIONAL, &notice.id, notice.text.version.into());
