//! People as rows.

use crate::domain::person::Person;

kit::table!(Person, "people", |noun| noun.division, &noun.code, noun.version);
