//! A division's columns (栏目) and lists of required elements, each with its versions.
//!
//! The suite comes with its own of both. What a division sets under a code takes the place of the suite's.

use std::{collections::BTreeMap, sync::LazyLock};

use calendar::Date;
use kit::{id::Division, refusal::Refusal};
use mirror::Mirror;
use serde::{Deserialize, Serialize};

use super::people;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub code: String,
    pub title_zh: String,
    pub title_en: String,
    /// 1 to 15: 政府信息公开条例 art. 20.
    pub category: u8,
    /// Code of its list of required elements; empty for the category's own.
    #[serde(default)]
    pub requirements: String,
    /// Working days from forming or change to publication.
    #[serde(default = "by_law")]
    pub limit: u16,
    pub rank: i32,
    /// Percent.
    #[serde(default = "usual_bar")]
    pub bar: u32,
    #[serde(default)]
    pub standing_review: Option<StandingReview>,
    #[serde(default)]
    pub retired: bool,
    /// 0 for what comes with the suite.
    #[serde(default)]
    pub version: i64,
}

/// Art. 26.
fn by_law() -> u16 {
    20
}

/// Of this project, not of law.
fn usual_bar() -> u32 {
    80
}

impl Column {
    /// Code of the list that its publications are judged by.
    pub fn list(&self) -> String {
        if self.requirements.is_empty() { format!("art20-{:02}", self.category) } else { self.requirements.clone() }
    }

    pub fn not_found() -> Refusal {
        Refusal::not_found("COLUMN_NOT_FOUND", "没有此栏目", "there is no such column")
    }
}

/// Somebody has judged once, for all that the suite makes for this column, that it may be public (分类审查).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingReview {
    /// Codes of people.
    pub reviewer: String,
    pub leader: String,
    pub document_number: String,
    pub at: i64,
}

/// One thing that a publication must say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    pub code: String,
    pub title_zh: String,
    pub title_en: String,
    /// So many characters at least.
    #[serde(default = "two")]
    pub least: u32,
}

fn two() -> u32 {
    2
}

/// A list of required elements, in one of its versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    pub code: String,
    pub title_zh: String,
    pub title_en: String,
    /// 0 for what comes with the suite.
    #[serde(default)]
    pub version: u32,
    /// None for what comes with the suite: it has always been so.
    #[serde(default)]
    pub effective_on: Option<Date>,
    pub basis: String,
    pub elements: Vec<Element>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    pub division: Division,
    pub version: i64,
    /// What the division has set, by code.
    columns: BTreeMap<String, Column>,
    /// Every version that the division has set, oldest first; effective days rise.
    lists: BTreeMap<String, Vec<List>>,
}

// A test proves that both can be read.
static COLUMNS: LazyLock<Vec<Column>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../data/columns.json")).unwrap_or_default());
static LISTS: LazyLock<Vec<List>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../data/requirements.json")).unwrap_or_default());

impl Site {
    /// Its id: a division has one.
    pub const ID: &'static str = "site";

    /// A site where nothing is set.
    pub fn new(division: Division) -> Site {
        Site { division, version: 0, columns: BTreeMap::new(), lists: BTreeMap::new() }
    }

    pub fn column(&self, code: &str) -> Result<&Column, Refusal> {
        let own = self.columns.get(code);
        own.or_else(|| COLUMNS.iter().find(|column| column.code == code)).ok_or_else(Column::not_found)
    }

    /// All columns in their order.
    pub fn columns(&self) -> Vec<&Column> {
        let others = COLUMNS.iter().filter(|column| !self.columns.contains_key(&column.code));
        let mut all: Vec<_> = self.columns.values().chain(others).collect();
        all.sort_by_key(|column| (column.rank, &column.code));
        all
    }

    /// The list in force on a day.
    pub fn list(&self, code: &str, day: Date) -> Result<&List, Refusal> {
        let own = self.lists.get(code).into_iter().flatten().rev();
        let in_force = own.into_iter().find(|list| list.effective_on.is_none_or(|from| from <= day));
        in_force.or_else(|| LISTS.iter().find(|list| list.code == code)).ok_or_else(|| {
            Refusal::not_found("REQUIREMENTS_NOT_FOUND", "没有此公开要素清单", "there is no such list of requirements")
        })
    }

    /// All lists as they are in force on a day, by code.
    pub fn lists(&self, day: Date) -> Vec<&List> {
        let mut codes: Vec<&str> = self.lists.keys().map(String::as_str).collect();
        codes.extend(LISTS.iter().map(|list| list.code.as_str()));
        codes.sort_unstable();
        codes.dedup();
        codes.into_iter().filter_map(|code| self.list(code, day).ok()).collect()
    }

    /// Number of the newest version of a list; 0 where the division has set none.
    pub fn newest(&self, code: &str) -> u32 {
        self.lists.get(code).and_then(|versions| versions.last()).map_or(0, |list| list.version)
    }

    /// Creates a column or changes it.
    pub fn set_column(&mut self, mut column: Column, by: &str, mirror: &Mirror, today: Date) -> Result<(), Refusal> {
        people::manager(mirror, self.division, by)?;
        self.list(&column.list(), today)?;
        if let Some(review) = &column.standing_review {
            mirror.person(self.division, &review.reviewer)?;
            people::leads(mirror.person(self.division, &review.leader)?)?;
        }
        column.version = self.columns.get(&column.code).map_or(0, |there| there.version) + 1;
        self.columns.insert(column.code.clone(), column);
        self.version += 1;
        Ok(())
    }

    /// Adds a version of a list; of two of one day the later one counts.
    pub fn set_list(
        &mut self,
        mut list: List,
        from: Date,
        by: &str,
        mirror: &Mirror,
        today: Date,
    ) -> Result<(), Refusal> {
        people::manager(mirror, self.division, by)?;
        let versions = self.lists.entry(list.code.clone()).or_default();
        let newest = versions.last().and_then(|newest| newest.effective_on).unwrap_or(today);
        if from < today.max(newest) {
            let (zh, en) =
                ("生效日期须不早于今天，也不早于上一版本", "must be today or later, and not before the last one's");
            return Err(Refusal::field("requirements.effective_on", zh, en));
        }
        list.version = versions.last().map_or(0, |newest| newest.version) + 1;
        list.effective_on = Some(from);
        versions.push(list);
        self.version += 1;
        Ok(())
    }

    /// The newest version of a list, also one that is not in force yet.
    pub fn newest_list(&self, code: &str) -> Option<&List> {
        self.lists.get(code)?.last()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn what_comes_with_the_suite_is_whole() {
        let columns: Vec<Column> = serde_json::from_str(include_str!("../../data/columns.json")).expect("columns");
        let lists: Vec<List> = serde_json::from_str(include_str!("../../data/requirements.json")).expect("lists");
        let codes: HashSet<_> = lists.iter().map(|list| list.code.clone()).collect();
        assert_eq!(codes.len(), lists.len(), "no code twice");
        for category in 1..=15 {
            assert!(codes.contains(&format!("art20-{category:02}")), "{category}");
        }
        for column in &columns {
            assert!(codes.contains(&column.list()), "{}", column.code);
            assert!((1..=15).contains(&column.category) && (1..=20).contains(&column.limit) && column.bar <= 100);
        }
        for list in &lists {
            let elements: HashSet<_> = list.elements.iter().map(|element| &element.code).collect();
            assert!(!list.basis.is_empty() && (1..=40).contains(&list.elements.len()), "{}", list.code);
            assert_eq!(elements.len(), list.elements.len(), "{}: no element twice", list.code);
        }
    }
}
