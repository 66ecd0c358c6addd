//! The rules of the house, read from its sources. What each rule is for stands in services/README.md.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What a domain may touch besides itself: decisions are pure, so nothing here can wait, ask the time or write.
const PURE: [&str; 13] = [
    "std",
    "core",
    "alloc",
    "serde",
    "serde_json",
    "calendar",
    "jiff",
    "jieba_rs",
    "pulldown_cmark",
    "good_lp",
    "mirror",
    "tlog",
    "verify",
];
/// The files of kit that are pure, too. Of the clock only the moment is: see the rule.
const PURE_OF_KIT: [&str; 5] = ["actor", "clock", "form", "id", "refusal"];
/// The wire: types, codec and statuses.
const WIRE: [&str; 5] = ["proto", "prost", "prost_types", "tonic", "tonic_types"];
/// Crates of services/ that are no service: the program wires services, the others are what services stand on.
const NO_SERVICE: [&str; 6] = ["calendar", "kit", "mirror", "tlog", "verify", "yizhan"];
/// Names that say nothing of what is inside.
const EMPTY_NAMES: [&str; 8] = ["common", "util", "utils", "helper", "helpers", "manager", "managers", "misc"];
/// More lines than this in a source file, and it is split by noun. The habit is 400; this is the wall.
const MOST_LINES: usize = 500;

#[test]
fn a_domain_touches_only_what_is_pure() {
    let dependencies = dependencies_of_the_house();
    let mut faults = Vec::new();
    for source in sources(&rooms("domain")) {
        for path in paths(&source.code) {
            let fault = match *path.segments.iter().map(String::as_str).collect::<Vec<_>>() {
                ["crate", "domain", ..] | ["super" | "self" | "Self", ..] => false,
                ["crate", ..] => true,
                ["kit", "clock", "Clock", ..] => true,
                ["kit", file, ..] => !PURE_OF_KIT.contains(&file),
                // What is known of the directory, and neither how it is kept nor how it is learned.
                ["mirror", "rows" | "FollowDirectory", ..] => true,
                [head, ..] => (path.is_use || dependencies.contains(head)) && !PURE.contains(&head),
                [] => false,
            };
            faults.extend(fault.then(|| source.at(&path)));
        }
    }
    assert!(faults.is_empty(), "a domain reaches for what is not pure:\n{}", faults.join("\n"));
}

#[test]
fn a_store_knows_its_domain_and_nothing_of_the_wire() {
    let mut faults = Vec::new();
    for source in sources(&rooms("store")) {
        for path in paths(&source.code) {
            let fault = match *path.segments.iter().map(String::as_str).collect::<Vec<_>>() {
                ["crate", room, ..] => !["domain", "store"].contains(&room),
                [head, ..] => WIRE.contains(&head),
                [] => false,
            };
            faults.extend(fault.then(|| source.at(&path)));
        }
    }
    assert!(faults.is_empty(), "a store reaches upwards or for the wire:\n{}", faults.join("\n"));
}

#[test]
fn services_share_contracts_and_never_each_other_s_crates() {
    let services = services();
    let mut faults = Vec::new();
    for (crate_name, manifest) in manifests() {
        if ["yizhan", "tests"].contains(&crate_name.as_str()) {
            continue;
        }
        // A test may stand up a neighbour to talk to: dev-dependencies are in no program.
        let built = dependencies(&manifest, &["dependencies", "build-dependencies"]);
        let others = built.into_iter().filter(|name| services.contains(name) && *name != crate_name);
        faults.extend(others.map(|other| format!("{crate_name} depends on {other}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_services_stand_on_knows_no_business_and_calendar_and_tlog_do_no_io() {
    let house = [
        "calendar",
        "directory",
        "disclosure",
        "gateway",
        "intake",
        "kit",
        "migrations",
        "mirror",
        "proto",
        "roster",
        "tests",
        "tlog",
        "verify",
        "witness",
        "yizhan",
    ];
    // kit's own tests need tables, and kit with its feature `testing`.
    let may: [(&str, &[&str]); 6] = [
        ("calendar", &[]),
        ("proto", &[]),
        ("migrations", &[]),
        ("tlog", &[]),
        ("kit", &["proto", "migrations", "kit", "tlog"]),
        // What is checked with it must not come from who is checked: no kit, no store.
        ("verify", &["calendar", "proto", "tlog"]),
    ];
    let manifests = manifests();
    for (name, allowed) in may {
        let (_, manifest) = manifests.iter().find(|(crate_name, _)| crate_name == name).expect("the crate's manifest");
        let wrong: Vec<_> = dependencies(manifest, &["dependencies", "build-dependencies", "dev-dependencies"])
            .into_iter()
            .filter(|dependency| house.contains(&dependency.as_str()) && !allowed.contains(&dependency.as_str()))
            .collect();
        assert!(wrong.is_empty(), "{name} depends on {wrong:?}");
    }
    for source in sources(&["calendar", "tlog"].map(|name| root().join("services").join(name).join("src"))) {
        let io = ["fs", "net", "io", "env", "process", "thread"];
        for path in paths(&source.code) {
            let fault = matches!(&path.segments[..], [std, part, ..] if std == "std" && io.contains(&part.as_str()));
            assert!(!fault, "what is pure does I/O: {}", source.at(&path));
        }
    }
}

#[test]
fn nothing_has_a_name_that_says_nothing() {
    let mut faults = Vec::new();
    walk(&root(), &mut |path| {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_lowercase();
        if stem.split(['_', '-']).any(|word| EMPTY_NAMES.contains(&word)) {
            faults.push(path.display().to_string());
        }
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_street_has_these_houses_and_each_has_a_readme() {
    let files = ["Cargo.lock", "Cargo.toml", "CHANGELOG.md", "LICENSE", "README.md", "README.zh-CN.md"];
    let folders = ["deploy", "migrations", "proto", "services", "tests"];
    let rooms = [
        "appraisal",
        "calendar",
        "directory",
        "disclosure",
        "gateway",
        "hotline",
        "intake",
        "kit",
        "mirror",
        "roster",
        "tlog",
        "verify",
        "witness",
        "yizhan",
    ];
    for path in entries(&root()) {
        let name = name(&path);
        let known = if path.is_dir() { folders.contains(&name.as_str()) } else { files.contains(&name.as_str()) };
        assert!(known || name.starts_with('.'), "{name} at the root: the plan of the house knows no such name");
    }
    for path in entries(&root().join("services")).into_iter().filter(|path| path.is_dir()) {
        assert!(rooms.contains(&name(&path).as_str()), "services/{} is not in the plan of the house", name(&path));
    }
    let without: Vec<_> =
        folders.into_iter().filter(|folder| !root().join(folder).join("README.md").is_file()).collect();
    assert!(without.is_empty(), "no README.md in {without:?}");
    assert!(root().join("README.md").is_file(), "no README.md at the root");
}

#[test]
fn a_noun_keeps_its_file_and_the_file_stays_short() {
    let crates = crates().into_iter().map(|folder| folder.join("src")).collect::<Vec<_>>();
    for source in sources(&crates) {
        assert!(source.lines <= MOST_LINES, "{} has {} lines; split it by noun", source.path.display(), source.lines);
    }
}

#[test]
fn the_reading_of_paths_sees_what_is_there_and_nothing_else() {
    let code = code(
        "use kit::{id::{Division, child as c}, clock::Moment};\n// use proto::x;\nfn f() { let s = \"tonic::Status\"; \
         serde_json::to_string('\\''); let r = r#\"sea_orm::\"Db\"\"#; /* a /* tokio::x */ b */ x.map(proto::A::b::<T>) }\n\
         fn g<'a>(x: &'a str) -> std::fmt::Result",
    );
    let seen: Vec<_> = paths(&code).iter().map(|path| path.segments.join("::")).collect();
    let there = [
        "kit::id::Division",
        "kit::id::child",
        "kit::clock::Moment",
        "serde_json::to_string",
        "proto::A::b",
        "std::fmt::Result",
    ];
    assert_eq!(seen, there);
}

struct Source {
    path: PathBuf,
    /// Without comments, strings and characters.
    code: String,
    lines: usize,
}

impl Source {
    fn at(&self, path: &Found) -> String {
        let file = self.path.strip_prefix(root()).unwrap_or(&self.path);
        format!("{}:{}: {}", file.display(), path.line, path.segments.join("::"))
    }
}

/// A path of the code, `use` or expression.
#[derive(Debug)]
struct Found {
    segments: Vec<String>,
    line: usize,
    is_use: bool,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the root of the house")
}

fn name(path: &Path) -> String {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned()
}

/// What lies in a folder and is kept: not what git ignores.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let ignored = |path: &PathBuf| {
        ["target", "data", ".git", "__pycache__"].contains(&name(path).as_str())
            && (folder == root() || !path.join("README.md").is_file())
            || name(path).ends_with(".log")
    };
    let mut all: Vec<_> = fs::read_dir(folder)
        .expect("a folder of the house")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| !ignored(path))
        .collect();
    all.sort();
    all
}

fn walk(folder: &Path, visit: &mut impl FnMut(&Path)) {
    for path in entries(folder) {
        visit(&path);
        if path.is_dir() {
            walk(&path, visit);
        }
    }
}

/// Every crate's folder.
fn crates() -> Vec<PathBuf> {
    let services = entries(&root().join("services")).into_iter();
    let others = ["proto", "migrations", "tests"].map(|name| root().join(name));
    services.chain(others).filter(|folder| folder.join("Cargo.toml").is_file()).collect()
}

fn manifests() -> Vec<(String, String)> {
    let read = |folder: PathBuf| (name(&folder), fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest"));
    crates().into_iter().map(read).collect()
}

fn services() -> BTreeSet<String> {
    let names = entries(&root().join("services")).into_iter().filter(|path| path.is_dir()).map(|path| name(&path));
    names.filter(|name| !NO_SERVICE.contains(&name.as_str())).collect()
}

/// The folders of one room, of every service that has it.
fn rooms(room: &str) -> Vec<PathBuf> {
    let rooms: Vec<_> = services()
        .iter()
        .map(|service| root().join("services").join(service).join("src").join(room))
        .filter(|folder| folder.is_dir())
        .collect();
    assert!(rooms.len() >= 2, "two services at least have a {room}: {rooms:?}");
    rooms
}

fn sources(folders: &[PathBuf]) -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        walk(folder, &mut |path| {
            if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(path).expect("a source");
                sources.push(Source { path: path.to_owned(), code: code(&text), lines: text.lines().count() });
            }
        });
    }
    sources
}

/// The names in these tables of a manifest.
fn dependencies(manifest: &str, tables: &[&str]) -> BTreeSet<String> {
    let mut within = false;
    let mut names = BTreeSet::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            within = tables.contains(&line.trim_matches(['[', ']']));
        } else if within
            && !line.starts_with('#')
            && let Some((name, _)) = line.split_once(['.', ' ', '='])
        {
            names.insert(name.to_owned());
        }
    }
    names
}

/// Every crate that the workspace names, as code names it.
fn dependencies_of_the_house() -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace's manifest");
    dependencies(&manifest, &["workspace.dependencies"]).into_iter().map(|name| name.replace('-', "_")).collect()
}

/// The source with comments, strings and characters made blank, line for line.
fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut i) = (String::with_capacity(text.len()), 0);
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    while i < chars.len() {
        let before = if i == 0 { ' ' } else { at(i - 1) };
        let end = match (at(i), at(i + 1)) {
            ('/', '/') => (i..chars.len()).find(|j| at(*j) == '\n').unwrap_or(chars.len()),
            ('/', '*') => {
                let (mut depth, mut j) = (1, i + 2);
                while depth > 0 && j < chars.len() {
                    match (at(j), at(j + 1)) {
                        ('/', '*') => (depth, j) = (depth + 1, j + 2),
                        ('*', '/') => (depth, j) = (depth - 1, j + 2),
                        _ => j += 1,
                    }
                }
                j
            }
            ('r', '"' | '#') if !before.is_alphanumeric() && before != '_' => {
                let hashes = (i + 1..).take_while(|j| at(*j) == '#').count();
                if at(i + 1 + hashes) == '"' {
                    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
                    let from = i + 2 + hashes;
                    (from..chars.len())
                        .find(|j| chars[*j..].starts_with(&close))
                        .map_or(chars.len(), |j| j + close.len())
                } else {
                    i
                }
            }
            ('"', _) => {
                let mut j = i + 1;
                while j < chars.len() && at(j) != '"' {
                    j += if at(j) == '\\' { 2 } else { 1 };
                }
                j + 1
            }
            // A lifetime has no second quote.
            ('\'', '\\') => (i + 3..chars.len()).find(|j| at(*j) == '\'').map_or(chars.len(), |j| j + 1),
            ('\'', _) if at(i + 2) == '\'' => i + 3,
            _ => i,
        };
        if end == i {
            out.push(at(i));
            i += 1;
        } else {
            out.extend(chars[i..end.min(chars.len())].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            i = end;
        }
    }
    out
}

/// Every path of more than one segment, and everything that is used.
fn paths(code: &str) -> Vec<Found> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let (token, line) = &tokens[i];
        if token == "use" {
            i = read_use(&tokens, i + 1, &[], *line, &mut found) + 1;
            continue;
        }
        if is_word(token)
            && tokens.get(i + 1).is_some_and(|(next, _)| next == "::")
            && (i == 0 || tokens[i - 1].0 != "::")
        {
            let mut segments = vec![token.clone()];
            while tokens.get(i + 1).is_some_and(|(next, _)| next == "::")
                && tokens.get(i + 2).is_some_and(|(next, _)| is_word(next))
            {
                segments.push(tokens[i + 2].0.clone());
                i += 2;
            }
            if segments.len() > 1 {
                found.push(Found { segments, line: *line, is_use: false });
            }
        }
        i += 1;
    }
    found
}

/// Reads one tree of a `use`; gives the place after it.
fn read_use(tokens: &[(String, usize)], mut i: usize, before: &[String], line: usize, found: &mut Vec<Found>) -> usize {
    let mut segments = before.to_vec();
    while let Some((token, _)) = tokens.get(i) {
        match token.as_str() {
            "::" => i += 1,
            "{" => {
                i += 1;
                while tokens.get(i).is_some_and(|(token, _)| token != "}") {
                    i = read_use(tokens, i, &segments, line, found);
                    if tokens.get(i).is_some_and(|(token, _)| token == ",") {
                        i += 1;
                    }
                }
                return i + 1;
            }
            // The name it gets here is of no interest.
            "as" => i += 2,
            ";" | "," | "}" => break,
            word => {
                segments.push(word.to_owned());
                i += 1;
            }
        }
    }
    found.push(Found { segments, line, is_use: true });
    i
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn tokens(code: &str) -> Vec<(String, usize)> {
    let mut tokens = Vec::new();
    for (line, text) in code.lines().enumerate() {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let end = match first {
                c if c.is_alphanumeric() || c == '_' => {
                    rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
                }
                ':' if rest.starts_with("::") => 2,
                c => c.len_utf8(),
            };
            tokens.push((rest[..end].to_owned(), line + 1));
            rest = rest[end..].trim_start();
        }
    }
    tokens
}
