//! Who runs the installation. Operators have their certificates from the program itself; the directory knows of one what
//! is to be refused, and that a certificate was renewed. All are of the national division.

use serde::{Deserialize, Serialize};

use super::credential::Standing;

pub const COLLECTION: &str = "operators";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    pub code: String,
    pub standing: Standing,
}
