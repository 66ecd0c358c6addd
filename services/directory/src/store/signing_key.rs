//! The ring of signing keys as a row.

use kit::id::Division;

use super::table;
use crate::domain::signing_key::Ring;

table!(Ring, "signing_rings", |ring| Division::NATIONAL, &ring.id, ring.version);
