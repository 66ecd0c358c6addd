//! The year as MetricsService and CaseService tell it. Nothing here knows the plan.

use std::time::Duration;

use kit::keyring::Keyring;
use proto::{
    directory::v1::DeadlineState,
    gateway::v1::{
        Figure, FigureCase, Figures, GetFiguresRequest, GetFiguresResponse, GroupBy, ListFigureCasesRequest, Period,
        PublishFigureRequest, PublishedFigure, figure_service_client::FigureServiceClient,
        metrics_service_client::MetricsServiceClient,
    },
    intake::v1::{
        Case, CaseState, Clock, GetCaseRequest, Signal, SuspensionPeriod, case_service_client::CaseServiceClient,
    },
    journal::v1::{ListHeadsRequest, journal_service_client::JournalServiceClient},
};
use tonic::{Request, Status, metadata::MetadataValue};
use uuid::Uuid;

use super::{county::DIVISION, duty, publish};
use crate::trouble;

/// What the API answers about the year.
pub struct Answers {
    pub total: Figures,
    pub months: Vec<Figures>,
    /// The year's completion rate as it was stated for good.
    pub stated: PublishedFigure,
    pub open: Vec<OpenCase>,
    pub duty: duty::figures::Answers,
    pub publications: publish::figures::Answers,
}

/// A case that is open at the end of the year.
pub struct OpenCase {
    pub figure: FigureCase,
    pub case: Case,
}

/// How long the figures may lag behind the last change.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks for the year's figures once they count everything that has happened.
pub async fn ask(ring: &Keyring) -> anyhow::Result<Answers> {
    let channel = ring.clone();
    let head = head(ring, "intake").await.map_err(unanswered)?;
    let mut metrics = MetricsServiceClient::new(channel.clone());
    let answer = followed(head, async || {
        let answer = figures(&mut metrics.clone(), GroupBy::Unspecified).await?;
        Ok((answer.intake_seq, answer))
    });
    let total = answer.await?.total.unwrap_or_default();
    let stated = state(ring).await.map_err(unanswered)?;
    let months = figures(&mut metrics, GroupBy::Month).await.map_err(unanswered)?.rows;
    let request = ListFigureCasesRequest {
        parent: DIVISION.to_owned(),
        period: Some(year()),
        figure: Figure::Open.into(),
        page_size: 1_000,
        ..Default::default()
    };
    let listed = metrics.list_figure_cases(request).await.map_err(unanswered)?.into_inner().cases;
    let mut cases = CaseServiceClient::new(channel);
    let mut open = Vec::with_capacity(listed.len());
    // More than a handful is a fault, and told by the figure itself.
    for figure in listed.into_iter().take(50) {
        let case = cases.get_case(GetCaseRequest { name: figure.name.clone() }).await.map_err(unanswered)?.into_inner();
        open.push(OpenCase { figure, case });
    }
    let (duty, publications) = (duty::figures::ask(ring).await?, publish::figures::ask(ring).await?);
    Ok(Answers { total, months, stated, open, duty, publications })
}

/// Asks until the answer rests on a journal up to here; it says itself how far.
pub async fn followed<T>(head: i64, ask: impl AsyncFn() -> Result<(i64, T), Status>) -> anyhow::Result<T> {
    let followed = async {
        loop {
            let (seq, answer) = ask().await?;
            if seq >= head {
                return Ok(answer);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let answer = tokio::time::timeout(PATIENCE, followed).await.map_err(|_| {
        let seconds = PATIENCE.as_secs();
        trouble(
            format!("{seconds}秒后统计数据仍未跟上"),
            format!("after {seconds} s the figures still lag behind the journal at {head}"),
        )
    })?;
    answer.map_err(unanswered)
}

/// The end of the county's journal of a service.
pub async fn head(channel: &Keyring, service: &'static str) -> Result<i64, Status> {
    let mut request = Request::new(ListHeadsRequest {});
    request.metadata_mut().insert("yizhan-service", MetadataValue::from_static(service));
    let heads = JournalServiceClient::new(channel.clone()).list_heads(request).await?.into_inner().heads;
    Ok(heads.iter().find(|head| DIVISION.ends_with(&head.division)).map_or(0, |head| head.seq))
}

async fn figures(metrics: &mut MetricsServiceClient<Keyring>, group_by: GroupBy) -> Result<GetFiguresResponse, Status> {
    let (parent, period) = (DIVISION.to_owned(), Some(year()));
    let request = GetFiguresRequest { parent, period, group_by: group_by.into(), selection: None };
    Ok(metrics.get_figures(request).await?.into_inner())
}

/// States the completion rate for good: signed heads that cover it, and a second count that agrees.
async fn state(ring: &Keyring) -> Result<PublishedFigure, Status> {
    let request = PublishFigureRequest {
        parent: DIVISION.to_owned(),
        definition: "completion-rate".to_owned(),
        period: Some(year()),
        unit: String::new(),
        request_id: Uuid::new_v4().to_string(),
    };
    Ok(FigureServiceClient::new(ring.clone()).publish_figure(request).await?.into_inner())
}

pub fn year() -> Period {
    Period { first: "2016-01-01".to_owned(), last: "2016-12-31".to_owned() }
}

pub fn unanswered(status: Status) -> anyhow::Error {
    trouble(format!("统计查询失败：{}", kit::status::localized(&status)), format!("the figures were refused: {status}"))
}

impl OpenCase {
    /// Why it is open, from its state and clocks: in Chinese, and in English.
    pub fn why(&self) -> (String, String) {
        let case = &self.case;
        let (zh, en) = match case.state() {
            CaseState::Suspended => match case.suspensions.last() {
                Some(stop) => stopped(stop),
                None => ("期限中止".to_owned(), "the clocks stand still".to_owned()),
            },
            CaseState::Granted | CaseState::Denied => {
                let due = case.issue_clock.as_ref().map(due).unwrap_or_default();
                (
                    format!("已作出决定，等待领取；送达期限{}", due.0),
                    format!("decided, to be collected; delivery {}", due.1),
                )
            }
            CaseState::Accepted => ("已受理，等待决定".to_owned(), "accepted, to be decided".to_owned()),
            CaseState::SupplementPending => ("等待申请人补正".to_owned(), "the applicant is to supplement".to_owned()),
            _ => ("已收件，等待受理".to_owned(), "received, to be accepted".to_owned()),
        };
        let extended = case.extension.as_ref().map_or_else(Default::default, |extension| {
            (format!("；已延长{}个工作日", extension.days), format!("; extended by {} working days", extension.days))
        });
        (zh + &extended.0, en + &extended.1)
    }

    /// The legal and the promised clock: in Chinese, and in English. Once the case is decided they run no more.
    pub fn clocks(&self) -> [(String, String); 2] {
        [&self.case.legal_clock, &self.case.promised_clock].map(|clock| clock.as_ref().map(due).unwrap_or_default())
    }
}

fn stopped(stop: &SuspensionPeriod) -> (String, String) {
    let (first, days) = (&stop.first_day, stop.needed_days);
    (
        format!("{first}起因{}中止，书面告知需{days}个工作日，等待恢复", cause(stop).0),
        format!(
            "stopped since {first} for {}, {days} working days by the written notice; to be resumed",
            cause(stop).1
        ),
    )
}

fn cause(stop: &SuspensionPeriod) -> (&'static str, &'static str) {
    use proto::intake::v1::SuspensionCause::*;
    match stop.cause() {
        Hearing => ("听证", "a hearing"),
        Tender => ("招标", "a tender"),
        Auction => ("拍卖", "an auction"),
        Inspection => ("检验", "inspection"),
        Testing => ("检测", "testing"),
        Quarantine => ("检疫", "quarantine"),
        Appraisal => ("鉴定", "appraisal"),
        ExpertReview => ("专家评审", "expert review"),
        Unspecified => ("法定事由", "a legal cause"),
    }
}

/// When a clock runs out.
fn due(clock: &Clock) -> (String, String) {
    let left = clock.remaining;
    let (zh, en) = match clock.state() {
        DeadlineState::Due => (format!("{}届满", clock.due_on), format!("due {}", clock.due_on)),
        DeadlineState::Stopped => (format!("中止，余{left}个工作日"), format!("stopped, {left} working days left")),
        DeadlineState::Provisional => {
            (format!("待定，余{left}个工作日"), format!("provisional, {left} working days left"))
        }
        DeadlineState::Unspecified => ("未起算".to_owned(), "not begun".to_owned()),
    };
    match clock.signal() {
        Signal::Red => (zh + "（已超期）", en + " (overdue)"),
        Signal::Yellow => (zh + "（临近）", en + " (near)"),
        _ => (zh, en),
    }
}
