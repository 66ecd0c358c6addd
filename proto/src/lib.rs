//! The contract of Yizhan as Rust types. Generated from the `.proto` files beside this crate; only [`codec`] and [`rule`] are
//! written by hand.

#![allow(clippy::all, clippy::unwrap_used, clippy::disallowed_methods, missing_docs, rustdoc::all)]

pub mod codec;
pub mod rule;

pub mod clock {
    pub mod v1 {
        tonic::include_proto!("yizhan.clock.v1");
    }
}
pub mod directory {
    pub mod v1 {
        tonic::include_proto!("yizhan.directory.v1");
    }
}
pub mod disclosure {
    pub mod v1 {
        tonic::include_proto!("yizhan.disclosure.v1");
    }
}
pub mod gateway {
    pub mod v1 {
        tonic::include_proto!("yizhan.gateway.v1");
    }
}
pub mod identity {
    pub mod v1 {
        tonic::include_proto!("yizhan.identity.v1");
    }
}
pub mod intake {
    pub mod v1 {
        tonic::include_proto!("yizhan.intake.v1");
    }
}
pub mod journal {
    pub mod v1 {
        tonic::include_proto!("yizhan.journal.v1");
    }
}
pub mod roster {
    pub mod v1 {
        tonic::include_proto!("yizhan.roster.v1");
    }
}

/// Every file of the contract with its imports and comments, as a `FileDescriptorSet`: for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
