//! The rules of duty as a file: the names of the contract's `DutyRules`, in TOML or JSON.

use std::{fs, path::Path};

use proto::roster::v1 as pb;

use super::json;
use crate::{trouble, window::At};

/// A sample to fill in; a test reads it.
pub const SAMPLE: &str = include_str!("sample.toml");

/// Reads a file. Windows and units may stand by their codes.
pub fn read(file: &Path, at: &At) -> anyhow::Result<pb::DutyRules> {
    let shown = file.display();
    let text = fs::read_to_string(file)
        .map_err(|error| trouble(format!("{shown} 无法读取：{error}"), format!("{shown} cannot be read: {error}")))?;
    let is_json = file.extension().is_some_and(|end| end == "json");
    let mut rules = parse(&text, is_json)
        .map_err(|error| trouble(format!("{shown} 有误：{error}"), format!("{shown} is wrong: {error}")))?;
    for post in &mut rules.posts {
        post.window = at.name("windows", &post.window)?;
    }
    for unit in &mut rules.units {
        *unit = at.name("units", unit)?;
    }
    Ok(rules)
}

/// What the server gives besides is left out: so what `rules show --json` prints can be set again.
fn parse(text: &str, is_json: bool) -> anyhow::Result<pb::DutyRules> {
    let rules: pb::DutyRules = if is_json {
        json::read("DutyRules", serde_json::from_str::<serde_json::Value>(text)?)?
    } else {
        json::read("DutyRules", toml::Deserializer::parse(text)?)?
    };
    Ok(pb::DutyRules { name: String::new(), revision: 0, etag: String::new(), ..rules })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_read_and_so_is_what_it_becomes_in_json() {
        let rules = parse(SAMPLE, false).expect("a sample");
        assert_eq!((rules.posts.len(), rules.posts[0].seats, rules.notice_days), (2, 1, 3));
        assert_eq!(rules.morning.as_ref().map(|hours| hours.first.as_str()), Some("08:30"));
        let text = json::of("DutyRules", &rules).to_string();
        assert_eq!(parse(&text, true).expect("the same"), rules);
    }

    #[test]
    fn a_name_that_is_none_is_told() {
        for (text, is_json) in [("late_minuts = 5", false), ("{\"late_minuts\": 5}", true), ("[posts", false)] {
            assert!(parse(text, is_json).is_err(), "{text}");
        }
        let told = parse("late_minuts = 5", false).expect_err("unknown").to_string();
        assert!(told.contains("late_minuts"), "{told}");
    }
}
