//! Passwords, with the sessions begun by them, as rows.

use crate::domain::password::Password;

kit::table!(Password, "passwords", |noun| noun.division, &noun.code, noun.standing.version);
