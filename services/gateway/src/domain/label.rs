//! What divisions, units, windows, items and columns are called.

/// What a label is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Division,
    Unit,
    Window,
    Item,
    Column,
}

impl Kind {
    pub fn code(self) -> &'static str {
        match self {
            Kind::Division => "division",
            Kind::Unit => "unit",
            Kind::Window => "window",
            Kind::Item => "item",
            Kind::Column => "column",
        }
    }
}

/// A name in Chinese and English; either may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    pub zh: String,
    pub en: String,
}
