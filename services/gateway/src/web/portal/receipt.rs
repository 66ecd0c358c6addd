//! 收件回执: what the journal says of a reception, to be printed and kept, with the proof once there is one. Asked for by
//! number and query code as a case is tracked; the file comes by a form too, so that neither ever stands in an address.

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kit::clock::Moment;
use prost::Message;
use proto::{
    intake::v1::{CaseFacts, TrackCaseResponse},
    journal::v1::{Leaf, Receipt},
};
use qrcode::EcLevel;

use super::{
    super::{Pages, shell::Shell},
    Visit,
    qr::Qr,
    sources::Titles,
    track::{Asked, code_of, page, wrong},
    way::{Tab, Way},
};

#[derive(Template)]
#[template(path = "portal/receipt.html")]
struct ReceiptPage {
    shell: Shell,
    way: Way,
    number: String,
    /// Goes back with the forms of a receipt that is shown; empty where none is.
    code: String,
    /// Empty where nothing went wrong.
    wrong: String,
    receipt: Option<Shown>,
}

struct Shown {
    number: String,
    item: String,
    unit: String,
    /// Civil time in Shanghai.
    received_at: String,
    is_late: bool,
    origin: String,
    seq: i64,
    /// The leaf hash in groups of four digits.
    hash: String,
    /// What a reader of the small code has: enough to find the entry and compare it.
    compact: String,
    small: Option<Qr>,
    proof: Option<Proof>,
}

struct Proof {
    /// Entries that the signed head covers, and when it was signed.
    size: i64,
    signed_at: String,
    /// The whole file, where it fits.
    large: Option<Qr>,
}

/// GET /receipt
pub async fn show(State(pages): State<Pages>, uri: Uri) -> Response {
    match Visit::begin(&pages, &uri, Tab::Track).await {
        Ok(visit) => page(StatusCode::OK, &ReceiptPage::new(visit.way)),
        Err(trouble) => trouble.page(&uri),
    }
}

/// POST /receipt
pub async fn find(State(pages): State<Pages>, request: Request) -> Response {
    let uri = request.uri().clone();
    match Asked::read(&pages, request).await {
        Ok(asked) => answer(&pages, asked).await,
        Err(trouble) => trouble.page(&uri),
    }
}

/// POST /receipt.txt: the proof alone, as its specification has it.
pub async fn file(State(pages): State<Pages>, request: Request) -> Response {
    let uri = request.uri().clone();
    let asked = match Asked::read(&pages, request).await {
        Ok(asked) => asked,
        Err(trouble) => return trouble.page(&uri),
    };
    match &asked.answer {
        Ok(TrackCaseResponse { receipt: Some(receipt), .. }) if !receipt.text.is_empty() => {
            let headers = [
                (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"receipt.txt\""),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, receipt.text.clone()).into_response()
        }
        _ => answer(&pages, asked).await,
    }
}

/// The page of what was asked for: the receipt, or why there is none.
async fn answer(pages: &Pages, asked: Asked) -> Response {
    let Asked { visit, number, code, answer } = asked;
    let told = ReceiptPage { number, ..ReceiptPage::new(visit.way) };
    let case = match answer {
        Ok(case) => case,
        Err(status) => return page(code_of(&status), &ReceiptPage { wrong: wrong(&told.way, &status), ..told }),
    };
    // The case may be another division's than the one whose site this is.
    let titles = match case.number.get(..6).and_then(|division| division.parse().ok()) {
        Some(division) => pages.0.portal.sources.titles(division).await.unwrap_or_default(),
        None => visit.titles,
    };
    match case.receipt.as_ref().and_then(|receipt| Shown::new(&case, receipt, &titles, &told.way)) {
        Some(receipt) => page(StatusCode::OK, &ReceiptPage { receipt: Some(receipt), code, ..told }),
        None => {
            let (zh, en) = ("该办件收件时尚未留存回执信息", "the case was received before receipts were kept");
            let wrong = told.way.one(zh, en).to_owned();
            page(StatusCode::NOT_FOUND, &ReceiptPage { wrong, ..told })
        }
    }
}

impl ReceiptPage {
    fn new(way: Way) -> ReceiptPage {
        let shell = way.shell(way.one("收件回执", "Receipt"), "/receipt", &[]);
        ReceiptPage { shell, way, number: String::new(), code: String::new(), wrong: String::new(), receipt: None }
    }
}

impl Shown {
    /// None where the leaf does not tell of a case.
    fn new(case: &TrackCaseResponse, receipt: &Receipt, titles: &Titles, way: &Way) -> Option<Shown> {
        let leaf = Leaf::decode(&*receipt.leaf).ok()?;
        let facts = CaseFacts::decode(&*leaf.payload).ok()?;
        let unit = titles.unit(&facts.unit);
        let hash = &receipt.leaf_hash;
        let compact = format!("yizhan:1:{}:{}:{}", case.number, receipt.seq, URL_SAFE_NO_PAD.encode(hash));
        let proof = receipt.head.as_ref().filter(|_| !receipt.text.is_empty()).map(|head| Proof {
            size: head.size,
            signed_at: head.signed_at.as_ref().and_then(Moment::from_timestamp).map(minute).unwrap_or_default(),
            large: Qr::of(&receipt.text, EcLevel::L),
        });
        Some(Shown {
            number: case.number.clone(),
            item: case.item_title_zh.clone(),
            unit: unit
                .map_or(facts.unit.clone(), |unit| way.lang.only(&unit.display_name_zh, &unit.display_name_en).first),
            received_at: minute(Moment(facts.received_at)),
            is_late: facts.late_entry,
            origin: receipt.origin.clone(),
            seq: receipt.seq,
            hash: hash
                .chunks(2)
                .map(|two| two.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
                .collect::<Vec<_>>()
                .join(" "),
            small: Qr::of(&compact, EcLevel::M),
            compact,
            proof,
        })
    }
}

/// To the minute, in Shanghai.
fn minute(at: Moment) -> String {
    at.shanghai().chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}
