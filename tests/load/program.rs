//! The program under load, in a process of its own.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use sea_orm::ConnectionTrait;

pub struct Program {
    command: Command,
    child: Option<Child>,
    port: u16,
    databases: Vec<(&'static str, String)>,
    pub data: PathBuf,
    pub url: String,
}

impl Program {
    /// The all-in-one program with a data folder of its own, or fresh PostgreSQL databases.
    pub async fn prepare(
        program: Option<PathBuf>,
        postgres: Option<&str>,
    ) -> Result<Program, Box<dyn std::error::Error>> {
        let beside = std::env::current_exe()?.with_file_name("yizhan");
        let data = std::env::temp_dir().join(format!("yizhan-load-{}", std::process::id()));
        std::fs::create_dir_all(&data)?;
        let (port, web) = (free_port()?, free_port()?);
        let mut command = Command::new(program.unwrap_or(beside));
        command.args(["serve", "--data"]).arg(&data);
        command.args(["--listen", &format!("127.0.0.1:{port}"), "--web", &format!("127.0.0.1:{web}")]);
        command.env("YIZHAN_LOG", "warn").env("YIZHAN_RATE", "0").stdout(Stdio::null());
        let url = format!("https://127.0.0.1:{port}");
        let mut program = Program { command, child: None, port, databases: Vec::new(), data, url };
        if let Some(server) = postgres {
            let (base, _) = server.rsplit_once('/').ok_or("a URL ends with a database")?;
            let admin = sea_orm::Database::connect(server).await?;
            for service in ["directory", "intake", "roster", "disclosure", "gateway"] {
                let name = format!("load_{}_{service}", std::process::id());
                admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
                program.set_database(service, &format!("{base}/{name}"));
            }
        }
        Ok(program)
    }

    /// Where a service's database is.
    pub fn database(&self, service: &str) -> String {
        let file = || format!("sqlite://{}?mode=rwc", self.data.join(format!("{service}.db")).display());
        let given = self.databases.iter().rev().find(|(name, _)| *name == service);
        given.map_or_else(file, |(_, url)| url.clone())
    }

    pub fn set_database(&mut self, service: &'static str, url: &str) {
        self.command.env(format!("YIZHAN_DATABASES__{}", service.to_uppercase()), url);
        self.databases.push((service, url.to_owned()));
    }

    /// Starts it and waits until it listens.
    pub async fn start(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        let program = self.command.get_program().to_owned();
        self.child = Some(self.command.spawn().map_err(|error| format!("cannot start {program:?}: {error}"))?);
        // The port is bound before there is a credential to come with.
        let credential = ["ca.pem", "operator.pem", "operator.key"].map(|file| self.data.join("pki").join(file));
        for _ in 0..200 {
            let listens = tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok();
            if listens && credential.iter().all(|file| file.exists()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err("the program does not listen after 20 seconds".into())
    }

    fn proc(&self, file: &str) -> String {
        let child = self.child.as_ref().map(Child::id).unwrap_or_default();
        std::fs::read_to_string(format!("/proc/{child}/{file}")).unwrap_or_default()
    }

    /// Resident memory now; 0 where the system does not tell.
    pub fn resident_mib(&self) -> u64 {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
    }

    /// Processor time that the program has used, user and system; zero where the system does not tell.
    pub fn cpu(&self) -> Duration {
        let stat = self.proc("stat");
        // After the name in parentheses, utime and stime are the 12th and 13th, in hundredths of a second.
        let ticks = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
        Duration::from_millis(ticks.filter_map(|tick| tick.parse::<u64>().ok()).sum::<u64>() * 10)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
