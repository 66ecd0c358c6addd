//! The life that the directory's nouns have in common: created active, updated any number of times, at last deactivated,
//! never deleted, because cases and journals go on naming them.

use std::fmt::Debug;

use kit::{
    id,
    refusal::{Kind, Refusal},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::reference::Reference;

/// What is known of one noun. An update replaces it whole.
pub trait Facts: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    const NAMES: Names;

    /// The nouns that it names.
    fn references(&self) -> Vec<Reference> {
        Vec::new()
    }
}

/// What a noun, and what happens to it, is called.
pub struct Names {
    /// In resource names.
    pub collection: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
    pub created: &'static str,
    pub updated: &'static str,
    pub deactivated: &'static str,
    /// Reasons of refusals.
    pub absent: &'static str,
    pub exists: &'static str,
    pub inactive: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    Active,
    Inactive,
}

/// A noun of the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept<F> {
    pub division: id::Division,
    pub code: String,
    pub state: State,
    /// 1 when created, and one more with every change: the etag.
    pub version: i64,
    pub facts: F,
}

/// What a request says of a noun.
#[derive(Clone, Debug)]
pub struct Draft<F> {
    pub division: id::Division,
    pub code: String,
    /// The version that it was based on; empty for whichever.
    pub etag: String,
    pub facts: F,
}

impl<F: Facts> Kept<F> {
    /// Refused where it is `there` already, active or not.
    pub fn create(draft: Draft<F>, there: Option<&Kept<F>>) -> Result<Kept<F>, Refusal> {
        if there.is_some() {
            return Err(exists::<F>(&draft.code));
        }
        let Draft { division, code, facts, .. } = draft;
        Ok(Kept { division, code, state: State::Active, version: 1, facts })
    }

    pub fn update(&mut self, etag: &str, facts: F) -> Result<(), Refusal> {
        self.check(etag)?;
        self.facts = facts;
        self.version += 1;
        Ok(())
    }

    /// What names it goes on naming it; it only is not to be named anew.
    pub fn deactivate(&mut self, etag: &str) -> Result<(), Refusal> {
        self.check(etag)?;
        self.state = State::Inactive;
        self.version += 1;
        Ok(())
    }

    pub fn etag(&self) -> String {
        self.version.to_string()
    }

    fn check(&self, etag: &str) -> Result<(), Refusal> {
        if self.state == State::Inactive {
            return Err(inactive::<F>(&self.code));
        }
        if !etag.is_empty() && etag != self.etag() {
            return Err(Refusal::stale());
        }
        Ok(())
    }
}

/// NOT_FOUND: there is no such noun. What was asked for may be anything, typed into the wrong field: it is not repeated.
pub fn absent<F: Facts>() -> Refusal {
    let Names { zh, en, absent, .. } = F::NAMES;
    Refusal::not_found(absent, format!("{zh}不存在"), format!("there is no such {en}"))
}

/// FAILED_PRECONDITION: it is there, but deactivated.
pub fn inactive<F: Facts>(code: &str) -> Refusal {
    let Names { zh, en, inactive, .. } = F::NAMES;
    Refusal::state(inactive, format!("{zh} {code} 已停用"), format!("the {en} {code} is deactivated"))
}

fn exists<F: Facts>(code: &str) -> Refusal {
    let Names { zh, en, exists, .. } = F::NAMES;
    Refusal::new(Kind::AlreadyExists, exists, format!("{zh} {code} 已存在"), format!("there is a {en} {code} already"))
}
