//! Reading questions about figures, whether they come as messages or in the address of a page.

use jiff::ToSpan;
use kit::{form::Form, keys::Keys, page, refusal::Refusal};

use crate::domain::{
    day::{Day, Period},
    duty::{Mark, Search},
    figures::Figure,
    scope::{Scope, Selection},
};

/// What was read, or every fault of it.
pub fn read<T>(form: Form, read: Option<T>) -> Result<T, Refusal> {
    form.finish()?;
    read.ok_or_else(|| Refusal::internal("a question had neither an answer nor a fault"))
}

/// Two days in order, at most twenty years; `fields` is where they stand.
pub fn period(fields: [&str; 2], first: &str, last: &str) -> Result<Period, Refusal> {
    let mut form = Form::new();
    let [first, last] = [(fields[0], first), (fields[1], last)].map(|(field, text)| {
        let day = Day::parse(text);
        form.require(day.is_some(), field, "必填，须为 YYYY-MM-DD 格式的日期", "required, a date YYYY-MM-DD");
        day
    });
    let period = first.zip(last).map(|(first, last)| Period { first, last });
    if let Some(Period { first, last }) = period {
        let end = first.date().saturating_add(20.years());
        form.require(first <= last, fields[1], "不能早于起始日期", "must not be before the first day");
        form.require(last.date() < end, fields[1], "期间最长二十年", "the period is at most twenty years");
    }
    read(form, period)
}

/// Codes of the right form, or empty; `prefix` goes before the fields' names.
pub fn selection(prefix: &str, selection: Selection) -> Result<Selection, Refusal> {
    let mut form = Form::new();
    let mut code = |name: &str, code: &str, form_of: [&str; 2], fits: fn(&[u8]) -> bool| {
        let fits = code.is_empty() || fits(code.as_bytes());
        form.require(fits, &format!("{prefix}{name}"), form_of[0], form_of[1]);
    };
    code("unit", &selection.unit, ["部门代码为3位数字", "a unit's code has three digits"], |code| {
        code.len() == 3 && code.iter().all(u8::is_ascii_digit)
    });
    let item = ["事项代码为1至40位字母、数字或连字符", "an item's code has 1 to 40 letters, digits or hyphens"];
    code("item", &selection.item, item, |code| {
        code.len() <= 40 && code.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
    });
    let window = ["窗口代码为1至12位大写字母、数字或连字符", "a window's code has 1 to 12 of A-Z, 0-9 and hyphen"];
    code("window", &selection.window, window, |code| {
        code.len() <= 12 && code.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'-')
    });
    read(form, Some(selection))
}

/// Code of a person: 1 to 20 of A-Z, 0-9 and hyphen; or empty.
pub fn person(code: &str) -> Result<String, Refusal> {
    fits(code, 20).ok_or_else(|| {
        Refusal::field("person", "工号为1至20位字母、数字或连字符", "a code has 1 to 20 of A-Z, 0-9 and hyphen")
    })
}

/// Code of a duty post: 1 to 10 of A-Z and 0-9; or empty.
pub fn post(code: &str) -> Result<String, Refusal> {
    let plain = fits(code, 10).filter(|code| !code.contains('-'));
    plain.ok_or_else(|| Refusal::field("post", "岗位代码为1至10位大写字母或数字", "a post has 1 to 10 of A-Z and 0-9"))
}

/// Code of a column: 1 to 30 of a-z, 0-9 and hyphen; or empty.
pub fn column(code: &str) -> Result<String, Refusal> {
    let plain = code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let (zh, en) = ("栏目代码为1至30位小写字母、数字或连字符", "a column's code has 1 to 30 of a-z, 0-9 and hyphen");
    if plain && code.len() <= 30 { Ok(code.to_owned()) } else { Err(Refusal::field("column", zh, en)) }
}

fn fits(code: &str, most: usize) -> Option<String> {
    let plain = code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-');
    (plain && code.len() <= most).then(|| code.to_owned())
}

/// What a duty counts as.
pub fn mark(code: &str) -> Result<Mark, Refusal> {
    Mark::named(code).ok_or_else(|| Refusal::field("mark", "须为已知指标", "must be one of the known figures"))
}

/// A month, YYYY-MM.
pub fn month(text: &str) -> Result<Period, Refusal> {
    let first = Day::parse(&format!("{text}-01")).filter(|_| text.len() == 7);
    let month = first.map(|first| Period { first, last: Day::of(first.date().last_of_month()) });
    month.ok_or_else(|| Refusal::field("month", "月份格式应为YYYY-MM", "must be a month YYYY-MM"))
}

/// The tokens of one list of cases, good for that list only.
pub struct CasesToken<'a> {
    keys: &'a Keys,
    list: [String; 7],
}

impl<'a> CasesToken<'a> {
    pub fn new(keys: &'a Keys, scope: &Scope, figure: Figure) -> CasesToken<'a> {
        let Selection { unit, item, window } = scope.selection.clone();
        let (first, last) = (scope.period.first.to_string(), scope.period.last.to_string());
        CasesToken {
            keys,
            list: [scope.division.to_string(), figure.code().to_owned(), first, last, unit, item, window],
        }
    }

    /// After which case number the list goes on.
    pub fn after(&self, token: &str) -> Result<Option<String>, Refusal> {
        page::after(self.keys, &self.scope(), token)
    }

    /// The token to go on after this case number.
    pub fn next(&self, number: &str) -> String {
        page::token(self.keys, &self.scope(), number)
    }

    fn scope(&self) -> Vec<&str> {
        ["ListFigureCases"].into_iter().chain(self.list.iter().map(String::as_str)).collect()
    }
}

/// What a token of a list of duties is good for: that list only.
pub fn duties_token(search: &Search) -> [String; 7] {
    let Search { division, period, unit, person, post, mark } = search;
    let mark = mark.map_or("", Mark::code).to_owned();
    let period = format!("{} {}", period.first, period.last);
    ["ListDuties".to_owned(), division.to_string(), period, unit.clone(), person.clone(), post.clone(), mark]
}
