//! The READMEs keep up with the code.

use std::{
    fs,
    path::{Path, PathBuf},
};

#[test]
fn the_readme_of_a_service_names_every_reason_and_every_event_of_its_code() {
    let services = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services");
    let mut missing = Vec::new();
    for (service, events) in [("directory", false), ("intake", true), ("roster", true), ("disclosure", true)] {
        let home = services.join(service);
        let readme = fs::read_to_string(home.join("README.md")).expect("a README");
        let mut found = 0;
        for file in sources(&home.join("src")) {
            let code = fs::read_to_string(&file).expect("a source");
            let code = code.split("#[cfg(test)]").next().unwrap_or_default();
            for text in code.split('"').skip(1).step_by(2).filter(|text| is_reason(text) || events && is_event(text)) {
                found += 1;
                let named = text.split_once('.').map_or(text.to_owned(), |(_, event)| format!(".{event}`"));
                if !readme.contains(text) && !readme.contains(&named) {
                    missing.push(format!("{text} of {}", file.strip_prefix(&services).unwrap_or(&file).display()));
                }
            }
        }
        assert!(found > 15, "{service}: {found}");
    }
    assert!(missing.is_empty(), "not in the README of their service:\n{}", missing.join("\n"));
}

/// UPPER_SNAKE, as reasons of refusals are written.
fn is_reason(text: &str) -> bool {
    let is_upper = text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    is_upper && text.contains('_') && !text.ends_with('_') && text != "SCREAMING_SNAKE_CASE"
}

/// `noun.happened`, as the journal names most of what happened; fields are named so too, and do not end like that.
fn is_event(text: &str) -> bool {
    let nouns = ["case", "item", "leave", "plan", "duty", "exchange", "circular", "site", "publication"];
    text.split_once('.').is_some_and(|(noun, event)| nouns.contains(&noun) && event.ends_with("ed"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}
