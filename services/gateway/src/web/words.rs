//! The two languages of the pages, and how numbers are written.

use std::fmt::Write;

use askama::{Template, filters::HtmlSafe};

use crate::domain::{
    duty,
    fact::State,
    figures::{DayOf, Figure, Rate},
    label::Label,
};

/// Which language goes first; the other stands beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    #[default]
    Zh,
    En,
}

impl Lang {
    /// BCP 47.
    pub fn code(self) -> &'static str {
        match self {
            Lang::Zh => "zh-CN",
            Lang::En => "en",
        }
    }

    /// As it stands in an address.
    pub fn param(self) -> &'static str {
        match self {
            Lang::Zh => "zh",
            Lang::En => "en",
        }
    }

    pub fn other(self) -> Lang {
        match self {
            Lang::Zh => Lang::En,
            Lang::En => Lang::Zh,
        }
    }

    /// Both, this language first.
    pub fn both(self, zh: &str, en: &str) -> Both {
        let (zh, en) = ((Lang::Zh, zh.to_owned()), (Lang::En, en.to_owned()));
        let (mut first, mut second) = if self == Lang::Zh { (zh, en) } else { (en, zh) };
        if first.1.is_empty() {
            (first, second) = (second, (self, String::new()));
        }
        Both { first: first.1, first_lang: first.0.code(), second: second.1, second_lang: second.0.code() }
    }

    /// This language alone, or the other where there is nothing in it.
    pub fn one(self, zh: &str, en: &str) -> String {
        self.both(zh, en).first
    }

    /// The same as a text that is marked as what it is.
    pub fn only(self, zh: &str, en: &str) -> Both {
        self.both(zh, en).alone()
    }

    pub fn words(self, words: Words) -> Both {
        self.both(words.zh, words.en)
    }

    /// A label, or the code where there is none.
    pub fn label(self, label: &Label, code: &str) -> Both {
        if label.zh.is_empty() && label.en.is_empty() { self.both(code, "") } else { self.both(&label.zh, &label.en) }
    }
}

/// A text in both languages, each marked as what it is. It escapes what it shows, so it may stand in a page as it is.
#[derive(Clone, Debug, Template)]
#[template(
    ext = "html",
    source = r#"<span lang="{{ first_lang }}">{{ first }}</span>{% if !second.is_empty() %} <span class="also" lang="{{ second_lang }}">{{ second }}</span>{% endif %}"#
)]
pub struct Both {
    pub first: String,
    pub first_lang: &'static str,
    pub second: String,
    pub second_lang: &'static str,
}

impl HtmlSafe for Both {}

impl Both {
    /// What stands first, without what would stand beside it.
    pub fn alone(self) -> Both {
        Both { second: String::new(), ..self }
    }
}

/// A number, and where its cases are listed.
#[derive(Clone, Debug, Template)]
#[template(
    ext = "html",
    source = r#"{% if href.is_empty() %}{{ text }}{% else %}<a href="{{ href }}">{{ text }}</a>{% endif %}"#
)]
pub struct Number {
    pub text: String,
    pub href: String,
}

impl HtmlSafe for Number {}

/// A fixed text.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    pub zh: &'static str,
    pub en: &'static str,
}

pub const fn words(zh: &'static str, en: &'static str) -> Words {
    Words { zh, en }
}

/// What a figure is called.
pub fn figure(figure: Figure) -> Words {
    match figure {
        Figure::Received => words("收件", "Received"),
        Figure::Accepted => words("受理", "Accepted"),
        Figure::Completed => words("办结", "Completed"),
        Figure::OnTimeLegal => words("法定时限内", "On time (legal)"),
        Figure::OnTimePromised => words("承诺时限内", "On time (promised)"),
        Figure::Open => words("在办", "Open"),
        Figure::OverdueLegal => words("超法定时限在办", "Overdue (legal)"),
        Figure::OverduePromised => words("超承诺时限在办", "Overdue (promised)"),
        Figure::Refused => words("不予受理", "Refused at the door"),
        Figure::Lapsed => words("逾期未补正", "Lapsed"),
        Figure::DeemedAccepted => words("默示受理", "Accepted by silence"),
        Figure::Supplemented => words("一次性补正", "Supplement asked"),
        Figure::Suspended => words("期限中止", "Clock suspended"),
        Figure::Extended => words("延长期限", "Extended"),
        Figure::Granted => words("准予", "Granted"),
        Figure::Denied => words("不予许可", "Denied"),
        Figure::Instant => words("即办件", "Instant"),
        Figure::EndedInPeriod => words("期内办结", "Ended in the period"),
        Figure::LateEntered => words("补录", "Entered late"),
    }
}

/// Which cases a figure is about, in a word.
pub fn cohort(figure: Figure) -> Words {
    match figure.condition().day {
        DayOf::Receipt | DayOf::LateReceipt | DayOf::ReceiptUnaccepted => words("收件于本期", "received in the period"),
        DayOf::Acceptance | DayOf::AcceptanceWaiting => words("受理于本期", "accepted in the period"),
        DayOf::Decision => words("决定于本期", "decided in the period"),
        DayOf::End => words("办结于本期", "ended in the period"),
    }
}

/// What a figure counts.
pub fn meaning(figure: Figure) -> Words {
    match figure {
        Figure::Received => words("期内收件的办件", "Cases received in the period."),
        Figure::Accepted => words("期内受理的办件，含默示受理", "Cases accepted in the period, by silence included."),
        Figure::Completed => words(
            "期内受理的办件中，已办结的（无论结果）",
            "Of the cases accepted in the period: come to their end, whatever the end.",
        ),
        Figure::OnTimeLegal => words(
            "期内受理的办件中，法定到期日（含）前作出决定的；未作决定的，到期日前结束的",
            "Of the cases accepted in the period: decided, or ended without a decision, by the legal due day.",
        ),
        Figure::OnTimePromised => words(
            "期内受理的办件中，承诺到期日（含）前作出决定的；未作决定的，到期日前结束的",
            "Of the cases accepted in the period: decided, or ended without a decision, by the promised due day.",
        ),
        Figure::Open => {
            words("期内受理的办件中，尚未办结的", "Of the cases accepted in the period: not come to their end.")
        }
        Figure::OverdueLegal => words(
            "期内受理的办件中，未作决定且已过法定到期日的",
            "Of the cases accepted in the period: undecided and past the legal due day.",
        ),
        Figure::OverduePromised => words(
            "期内受理的办件中，未作决定且已过承诺到期日的",
            "Of the cases accepted in the period: undecided and past the promised due day.",
        ),
        Figure::Refused => words("期内收件、不予受理的办件", "Received in the period and refused at the door."),
        Figure::Lapsed => {
            words("期内收件、逾期未补正视为撤回的办件", "Received in the period and lapsed without supplement.")
        }
        Figure::DeemedAccepted => words(
            "期内受理的办件中，逾期未告知而视为受理的（行政许可法第三十二条）",
            "Of the cases accepted in the period: accepted by silence (Licensing Law, art. 32).",
        ),
        Figure::Supplemented => words(
            "期内受理的办件中，曾一次性告知补正的",
            "Of the cases accepted in the period: a supplement was asked for.",
        ),
        Figure::Suspended => words(
            "期内受理的办件中，期限曾中止的（第四十五条）",
            "Of the cases accepted in the period: the clock was stopped at least once (art. 45).",
        ),
        Figure::Extended => words(
            "期内受理的办件中，经批准延长的（第四十二条）",
            "Of the cases accepted in the period: extended (art. 42).",
        ),
        Figure::Granted => words("期内受理的办件中，准予的", "Of the cases accepted in the period: decided in favour."),
        Figure::Denied => words("期内受理的办件中，不予许可的", "Of the cases accepted in the period: denied."),
        Figure::Instant => words("期内受理的办件中，即办件", "Of the cases accepted in the period: of instant items."),
        Figure::EndedInPeriod => words(
            "期内办结的已受理办件，无论何时受理",
            "Accepted cases that ended in the period, whenever they were accepted.",
        ),
        Figure::LateEntered => words(
            "期内收件、录入时间晚于所载收件时间五分钟以上的办件",
            "Received in the period, by what the entry states, and entered more than five minutes later.",
        ),
    }
}

/// What a state is called.
pub fn state(state: State) -> Words {
    match state {
        State::Received => words("已收件待受理", "Received"),
        State::SupplementPending => words("待补正", "Awaiting supplement"),
        State::Accepted => words("审查中", "In review"),
        State::Suspended => words("期限中止", "Clock suspended"),
        State::Granted => words("准予待取件", "Granted, to be handed out"),
        State::Denied => words("不予许可待送达", "Denied, to be served"),
        State::Issued => words("已出件", "Issued"),
        State::Refused => words("不予受理", "Refused"),
        State::Lapsed => words("逾期未补正", "Lapsed"),
        State::Withdrawn => words("申请人撤回", "Withdrawn"),
        State::Terminated => words("终止", "Terminated"),
    }
}

/// What is counted of duties.
pub fn mark(mark: duty::Mark) -> Words {
    match mark {
        duty::Mark::Required => words("应值班", "Required"),
        duty::Mark::Attended => words("实到", "Attended"),
        duty::Mark::Substituted => words("替班", "Substituted"),
        duty::Mark::Late => words("迟到", "Late"),
        duty::Mark::Early => words("早退", "Left early"),
        duty::Mark::Absent => words("缺勤", "Absent"),
        duty::Mark::Excused => words("准假", "Excused"),
    }
}

/// What is counted of publications, and what it means.
pub const PUBLICITY: [(Words, Words); 8] = [
    (words("公开", "Published"), words("期内首次公开的信息", "Publications that became public in the period.")),
    (words("更正", "Corrected"), words("期内更正后的新版本", "Further editions of what was public, in the period.")),
    (words("撤回", "Withdrawn"), words("期内撤回的信息", "Publications taken away in the period.")),
    (
        words("按时", "On time"),
        words(
            "期内公开和更正中，自信息形成或变更之日起法定工作日内公开的（政府信息公开条例第二十六条）",
            "Of published and corrected: by the last working day of their clock (art. 26).",
        ),
    ),
    (
        words("逾期未公开", "Overdue"),
        words(
            "目前已过期限而尚未公开的草稿，不论期间",
            "Drafts that are past their last day now, whatever the period.",
        ),
    ),
    (
        words("要素齐全", "Conforming"),
        words(
            "期内公开和更正中，栏目要求的公开要素全部写明的",
            "Of published and corrected: said everything that their column requires.",
        ),
    ),
    (words("图片", "Pictures"), words("期内首次公开的信息所附图片", "Of what became public in the period.")),
    (words("浏览", "Views"), words("期内信息页面的浏览次数", "Pages of publications that were looked at.")),
];

/// How a duty stands, and a class to show it in; what is said first matters most.
pub fn standing(of: duty::Standing) -> Vec<(Words, &'static str)> {
    let mut said = match of.state {
        duty::State::Planned => Vec::new(),
        duty::State::OnDuty => vec![(words("在岗", "On duty"), "good")],
        duty::State::Served if of.late || of.early => Vec::new(),
        duty::State::Served => vec![(words("到岗", "Attended"), "good")],
        duty::State::Absent => vec![(mark(duty::Mark::Absent), "bad")],
        duty::State::Excused => vec![(mark(duty::Mark::Excused), "plain")],
    };
    let flags = [
        (of.late, duty::Mark::Late, "bad"),
        (of.early, duty::Mark::Early, "bad"),
        (of.substituted, duty::Mark::Substituted, "plain"),
    ];
    said.extend(flags.into_iter().filter(|(is, ..)| *is).map(|(_, flag, class)| (mark(flag), class)));
    said
}

/// With thousands set apart: 131,565.
pub fn number(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + 8);
    if n < 0 {
        text.push('-');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Two digits after the point, truncated; a dash of nothing.
pub fn percent(rate: Rate) -> String {
    rate.basis_points().map_or_else(|| "—".to_owned(), |points| format!("{}%", hundredths(points.into())))
}

/// 435 is 4.35.
pub fn hundredths(n: i64) -> String {
    format!("{}.{:02}", n / 100, n % 100)
}

/// A text for an address, percent-encoded.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!([0, 999, 1_000, 131_565, -1_234_567].map(number), ["0", "999", "1,000", "131,565", "-1,234,567"]);
        assert_eq!(percent(Rate { numerator: 131_558, denominator: 131_565 }), "99.99%");
        assert_eq!(percent(Rate { numerator: 0, denominator: 0 }), "—");
        assert_eq!(percent(Rate { numerator: 1, denominator: 2_000 }), "0.05%");
    }

    #[test]
    fn each_language_stands_first_or_beside_and_a_missing_one_is_left_out() {
        let text = |lang: Lang, zh: &str, en: &str| lang.both(zh, en).to_string();
        assert_eq!(
            text(Lang::En, "受理", "Accepted"),
            r#"<span lang="en">Accepted</span> <span class="also" lang="zh-CN">受理</span>"#
        );
        assert_eq!(text(Lang::En, "受理", ""), r#"<span lang="zh-CN">受理</span>"#);
        assert_eq!(text(Lang::Zh, "<b>", ""), r#"<span lang="zh-CN">&#60;b&#62;</span>"#);
    }
}
