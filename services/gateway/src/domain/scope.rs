//! Which cases are asked about, and how they are grouped.

use kit::id::Division;

use super::day::Period;

/// A division, a period, and what is selected of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    pub division: Division,
    pub period: Period,
    pub selection: Selection,
}

/// All conditions together; an empty one leaves all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selection {
    pub unit: String,
    pub item: String,
    pub window: String,
}

impl Selection {
    pub fn is_all(&self) -> bool {
        self.unit.is_empty() && self.item.is_empty() && self.window.is_empty()
    }
}

/// By what the rows of an answer are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Total,
    Unit,
    Item,
    /// The window that received.
    Window,
    Day,
    Month,
    /// The column of a publication.
    Column,
    /// The category of a publication.
    Category,
}
