//! Where a value stands in a JSON text.

/// The line, from 1, of the value at a path such as `[3].materials[2].code`; of the nearest one around it where the path
/// leads nowhere. The text must be JSON.
pub fn line(text: &str, path: &str) -> usize {
    let mut at = skip_space(text, 0);
    for step in steps(path) {
        let Some(next) = enter(text, at, step) else { break };
        at = next;
    }
    1 + text.as_bytes()[..at].iter().filter(|b| **b == b'\n').count()
}

/// Where the elements of an array begin and end.
pub fn elements(text: &str) -> Vec<std::ops::Range<usize>> {
    let start = skip_space(text, 0);
    let mut elements = Vec::new();
    while let Some(at) = enter(text, start, Step::Index(elements.len())) {
        elements.push(at..end(text, at));
    }
    elements
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Index(usize),
    Key(&'a str),
}

fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    let parts = path.split(['.', '[']).filter(|part| !part.is_empty());
    parts.map(|part| match part.strip_suffix(']').and_then(|index| index.parse().ok()) {
        Some(index) => Step::Index(index),
        None => Step::Key(part),
    })
}

/// Where an element of the array, or the value of a key of the object, at `at` begins.
fn enter(text: &str, at: usize, step: Step<'_>) -> Option<usize> {
    let opening = *text.as_bytes().get(at)?;
    let mut at = skip_space(text, at + 1);
    let mut index = 0;
    while !matches!(text.as_bytes().get(at)?, b']' | b'}') {
        match (opening, step) {
            (b'[', Step::Index(wanted)) if wanted == index => return Some(at),
            (b'{', step) => {
                let key = &text[at..end(text, at)];
                let value = skip_space(text, skip_space(text, at + key.len()) + 1);
                if matches!(step, Step::Key(wanted) if key.trim_matches('"') == wanted) {
                    return Some(value);
                }
                at = value;
            }
            _ => {}
        }
        at = skip_space(text, end(text, at));
        if text.as_bytes().get(at) == Some(&b',') {
            at = skip_space(text, at + 1);
        }
        index += 1;
    }
    None
}

/// Where the value that begins at `at` ends.
fn end(text: &str, at: usize) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for (i, byte) in text.as_bytes()[at..].iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => {
                quoted = !quoted;
                if !quoted && depth == 0 {
                    return at + i + 1;
                }
            }
            _ if quoted => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth == 1 => return at + i + 1,
            b',' | b']' | b'}' | b':' if depth == 0 => return at + i,
            b']' | b'}' => depth -= 1,
            byte if byte.is_ascii_whitespace() && depth == 0 => return at + i,
            _ => {}
        }
    }
    text.len()
}

fn skip_space(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    at.min(text.len()) + rest.iter().take_while(|b| b.is_ascii_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"[
  {"code": "a\"]", "n": 1},
  {
    "code": "b",
    "list": [
      {"x": 1},
      {"x": 2, "y":
        true}
    ],
    "last": null
  }
]"#;

    #[test]
    fn a_value_is_found_by_its_path() {
        for (path, expected) in [
            ("", 1),
            ("[0]", 2),
            ("[0].n", 2),
            ("[1]", 3),
            ("[1].code", 4),
            ("[1].list", 5),
            ("[1].list[1]", 7),
            ("[1].list[1].y", 8),
            ("[1].last", 10),
            ("[1].list[9].y", 5),
            ("[1].none", 3),
        ] {
            assert_eq!(line(TEXT, path), expected, "{path}");
        }
    }

    #[test]
    fn elements_are_cut_where_they_end() {
        let elements: Vec<_> = elements(TEXT).into_iter().map(|range| &TEXT[range]).collect();
        assert_eq!(elements[0], r#"{"code": "a\"]", "n": 1}"#);
        assert!(elements[1].starts_with('{') && elements[1].ends_with('}'));
        assert_eq!(elements.len(), 2);
    }

    #[test]
    fn torn_text_is_no_reason_to_panic() {
        for i in 0..TEXT.len() {
            line(&TEXT[..i], "[1].list[1].y");
            elements(&TEXT[..i]);
        }
    }
}
