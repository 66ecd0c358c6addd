//! The contract of Yizhan as Rust types. Generated from the `.proto` files beside this crate; only [`codec`] and [`rule`] are
//! written by hand.

#![allow(clippy::all, clippy::unwrap_used, clippy::disallowed_methods, missing_docs, rustdoc::all)]

#[cfg(feature = "rpc")]
pub mod codec;
pub mod rule;

pub mod clock {
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/yizhan.clock.v1.rs"));
    }
}
pub mod directory {
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/yizhan.directory.v1.rs"));
    }
}
pub mod disclosure {
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/yizhan.disclosure.v1.rs"));
    }
}
pub mod gateway {
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/yizhan.gateway.v1.rs"));
    }
}
pub mod identity {
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/yizhan.identity.v1.rs"));
    }
}
pub mod intake {
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/yizhan.intake.v1.rs"));
    }
}
pub mod journal {
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/yizhan.journal.v1.rs"));
    }
}
pub mod roster {
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/yizhan.roster.v1.rs"));
    }
}

/// Every file of the contract with its imports and comments, as a `FileDescriptorSet`: for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
