//! People as rows.

use super::table;
use crate::domain::person::Person;

table!(Person, "people", |noun| noun.division, &noun.code, noun.version);
