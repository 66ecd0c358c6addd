//! How one noun names another of its division.

use kit::refusal::Refusal;

use super::{
    kept::{Facts, State, absent, inactive},
    unit, window,
};

/// A noun that another names, by its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    Unit(String),
    Window(String),
}

/// Where references are looked up.
pub trait Known {
    /// The unit's state, where it is known.
    fn unit(&self, code: &str) -> Option<State>;
    /// The window's state, where it is known.
    fn window(&self, code: &str) -> Option<State>;
}

impl Reference {
    /// The field that holds it, in whichever noun.
    pub fn field(&self) -> &'static str {
        match self {
            Reference::Unit(_) => "unit",
            Reference::Window(_) => "window",
        }
    }

    /// Refuses what is not there or no longer active.
    pub fn check(&self, known: &impl Known) -> Result<(), Refusal> {
        match self {
            Reference::Unit(code) => alive::<unit::Facts>(code, known.unit(code)),
            Reference::Window(code) => alive::<window::Facts>(code, known.window(code)),
        }
    }
}

/// The references to check when `facts` take the place of `old`. What a noun named before it may go on naming, so that
/// a window whose unit was deactivated can still be mended.
pub fn named_anew<F: Facts>(facts: &F, old: Option<&F>) -> Vec<Reference> {
    let before = old.map(Facts::references).unwrap_or_default();
    facts.references().into_iter().filter(|reference| !before.contains(reference)).collect()
}

/// Refuses a noun that is not there or no longer active.
pub fn alive<F: Facts>(code: &str, state: Option<State>) -> Result<(), Refusal> {
    match state {
        Some(State::Active) => Ok(()),
        Some(State::Inactive) => Err(inactive::<F>(code)),
        None => Err(absent::<F>()),
    }
}
