//! Filters (the part of AIP-160 that lists need): terms `field operator value` joined by AND.

use crate::refusal::Refusal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// One term of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    pub field: String,
    pub operator: Operator,
    pub value: String,
}

/// Reads a filter of at most 20 terms and 1,000 bytes; an empty one has no terms.
pub fn parse(filter: &str) -> Result<Vec<Term>, Refusal> {
    if filter.len() > 1_000 {
        return Err(refuse("too long", "过长"));
    }
    let mut rest = filter.trim();
    let mut terms = Vec::new();
    while !rest.is_empty() {
        if !terms.is_empty() {
            rest = match rest.strip_prefix("AND") {
                Some(next) if next.starts_with(char::is_whitespace) => next.trim_start(),
                _ => return Err(refuse("terms are joined by AND", "条件之间须用 AND 连接")),
            };
        }
        let (term, next) =
            term(rest).ok_or_else(|| refuse("a term reads `field = value`", "条件写法为 field = value"))?;
        terms.push(term);
        rest = next.trim_start();
        if terms.len() > 20 {
            return Err(refuse("at most 20 terms", "最多20个条件"));
        }
    }
    Ok(terms)
}

/// Refuses a filter, naming the field.
pub fn refuse(en: &str, zh: &str) -> Refusal {
    Refusal::field("filter", zh, en)
}

fn term(text: &str) -> Option<(Term, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.')?;
    let (field, rest) = text.split_at(end);
    let rest = rest.trim_start();
    // Longer operators first, or `<=` would read as `<`.
    let (operator, rest) = [
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("!=", Operator::NotEqual),
        ("=", Operator::Equal),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ]
    .into_iter()
    .find_map(|(sign, operator)| rest.strip_prefix(sign).map(|rest| (operator, rest.trim_start())))?;
    let (value, rest) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
    };
    let bare = !field.is_empty() && (!value.is_empty()) && !value.contains('"');
    bare.then(|| (Term { field: field.to_owned(), operator, value: value.to_owned() }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_in_order_quoted_or_not() {
        let terms = parse(r#"state = ACCEPTED AND received_on>="2016-03-01""#).expect("two terms");
        assert_eq!(terms[0], Term { field: "state".into(), operator: Operator::Equal, value: "ACCEPTED".into() });
        assert_eq!(
            terms[1],
            Term { field: "received_on".into(), operator: Operator::GreaterOrEqual, value: "2016-03-01".into() }
        );
        assert!(parse("").expect("empty").is_empty());
    }

    #[test]
    fn what_is_not_a_filter_is_refused() {
        for bad in ["state", "state ACCEPTED", "= x", "a = b OR c = d", "a = \"b", "a = ", "a=b ANDc=d"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
