//! What lists and the search show of a publication.

use calendar::Date;
use kit::id::Division;
use serde::{Deserialize, Serialize};

use super::{
    content::Content,
    publication::{Publication, Standing},
};

/// A publication as the public finds it; kept beside it, and changed with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    pub division: Division,
    /// Of the publication.
    pub id: String,
    /// False where it was withdrawn: then nobody finds it.
    pub public: bool,
    pub title: String,
    pub summary: String,
    pub unit: String,
    pub column: String,
    /// 1 to 15.
    pub category: u8,
    pub subjects: Vec<String>,
    pub formed_on: Date,
    /// Of its first edition: where it stands in lists.
    pub published_at: i64,
    pub edition: u32,
    pub source: String,
    pub files: u32,
    pub pictures: u32,
    /// The text that is searched besides the title: summary, sections, body, as Markdown. Only its words are kept: a row
    /// reads back without it, so whoever shows it anew gives it anew.
    #[serde(skip)]
    pub text: String,
}

impl Shown {
    /// A publication as its last edition shows it, whose text is `content`. None where nothing ever was public.
    pub fn of(publication: &Publication, content: &Content) -> Option<Shown> {
        let (first, last) = (publication.editions.first()?, publication.editions.last()?);
        let sections = content.sections.iter().flat_map(|section| [section.heading.as_str(), section.text.as_str()]);
        let texts: Vec<&str> = [content.summary.as_str()].into_iter().chain(sections).chain([&*content.body]).collect();
        let pictures = content.pictures();
        Some(Shown {
            division: publication.division,
            id: publication.id.clone(),
            public: publication.standing == Standing::Public,
            title: content.title.clone(),
            summary: content.summary.clone(),
            unit: content.unit.clone(),
            column: content.column.clone(),
            category: last.category,
            subjects: content.subjects.clone(),
            formed_on: content.formed_on,
            published_at: first.published_at,
            edition: last.number,
            source: publication.source.clone(),
            files: (content.files.len() - pictures) as u32,
            pictures: pictures as u32,
            text: texts.join("\n"),
        })
    }
}
