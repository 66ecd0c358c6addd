//! Texts of editions as rows.

use crate::domain::publication::Text;

kit::table!(Text, "texts", |text| text.division, &text.id, 1);
