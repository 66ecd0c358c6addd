//! The contract: requests read, refusals told, nouns shown. [`directory`], [`calendar`] and [`credential`] are the
//! services; the files of the nouns say how each is read and shown, [`kept`] does with those of the directory what they
//! have in common.

pub mod calendar;
mod certificate;
pub mod credential;
pub mod directory;
mod division;
mod import;
mod kept;
mod notice;
mod password;
mod person;
mod session;
mod signing_key;
mod system;
mod terminal;
mod unit;
mod window;

use kit::{caller::Caller, form::finish};
use tonic::Request;

/// Who calls, and what is asked.
fn called<T>(request: Request<T>) -> (Caller, T) {
    (Caller::of_call(&request), request.into_inner())
}
