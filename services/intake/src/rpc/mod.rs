//! The nouns as RPCs: parse, change, render.

pub mod attachment;
pub mod case;
pub mod facts;
pub mod inbox;
pub mod item;
pub mod list;
pub mod party;
pub mod receive;
pub mod render;
pub mod watch;
