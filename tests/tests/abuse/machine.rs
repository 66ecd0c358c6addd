//! What the system tells of processes and of itself.

use std::{fs, path::Path, time::Duration};

use tokio::time::Instant;

/// A process as the system sees it.
#[derive(Clone, Copy, Debug)]
pub struct Process(u32);

impl Process {
    /// The test itself, attacker, honest callers and all.
    pub fn own() -> Process {
        Process(std::process::id())
    }

    /// The one that was told to work on a folder.
    pub fn on(data: &Path) -> Option<Process> {
        let data = data.to_str()?;
        fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
            let process = entry.file_name().to_str()?.parse().ok()?;
            let told = fs::read(entry.path().join("cmdline")).ok()?;
            told.split(|byte| *byte == 0).any(|word| word == data.as_bytes()).then_some(Process(process))
        })
    }

    /// Resident memory now, in bytes.
    pub fn resident(self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).expect("the program runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its resident memory");
        line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).expect("a number") << 10
    }

    /// What it has used, user and system.
    pub fn processor_time(self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).expect("the program runs");
        // After the name in parentheses, utime and stime are the 12th and 13th, in hundredths of a second.
        let ticks = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
        Duration::from_millis(ticks.filter_map(|tick| tick.parse::<u64>().ok()).sum::<u64>() * 10)
    }
}

/// What the machine does for others than these two processes: whoever measures has to know.
pub struct Others {
    began: Instant,
    processes: [Process; 2],
    used: Duration,
}

impl Others {
    pub fn than(processes: [Process; 2]) -> Others {
        Others { began: Instant::now(), processes, used: Others::used(processes) }
    }

    /// Processors that they have kept busy since.
    pub fn share(&self) -> f64 {
        Others::used(self.processes).saturating_sub(self.used).as_secs_f64() / self.began.elapsed().as_secs_f64()
    }

    fn used(processes: [Process; 2]) -> Duration {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let all = stat.lines().next().unwrap_or_default().split_whitespace().skip(1);
        // user, nice, system, idle, iowait, irq, softirq and steal, in hundredths of a second.
        let busy = all.take(8).enumerate().filter(|(at, _)| ![3, 4].contains(at));
        let ticks: u64 = busy.filter_map(|(_, ticks)| ticks.parse::<u64>().ok()).sum();
        let own: Duration = processes.into_iter().map(Process::processor_time).sum();
        Duration::from_millis(ticks * 10).saturating_sub(own)
    }
}
