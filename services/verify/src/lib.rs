//! What the figures mean, how they are counted a second time, and whether an exported bundle is what it says.
//!
//! Nothing here waits, asks the time or knows a database: the gateway recounts with it, and `yizhan-verify` is a small program
//! around it for whoever does not want to trust the centre.

pub mod bundle;
pub mod check;
pub mod day;
pub mod definition;
pub mod facts;
mod grow;
pub mod heads;
pub mod receipt;
pub mod recount;
pub mod report;
pub mod wrong;
pub mod year;
