//! What every service stands on. It knows no business noun.
//!
//! The one mechanism lives in [`store`]: nouns and one journal per division, changed by pure decisions, committed in
//! groups. Around it: who calls ([`caller`]) and is let in ([`admit`]), what a request is remembered by ([`actor`]), what time it is ([`clock`]), how a refusal is told ([`refusal`], [`status`]),
//! how input is read ([`form`], [`id`]), how lists are paged and filtered ([`page`], [`filter`]), how files are kept
//! ([`files`]), how secrets are ([`keys`]), how a service is reached ([`peer`]), served ([`serve`]), configured ([`config`]) and watched
//! ([`telemetry`]).

pub mod actor;
pub mod admit;
pub mod caller;
pub mod clock;
pub mod config;
pub mod files;
pub mod filter;
pub mod form;
pub mod id;
pub mod keyring;
pub mod keys;
pub mod page;
pub mod peer;
pub mod pki;
pub mod refusal;
pub mod serve;
pub mod status;
pub mod store;
pub mod telemetry;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tls;
pub mod token;
