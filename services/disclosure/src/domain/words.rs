//! Words of a Chinese text, for the search: what a text is found by, and what a query asks for.
//!
//! A run of Chinese is cut by a dictionary. A text is found by the pieces, and by every dictionary word that begins and
//! ends where a piece or a word within a piece does: 许可 and 许可证 in 行政许可证, but not 和服 in 商品和服务. What no
//! dictionary knows (names, 医保) falls into single characters; those are found by pairs, with their neighbours too, since
//! a neighbour may be cut otherwise in another text. The price is a pair that is no word, such as 许可 in 允许可再生.

use std::{collections::BTreeSet, sync::LazyLock};

use jieba_rs::{Jieba, Token};
use pulldown_cmark::{Event, Options, Parser};

/// Loading takes a tenth of a second; [`warm`] does it beforehand.
static DICTIONARY: LazyLock<Jieba> = LazyLock::new(Jieba::new);

/// What lies beyond is not searched for: about 40 ms of cutting.
const MOST: usize = 100_000;
/// A word in letters and digits is cut off behind so many.
const LONGEST: usize = 40;
/// In most texts and of no help; a query asks for them only where it asks for nothing else.
const PARTICLES: &str = "的了和与及或在是之于对为把被等";

/// Loads the dictionary.
pub fn warm() {
    LazyLock::force(&DICTIONARY);
}

/// The words that a text is found by.
pub fn of(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for run in runs(&fold(text, MOST)) {
        match run {
            Run::Chinese(text) => cut_to_find(text, &mut words),
            Run::Other(word) => drop(words.insert(word.chars().take(LONGEST).collect())),
        }
    }
    words
}

/// The words that a query asks for, all of which must occur; none where it has no letter, digit or Chinese character.
pub fn asked(query: &str) -> Vec<String> {
    let mut words = Vec::new();
    for run in runs(&fold(query, MOST)) {
        match run {
            Run::Chinese(text) => cut_to_ask(text, &mut words),
            Run::Other(word) => words.push(word.chars().take(LONGEST).collect()),
        }
    }
    let mut seen = BTreeSet::new();
    words.retain(|word| seen.insert(word.clone()));
    if !words.iter().all(|word| is_particle(word)) {
        words.retain(|word| !is_particle(word));
    }
    words
}

/// A Markdown text as it is read, without what the markup says of it. HTML is text, as on the page.
pub fn plain(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Text(part) | Event::Code(part) | Event::Html(part) | Event::InlineHtml(part) => text.push_str(&part),
            // Emphasis ends within a word, everything else between words.
            Event::Start(tag) if is_inline(tag.to_end()) => {}
            Event::End(tag) if is_inline(tag) => {}
            _ => text.push(' '),
        }
    }
    text
}

fn is_inline(tag: pulldown_cmark::TagEnd) -> bool {
    use pulldown_cmark::TagEnd::{Emphasis, Link, Strikethrough, Strong};
    matches!(tag, Emphasis | Strong | Strikethrough | Link)
}

/// Full-width forms as half-width ones, capitals as small letters.
fn fold(text: &str, most: usize) -> String {
    let half = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        c => c,
    };
    text.chars().take(most).map(half).flat_map(char::to_lowercase).collect()
}

enum Run<'a> {
    Chinese(&'a str),
    /// Letters and digits of whatever other script.
    Other(&'a str),
}

/// The runs of a text; between them stands what is neither letter nor digit.
fn runs(text: &str) -> impl Iterator<Item = Run<'_>> {
    let class = |c: char| if is_chinese(c) { 2 } else { u8::from(c.is_alphanumeric()) };
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c| class(c) == 0);
        let first = class(rest.chars().next()?);
        let end = rest.find(|c| class(c) != first).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        rest = after;
        Some(if first == 2 { Run::Chinese(run) } else { Run::Other(run) })
    })
}

fn is_chinese(c: char) -> bool {
    matches!(c, '〇' | '々' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn is_particle(word: &str) -> bool {
    PARTICLES.contains(word)
}

fn is_single(token: &Token<'_>) -> bool {
    token.end - token.start == 1
}

fn cut_to_find(text: &str, words: &mut BTreeSet<String>) {
    let mut ends = vec![false; text.len() + 1];
    for word in DICTIONARY.cut_for_search(text, false) {
        (ends[word.byte_start], ends[word.byte_end]) = (true, true);
    }
    let known = DICTIONARY.cut_all(text);
    let whole = |word: &&Token<'_>| !is_single(word) && ends[word.byte_start] && ends[word.byte_end];
    words.extend(known.iter().filter(whole).map(|word| word.word.to_owned()));
    let pieces = DICTIONARY.cut(text, false);
    words.extend(pieces.iter().map(|piece| piece.word.to_owned()));
    for pair in pieces.windows(2) {
        if let [left, right] = pair
            && (is_single(left) || is_single(right))
            && !is_particle(left.word)
            && !is_particle(right.word)
        {
            words.extend(left.word.chars().next_back().zip(right.word.chars().next()).map(|(l, r)| format!("{l}{r}")));
        }
    }
}

fn cut_to_ask(text: &str, words: &mut Vec<String>) {
    let pieces = DICTIONARY.cut(text, false);
    let lone = |i: usize| pieces.get(i).is_some_and(|piece| is_single(piece) && !is_particle(piece.word));
    for (i, piece) in pieces.iter().enumerate() {
        match lone(i) {
            true if lone(i + 1) => words.push(format!("{}{}", piece.word, pieces[i + 1].word)),
            // Its pair with the one before it is asked for.
            true if i > 0 && lone(i - 1) => {}
            _ => words.push(piece.word.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(query: &str, text: &str) -> bool {
        let (asked, words) = (asked(query), of(&plain(text)));
        !asked.is_empty() && asked.iter().all(|word| words.contains(word))
    }

    #[test]
    fn a_word_is_found_inside_a_longer_one_and_not_across_two() {
        for (query, text) in [
            ("许可", "行政许可证"),
            ("许可证", "办理行政许可证须知"),
            ("行政许可", "行政许可事项"),
            ("值班", "二月份值班表"),
            ("政府", "尉氏县人民政府"),
            ("尉氏", "尉氏县人民政府"),
            ("尉氏县", "中共尉氏县委、尉氏县人民政府"),
            ("医保", "城乡居民医保缴费"),
            ("托幼", "托幼机构"),
            ("社保", "社保局搬迁公告"),
            ("食品经营许可", "关于食品经营许可的通知"),
            ("值班的安排", "春节值班安排"),
        ] {
            assert!(finds(query, text), "{query} in {text}: {:?} of {:?}", asked(query), of(text));
        }
        for (query, text) in [("和服", "商品和服务价格"), ("残疾", "值班表")] {
            assert!(!finds(query, text), "{query} in {text}: {:?}", of(text));
        }
    }

    #[test]
    fn width_and_case_do_not_matter_and_markup_is_no_text() {
        assert!(finds("covid-19", "ＣＯＶＩＤ－１９防控"));
        assert!(finds("Ａ０１", "a01窗口"));
        assert!(finds("2016 17", "尉政〔2016〕17号"));
        assert!(finds("许可", "**许**可 [x](https://example.com/abc)"));
        assert!(!finds("example", "[许可](https://example.com/abc)"));
        assert!(finds("script", "<script>alert(1)</script>"));
    }

    #[test]
    fn a_query_of_no_word_asks_for_nothing_and_one_of_particles_for_those() {
        for empty in ["", "。，、", "🎉", "\"*\" - ()", "\u{3000}"] {
            assert!(asked(empty).is_empty(), "{empty:?}");
        }
        assert_eq!(asked("的"), ["的"]);
        assert_eq!(asked("许可 许可 的"), ["许可"]);
        assert_eq!(asked("NEAR(a OR b)"), ["near", "a", "or", "b"]);
    }
}
