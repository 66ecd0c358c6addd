//! The ring of signing keys as a row.

use kit::id::Division;

use crate::domain::signing_key::Ring;

kit::table!(Ring, "signing_rings", |ring| Division::NATIONAL, &ring.id, ring.version);
