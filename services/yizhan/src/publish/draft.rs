//! A draft as a file: what it is between two lines `---`, then Markdown. A heading `## 设定依据 {#basis}` begins the section
//! that says the element `basis`; what stands before the first one, or under `{#body}`, is the text itself.

use std::{fs, path::Path};

use proto::disclosure::v1 as pb;

use crate::{trouble, window::At};

/// A sample to fill in; a test reads it.
pub const SAMPLE: &str = include_str!("sample.md");

/// Reads a file; unit and column stand by their codes.
pub fn read(file: &Path, at: &At) -> anyhow::Result<pb::Content> {
    let shown = file.display();
    let text = fs::read_to_string(file)
        .map_err(|error| trouble(format!("{shown} 无法读取：{error}"), format!("{shown} cannot be read: {error}")))?;
    let content =
        parse(&text).map_err(|(zh, en)| trouble(format!("{shown} 有误：{zh}"), format!("{shown} is wrong: {en}")))?;
    Ok(pb::Content { unit: at.name("units", &content.unit)?, column: at.name("columns", &content.column)?, ..content })
}

type Wrong = (String, String);

fn parse(text: &str) -> Result<pb::Content, Wrong> {
    let text = text.replace("\r\n", "\n");
    let missing =
        || ("开头应为两行 --- 之间的说明".to_owned(), "what it is stands first, between two lines ---".to_owned());
    let rest = text.trim_start_matches(['\u{feff}', '\n']).strip_prefix("---\n").ok_or_else(missing)?;
    let (head, markdown) = rest.split_once("\n---\n").or(rest.split_once("\n---")).ok_or_else(missing)?;
    let mut content = pb::Content::default();
    for line in head.lines().filter(|line| !line.trim().is_empty()) {
        let wrong = || (format!("这一行不是“名称: 内容”：{line}"), format!("not `name: text`: {line}"));
        let (name, said) = line.split_once([':', '：']).ok_or_else(wrong)?;
        let said = said.trim().to_owned();
        match name.trim() {
            "title" => content.title = said,
            "column" => content.column = said,
            "unit" => content.unit = said,
            "formed-on" => content.formed_on = said,
            "summary" => content.summary = said,
            "number" => content.document_number = said,
            "subjects" => {
                content.subjects = said
                    .split([',', '，', '、'])
                    .map(str::trim)
                    .filter(|one| !one.is_empty())
                    .map(str::to_owned)
                    .collect()
            }
            other => return Err((format!("不认识的名称：{other}"), format!("unknown name: {other}"))),
        }
    }
    divide(markdown, &mut content);
    Ok(content)
}

/// Divides Markdown into the sections and the body. A heading in a fenced code block is none.
fn divide(markdown: &str, content: &mut pb::Content) {
    let (mut body, mut fenced, mut in_body) = (String::new(), false, true);
    for line in markdown.lines() {
        fenced ^= line.trim_start().starts_with("```");
        match heading(line).filter(|_| !fenced) {
            Some((_, "body")) => in_body = true,
            Some((heading, element)) => {
                in_body = false;
                let (heading, element) = (heading.to_owned(), element.to_owned());
                content.sections.push(pb::Section { element, heading, text: String::new() });
            }
            None => {
                let text = content.sections.last_mut().filter(|_| !in_body).map_or(&mut body, |there| &mut there.text);
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    content.sections.iter_mut().for_each(|section| section.text = section.text.trim().to_owned());
    content.body = body.trim().to_owned();
}

/// `设定依据` and `basis` of `## 设定依据 {#basis}`.
fn heading(line: &str) -> Option<(&str, &str)> {
    let (heading, element) = line.strip_prefix("##")?.trim().strip_suffix('}')?.rsplit_once("{#")?;
    Some((heading.trim(), element.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_has_a_body_and_a_section() {
        let content = parse(SAMPLE).expect("a sample");
        assert_eq!(
            (content.column.as_str(), content.unit.as_str(), content.document_number.as_str()),
            ("notices", "012", "")
        );
        assert_eq!(content.subjects, ["person", "enterprise"]);
        assert!(content.body.starts_with("春节期间（2月7日"), "{}", content.body);
        let [section] = &content.sections[..] else { panic!("one section") };
        assert_eq!((section.element.as_str(), section.heading.as_str()), ("basis", "设定依据"));
        assert_eq!(section.text, "《中华人民共和国行政许可法》第三十条");
    }

    #[test]
    fn what_stands_under_body_and_in_a_code_block_is_no_section() {
        let text = "---\r\ntitle: 一\r\n---\r\n## {#fee}\r\n不收费\r\n```\r\n## 二 {#x}\r\n```\r\n## 正文 {#body}\r\n三\r\n### 四\r\n";
        let content = parse(text).expect("a draft");
        assert_eq!((content.sections.len(), content.body.as_str()), (1, "三\n### 四"));
        assert!(content.sections[0].heading.is_empty() && content.sections[0].text.contains("{#x}"));
    }

    #[test]
    fn a_name_that_is_none_is_told() {
        for text in ["", "title: 一", "---\ntitel: 一\n---\n", "---\ntitle\n---\n"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("---\ntitel: 一\n---\n").expect_err("unknown").1.contains("titel"));
    }
}
