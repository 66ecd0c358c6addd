//! Circulars, and what numbers them, as rows.

use crate::domain::circular::{Circular, Serial};

kit::table!(Circular, "circulars", |circular| circular.division, &circular.month, circular.version);

mod serial {
    use super::Serial;

    kit::table!(Serial, "serials", |serial| serial.division, &serial.year, i64::from(serial.last));
}
