//! What was measured.

use std::{fmt::Write, time::Duration};

/// One driver's turn.
pub struct Figure {
    times: Vec<Duration>,
    took: Duration,
    /// Processor time of the program meanwhile.
    pub cpu: Duration,
}

impl Figure {
    pub fn new(mut times: Vec<Duration>, took: Duration) -> Figure {
        times.sort_unstable();
        Figure { times, took, cpu: Duration::ZERO }
    }

    pub fn per_second(&self) -> f64 {
        self.times.len() as f64 / self.took.as_secs_f64()
    }

    /// Microseconds of the program's processor time for each call.
    pub fn cpu_micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.times.len().max(1) as f64
    }

    /// Milliseconds, nearest rank.
    pub fn percentile(&self, percent: f64) -> f64 {
        let rank = (self.times.len() as f64 * percent / 100.0).ceil() as usize;
        self.times.get(rank.saturating_sub(1)).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
    }
}

/// All turns of one run.
#[derive(Default)]
pub struct Run {
    pub engine: &'static str,
    pub echo: Vec<Figure>,
    pub changes: Vec<Figure>,
    pub reads: Vec<Figure>,
    pub instant: Vec<Figure>,
    pub resident_mib: u64,
}

impl Run {
    fn rows(&self) -> [(&'static str, &[Figure]); 4] {
        [("echo", &self.echo), ("changes", &self.changes), ("GetCase", &self.reads), ("instant", &self.instant)]
    }

    /// Ratio to the echo of the same turn; the median over the turns.
    fn ratio(&self, figures: &[Figure]) -> f64 {
        median(figures.iter().zip(&self.echo).map(|(figure, echo)| figure.per_second() / echo.per_second()))
    }

    pub fn table(&self) -> String {
        let mut out = format!("engine {}, {} turns, medians\n", self.engine, self.echo.len());
        out += "            per second   of echo   p50 ms   p99 ms   program's cpu µs a call\n";
        for (name, figures) in self.rows() {
            let rate = median(figures.iter().map(Figure::per_second));
            let (p50, p99) = (
                median(figures.iter().map(|f| f.percentile(50.0))),
                median(figures.iter().map(|f| f.percentile(99.0))),
            );
            let cpu = median(figures.iter().map(Figure::cpu_micros));
            let _ = writeln!(out, "{name:10} {rate:12.0} {:9.3} {p50:8.2} {p99:8.2} {cpu:14.1}", self.ratio(figures));
        }
        let _ = writeln!(out, "resident memory of the program: {} MiB", self.resident_mib);
        out
    }

    pub fn json(&self) -> serde_json::Value {
        let rows = self.rows().map(|(name, figures)| {
            let figure = serde_json::json!({
                "per_second": median(figures.iter().map(Figure::per_second)),
                "of_echo": self.ratio(figures),
                "p50_ms": median(figures.iter().map(|f| f.percentile(50.0))),
                "p99_ms": median(figures.iter().map(|f| f.percentile(99.0))),
                "cpu_micros": median(figures.iter().map(Figure::cpu_micros)),
            });
            (name.to_owned(), figure)
        });
        serde_json::json!({
            "engine": self.engine,
            "turns": self.echo.len(),
            "resident_mib": self.resident_mib,
            "figures": serde_json::Map::from_iter(rows),
        })
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
