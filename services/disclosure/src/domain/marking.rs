//! Secrecy markings (绝密, 机密, 秘密★): whatever carries one stops at the door.
//!
//! A marking is one of the three words with a star, a `密级：` before it, or a line of its own, however its characters are
//! spread. The words in running text are none: the law itself speaks of 国家秘密 and 商业秘密.

/// Where the sentence or its part ends.
const STOP: char = '。';
const STAR: char = '★';
const LEVELS: [&str; 6] = ["密级", "保密级别", "保密等级", "密级等级", "涉密等级", "涉密级别"];

/// The marking that a text carries, in its plain form.
pub fn marking(text: &str) -> Option<String> {
    let text = with_entities(text);
    let lines: Vec<Vec<char>> = text.lines().map(plain).filter(|line| !line.is_empty()).collect();
    let within = lines.iter().find_map(|line| in_line(line));
    // One character under the other.
    let down = || lines.windows(2).find_map(|two| (two[0].len() == 1).then(|| alone(&two.concat()))?);
    within.or_else(down)
}

/// What is seen of a line: letters, digits, stars, and where its parts end; in simplified characters of half width.
fn plain(line: &str) -> Vec<char> {
    let seen = |c: char| match c {
        '絕' => Some('绝'),
        '機' => Some('机'),
        '級' => Some('级'),
        '祕' => Some('秘'),
        '★' | '☆' | '⭐' | '✩' | '✪' | '✭' | '✮' | '✯' | '⋆' | '🌟' => Some(STAR),
        '*' | '＊' | '﹡' | '∗' | '✱' => Some('*'),
        '。' | '！' | '？' | '；' | '，' | '、' | ',' | ';' | '!' | '?' | '.' | '．' => Some(STOP),
        '０'..='９' => char::from_u32(c as u32 - '０' as u32 + '0' as u32),
        c => c.is_alphanumeric().then_some(c),
    };
    line.chars().filter_map(seen).collect()
}

fn in_line(line: &[char]) -> Option<String> {
    if let Some(word) = alone(line) {
        return Some(word);
    }
    (0..line.len()).find_map(|at| {
        let (word, end) = word_at(line, at)?;
        let (before, after) = (&line[..at], &line[end..]);
        let starred = !ends_with(before, "商业") && is_starred(after);
        let star = if starred { "★" } else { "" };
        (starred || is_levelled(before) && !names_another(after)).then(|| format!("{word}{star}"))
    })
}

/// One of the words at a place, with what is strewn between its characters; and where it ends.
fn word_at(line: &[char], at: usize) -> Option<(&'static str, usize)> {
    let word = match line.get(at)? {
        '绝' => "绝密",
        '机' => "机密",
        '秘' => "秘密",
        _ => return None,
    };
    let next = at + 1 + line[at + 1..].iter().take_while(|c| matches!(**c, '*' | STOP)).count();
    (line.get(next) == Some(&'密')).then_some((word, next + 1))
}

/// A star, or an asterisk and how long it is kept secret.
fn is_starred(after: &[char]) -> bool {
    let signs = after.iter().take_while(|c| matches!(**c, '*' | STOP | STAR)).count();
    after[..signs].contains(&STAR) || after[..signs].contains(&'*') && is_period(&after[signs..])
}

/// `10年`, `6个月`, `长期`, `启用前`.
fn is_period(text: &[char]) -> bool {
    let digits = text.iter().take_while(|c| c.is_ascii_digit() || "一二三四五六七八九十百两".contains(**c)).count();
    let is_counted = |unit: &&str| starts_with(&text[digits..], unit);
    digits > 0 && ["年", "个月", "月", "日", "天"].iter().any(is_counted)
        || ["长期", "永久", "启用前", "启封前", "解密前", "公布前"].iter().any(|word| starts_with(text, word))
}

fn is_levelled(before: &[char]) -> bool {
    let kept = before.len() - before.iter().rev().take_while(|c| matches!(**c, '*' | STAR)).count();
    LEVELS.iter().any(|level| ends_with(&before[..kept], level))
}

/// Several of the words in a row are spoken of, not marked with.
fn names_another(after: &[char]) -> bool {
    let gap = after.iter().take_while(|c| matches!(**c, STOP | '*' | '级' | '和' | '或' | '及' | '与')).count();
    word_at(after, gap).is_some()
}

/// A line that is only the word, with how long at most.
fn alone(line: &[char]) -> Option<String> {
    let first = line.iter().position(|c| !matches!(*c, '*' | STOP | STAR))?;
    let (word, end) = word_at(line, first)?;
    let rest: Vec<char> = line[end..].iter().copied().filter(|c| !matches!(*c, '*' | STOP)).collect();
    let rest = match rest.first() {
        Some('级' | '件') => &rest[1..],
        _ => &rest[..],
    };
    let whole = rest.iter().all(|c| *c == STAR) || is_period(rest) && rest.len() <= 6;
    let star = if is_starred(&line[end..]) { "★" } else { "" };
    whole.then(|| format!("{word}{star}"))
}

fn starts_with(text: &[char], word: &str) -> bool {
    word.chars().enumerate().all(|(i, c)| text.get(i) == Some(&c))
}

fn ends_with(text: &[char], word: &str) -> bool {
    let many = word.chars().count();
    text.len() >= many && starts_with(&text[text.len() - many..], word)
}

/// Markdown shows `&#26426;` as the character that it numbers.
fn with_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, entity) = rest.split_at(at);
        out.push_str(before);
        match read_entity(entity) {
            Some((c, length)) => {
                out.push(c);
                rest = &entity[length..];
            }
            None => {
                out.push('&');
                rest = &entity[1..];
            }
        }
    }
    out + rest
}

fn read_entity(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(16).position(|b| b == b';')?;
    let name = text.get(1..end)?;
    let number = match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        },
        None => match name {
            "nbsp" | "ensp" | "emsp" | "thinsp" | "zwj" | "zwnj" => return Some((' ', end + 1)),
            "star" => return Some((STAR, end + 1)),
            "starf" | "bigstar" => return Some((STAR, end + 1)),
            "ast" => return Some(('*', end + 1)),
            _ => return None,
        },
    };
    Some((char::from_u32(number)?, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marking_is_found_however_it_is_written() {
        for (text, found) in [
            ("机密★10年", "机密★"),
            ("绝密☆", "绝密★"),
            ("秘密*5年", "秘密★"),
            ("关于做好防汛工作的通知 秘 密 ★ 6个月", "秘密★"),
            ("绝密★启用前", "绝密★"),
            ("正文之前\n　机　密　\n正文", "机密"),
            ("【机密】", "机密"),
            ("# 绝密", "绝密"),
            ("绝\u{200b}密", "绝密"),
            ("機密", "机密"),
            ("絕 密 ★ 長期", "绝密★"),
            ("机\n密\n★", "机密"),
            ("密级：机密", "机密"),
            ("密级: 秘密  保密期限：10年", "秘密"),
            ("文号：尉政〔2016〕1号，密 級 ： 機 密", "机密"),
            ("| 密级 | 机密 |", "机密"),
            ("机·密", "机密"),
            ("机.密", "机密"),
            ("机-密 ★", "机密★"),
            ("秘密 １０ 年", "秘密"),
            ("机密级", "机密"),
            ("**机密**★", "机密★"),
            ("**秘密**5年", "秘密★"),
            ("&#26426;&#23494;", "机密"),
            ("&#x673a;&nbsp;&#x5bc6;&starf;", "机密★"),
            ("附件.机密★.pdf", "机密★"),
        ] {
            assert_eq!(marking(text).as_deref(), Some(found), "{text}");
        }
    }

    #[test]
    fn who_only_speaks_of_secrets_is_not_marked() {
        for text in [
            "依法保守国家秘密、商业秘密和个人隐私",
            "保守**国家秘密**是公民的义务",
            "涉及商业秘密的，不予公开",
            "商业秘密★",
            "保密审查意见：同意公开",
            "国家秘密的密级分为绝密、机密、秘密三级",
            "国家秘密的密级：绝密、机密、秘密",
            "| 密级 | 绝密 | 机密 | 秘密 |",
            "发动机密封件检验报告",
            "随机密码",
            "联系司机，密切配合",
            "严禁通过互联网传递绝密级、机密级文件",
            "不得泄露工作秘密",
            "秘密花园★★★★☆",
            "密级：公开",
            "",
            "&#xffffffff; &;&",
        ] {
            assert_eq!(marking(text), None, "{text}");
        }
    }
}
