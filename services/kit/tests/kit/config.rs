//! Configuration. What stands in the environment is read by a process of its own: this test program, begun again.

use std::{env, fs, io::Write, path::Path, process::Command};

use kit::{config::Config, testing::TestDatabase};

/// Reads a configuration in a process with this environment: its debug form, or the error.
fn read(file: Option<&Path>, environment: &[(&str, &str)]) -> Result<String, String> {
    let mut child = Command::new(env::current_exe().expect("this program"));
    child.args(["config::in_a_process_of_its_own", "--exact", "--nocapture", "--ignored"]);
    child.env_clear().env("KIT_TEST_FILE", file.unwrap_or(Path::new("")));
    let output = child.envs(environment.iter().copied()).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let answer = text.lines().find_map(|line| line.split_once("ANSWER ")).expect("an answer").1;
    answer.strip_prefix("Ok ").map(str::to_owned).ok_or_else(|| answer.to_owned())
}

#[test]
#[ignore = "begun by the other tests"]
fn in_a_process_of_its_own() {
    let file = env::var("KIT_TEST_FILE").expect("set");
    let answer = match Config::read(Some(file.as_str()).filter(|file| !file.is_empty()).map(Path::new)) {
        Ok(config) => format!("Ok {config:?} {}", config.database("intake")),
        Err(error) => format!("Err {error}"),
    };
    let _ = writeln!(std::io::stdout().lock(), "ANSWER {}", answer.replace('\n', " "));
}

struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Folder {
        let folder = env::temp_dir().join(format!("yizhan-test-{}", kit::testing::request_id()));
        fs::create_dir_all(&folder).expect("a folder");
        Folder(folder)
    }

    fn file(&self, text: &str) -> std::path::PathBuf {
        let file = self.0.join("yizhan.toml");
        fs::write(&file, text).expect("written");
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_defaults_run() {
    let config = read(None, &[]).expect("read");
    for part in [
        "data: \"data\"",
        "listen: 127.0.0.1:4100",
        "web: 127.0.0.1:4180",
        "otlp: None",
        "metrics: None",
        "sqlite://data/intake.db?mode=rwc",
    ] {
        assert!(config.contains(part), "{part} not in {config}");
    }
}

#[test]
fn the_file_goes_before_the_defaults_and_the_environment_before_the_file() {
    let folder = Folder::new();
    let file = folder.file(
        r#"
        data = "from-file"
        listen = "0.0.0.0:5000"
        calls = 7
        [databases]
        intake = "postgres://file/intake"
        directory = "postgres://file/directory"
        "#,
    );
    let config = read(Some(&file), &[]).expect("read");
    for part in
        ["data: \"from-file\"", "listen: 0.0.0.0:5000", "calls: 7", "web: 127.0.0.1:4180", "postgres://file/intake"]
    {
        assert!(config.contains(part), "{part} not in {config}");
    }
    let environment = [
        ("YIZHAN_DATA", "from-environment"),
        ("YIZHAN_DATABASES__INTAKE", "postgres://environment/intake"),
        ("YIZHAN_PEERS__DIRECTORY", "http://directory:4100"),
        ("YIZHAN_LOG_JSON", "true"),
        ("YIZHAN_KEY_FILE", "/keys/master"),
        ("YIZHAN_CALLS", "9"),
        // Of others, and none of the configuration's business.
        ("YIZHAN_LOG", "debug"),
        ("YIZHAN_TEST_POSTGRES", "postgres://x"),
        ("PATH", "/bin"),
    ];
    let config = read(Some(&file), &environment).expect("read");
    for part in [
        "data: \"from-environment\"",
        "listen: 0.0.0.0:5000",
        "calls: 9",
        "log_json: true",
        "key_file: Some(\"/keys/master\")",
        "\"directory\": \"http://directory:4100\"",
        "\"intake\": \"postgres://environment/intake\"",
        "\"directory\": \"postgres://file/directory\"",
    ] {
        assert!(config.contains(part), "{part} not in {config}");
    }
}

#[test]
fn an_unknown_key_is_named() {
    let folder = Folder::new();
    let error = read(Some(&folder.file("listenn = \"0.0.0.0:5000\"")), &[]).expect_err("unknown");
    assert!(error.contains("listenn"), "{error}");
}

#[test]
fn a_mistyped_setting_is_refused_and_told_the_nearest_known_ones() {
    let folder = Folder::new();
    let files = [
        ("lisen = \"0.0.0.0:5000\"", "`lisen`", "`listen`"),
        ("[databases]\nintak = \"postgres://x/intake\"", "`databases.intak`", "`databases.intake`"),
        ("[peers]\ndirectories = \"http://x:4100\"", "`peers.directories`", "`peers.directory`"),
        ("[database]\nintake = \"postgres://x/intake\"", "`database.intake`", "`databases.intake`"),
        ("otpl = \"http://x:4317\"", "`otpl`", "`otlp`"),
    ];
    for (text, name, near) in files {
        let error = read(Some(&folder.file(text)), &[]).expect_err(name);
        assert!(error.contains(name) && error.contains(near), "{error}");
    }
    let variables = [
        ("YIZHAN_LISTN", "`YIZHAN_LISTEN`"),
        ("YIZHAN_DATABASE__INTAKE", "`YIZHAN_DATABASES__INTAKE`"),
        ("YIZHAN_DATABASES_INTAKE", "`YIZHAN_DATABASES__INTAKE`"),
        ("YIZHAN_PEERS__DIRECTROY", "`YIZHAN_PEERS__DIRECTORY`"),
        ("YIZHAN_KEYFILE", "`YIZHAN_KEY_FILE`"),
        ("YIZHAN_PORT", "`YIZHAN_PLANT`"),
        ("YIZHAN_", "`YIZHAN_"),
    ];
    for (name, near) in variables {
        let error = read(None, &[(name, "4100")]).expect_err(name);
        assert!(error.contains(&format!("`{name}`")) && error.contains(near), "{error}");
    }
}

#[test]
fn variables_that_others_read_are_let_pass() {
    let others = [
        ("YIZHAN_SERVER", "http://127.0.0.1:4100"),
        ("YIZHAN_DIVISION", "410223"),
        ("YIZHAN_WINDOW", "B10"),
        ("YIZHAN_CLERK", "U014-08"),
        ("YIZHAN_SPOOL", "/spool"),
        ("YIZHAN_TIMEOUT", "10"),
        ("YIZHAN_CONFIG", "/etc/yizhan.toml"),
        ("YIZHAN_LOG", "info"),
        ("YIZHAN_SEED", "1"),
        ("YIZHAN_KILLS", "1"),
        ("YIZHAN_PLANT", "x"),
        // Kubernetes, beside a service of this name.
        ("YIZHAN_SERVICE_HOST", "10.0.0.1"),
        ("YIZHAN_SERVICE_PORT_GRPC", "4100"),
        ("YIZHAN_PORT", "tcp://10.0.0.1:4100"),
        ("YIZHAN_PORT_4100_TCP_ADDR", "10.0.0.1"),
    ];
    read(None, &others).expect("read");
}

#[test]
fn a_value_that_does_not_fit_is_named() {
    let folder = Folder::new();
    let file = folder.file("listen = \"everywhere\"");
    assert!(read(Some(&file), &[]).expect_err("no address").contains("listen"));
    let error = read(None, &[("YIZHAN_CALLS", "many")]).expect_err("no number");
    assert!(error.contains("calls") || error.contains("YIZHAN_CALLS"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = read(Some(Path::new("/nowhere/yizhan.toml")), &[]).expect_err("none");
    assert!(error.contains("/nowhere/yizhan.toml"), "{error}");
}

/// Paths and words of numbers stay what they are.
#[test]
fn texts_that_look_like_numbers_stay_texts() {
    let config = read(None, &[("YIZHAN_DATA", "2016"), ("YIZHAN_OTLP", "1e3"), ("YIZHAN_DATABASES__INTAKE", "007")])
        .expect("read");
    for part in ["data: \"2016\"", "otlp: Some(\"1e3\")", "\"intake\": \"007\""] {
        assert!(config.contains(part), "{part} not in {config}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_not_text_in_the_environment_of_others_does_no_harm() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let mut child = Command::new(env::current_exe().expect("this program"));
    child.args(["config::in_a_process_of_its_own", "--exact", "--nocapture", "--ignored"]);
    child.env("KIT_TEST_FILE", "").env("SOMEBODY", OsStr::from_bytes(b"\xff\xfe"));
    let output = child.output().expect("it runs");
    assert!(String::from_utf8_lossy(&output.stdout).contains("ANSWER Ok"));
}

#[tokio::test]
async fn a_test_database_is_found_again_and_taken_away() {
    let database = TestDatabase::sqlite();
    let config = database.config(&["intake"]).await;
    assert_eq!(database.config(&["intake"]).await.database("intake"), config.database("intake"));
    assert!(config.data.is_dir());
    drop(database);
    assert!(!config.data.exists());
}

#[test]
fn hosts_are_a_list_in_a_file_and_a_text_with_commas_in_the_environment() {
    let folder = Folder::new();
    let file = folder.file(
        "rate = 0\nconnections = 9\n[tls]\nhosts = [\"a.example\", \"10.0.0.1\"]\n[oidc]\nissuer = \"https://x\"",
    );
    let config = read(Some(&file), &[]).expect("read");
    for part in ["hosts: [\"a.example\", \"10.0.0.1\"]", "rate: 0", "connections: 9", "issuer: Some(\"https://x\")"] {
        assert!(config.contains(part), "{part} not in {config}");
    }
    let environment = [("YIZHAN_TLS__HOSTS", "b.example, ::1"), ("YIZHAN_TLS__FOLDER", "/pki"), ("YIZHAN_RATE", "7")];
    let config = read(Some(&file), &environment).expect("read");
    for part in ["hosts: [\"b.example\", \"::1\"]", "folder: Some(\"/pki\")", "rate: 7"] {
        assert!(config.contains(part), "{part} not in {config}");
    }
    let error = read(None, &[("YIZHAN_TLS__HOST", "x")]).expect_err("unknown");
    assert!(error.contains("`YIZHAN_TLS__HOSTS`"), "{error}");
}

#[test]
fn the_cipher_is_one_of_two_and_another_is_refused_with_their_names() {
    assert!(read(None, &[]).expect("read").contains("cipher: Aes256Gcm"));
    assert!(read(None, &[("YIZHAN_CIPHER", "sm4-gcm")]).expect("read").contains("cipher: Sm4Gcm"));
    for wrong in ["aes", "SM4-GCM", ""] {
        let error = read(None, &[("YIZHAN_CIPHER", wrong)]).expect_err("refused");
        for part in ["cipher", "aes-256-gcm", "sm4-gcm"] {
            assert!(error.contains(part), "{part} not in {error}");
        }
    }
}
