//! What stands behind the portal in its tests: a directory, a catalogue, cases and publications that answer from what they
//! were given.

#![allow(dead_code)] // each test uses a part of it

pub mod receipts;

use std::{collections::HashMap, sync::Arc};

use axum::{Router, body::Body, extract::Request, response::Response, routing::any};
use bytes::{BufMut, Bytes, BytesMut};
use gateway::Peers;
use http::{HeaderMap, header::CONTENT_TYPE};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use kit::{
    caller::{Caller, Role},
    peer::Peer,
    refusal::Refusal,
    testing::moment,
};
use prost::Message;
use proto::{
    directory::v1 as directory,
    disclosure::v1::{self as pb, download_file_response::Part},
    intake::v1 as intake,
};
use tonic::{Status, service::Routes};

use crate::desk;

pub const PARENT: &str = "divisions/410223";
pub const ID: &str = "012-2016-00017";
pub const WITHDRAWN: &str = "012-2016-00018";
pub const SHA: &str = "aa00000000000000000000000000000000000000000000000000000000000001";
pub const PICTURE: &str = "aa00000000000000000000000000000000000000000000000000000000000002";

#[derive(Clone)]
pub struct Hall(Arc<Inner>);

struct Inner {
    county: County,
    publications: HashMap<String, pb::Publication>,
    /// The disclosure service does not answer.
    closed: bool,
}

/// What there is in a county.
pub struct County {
    pub divisions: Vec<directory::Division>,
    pub units: Vec<directory::Unit>,
    pub windows: Vec<directory::Window>,
    pub items: Vec<intake::Item>,
    pub columns: Vec<pb::Column>,
    pub requirements: Vec<pb::Requirements>,
    /// What is in the file of this digest; another says twelve characters.
    pub files: HashMap<String, Vec<u8>>,
}

impl County {
    /// With hostile names.
    fn hostile() -> County {
        County {
            divisions: vec![
                division("410223", "尉氏县", "Weishi County"),
                division("410224", "<b>兰考县</b>", "Lankao County"),
            ],
            units: vec![unit()],
            windows: windows(),
            items: vec![item()],
            columns: columns(),
            requirements: vec![requirements()],
            files: HashMap::new(),
        }
    }
}

impl Hall {
    pub fn open() -> Hall {
        Hall::with(publications(), false)
    }

    pub fn with(publications: Vec<pb::Publication>, closed: bool) -> Hall {
        Hall::of(County::hostile(), publications, closed)
    }

    pub fn of(county: County, publications: Vec<pb::Publication>, closed: bool) -> Hall {
        let publications = publications.into_iter().map(|it| (it.name.clone(), it)).collect();
        Hall(Arc::new(Inner { county, publications, closed }))
    }

    pub fn peers(&self) -> Peers {
        let hall = self.clone();
        let mut routes = Routes::default();
        let router = routes.axum_router_mut();
        let answer = any(move |request| async move { hall.answer(request).await });
        *router = std::mem::replace(router, Router::new()).route("/{service}/{method}", answer);
        let peer = Peer::in_process(routes);
        Peers { directory: peer.clone(), intake: peer.clone(), roster: peer.clone(), disclosure: peer }
    }

    async fn answer(&self, request: Request) -> Response {
        let caller = request.extensions().get::<Caller>().cloned().expect("a caller is always told");
        assert_eq!(caller.role(), Role::Public, "the portal asks in the name of the public");
        let path = request.uri().path().to_owned();
        let bytes = request.into_body().collect().await.expect("a whole body").to_bytes().slice(5..);
        if self.0.closed && path.contains("disclosure") {
            return Status::from(Refusal::unavailable()).into_http();
        }
        let (county, next_page_token) = (&self.0.county, String::new());
        match path.rsplit('/').next().expect("a method") {
            "ListDivisions" => {
                desk::reply(&directory::ListDivisionsResponse { divisions: county.divisions.clone(), next_page_token })
            }
            "ListUnits" => desk::reply(&directory::ListUnitsResponse { units: county.units.clone(), next_page_token }),
            "ListWindows" => {
                desk::reply(&directory::ListWindowsResponse { windows: county.windows.clone(), next_page_token })
            }
            "ListItems" => desk::reply(&intake::ListItemsResponse { items: county.items.clone(), next_page_token }),
            "ListColumns" => desk::reply(&pb::ListColumnsResponse { columns: county.columns.clone() }),
            "ListRequirements" => {
                desk::reply(&pb::ListRequirementsResponse { requirements: county.requirements.clone() })
            }
            "GetPublication" => self.publication(bytes),
            "ListPublished" => self.list(bytes),
            "SearchPublished" => self.search(bytes),
            "TrackCase" => track(bytes),
            "DownloadFile" => self.file(bytes),
            method => panic!("nobody asks for {method}"),
        }
    }

    fn publication(&self, bytes: Bytes) -> Response {
        let asked = pb::GetPublicationRequest::decode(bytes).expect("decodes");
        match self.0.publications.get(&asked.name) {
            Some(publication) => desk::reply(publication),
            None => not_found("PUBLICATION_NOT_FOUND"),
        }
    }

    fn summaries(&self) -> Vec<pb::Summary> {
        let public = self.0.publications.values().filter(|it| it.standing() == pb::Standing::Public);
        let mut all: Vec<_> = public.map(summary).collect();
        let at = |of: &pb::Summary| of.published_at.map(|at| -at.seconds);
        all.sort_by_key(|of| (at(of), of.name.clone()));
        all
    }

    fn list(&self, bytes: Bytes) -> Response {
        let asked = pb::ListPublishedRequest::decode(bytes).expect("decodes");
        let selection = asked.selection.unwrap_or_default();
        let all = self.summaries().into_iter();
        let mut publications: Vec<_> = all
            .filter(|it| selection.column.is_empty() || it.column == selection.column)
            .filter(|it| selection.unit.is_empty() || it.unit == selection.unit)
            .filter(|it| selection.subject.is_empty() || it.subjects.contains(&selection.subject))
            .collect();
        let most = asked.page_size as usize;
        let first = asked.page_token.parse().unwrap_or(0);
        let more = publications.len() > first + most;
        publications = publications.into_iter().skip(first).take(most).collect();
        let next_page_token = if more { (first + most).to_string() } else { String::new() };
        desk::reply(&pb::ListPublishedResponse { publications, next_page_token })
    }

    fn search(&self, bytes: Bytes) -> Response {
        let asked = pb::SearchPublishedRequest::decode(bytes).expect("decodes");
        if asked.query.chars().all(|c| c.is_ascii_punctuation()) {
            return Status::from(Refusal::field("query", "没有可以搜索的词", "has no word to search for")).into_http();
        }
        let publications = self.summaries().into_iter().filter(|it| it.title.contains(&asked.query)).collect();
        desk::reply(&pb::SearchPublishedResponse { publications, words: vec![asked.query], ..Default::default() })
    }

    fn file(&self, bytes: Bytes) -> Response {
        let asked = pb::DownloadFileRequest::decode(bytes).expect("decodes");
        let found = self.0.publications.values().filter_map(|it| it.edition.as_ref()?.content.as_ref());
        let found = found.flat_map(|content| &content.files).find(|file| file.name == asked.name);
        let Some(file) = found else { return not_found("FILE_NOT_FOUND") };
        let sha = file.name.rsplit('/').next().unwrap_or_default();
        let bytes = self.0.county.files.get(sha).cloned().unwrap_or_else(|| b"first second".to_vec());
        let chunks = bytes.chunks(bytes.len() / 2 + 1).map(|some| Part::Chunk(some.to_vec()));
        stream([Part::File(file.clone())].into_iter().chain(chunks))
    }
}

fn not_found(reason: &'static str) -> Response {
    Status::from(Refusal::not_found(reason, "没有", "there is none")).into_http()
}

fn track(bytes: Bytes) -> Response {
    let asked = intake::TrackCaseRequest::decode(bytes).expect("decodes");
    let receipt = match asked.query_code.as_str() {
        "CODE42" => Some(receipts::fresh(&asked.number)),
        "CODE43" => Some(receipts::proved(&asked.number)),
        "CODE44" => None,
        _ => return not_found("CASE_NOT_FOUND"),
    };
    desk::reply(&intake::TrackCaseResponse {
        number: asked.number,
        item_title_zh: "食品经营许可".into(),
        state: intake::CaseState::Accepted.into(),
        state_zh: "审查中".into(),
        state_en: "In review".into(),
        received_on: "2016-03-01".into(),
        accepted_on: "2016-03-02".into(),
        due_on: "2016-03-15".into(),
        next_zh: "请等待通知".into(),
        next_en: "Please wait".into(),
        receipt,
        ..Default::default()
    })
}

fn stream(parts: impl IntoIterator<Item = Part>) -> Response {
    let mut frames: Vec<Result<Frame<Bytes>, std::convert::Infallible>> = Vec::new();
    for part in parts {
        let message = pb::DownloadFileResponse { part: Some(part) };
        let mut framed = BytesMut::new();
        framed.put_u8(0);
        framed.put_u32(u32::try_from(message.encoded_len()).expect("short"));
        message.encode(&mut framed).expect("room");
        frames.push(Ok(Frame::data(framed.freeze())));
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().expect("a header"));
    frames.push(Ok(Frame::trailers(trailers)));
    let mut answer = Response::new(Body::new(StreamBody::new(tokio_stream::iter(frames))));
    answer.headers_mut().insert(CONTENT_TYPE, "application/grpc".parse().expect("a header"));
    answer
}

pub fn division(code: &str, zh: &str, en: &str) -> directory::Division {
    directory::Division {
        name: format!("divisions/{code}"),
        display_name_zh: zh.into(),
        display_name_en: en.into(),
        state: directory::State::Active.into(),
        ..Default::default()
    }
}

fn unit() -> directory::Unit {
    directory::Unit {
        name: format!("{PARENT}/units/012"),
        display_name_zh: "市场监督管理局<script>".into(),
        display_name_en: "Market Supervision".into(),
        phone: "0371-27990012".into(),
        state: directory::State::Active.into(),
        ..Default::default()
    }
}

fn windows() -> Vec<directory::Window> {
    let window = |code: &str, unit: &str, accepts, issues| directory::Window {
        name: format!("{PARENT}/windows/{code}"),
        display_name_zh: format!("{code}号窗口"),
        unit: unit.into(),
        accepts,
        issues,
        floor: "一楼".into(),
        state: directory::State::Active.into(),
        ..Default::default()
    };
    vec![window("A01", &format!("{PARENT}/units/012"), true, false), window("C01", "", false, true)]
}

fn item() -> intake::Item {
    let text = intake::ItemText {
        title_zh: "食品经营许可".into(),
        unit: format!("{PARENT}/units/012"),
        open_hours: "工作日 8:30–12:00，14:30–17:30".into(),
        place: "行政服务中心一楼".into(),
        ..Default::default()
    };
    intake::Item { name: format!("{PARENT}/items/410223-012-001"), text: Some(text), ..Default::default() }
}

fn columns() -> Vec<pb::Column> {
    let column = |code: &str, zh: &str, category: pb::Category| pb::Column {
        name: format!("{PARENT}/columns/{code}"),
        title_zh: zh.into(),
        category: category.into(),
        limit_days: 20,
        bar: 80,
        ..Default::default()
    };
    vec![
        column("guides", "办事指南", pb::Category::Licensing),
        column("notices", "通知公告", pb::Category::Other),
        column("plans", "规划计划", pb::Category::Plans),
    ]
}

fn requirements() -> pb::Requirements {
    let element = |code: &str, zh: &str, en: &str| pb::Element {
        code: code.into(),
        title_zh: zh.into(),
        title_en: en.into(),
        least: 2,
    };
    pb::Requirements {
        name: format!("{PARENT}/requirements/guide"),
        elements: vec![element("conditions", "受理条件", "Conditions"), element("materials", "申请材料", "Materials")],
        ..Default::default()
    }
}

fn section(element: &str, heading: &str, text: &str) -> pb::Section {
    pb::Section { element: element.into(), heading: heading.into(), text: text.into() }
}

fn file(sha: &str, file_name: &str, media_type: &str) -> pb::File {
    pb::File {
        name: format!("{PARENT}/publications/{ID}/files/{sha}"),
        file_name: file_name.into(),
        media_type: media_type.into(),
        size_bytes: 12,
        title: "附件<b>".into(),
        alternative: "办理流程：先受理，后审查".into(),
        width: 640,
        height: 480,
        ..Default::default()
    }
}

pub fn content(title: &str) -> pb::Content {
    pb::Content {
        unit: format!("{PARENT}/units/012"),
        column: format!("{PARENT}/columns/guides"),
        title: title.into(),
        summary: "办理食品经营许可的条件、材料和流程。".into(),
        formed_on: "2016-03-01".into(),
        document_number: "尉市监〔2016〕7号".into(),
        sections: vec![
            section(
                "conditions",
                "",
                "依法登记的经营者。\n\n<script>alert(1)</script>\n\n[官网](https://example.org/a)",
            ),
            section("materials", "要交的材料", "| 材料 | 份数 |\n|---|--:|\n| 申请书 | 1 |\n\n![流程](flow.png)"),
        ],
        body: "## 常见问题\n\n问：要多久？[恶意](javascript:alert(1)) ![](https://evil.example/x.png)".into(),
        subjects: vec!["enterprise".into()],
        files: vec![
            file(SHA, "申请表.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            file(PICTURE, "flow.png", "image/png"),
        ],
    }
}

pub fn edition(number: i32, content: Option<pb::Content>) -> pb::Edition {
    pb::Edition {
        number,
        content,
        published_at: Some(moment(&format!("2016-03-0{number}T10:30")).timestamp()),
        on_time: true,
        conformance: Some(pb::Conformance {
            score: 91,
            said: 11,
            required: 12,
            bar: 100,
            requirements: "guide".into(),
            findings: vec![pb::Finding {
                element: "fee".into(),
                problem: pb::Problem::Missing.into(),
                message_zh: "缺少收费依据".into(),
                message_en: "the fee's basis is missing".into(),
            }],
            ..Default::default()
        }),
        correction: if number > 1 { "流程已调整".into() } else { String::new() },
        below_bar_reason: "收费标准待批复".into(),
        omissions: vec![pb::Omission {
            what: "经办人联系方式".into(),
            ground: pb::Ground::Privacy.into(),
            reason: "属个人信息".into(),
        }],
        ..Default::default()
    }
}

pub fn publication(id: &str, title: &str) -> pb::Publication {
    pb::Publication {
        name: format!("{PARENT}/publications/{id}"),
        index_number: format!("410223-{id}"),
        standing: pb::Standing::Public.into(),
        edition: Some(edition(1, Some(content(title)))),
        ..Default::default()
    }
}

/// One that was corrected, one that was withdrawn, and one more than a page of others.
fn publications() -> Vec<pb::Publication> {
    let mut corrected = publication(ID, "食品经营许可<img src=x>办事指南");
    corrected.edition = Some(edition(2, corrected.edition.take().and_then(|it| it.content)));
    corrected.before = vec![edition(1, Some(content("旧的办事指南")))];
    let withdrawn = pb::Publication {
        standing: pb::Standing::Withdrawn.into(),
        edition: Some(edition(1, None)),
        withdrawal: Some(pb::Withdrawal {
            withdrawn_at: Some(moment("2016-04-01T09:00").timestamp()),
            reason: "与上位规定不一致".into(),
            ..Default::default()
        }),
        ..publication(WITHDRAWN, "")
    };
    let others = (100..121).map(|n| publication(&format!("012-2016-00{n}"), &format!("其他指南{n}")));
    [corrected, withdrawn].into_iter().chain(others).collect()
}

fn last(name: &str) -> String {
    name.rsplit('/').next().unwrap_or_default().to_owned()
}

fn summary(of: &pb::Publication) -> pb::Summary {
    let edition = of.edition.clone().unwrap_or_default();
    let content = edition.content.unwrap_or_default();
    pb::Summary {
        name: of.name.clone(),
        index_number: of.index_number.clone(),
        title: content.title,
        summary: content.summary,
        unit: last(&content.unit),
        column: last(&content.column),
        subjects: content.subjects,
        formed_on: content.formed_on,
        published_at: edition.published_at,
        edition: edition.number,
        files: content.files.len() as i32,
        ..Default::default()
    }
}
