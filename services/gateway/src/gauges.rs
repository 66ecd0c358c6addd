//! How things stand, for who watches over the suite: told to OpenTelemetry, so that `/metrics` and OTLP say the same.
//!
//! Counts, not rates: who asks divides them, by unit and over time as he likes. What they mean stands in `deploy/README.md`.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use kit::{id::Division, refusal::Refusal};
use opentelemetry::{
    KeyValue, global,
    metrics::{Gauge, Meter},
};
use prost_types::Timestamp;
use proto::gateway::v1::CosignedHead;

use crate::{
    NAME,
    books::{Books, Stand, Watched},
    cosign::Cosign,
    domain::{
        day::Day,
        figures::{Clock, Figure},
    },
    logs::Logs,
};

/// Half of how often Prometheus comes, if nothing else is set.
const EVERY: Duration = Duration::from_secs(15);

/// Of the present year: what is counted, and its name.
const YEAR: [(Figure, &str, &str); 12] = [
    (Figure::Received, "yizhan.cases.received", "Cases received this year"),
    (Figure::Accepted, "yizhan.cases.accepted", "Cases accepted this year"),
    (Figure::Completed, "yizhan.cases.completed", "Of the cases accepted this year, those that have ended"),
    (Figure::Open, "yizhan.cases.open", "Of the cases accepted this year, those that have not ended"),
    (Figure::EndedInPeriod, "yizhan.cases.ended", "Accepted cases that ended this year, whenever accepted"),
    (Figure::Granted, "yizhan.cases.granted", "Of the cases accepted this year, those granted"),
    (Figure::Denied, "yizhan.cases.denied", "Of the cases accepted this year, those denied"),
    (Figure::Refused, "yizhan.cases.refused", "Of the cases received this year, those refused at the door"),
    (Figure::DeemedAccepted, "yizhan.cases.deemed_accepted", "Of the cases accepted this year, those by silence"),
    (Figure::Suspended, "yizhan.cases.suspended", "Of the cases accepted this year, those whose clocks were stopped"),
    (Figure::Extended, "yizhan.cases.extended", "Of the cases accepted this year, those extended"),
    (Figure::LateEntered, "yizhan.cases.late_entered", "Cases of this year entered after the reception they state"),
];

const LIMITS: [(Clock, Figure, &str); 2] =
    [(Clock::Legal, Figure::OnTimeLegal, "legal"), (Clock::Promised, Figure::OnTimePromised, "promised")];

pub struct Gauges {
    books: Books,
    logs: Logs,
    cosign: Cosign,
    /// Up to which entries, of intake and of its own, and on which day, a division was told of last.
    told: HashMap<Division, (i64, i64, Day)>,
    year: Vec<(Figure, Gauge<i64>)>,
    on_time: Gauge<i64>,
    due: Gauge<i64>,
    waiting: Gauge<i64>,
    overdue: Gauge<i64>,
    stated: Gauge<i64>,
    entries: Gauge<i64>,
    followed: Gauge<i64>,
    head: Gauge<i64>,
    signed: Gauge<f64>,
    cosigned: Gauge<i64>,
    cosigned_at: Gauge<f64>,
    alarm: Gauge<i64>,
}

impl Gauges {
    pub fn new(books: &Books, logs: &Logs, cosign: &Cosign) -> Gauges {
        let meter = &global::meter("yizhan");
        let year = YEAR.into_iter().map(|(figure, name, means)| (figure, gauge(meter, name, means))).collect();
        Gauges {
            books: books.clone(),
            logs: logs.clone(),
            cosign: cosign.clone(),
            told: HashMap::new(),
            year,
            on_time: gauge(
                meter,
                "yizhan.cases.on_time",
                "Of the cases accepted this year, those decided within the limit",
            ),
            due: gauge(meter, "yizhan.cases.due", "Of the cases accepted this year, those decided, ended or overdue"),
            waiting: gauge(meter, "yizhan.cases.waiting", "Cases that wait for a decision, whenever accepted"),
            overdue: gauge(meter, "yizhan.cases.overdue", "Waiting cases whose limit has passed, whenever accepted"),
            stated: gauge(meter, "yizhan.figures.stated", "Figures stated for good"),
            entries: gauge(meter, "yizhan.journal.entries", "Entries of a journal"),
            followed: gauge(meter, "yizhan.journal.followed_entries", "Entries of a journal that the figures count"),
            head: gauge(meter, "yizhan.journal.head_entries", "Entries that the newest signed head covers"),
            signed: time(meter, "yizhan.journal.head_signed_timestamp", "When the newest head was signed"),
            cosigned: gauge(
                meter,
                "yizhan.witness.entries",
                "Entries that the head covers which a witness cosigned last",
            ),
            cosigned_at: time(meter, "yizhan.witness.cosigned_timestamp", "When a witness cosigned last"),
            alarm: gauge(meter, "yizhan.witness.alarm", "1 where a witness says that the journal is not what it was"),
        }
    }

    /// Tells how things stand, every quarter of a minute.
    pub async fn run(mut self) {
        loop {
            self.tell().await;
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn tell(&mut self) {
        let mut divisions = BTreeMap::new();
        for service in self.logs.services() {
            // Who follows it says already that it cannot be reached.
            for (division, entries) in self.logs.lengths(service).await.unwrap_or_default() {
                let own = divisions.entry(division).or_insert(0);
                if service == NAME {
                    *own = entries;
                }
                self.entries.record(entries, &of_journal(division, service));
            }
        }
        for (division, own) in divisions {
            if let Err(error) = self.tell_of(division, own).await {
                tracing::warn!(%error, %division, "how it stands could not be told");
            }
        }
    }

    async fn tell_of(&mut self, division: Division, own: i64) -> Result<(), Refusal> {
        let stand = self.books.stand(division).await?;
        for (service, seq) in followed(&stand) {
            self.followed.record(seq, &of_journal(division, service));
        }
        for head in self.cosign.heads(division).await?.heads {
            self.tell_head(division, &head);
        }
        // Counting a year again costs something, and comes to the same while nothing has happened.
        let now = (stand.intake_seq, own, self.books.today());
        if self.told.get(&division) != Some(&now) && stand.intake_seq > 0 {
            let watched = self.books.watched(division).await?;
            self.tell_cases(division, &watched);
            self.told.insert(division, now);
        }
        Ok(())
    }

    fn tell_cases(&self, division: Division, watched: &Watched) {
        let of = [of_division(division)];
        for (figure, gauge) in &self.year {
            gauge.record(watched.year.get(*figure), &of);
        }
        for (clock, on_time, limit) in LIMITS {
            let of = [of_division(division), KeyValue::new("limit", limit)];
            self.on_time.record(watched.year.get(on_time), &of);
            self.due.record(watched.year.on_time_rate(clock).denominator, &of);
        }
        for (unit, waiting) in &watched.units {
            let of = |limit: Option<&'static str>| {
                let limit = limit.map(|limit| KeyValue::new("limit", limit));
                let of = [of_division(division), KeyValue::new("unit", unit.clone())];
                of.into_iter().chain(limit).collect::<Vec<_>>()
            };
            self.waiting.record(waiting.all, &of(None));
            self.overdue.record(waiting.overdue_legal, &of(Some("legal")));
            self.overdue.record(waiting.overdue_promised, &of(Some("promised")));
        }
        self.stated.record(watched.stated, &of);
    }

    fn tell_head(&self, division: Division, told: &CosignedHead) {
        let of = of_journal(division, told.service.clone());
        if let Some(head) = &told.head {
            self.head.record(head.size, &of);
            if let Some(at) = seconds(head.signed_at) {
                self.signed.record(at, &of);
            }
        }
        for witness in &told.witnesses {
            let [division, service] = of.clone();
            let of = [division, service, KeyValue::new("witness", witness.name.clone())];
            self.cosigned.record(witness.size, &of);
            self.alarm.record(witness.alarmed.into(), &of);
            if let Some(at) = seconds(witness.cosigned_at) {
                self.cosigned_at.record(at, &of);
            }
        }
    }
}

/// How far the figures have followed the journals they count.
fn followed(stand: &Stand) -> [(&'static str, i64); 4] {
    let Stand { directory_seq, intake_seq, roster_seq, disclosure_seq, .. } = *stand;
    [("directory", directory_seq), ("intake", intake_seq), ("roster", roster_seq), ("disclosure", disclosure_seq)]
}

fn of_division(division: Division) -> KeyValue {
    KeyValue::new("division", division.to_string())
}

fn of_journal(division: Division, service: impl Into<opentelemetry::Value>) -> [KeyValue; 2] {
    [of_division(division), KeyValue::new("service", service)]
}

fn gauge(meter: &Meter, name: &'static str, means: &'static str) -> Gauge<i64> {
    meter.i64_gauge(name).with_description(means).build()
}

/// Of a moment, in seconds since 1970: how old it is follows from it at any time.
fn time(meter: &Meter, name: &'static str, means: &'static str) -> Gauge<f64> {
    meter.f64_gauge(name).with_unit("s").with_description(means).build()
}

fn seconds(at: Option<Timestamp>) -> Option<f64> {
    at.map(|at| at.seconds as f64 + f64::from(at.nanos) / 1e9)
}
