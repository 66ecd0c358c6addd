//! The contract: requests read, refusals told, nouns shown. [`directory`] and [`calendar`] are the two services; the
//! files of the nouns say how each is read and shown, [`kept`] does with all of them what they have in common.

pub mod calendar;
pub mod directory;
mod division;
mod import;
mod kept;
mod notice;
mod person;
mod unit;
mod window;

use kit::{form::Form, refusal::Refusal};

/// Who changes the directory: whoever operates the centre's systems. Callers have no names of their own yet.
const OPERATOR: &str = "operator";

/// What was read, or all that is wrong with the request.
fn finish<T>(form: Form, read: Option<T>) -> Result<T, Refusal> {
    form.finish()?;
    read.ok_or_else(|| Refusal::internal("nothing was read and nothing was wrong"))
}
