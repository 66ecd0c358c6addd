//! The program under load, in a process of its own.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use sea_orm::ConnectionTrait;

pub struct Program {
    child: Child,
    pub data: PathBuf,
    pub url: String,
}

impl Program {
    /// Starts the all-in-one program on a fresh data folder, or on fresh PostgreSQL databases.
    pub async fn start(
        program: Option<PathBuf>,
        postgres: Option<&str>,
    ) -> Result<Program, Box<dyn std::error::Error>> {
        let beside = std::env::current_exe()?.with_file_name("yizhan");
        let program = program.unwrap_or(beside);
        let data = std::env::temp_dir().join(format!("yizhan-load-{}", std::process::id()));
        let (listen, web) = (free_port()?, free_port()?);
        let mut command = Command::new(&program);
        command.args(["serve", "--data"]).arg(&data);
        command.args(["--listen", &format!("127.0.0.1:{listen}"), "--web", &format!("127.0.0.1:{web}")]);
        command.env("YIZHAN_LOG", "warn").env("YIZHAN_RATE", "0").stdout(Stdio::null());
        if let Some(server) = postgres {
            let (base, _) = server.rsplit_once('/').ok_or("a URL ends with a database")?;
            let admin = sea_orm::Database::connect(server).await?;
            for service in ["directory", "intake", "gateway"] {
                let name = format!("load_{}_{service}", std::process::id());
                admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
                command.env(format!("YIZHAN_DATABASES__{}", service.to_uppercase()), format!("{base}/{name}"));
            }
        }
        let child = command.spawn().map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        let program = Program { child, data, url: format!("https://127.0.0.1:{listen}") };
        // The port is bound before there is a credential to come with.
        let credential = ["ca.pem", "operator.pem", "operator.key"].map(|file| program.data.join("pki").join(file));
        for _ in 0..200 {
            let listens = tokio::net::TcpStream::connect(("127.0.0.1", listen)).await.is_ok();
            if listens && credential.iter().all(|file| file.exists()) {
                return Ok(program);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err("the program does not listen after 20 seconds".into())
    }

    /// Resident memory now; 0 where the system does not tell.
    pub fn resident_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
    }

    /// Processor time that the program has used, user and system; zero where the system does not tell.
    pub fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // After the name in parentheses, utime and stime are the 12th and 13th, in hundredths of a second.
        let ticks = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
        Duration::from_millis(ticks.filter_map(|tick| tick.parse::<u64>().ok()).sum::<u64>() * 10)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
