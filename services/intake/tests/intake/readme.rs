//! The README keeps up with the code.

use std::{
    fs,
    path::{Path, PathBuf},
};

#[test]
fn the_readme_names_every_reason_and_every_event_of_the_code() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(home.join("README.md")).expect("the README");
    let mut found = 0;
    for file in sources(&home.join("src")) {
        let code = fs::read_to_string(&file).expect("a source");
        for text in code.split('"').skip(1).step_by(2) {
            let is_reason =
                text.contains('_') && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') && !text.ends_with('_');
            let event = text.strip_prefix("case.").or(text.strip_prefix("item.")).filter(|event| event.ends_with("ed"));
            if is_reason {
                assert!(readme.contains(text), "{text} of {}", file.display());
                found += 1;
            } else if let Some(event) = event {
                assert!(readme.contains(&format!(".{event}`")), "{text} of {}", file.display());
                found += 1;
            }
        }
    }
    assert!(found > 50, "{found}");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}
