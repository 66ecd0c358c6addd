//! The commands as people run them: the built program, a folder for each machine, and everything that was shown.

use std::{
    cell::RefCell,
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use kit::{config::Config, testing::TestDatabase};
use serde_json::Value;

use crate::house::{
    centre::Centre,
    program::{Program, Settings, built, free_address},
};

pub const DIVISION: &str = "410223";

/// A server with a division, and its operator beside it.
pub struct Town {
    pub config: Config,
    settings: Settings,
    program: Option<Program>,
    /// What the commands have said.
    heard: RefCell<String>,
    log: RefCell<String>,
    _database: TestDatabase,
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    #[track_caller]
    pub fn ok(self) -> Said {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// Refused in words for people: Chinese first, and nothing in the words of libraries.
    #[track_caller]
    pub fn refused(self, zh: &str) -> Said {
        assert_eq!((self.code, self.out.as_str()), (1, ""), "{self:?}");
        let first = self.err.lines().next().unwrap_or_default();
        let text = first.trim_start_matches("yizhan: ");
        assert!(first.contains(zh), "{zh} is not in {self:?}");
        // A file or a name may stand first.
        let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        assert!(text.chars().take(120).filter(|c| is_chinese(*c)).count() >= 4, "not in Chinese first: {self:?}");
        for word in ["transport error", "os error", "rustls", "h2 protocol", "tcp connect", "status:"] {
            assert!(!first.contains(word), "{word} in {self:?}");
        }
        self
    }

    /// The first word after this one.
    #[track_caller]
    pub fn after(&self, word: &str) -> String {
        let rest = self.out.split_once(word).unwrap_or_else(|| panic!("no {word} in {self:?}")).1;
        rest.split_whitespace().next().unwrap_or_default().to_owned()
    }

    /// Every line of its output.
    pub fn json(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

impl Town {
    pub async fn open() -> Town {
        let database = TestDatabase::sqlite();
        let config = database.config(&["directory", "intake", "gateway"]).await;
        let settings = Settings { listen: free_address(), ..Settings::all(&config.data) };
        let program = settings.start().await;
        Centre::open(program.channel(), DIVISION).await;
        let (heard, log) = Default::default();
        Town { config, settings, program: Some(program), heard, log, _database: database }
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.settings.listen)
    }

    pub fn program(&self) -> &Program {
        self.program.as_ref().expect("it runs")
    }

    pub async fn restart(&mut self) {
        let program = self.program.take().expect("it runs");
        self.log.borrow_mut().push_str(&program.said());
        assert!(program.stop().await.success());
        let program = self.settings.start().await;
        program.serving().await;
        self.program = Some(program);
    }

    /// A machine without anything but the authority's certificate.
    pub fn machine(&self, name: &str) -> PathBuf {
        let folder = self.config.data.join("machines").join(name);
        fs::create_dir_all(&folder).expect("a folder");
        fs::copy(self.config.data.join("pki/ca.pem"), folder.join("ca.pem")).expect("a copy");
        folder
    }

    /// On the server: its operator.
    pub fn operator(&self, args: &[&str], typed: &str) -> Said {
        self.run(&[&["admin"], args].concat(), &[("YIZHAN_DATA", &self.config.data.display().to_string())], typed)
    }

    /// On another machine, with a credential in its folder.
    pub fn at(&self, credential: &Path, args: &[&str], typed: &str) -> Said {
        let (credential, spool) = (credential.display().to_string(), credential.with_extension("spool"));
        let spool = spool.display().to_string();
        self.run(args, &[("YIZHAN_CREDENTIAL", &credential), ("YIZHAN_SPOOL", &spool)], typed)
    }

    pub fn run(&self, args: &[&str], settings: &[(&str, &str)], typed: &str) -> Said {
        let mut child = Command::new(built())
            .args(args)
            .env_clear()
            .envs(env::vars().filter(|(name, _)| !name.starts_with("YIZHAN_")))
            .env("YIZHAN_SERVER", self.url())
            .env("YIZHAN_DIVISION", DIVISION)
            .envs(settings.iter().copied())
            .current_dir(&self.config.data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        // One that needs no input may have ended.
        let _ = child.stdin.take().expect("piped").write_all(typed.as_bytes());
        let output = child.wait_with_output().expect("the program ends");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let (out, err) = (text(output.stdout), text(output.stderr));
        self.heard.borrow_mut().push_str(&format!("$ {}\n{out}{err}", args.join(" ")));
        Said { code: output.status.code().unwrap_or(-1), out, err }
    }

    /// No secret was said or logged. A code stands once in what was said: where it was told.
    pub fn keeps(&self, secrets: &[String], codes: &[String]) {
        let (heard, log) = (self.heard.borrow(), self.log.borrow().clone() + &self.program().said());
        for secret in secrets {
            assert!(secret.len() >= 8, "{secret} is no secret");
            assert!(!heard.contains(secret.as_str()), "{secret} was said");
            assert!(!log.contains(secret.as_str()), "{secret} was logged");
        }
        for code in codes {
            assert_eq!(heard.matches(code.as_str()).count(), 1, "{code}");
            assert!(!log.contains(code.as_str()), "{code} was logged");
        }
    }
}

/// The tokens and private keys in a folder.
pub fn secrets(folder: &Path) -> Vec<String> {
    let mut secrets = Vec::new();
    for path in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let text = || fs::read_to_string(&path).expect("text");
        match path.extension().and_then(|end| end.to_str()) {
            // The first line of base64 is the same for all keys of a kind.
            Some("key") => secrets.extend(text().lines().skip(2).take(1).map(str::to_owned)),
            Some("json") => {
                let kept: Value = serde_json::from_str(&text()).expect("JSON");
                let token = |name: &str| kept[name].as_str().expect("a token").to_owned();
                secrets.extend([token("access_token"), token("refresh_token")]);
            }
            _ => {}
        }
    }
    secrets
}
