//! What the address of a page asks for.

use axum::{extract::Query, http::Uri};
use kit::{form::Form, id::Division, refusal::Refusal};

use super::words::Lang;
use crate::{
    ask,
    domain::{
        day::{Day, Period},
        duty::{Mark, Search},
        figures::Figure,
        scope::{Scope, Selection},
        span::Span,
    },
};

/// The part of an address after the question mark. What is not asked for here is passed over.
pub struct Asked(Vec<(String, String)>);

impl Asked {
    pub fn read(uri: &Uri) -> Result<Asked, Refusal> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| Refusal::field("?", "地址中的查询条件无法识别", "the query of the address cannot be read"))?;
        Ok(Asked(pairs))
    }

    /// The language, whatever else is wrong.
    pub fn lang_or_default(uri: &Uri) -> Lang {
        let english = uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "lang=en"));
        if english { Lang::En } else { Lang::Zh }
    }

    pub fn lang(&self) -> Result<Lang, Refusal> {
        match self.get("lang")? {
            "" | "zh" => Ok(Lang::Zh),
            "en" => Ok(Lang::En),
            _ => Err(Refusal::field("lang", "须为 zh 或 en", "must be zh or en")),
        }
    }

    pub fn division(&self) -> Result<Option<Division>, Refusal> {
        match self.get("division")? {
            "" => Ok(None),
            code => code
                .parse()
                .map(Some)
                .map_err(|_| Refusal::field("division", "行政区划代码为6位数字", "a division has six digits")),
        }
    }

    /// A calendar year, or this one.
    pub fn year(&self, today: Day) -> Result<i16, Refusal> {
        let text = self.get("year")?;
        if text.is_empty() {
            return Ok(today.date().year());
        }
        let four = Some(text).filter(|text| text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()));
        let year = four.and_then(|text| text.parse().ok()).filter(|year| *year > 0);
        year.ok_or_else(|| Refusal::field("year", "年份为4位数字", "a year has four digits"))
    }

    /// A week, a month, a year, or this year: the finest that is asked for.
    pub fn span(&self, today: Day) -> Result<Span, Refusal> {
        for name in ["week", "month"] {
            let text = self.get(name)?;
            if !text.is_empty() {
                let span = Span::parse(text).filter(|span| span.kind() == name);
                let (zh, en) = ("格式应为2016-03或2016-W10", "must be like 2016-03 or 2016-W10");
                return span.ok_or_else(|| Refusal::field(name, zh, en));
            }
        }
        self.year(today).map(Span::Year)
    }

    /// The figure whose cases are asked for.
    pub fn figure(&self) -> Result<Figure, Refusal> {
        let unknown = || Refusal::field("figure", "必填，须为已知指标", "required, one of the known figures");
        Figure::named(self.get("figure")?).ok_or_else(unknown)
    }

    /// Division, period and selection.
    pub fn scope(&self) -> Result<Scope, Refusal> {
        let mut form = Form::new();
        let required = || Refusal::field("division", "必填", "required");
        let division = form.take(self.division().and_then(|division| division.ok_or_else(required)));
        let period = form.take(self.period());
        let selection = form.take(self.selection());
        let ((division, period), selection) = ask::read(form, division.zip(period).zip(selection))?;
        Ok(Scope { division, period, selection })
    }

    /// A month, if one is asked for.
    pub fn month(&self) -> Result<Option<Period>, Refusal> {
        match self.get("month")? {
            "" => Ok(None),
            month => ask::month(month).map(Some),
        }
    }

    /// Code of a unit, or empty.
    pub fn unit(&self) -> Result<String, Refusal> {
        self.selection().map(|selection| selection.unit)
    }

    /// Code of a column, or empty.
    pub fn column(&self) -> Result<String, Refusal> {
        ask::column(self.get("column")?)
    }

    /// Code of a person, or empty.
    pub fn person(&self) -> Result<String, Refusal> {
        ask::person(self.get("person")?)
    }

    /// What is counted of duties, if it is asked for.
    pub fn mark(&self) -> Result<Option<Mark>, Refusal> {
        match self.get("mark")? {
            "" => Ok(None),
            code => ask::mark(code).map(Some),
        }
    }

    /// Which duties.
    pub fn search(&self) -> Result<Search, Refusal> {
        let mut form = Form::new();
        let required = || Refusal::field("division", "必填", "required");
        let division = form.take(self.division().and_then(|division| division.ok_or_else(required)));
        let (period, mark) = (form.take(self.period()), form.take(self.mark()));
        let (unit, person) = (form.take(self.unit()), form.take(self.person()));
        let post = form.take(self.get("post").and_then(ask::post));
        let whole = division.zip(period).zip(mark).zip(unit.zip(person)).zip(post);
        let ((((division, period), mark), (unit, person)), post) = ask::read(form, whole)?;
        Ok(Search { division, period, unit, person, post, mark })
    }

    pub fn page_token(&self) -> Result<&str, Refusal> {
        self.get("page_token")
    }

    /// Where to go on.
    pub fn next(&self) -> Result<String, Refusal> {
        self.get("next").map(super::sign::local)
    }

    fn period(&self) -> Result<Period, Refusal> {
        ask::period(["first", "last"], self.get("first")?, self.get("last")?)
    }

    pub fn selection(&self) -> Result<Selection, Refusal> {
        let code = |name| self.get(name).map(str::to_owned);
        ask::selection("", Selection { unit: code("unit")?, item: code("item")?, window: code("window")? })
    }

    /// Empty where it is not there; refused where it is there twice.
    pub fn get(&self, name: &str) -> Result<&str, Refusal> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (None, _) => Ok(""),
            (Some(value), None) => Ok(value),
            _ => Err(Refusal::field(name, "只能出现一次", "must be there only once")),
        }
    }
}
