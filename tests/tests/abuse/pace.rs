//! How fast an attacker goes. Its rate is stated, and it never takes more than its share of a core: what is measured is
//! the door, not who of two cores gets which.

use std::{fs, time::Duration};

use tokio::time::{Instant, sleep};

/// Of one core. On two cores three quarters of the machine are left to the program and the honest.
pub const SHARE: f64 = 0.5;
/// How often an attacker acts.
const TICK: Duration = Duration::from_millis(10);

/// Belongs to one thread, whose processor time it watches.
#[derive(Debug)]
pub struct Pace {
    began: Instant,
    ends: Instant,
    /// A second.
    rate: f64,
    passed: f64,
    used: Duration,
}

impl Pace {
    pub fn new(rate: f64, lasts: Duration) -> Pace {
        let began = Instant::now();
        Pace { began, ends: began + lasts, rate, passed: 0.0, used: processor_time() }
    }

    /// Waits until something is due, and says how much; nothing once the time is over. What was missed is not caught up
    /// with.
    pub async fn due(&mut self) -> Option<usize> {
        loop {
            sleep(TICK).await;
            if self.over() {
                return None;
            }
            let spent = self.began.elapsed();
            if processor_time().saturating_sub(self.used) > spent.mul_f64(SHARE) {
                continue;
            }
            let due = (self.rate * spent.as_secs_f64() - self.passed).floor();
            if due >= 1.0 {
                self.passed += due;
                return Some(due.min((self.rate * TICK.as_secs_f64() * 3.0).max(1.0)) as usize);
            }
        }
    }

    pub fn over(&self) -> bool {
        Instant::now() >= self.ends
    }
}

/// What this thread has used; zero where the system does not tell, and then only the rate bounds it.
pub fn processor_time() -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    told.split(' ').next().and_then(|nanos| nanos.parse().ok()).map_or(Duration::ZERO, Duration::from_nanos)
}
