//! The one mechanism: nouns, and one journal per division.
//!
//! ```text
//! change(noun, |desk, now| decide) ─▶ writer: begin · lock heads · load nouns · decide · save · append · commit ─▶ answer
//! ```
//!
//! [`engine`] opens a database, [`noun`] says what a row must be able to do, [`desk`] is what a decision sees, [`writer`]
//! commits decisions in groups, `cache` keeps what it committed, [`journal`] is the table they are recorded in, `recent` keeps its end, [`feed`] serves it,
//! [`log`] signs its heads and proves what stands in it, [`follower`] follows another service's, [`reader`] answers many point reads with one query, [`wake`] finds those whose time has come.

mod cache;
pub mod desk;
pub mod engine;
pub mod feed;
pub mod follower;
pub mod journal;
pub mod log;
pub mod noun;
#[cfg(feature = "planted")]
mod planted;
pub mod reader;
mod recent;
mod table;
pub mod wake;
pub mod writer;

pub use desk::{Desk, Event};
pub use engine::Store;
pub use follower::{Follow, follow};
pub use log::Log;
pub use noun::{Key, Noun, page, readable};
pub use reader::Reader;
pub use writer::Writer;
