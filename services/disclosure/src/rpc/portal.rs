//! What the public finds: lists and the search.

use kit::{
    clock::Moment,
    form::{Form, finish},
    id::{self, Division},
    page,
    refusal::Refusal,
};
use proto::disclosure::v1 as pb;

use crate::{
    domain::{shown::Shown, words},
    office::{Office, unreadable},
    store::shown::{self, Selection, Stage},
};

/// Whom a publication may be for: the portal's subjects.
const SUBJECTS: [&str; 6] = ["person", "enterprise", "institution", "social", "organ", "other"];

pub async fn list(office: &Office, request: pb::ListPublishedRequest) -> Result<pb::ListPublishedResponse, Refusal> {
    let division = id::division("parent", &request.parent)?;
    let mut form = Form::new();
    let size = form.take(page::size(request.page_size, 20, 200));
    let selection = select(&mut form, request.selection.unwrap_or_default());
    let size = finish(form, size)?;
    let scope = scope("ListPublished", division, &selection, "");
    let scope: Vec<&str> = scope.iter().map(String::as_str).collect();
    let after = page::after(&office.keys, &scope, &request.page_token)?;
    let before = after.and_then(|place| place.parse().ok()).unwrap_or(i64::MAX);
    let mut found = shown::list(&office.store, division, &selection, before, size + 1).await.map_err(unreadable)?;
    let more = found.len() as u64 > size;
    found.truncate(size as usize);
    let last = found.last().filter(|_| more).map(|(place, _)| place.to_string());
    Ok(pb::ListPublishedResponse {
        publications: found.into_iter().map(|(_, shown)| summary(shown)).collect(),
        next_page_token: last.map(|last| page::token(&office.keys, &scope, &last)).unwrap_or_default(),
    })
}

pub async fn search(
    office: &Office,
    request: pb::SearchPublishedRequest,
) -> Result<pb::SearchPublishedResponse, Refusal> {
    let division = id::division("parent", &request.parent)?;
    let mut form = Form::new();
    let size = form.take(page::size(request.page_size, 20, 100));
    let query = form.text("query", &request.query, 1..=100);
    let words = words::asked(&query);
    if form.is_clean() && words.is_empty() {
        form.fault("query", "没有可供搜索的字词", "has no word to search for");
    }
    let selection = select(&mut form, request.selection.unwrap_or_default());
    form.require(selection.month.is_empty(), "selection.month", "搜索不能按月份", "is not for the search");
    let size = finish(form, size)?;
    let scope = scope("SearchPublished", division, &selection, &words.join(" "));
    let scope: Vec<&str> = scope.iter().map(String::as_str).collect();
    let after = page::after(&office.keys, &scope, &request.page_token)?;
    let from = after.and_then(|last| stage(&last)).unwrap_or(Stage::Titles(i64::MAX));
    let (found, next) =
        shown::search(&office.store, division, &selection, &words, from, size).await.map_err(unreadable)?;
    Ok(pb::SearchPublishedResponse {
        publications: found.into_iter().map(summary).collect(),
        next_page_token: next.map(|next| page::token(&office.keys, &scope, &last(next))).unwrap_or_default(),
        words,
    })
}

fn select(form: &mut Form, asked: pb::Selection) -> Selection {
    for (field, code) in [("selection.column", &asked.column), ("selection.unit", &asked.unit)] {
        let fits = code.is_empty() || id::is_id(code);
        form.require(fits, field, "编码由字母、数字、连字符和点组成", "must be a code of letters, digits, hyphen, dot");
    }
    let category = pb::Category::try_from(asked.category);
    form.require(category.is_ok(), "selection.category", "取值未知", "is of no known value");
    let known = asked.subject.is_empty() || SUBJECTS.contains(&&*asked.subject);
    form.require(known, "selection.subject", "服务对象未知", "is no known subject");
    let fits = asked.month.is_empty() || is_month(&asked.month);
    form.require(fits, "selection.month", "月份格式应为YYYY-MM", "must be a month YYYY-MM");
    Selection {
        column: asked.column,
        unit: asked.unit,
        category: category.map_or(0, |category| category as u8),
        subject: asked.subject,
        month: asked.month,
    }
}

fn is_month(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('-').is_some_and(|(year, month)| {
        year.len() == 4 && digits(year) && month.len() == 2 && digits(month) && ("01"..="12").contains(&month)
    })
}

/// What a page token belongs to.
fn scope(call: &str, division: Division, selection: &Selection, words: &str) -> [String; 8] {
    [
        call.to_owned(),
        division.to_string(),
        selection.column.clone(),
        selection.unit.clone(),
        selection.category.to_string(),
        selection.subject.clone(),
        selection.month.clone(),
        words.to_owned(),
    ]
}

fn last(stage: Stage) -> String {
    match stage {
        Stage::Titles(place) => format!("titles {place}"),
        Stage::Texts(place) => format!("texts {place}"),
    }
}

fn stage(last: &str) -> Option<Stage> {
    match last.split_once(' ')? {
        ("titles", place) => place.parse().ok().map(Stage::Titles),
        ("texts", place) => place.parse().ok().map(Stage::Texts),
        _ => None,
    }
}

fn summary(shown: Shown) -> pb::Summary {
    pb::Summary {
        name: shown.division.child("publications", &shown.id),
        index_number: format!("{}-{}", shown.division, shown.id),
        title: shown.title,
        summary: shown.summary,
        unit: shown.unit,
        column: shown.column,
        category: shown.category.into(),
        subjects: shown.subjects,
        formed_on: shown.formed_on.to_string(),
        published_at: Some(Moment(shown.published_at).timestamp()),
        edition: shown.edition as i32,
        source: shown.source,
        files: shown.files as i32,
        pictures: shown.pictures as i32,
    }
}
