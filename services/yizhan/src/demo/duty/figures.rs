//! The year's duty as MetricsService and CircularService tell it. Nothing here knows the plan.

use std::io::{self, Write};

use kit::keyring::Keyring;
use proto::{
    gateway::v1::{DutyFigures, GetDutyFiguresRequest, metrics_service_client::MetricsServiceClient},
    roster::v1::{CircularState, ListCircularsRequest, circular_service_client::CircularServiceClient},
};
use serde_json::{Value, json};

use super::super::{
    county::DIVISION,
    figures::{followed, head, unanswered, year},
};
use crate::columns::{left, right};

/// What the API answers about the duty.
#[derive(Default)]
pub struct Answers {
    pub total: DutyFigures,
    pub issued: usize,
    /// Drafted or sent, and not issued.
    pub waiting: usize,
}

/// Asks for the year's figures once they count everything that has happened.
pub async fn ask(ring: &Keyring) -> anyhow::Result<Answers> {
    let head = head(ring, "roster").await.map_err(unanswered)?;
    let request = GetDutyFiguresRequest { parent: DIVISION.to_owned(), period: Some(year()), ..Default::default() };
    let answer = followed(head, async || {
        let answer = MetricsServiceClient::new(ring.clone()).get_duty_figures(request.clone()).await?.into_inner();
        Ok((answer.roster_seq, answer))
    });
    let total = answer.await?.total.unwrap_or_default();
    let request = ListCircularsRequest { parent: DIVISION.to_owned(), year: 2016 };
    let listed = CircularServiceClient::new(ring.clone()).list_circulars(request).await.map_err(unanswered)?;
    let circulars = listed.into_inner().circulars;
    let issued = circulars.iter().filter(|circular| circular.state() == CircularState::Issued).count();
    Ok(Answers { total, issued, waiting: circulars.len() - issued })
}

impl Answers {
    fn rate(&self) -> Option<i32> {
        self.total.attendance_rate.and_then(|rate| rate.basis_points)
    }

    /// For people.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let total = &self.total;
        let rate = self.rate().map_or("—".to_owned(), |rate| format!("{}.{:02}%", rate / 100, rate % 100));
        let lines = [
            ("领导值班 应到", "leaders' duties required", total.required.to_string()),
            ("实到", "attended", total.attended.to_string()),
            ("出勤率", "attendance rate", rate),
            (
                "替班 / 迟到 / 早退",
                "by a substitute / late / early",
                join([total.substituted, total.late, total.early]),
            ),
            ("缺勤 / 准假", "absent / excused", join([total.absent, total.excused])),
            ("印发通报", "circulars issued", self.issued.to_string()),
            ("待印发", "to be issued in January", self.waiting.to_string()),
        ];
        writeln!(out)?;
        let mut line = |(zh, en, value): (&str, &str, String)| {
            writeln!(out, "{}{}", left(&format!("{zh} {en}"), 52), right(&value, 16))
        };
        lines.into_iter().try_for_each(&mut line)
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let total = &self.total;
        json!({
            "required": total.required,
            "attended": total.attended,
            "attendance_rate_basis_points": self.rate(),
            "substituted": total.substituted,
            "late": total.late,
            "early": total.early,
            "absent": total.absent,
            "excused": total.excused,
            "circulars_issued": self.issued,
            "circulars_waiting": self.waiting,
        })
    }
}

fn join<const N: usize>(counts: [i64; N]) -> String {
    counts.map(|count| count.to_string()).join(" / ")
}
