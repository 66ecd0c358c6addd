//! Passwords, with the sessions begun by them, as rows.

use super::table;
use crate::domain::password::Password;

table!(Password, "passwords", |noun| noun.division, &noun.code, noun.standing.version);
