//! The year's publications as MetricsService tells them. Nothing here knows the plan.

use std::io::{self, Write};

use kit::keyring::Keyring;
use proto::gateway::v1::{
    DisclosureFigures, GetDisclosureFiguresRequest, Rate, metrics_service_client::MetricsServiceClient,
};
use serde_json::{Value, json};

use super::{
    super::{
        county::DIVISION,
        figures::{followed, head, unanswered, year},
    },
    plan::{PICTURES, PUBLISHED},
};
use crate::columns::{left, right};

/// What the API answers about the publications.
#[derive(Default)]
pub struct Answers(DisclosureFigures);

/// Asks for the year's figures once they count everything that has happened.
pub async fn ask(ring: &Keyring) -> anyhow::Result<Answers> {
    let head = head(ring, "disclosure").await.map_err(unanswered)?;
    let request =
        GetDisclosureFiguresRequest { parent: DIVISION.to_owned(), period: Some(year()), ..Default::default() };
    let answer = followed(head, async || {
        let mut metrics = MetricsServiceClient::new(ring.clone());
        let answer = metrics.get_disclosure_figures(request.clone()).await?.into_inner();
        Ok((answer.disclosure_seq, answer))
    });
    Ok(Answers(answer.await?.total.unwrap_or_default()))
}

impl Answers {
    /// What is not as the county has published it; nothing is said of a smaller year.
    pub fn differences(&self) -> Vec<String> {
        let lines = [("公开信息 published", self.0.published, PUBLISHED), ("图片 pictures", self.0.pictures, PICTURES)];
        let wrong = lines.into_iter().filter(|(_, is, expected)| *is != i64::from(*expected));
        wrong.map(|(name, is, expected)| format!("{name}: {is}，应为 expected {expected}")).collect()
    }

    /// For people.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let total = &self.0;
        let score = total.mean_score.map_or("—".to_owned(), |score| format!("{score}%"));
        let lines = [
            ("公开信息", "publications", total.published.to_string()),
            ("图片", "pictures", total.pictures.to_string()),
            ("更正 / 撤回", "corrected / withdrawn", format!("{} / {}", total.corrected, total.withdrawn)),
            ("按时公开率", "published on time", percent(&total.on_time_rate)),
            ("要素齐全率", "complete by their list", percent(&total.conformance_rate)),
            ("平均得分", "mean score", score),
            ("逾期未公开", "overdue", total.overdue.to_string()),
        ];
        writeln!(out)?;
        let mut line = |(zh, en, value): (&str, &str, String)| {
            writeln!(out, "{}{}", left(&format!("{zh} {en}"), 52), right(&value, 16))
        };
        lines.into_iter().try_for_each(&mut line)
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let (total, points) = (&self.0, |rate: &Option<Rate>| rate.and_then(|rate| rate.basis_points));
        json!({
            "published": total.published,
            "pictures": total.pictures,
            "corrected": total.corrected,
            "withdrawn": total.withdrawn,
            "on_time_rate_basis_points": points(&total.on_time_rate),
            "conformance_rate_basis_points": points(&total.conformance_rate),
            "mean_score": total.mean_score,
            "overdue": total.overdue,
        })
    }
}

fn percent(rate: &Option<Rate>) -> String {
    let points = rate.and_then(|rate| rate.basis_points);
    points.map_or("—".to_owned(), |points| format!("{}.{:02}%", points / 100, points % 100))
}
