//! 日志见证: the newest head of each journal, and who has cosigned it. Whoever keeps one can show later that a journal is not
//! what it was.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use kit::{clock::Moment, refusal::Refusal};
use proto::gateway::v1::{CosignedHead, ListCosignedHeadsResponse, WitnessState};

use super::{
    super::{Pages, shell::Shell},
    Trouble, Visit, answer,
    way::{Tab, Way},
};

#[derive(Template)]
#[template(path = "portal/heads.html")]
struct HeadsPage {
    shell: Shell,
    way: Way,
    heads: Vec<Shown>,
    /// So many cosignatures are needed to publish.
    quorum: i32,
}

struct Shown {
    service: String,
    title: &'static str,
    origin: String,
    size: i64,
    root: String,
    /// Civil time in Shanghai.
    signed_at: String,
    key: String,
    note: String,
    witnesses: Vec<Said>,
}

struct Said {
    name: String,
    size: i64,
    at: String,
    is_alarmed: bool,
    error: String,
}

/// GET /heads
pub async fn show(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let (way, answer) = heads(&pages, &uri).await?;
        Ok(super::html(&HeadsPage {
            shell: way.shell(way.one("日志见证", "Journals and witnesses"), "/heads", &[]),
            heads: answer.heads.into_iter().filter_map(|head| Shown::new(head, &way)).collect(),
            quorum: answer.quorum,
            way,
        }))
    };
    answer(&uri, &headers, shown.await)
}

/// GET /heads/{service}.txt: the note with its cosignatures, for programs and for who keeps it.
pub async fn note(State(pages): State<Pages>, Path(file): Path<String>, uri: Uri) -> Response {
    let found = async {
        let (_, answer) = heads(&pages, &uri).await?;
        let mut heads = answer.heads.into_iter();
        let head = heads.find(|head| file.strip_suffix(".txt") == Some(&head.service)).and_then(|head| head.head);
        let none = || Refusal::not_found("LOG_NOT_FOUND", "没有此日志的树头", "there is no head of such a journal");
        Ok::<_, Trouble>(head.ok_or_else(none)?.note)
    };
    match found.await {
        Ok(note) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response(),
        Err(trouble) => trouble.page(&uri),
    }
}

async fn heads(pages: &Pages, uri: &Uri) -> Result<(Way, ListCosignedHeadsResponse), Trouble> {
    let Visit { way, .. } = Visit::begin(pages, uri, Tab::Heads).await?;
    let answer = match &pages.0.portal.cosign {
        Some(cosign) => cosign.heads(way.division).await?,
        None => ListCosignedHeadsResponse::default(),
    };
    Ok((way, answer))
}

impl Shown {
    fn new(of: CosignedHead, way: &Way) -> Option<Shown> {
        let head = of.head?;
        let note = way.to(&format!("/heads/{}.txt", of.service));
        let title = match of.service.as_str() {
            "directory" => way.one("目录", "Directory"),
            "intake" => way.one("办件", "Cases"),
            "roster" => way.one("值班", "Duty"),
            "disclosure" => way.one("信息公开", "Publications"),
            _ => way.one("统计公布", "Published figures"),
        };
        let groups = |hash: &[u8]| {
            let groups = hash.chunks(2).map(|two| two.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
            groups.collect::<Vec<_>>().join(" ")
        };
        Some(Shown {
            title,
            origin: head.origin,
            size: head.size,
            root: groups(&head.root_hash),
            signed_at: minute(head.signed_at.as_ref()),
            key: head.verifier_key,
            note,
            witnesses: of.witnesses.into_iter().map(said).collect(),
            service: of.service,
        })
    }
}

fn said(state: WitnessState) -> Said {
    let at = minute(state.cosigned_at.as_ref());
    Said { name: state.name, size: state.size, at, is_alarmed: state.alarmed, error: state.error }
}

/// To the minute, in Shanghai; empty where there is none.
fn minute(at: Option<&prost_types::Timestamp>) -> String {
    let at = at.and_then(Moment::from_timestamp).map(Moment::shanghai).unwrap_or_default();
    at.chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}
