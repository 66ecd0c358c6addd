//! A hall: a data folder, the program that serves it, and windows that call it.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

/// How long a program may take for anything before a test gives it up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder that goes when the test ends.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("yizhan-test-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&path).expect("a temporary folder");
        Folder(path)
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        fs::write(self.0.join(name), text).expect("written");
        self.path(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a program that has ended said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// The last line of its standard output.
    pub fn json(&self) -> Value {
        let line = self.out.lines().last().unwrap_or_else(|| panic!("nothing was said: {self:?}"));
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Every line of its standard output.
    pub fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    #[track_caller]
    pub fn ok(self) -> Said {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }
}

/// The program, without what the machine's environment says of it.
pub fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yizhan"));
    let ours = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("YIZHAN_"));
    for (name, _) in ours {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Of everybody.
const PASSWORD: &str = "correct horse battery\n";

/// Runs the program to its end.
pub fn run(args: &[&str]) -> Said {
    said(&mut program(args), "")
}

/// The same, with this on its standard input.
pub fn said(command: &mut Command, line: &str) -> Said {
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the program runs");
    // One that needs no input may have ended.
    let _ = child.stdin.take().expect("piped").write_all(line.as_bytes());
    let output = child.wait_with_output().expect("the program ends");
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// A program that serves.
pub struct Server {
    child: Child,
    pub grpc: String,
    /// Its data folder, where the commands find the authority and the operator's credential.
    pub data: String,
}

impl Server {
    /// Serves and waits until it listens; where it ends instead, what it said.
    pub fn start(args: &[&str]) -> Result<Server, Said> {
        let mut command = program(&["serve"]);
        let mut child = command.args(args).env("YIZHAN_LOG_JSON", "true").spawn().expect("the program runs");
        let stderr = child.stderr.take().expect("piped");
        let (send, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                let _ = send.send(line);
            }
        });
        let mut said = String::new();
        while let Ok(line) = lines.recv_timeout(PATIENCE) {
            if line["fields"]["message"] == "listening" {
                let grpc = line["fields"]["grpc"].as_str().expect("an address").to_owned();
                let data = line["fields"]["data"].as_str().expect("a folder").to_owned();
                return Ok(Server { child, grpc, data });
            }
            said.push_str(line.as_str().map_or_else(|| line.to_string(), str::to_owned).as_str());
            said.push('\n');
        }
        let _ = child.kill();
        let code = child.wait().expect("ended").code().unwrap_or(-1);
        Err(Said { code, out: String::new(), err: said })
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.grpc)
    }

    /// A command that finds its credential in the data folder, at another address if it is said.
    pub fn run(&self, args: &[&str]) -> Said {
        said(program(args).env("YIZHAN_DATA", &self.data).env("YIZHAN_SERVER", self.url()), "")
    }

    /// The same with one line on standard input.
    pub fn run_with(&self, args: &[&str], line: &str) -> Said {
        said(program(args).env("YIZHAN_DATA", &self.data).env("YIZHAN_SERVER", self.url()), line)
    }

    /// Sets the passwords of those who act in the tests, and signs them in.
    pub fn sign_in(&self, people: &[&str]) {
        self.sign_in_at(&[], people);
    }

    /// The same with options of the sign-in: on a terminal.
    pub fn sign_in_at(&self, at: &[&str], people: &[&str]) {
        for person in people {
            for task in [&["admin", "enrol", "person"][..], &[&["sign-in"], at].concat()] {
                self.run_with(&[task, &["--division", "410223", person]].concat(), PASSWORD).ok();
            }
        }
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    /// Waits for the end: the exit code and how long it took.
    pub fn ended(mut self) -> (Option<i32>, Duration) {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().expect("waited") {
                return (status.code(), start.elapsed());
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("the program did not end");
    }

    /// Stops it as an operator would.
    pub fn stop(self) {
        self.terminate();
        assert_eq!(self.ended().0, Some(0));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A county's hall in training on 8 March 2016, at nine o'clock.
pub struct Hall {
    pub server: Server,
    pub folder: Folder,
}

impl Hall {
    pub fn open() -> Hall {
        let folder = Folder::new();
        let server = start(&folder, "127.0.0.1:0");
        import(&server).ok();
        server.sign_in(&["U014-08", "U014-06", "C01-1"]);
        Hall { server, folder }
    }

    /// Health licences: what the unit's clerk does at its window.
    pub fn window(&self, args: &[&str]) -> Said {
        window(&self.server.url(), &self.folder, &[&["--window", "B10", "--clerk", "U014-08"], args].concat())
    }

    /// What the centre's clerk does where results are handed out.
    pub fn issuing(&self, args: &[&str]) -> Said {
        window(&self.server.url(), &self.folder, &[&["--window", "C01", "--clerk", "C01-1"], args].concat())
    }

    /// Receives an application with all that is required, and answers with the case.
    pub fn receive(&self) -> Value {
        self.window(RECEIVE).ok().json()["case"].clone()
    }

    /// The numbers of all cases.
    pub fn numbers(&self) -> Vec<String> {
        let cases = self.window(&["list", "--most", "1000", "--json"]).ok().lines();
        cases.iter().map(|case| case["number"].as_str().expect("a number").to_owned()).collect()
    }

    /// Kills the program, and serves again at the same address.
    pub fn restart(self, between: impl FnOnce(&str, &Folder)) -> Hall {
        let Hall { server, folder } = self;
        let grpc = server.grpc.clone();
        drop(server);
        between(&format!("https://{grpc}"), &folder);
        Hall { server: start(&folder, &grpc), folder }
    }
}

/// Loads the county of the demo.
pub fn import(server: &Server) -> Said {
    let files = ["units.csv", "windows.csv", "people.csv", "items.json"].map(county);
    let mut args = vec!["import", "--division", "410223", "--division-name", "尉氏县"];
    for (option, file) in ["--units", "--windows", "--people", "--items"].into_iter().zip(&files) {
        args.extend([option, file]);
    }
    server.run(&args)
}

/// An application with all that is required (公共场所卫生许可).
pub const RECEIVE: &[&str] = &[
    "receive",
    "--item",
    "410223-014-001",
    "--applicant",
    "李某某",
    "--id",
    "41022319900101001X",
    "--material",
    "m1=1",
    "--material",
    "m2=1+1",
    "--material",
    "m3",
    "--material",
    "m4",
    "--material",
    "m5",
    "--json",
];

/// A window of the county at a server, with a spool in the folder.
pub fn window(url: &str, folder: &Folder, args: &[&str]) -> Said {
    let (spool, data) = (folder.path("spool"), folder.path("data"));
    let to = ["window", "--server", url, "--data", &data, "--division", "410223", "--spool", &spool];
    run(&[&to, args].concat())
}

pub fn county(file: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("county").join(file).display().to_string()
}

fn start(folder: &Folder, listen: &str) -> Server {
    let data = folder.path("data");
    let args = ["--data", &data, "--listen", listen, "--web", "127.0.0.1:0", "--simulate", "2016-03-08T09:00"];
    Server::start(&args).unwrap_or_else(|said| panic!("{said:?}"))
}
