//! What is wrong, to people: in Chinese, and in English beside it.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub zh: String,
    pub en: String,
}

impl Wrong {
    pub fn new(zh: impl fmt::Display, en: impl fmt::Display) -> Wrong {
        Wrong { zh: zh.to_string(), en: en.to_string() }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} · {}", self.zh, self.en)
    }
}

impl std::error::Error for Wrong {}
