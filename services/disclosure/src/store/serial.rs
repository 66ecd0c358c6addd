//! What numbers the publications of a unit, as rows.

use crate::domain::publication::Serial;

kit::table!(Serial, "serials", |serial| serial.division, &serial.id, i64::from(serial.last));
