//! What may be wrong with a request about a case or a file of it.

use kit::testing::request_id;
use prost::Message;
use proto::intake::v1::{self as pb, upload_attachment_request::Part};

use super::{Row, Table};
use crate::hall::*;

/// A right request of each RPC.
struct Right {
    receive: pb::ReceiveCaseRequest,
    at_once: pb::ReceiveCaseRequest,
    ask: pb::RequestSupplementRequest,
    bring: pb::SupplementCaseRequest,
    accept: pb::AcceptCaseRequest,
    refuse: pb::RefuseCaseRequest,
    suspend: pb::SuspendCaseRequest,
    resume: pb::ResumeCaseRequest,
    extend: pb::ExtendCaseRequest,
    decide: pb::DecideCaseRequest,
    issue: pb::IssueCaseRequest,
    withdraw: pb::WithdrawCaseRequest,
    terminate: pb::TerminateCaseRequest,
    get: pb::GetCaseRequest,
    list: pb::ListCasesRequest,
    watch: pb::WatchCasesRequest,
    explain: pb::ExplainDeadlineRequest,
    track: pb::TrackCaseRequest,
    inbox: pb::ListInboxRequest,
    upload: pb::UploadHeader,
    download: pb::DownloadAttachmentRequest,
}

impl Right {
    fn about(case: &pb::Case) -> Right {
        let (name_of, name, etag) = (name, case.name.clone(), String::new());
        let (clerk, officer, head) =
            (name_of("people", &clerk(UNIT)), name_of("people", &officer(UNIT)), name_of("people", &head(UNIT)));
        let (window, reason, parent) =
            (name_of("windows", "B01"), "有原因".to_owned(), format!("divisions/{DIVISION}"));
        let demand = pb::SupplementDemand { material: "M2".into(), what: "缺少公章".into(), met: false };
        Right {
            receive: receipt("A01", FOOD),
            at_once: on_the_spot(),
            ask: pb::RequestSupplementRequest {
                name: name.clone(),
                clerk: clerk.clone(),
                demands: vec![demand],
                etag: etag.clone(),
                request_id: request_id(),
            },
            bring: pb::SupplementCaseRequest {
                name: name.clone(),
                window: name_of("windows", "A01"),
                clerk: clerk.clone(),
                materials: vec![ticked("M2")],
                etag: etag.clone(),
                request_id: request_id(),
            },
            accept: pb::AcceptCaseRequest {
                name: name.clone(),
                clerk: clerk.clone(),
                etag: etag.clone(),
                request_id: request_id(),
            },
            refuse: pb::RefuseCaseRequest {
                name: name.clone(),
                clerk: clerk.clone(),
                kind: pb::RefusalKind::NotRequired.into(),
                reason: reason.clone(),
                competent_agency: String::new(),
                etag: etag.clone(),
                request_id: request_id(),
            },
            suspend: pb::SuspendCaseRequest {
                name: name.clone(),
                officer: officer.clone(),
                cause: pb::SuspensionCause::Hearing.into(),
                notice_number: "3".into(),
                needed_days: 5,
                first_day: String::new(),
                etag: etag.clone(),
                request_id: request_id(),
            },
            resume: pb::ResumeCaseRequest {
                name: name.clone(),
                officer: officer.clone(),
                last_day: String::new(),
                etag: etag.clone(),
                request_id: request_id(),
            },
            extend: pb::ExtendCaseRequest {
                name: name.clone(),
                approver: head,
                reason: reason.clone(),
                etag: etag.clone(),
                request_id: request_id(),
            },
            decide: grant(case),
            issue: pb::IssueCaseRequest {
                name: name.clone(),
                window,
                clerk: clerk.clone(),
                recipient: Some(recipient()),
                etag: etag.clone(),
                request_id: request_id(),
            },
            withdraw: pb::WithdrawCaseRequest {
                name: name.clone(),
                clerk: clerk.clone(),
                reason: reason.clone(),
                etag: etag.clone(),
                request_id: request_id(),
            },
            terminate: pb::TerminateCaseRequest { name: name.clone(), officer, reason, etag, request_id: request_id() },
            get: pb::GetCaseRequest { name: name.clone() },
            list: pb::ListCasesRequest {
                parent: parent.clone(),
                page_size: 5,
                page_token: String::new(),
                filter: "open = true".into(),
                order_by: "due_on desc".into(),
            },
            watch: pb::WatchCasesRequest { parent, unit: name_of("units", UNIT), after_seq: 1 },
            explain: pb::ExplainDeadlineRequest { name: name.clone(), clock: pb::CaseClock::Legal.into() },
            track: pb::TrackCaseRequest { number: case.number.clone(), query_code: case.query_code.clone() },
            inbox: pb::ListInboxRequest { parent: name_of("units", UNIT), page_size: 5, page_token: String::new() },
            upload: pb::UploadHeader {
                parent: name.clone(),
                file_name: "a.pdf".into(),
                media_type: "application/pdf".into(),
                sha256: vec![7; 32],
                size_bytes: 9,
                material: "M1".into(),
                clerk,
                request_id: request_id(),
            },
            download: pb::DownloadAttachmentRequest { name: format!("{name}/attachments/{}", "0".repeat(64)) },
        }
    }
}

pub fn samples(case: &pb::Case) -> Vec<(&'static str, Vec<u8>)> {
    let right = Right::about(case);
    vec![
        ("CaseService/ReceiveCase", right.receive.encode_to_vec()),
        ("CaseService/ReceiveCase", right.at_once.encode_to_vec()),
        ("CaseService/RequestSupplement", right.ask.encode_to_vec()),
        ("CaseService/SupplementCase", right.bring.encode_to_vec()),
        ("CaseService/AcceptCase", right.accept.encode_to_vec()),
        ("CaseService/RefuseCase", right.refuse.encode_to_vec()),
        ("CaseService/SuspendCase", right.suspend.encode_to_vec()),
        ("CaseService/ResumeCase", right.resume.encode_to_vec()),
        ("CaseService/ExtendCase", right.extend.encode_to_vec()),
        ("CaseService/DecideCase", right.decide.encode_to_vec()),
        ("CaseService/IssueCase", right.issue.encode_to_vec()),
        ("CaseService/WithdrawCase", right.withdraw.encode_to_vec()),
        ("CaseService/TerminateCase", right.terminate.encode_to_vec()),
        ("CaseService/GetCase", right.get.encode_to_vec()),
        ("CaseService/ListCases", right.list.encode_to_vec()),
        ("CaseService/WatchCases", right.watch.encode_to_vec()),
        ("CaseService/ExplainDeadline", right.explain.encode_to_vec()),
        ("CaseService/TrackCase", right.track.encode_to_vec()),
        ("CaseService/ListInbox", right.inbox.encode_to_vec()),
        ("AttachmentService/UploadAttachment", header(right.upload).encode_to_vec()),
        ("AttachmentService/DownloadAttachment", right.download.encode_to_vec()),
    ]
}

pub fn tables(case: &pb::Case) -> Vec<Row> {
    let right = Right::about(case);
    let parts = [
        receive(right.receive),
        at_once(right.at_once),
        Table::of("CaseService/RequestSupplement", right.ask)
            .name("name", |r, v| r.name = v)
            .name("clerk", |r, v| r.clerk = v)
            .wrong("clerk", |r| r.clerk = "divisions/410224/people/012-CLERK".into())
            .wrong("demands", |r| r.demands.clear())
            .wrong("demands", |r| r.demands = vec![r.demands[0].clone(); 61])
            .wrong("demands", |r| r.demands = vec![r.demands[0].clone(); 2])
            .wrong("demands[0].what", |r| r.demands[0].what = " ".into())
            .text("demands[0].what", 500, |r, v| r.demands[0].what = v)
            .text("demands[0].material", 20, |r, v| r.demands[0].material = v)
            .request_id(|r, v| r.request_id = v)
            .rows(),
        Table::of("CaseService/SupplementCase", right.bring)
            .name("name", |r, v| r.name = v)
            .name("window", |r, v| r.window = v)
            .wrong("window", |r| r.window = "divisions/410224/windows/A01".into())
            .name("clerk", |r, v| r.clerk = v)
            .wrong("materials", |r| r.materials.clear())
            .wrong("materials[0].copies", |r| r.materials[0].copies = -1)
            .request_id(|r, v| r.request_id = v)
            .rows(),
        Table::of("CaseService/AcceptCase", right.accept)
            .name("name", |r, v| r.name = v)
            .name("clerk", |r, v| r.clerk = v)
            .request_id(|r, v| r.request_id = v)
            .rows(),
        Table::of("CaseService/RefuseCase", right.refuse)
            .name("name", |r, v| r.name = v)
            .name("clerk", |r, v| r.clerk = v)
            .choice("kind", |r, v| r.kind = v)
            .wrong("reason", |r| r.reason.clear())
            .text("reason", 2_000, |r, v| r.reason = v)
            .text("competent_agency", 200, |r, v| r.competent_agency = v)
            .wrong("competent_agency", |r| r.kind = pb::RefusalKind::NotCompetent.into())
            .request_id(|r, v| r.request_id = v)
            .rows(),
        Table::of("CaseService/SuspendCase", right.suspend)
            .name("name", |r, v| r.name = v)
            .name("officer", |r, v| r.officer = v)
            .choice("cause", |r, v| r.cause = v)
            .wrong("notice_number", |r| r.notice_number.clear())
            .text("notice_number", 100, |r, v| r.notice_number = v)
            .wrong("needed_days", |r| r.needed_days = 0)
            .wrong("needed_days", |r| r.needed_days = 251)
            .wrong("needed_days", |r| r.needed_days = i32::MIN)
            .day("first_day", |r, v| r.first_day = v)
            .request_id(|r, v| r.request_id = v)
            .rows(),
        Table::of("CaseService/ResumeCase", right.resume)
            .name("name", |r, v| r.name = v)
            .name("officer", |r, v| r.officer = v)
            .day("last_day", |r, v| r.last_day = v)
            .request_id(|r, v| r.request_id = v)
            .rows(),
        Table::of("CaseService/ExtendCase", right.extend)
            .name("name", |r, v| r.name = v)
            .name("approver", |r, v| r.approver = v)
            .wrong("reason", |r| r.reason.clear())
            .text("reason", 1_000, |r, v| r.reason = v)
            .request_id(|r, v| r.request_id = v)
            .rows(),
        Table::of("CaseService/DecideCase", right.decide)
            .name("name", |r, v| r.name = v)
            .name("officer", |r, v| r.officer = v)
            .wrong("reasons", |r| r.grant = false)
            .text("reasons", 2_000, |r, v| r.reasons = v)
            .text("document_number", 100, |r, v| r.document_number = v)
            .request_id(|r, v| r.request_id = v)
            .rows(),
        Table::of("CaseService/IssueCase", right.issue)
            .name("name", |r, v| r.name = v)
            .name("window", |r, v| r.window = v)
            .name("clerk", |r, v| r.clerk = v)
            .wrong("recipient", |r| r.recipient = None)
            .text("recipient.display_name", 100, |r, v| recipient_of(r).display_name = v)
            .choice("recipient.document", |r, v| recipient_of(r).document = v)
            .wrong("recipient.document_number", |r| recipient_of(r).document_number = "410223197006151235".into())
            .request_id(|r, v| r.request_id = v)
            .rows(),
        Table::of("CaseService/WithdrawCase", right.withdraw)
            .name("name", |r, v| r.name = v)
            .name("clerk", |r, v| r.clerk = v)
            .text("reason", 2_000, |r, v| r.reason = v)
            .request_id(|r, v| r.request_id = v)
            .rows(),
        Table::of("CaseService/TerminateCase", right.terminate)
            .name("name", |r, v| r.name = v)
            .name("officer", |r, v| r.officer = v)
            .wrong("reason", |r| r.reason = "\t\n ".into())
            .text("reason", 2_000, |r, v| r.reason = v)
            .request_id(|r, v| r.request_id = v)
            .rows(),
        Table::of("CaseService/GetCase", right.get).name("name", |r, v| r.name = v).rows(),
        Table::of("CaseService/ListCases", right.list)
            .wrong("parent", |r| r.parent.clear())
            .wrong("parent", |r| r.parent = "divisions/41022X".into())
            .wrong("page_size", |r| r.page_size = -1)
            .text("filter", 1_000, |r, v| r.filter = v)
            .text("order_by", 20, |r, v| r.order_by = v)
            .rows(),
        Table::of("CaseService/WatchCases", right.watch)
            .wrong("parent", |r| r.parent = "divisions/".into())
            .wrong("unit", |r| r.unit = "012".into())
            .wrong("unit", |r| r.unit = "divisions/410224/units/012".into())
            .wrong("after_seq", |r| r.after_seq = i64::MIN)
            .rows(),
        Table::of("CaseService/ExplainDeadline", right.explain)
            .name("name", |r, v| r.name = v)
            .choice("clock", |r, v| r.clock = v)
            .rows(),
        Table::of("CaseService/ListInbox", right.inbox)
            .name("parent", |r, v| r.parent = v)
            .wrong("page_size", |r| r.page_size = i32::MIN)
            .rows(),
        Table::of("AttachmentService/UploadAttachment", header(right.upload))
            .wrong("header", |r| r.part = None)
            .name("parent", |r, v| upload_of(r).parent = v)
            .name("clerk", |r, v| upload_of(r).clerk = v)
            .text("file_name", 200, |r, v| upload_of(r).file_name = v)
            .wrong("sha256", |r| upload_of(r).sha256 = vec![0; 31])
            .wrong("size_bytes", |r| upload_of(r).size_bytes = -1)
            .text("material", 20, |r, v| upload_of(r).material = v)
            .request_id(|r, v| upload_of(r).request_id = v)
            .rows(),
        Table::of("AttachmentService/DownloadAttachment", right.download).name("name", |r, v| r.name = v).rows(),
    ];
    parts.into_iter().flatten().collect()
}

fn receive(right: pb::ReceiveCaseRequest) -> Vec<Row> {
    Table::of("CaseService/ReceiveCase", right)
        .wrong("parent", |r| r.parent.clear())
        .wrong("parent", |r| r.parent = "divisions/４１０２２３".into())
        .wrong("parent", |r| r.parent = "divisions/410223/".into())
        // Another division than that of all it names.
        .wrong("item", |r| r.parent = "divisions/410224".into())
        .name("item", |r, v| r.item = v)
        .name("window", |r, v| r.window = v)
        .name("clerk", |r, v| r.clerk = v)
        .wrong("applicant", |r| r.applicant = None)
        .wrong("applicant.display_name", |r| of(r).display_name.clear())
        .text("applicant.display_name", 100, |r, v| of(r).display_name = v)
        .choice("applicant.document", |r, v| of(r).document = v)
        .wrong("applicant.document_number", |r| of(r).document_number.clear())
        .wrong("applicant.document_number", |r| of(r).document_number = "410223198812300025".into())
        .wrong("applicant.document_number", |r| of(r).document_number = "４１０２２３１９８８１２３０００２４".into())
        .wrong("applicant.document_number", |r| of(r).document = pb::IdentityDocument::Uscc.into())
        .wrong("applicant.document_number", |r| {
            (of(r).document, of(r).document_number) = (pb::IdentityDocument::Passport.into(), "E-123456".into());
        })
        .wrong("applicant.phone", |r| of(r).phone = "call me".into())
        .wrong("applicant.phone", |r| of(r).phone = "1".repeat(21))
        .wrong("applicant.phone", |r| of(r).phone = "1234".into())
        .text("applicant.address", 200, |r, v| of(r).address = v)
        .text("applicant.agent_name", 100, |r, v| of(r).agent_name = v)
        .wrong("applicant.agent_document_number", |r| of(r).agent_document_number = "X".repeat(31))
        .wrong("materials", |r| r.materials = vec![ticked("M1"); 61])
        .wrong("materials[1].code", |r| r.materials = vec![ticked("M1"); 2])
        .text("materials[0].code", 20, |r, v| r.materials[0].code = v)
        .wrong("materials[0].originals", |r| r.materials[0].originals = -1)
        .wrong("materials[0].copies", |r| r.materials[0].copies = i32::MAX)
        .wrong("fixed_on_spot", |r| r.fixed_on_spot = vec!["改正".into(); 21])
        .wrong("fixed_on_spot[0]", |r| r.fixed_on_spot = vec![String::new()])
        .text("fixed_on_spot[0]", 500, |r, v| r.fixed_on_spot = vec![v])
        .request_id(|r, v| r.request_id = v)
        .rows()
}

fn at_once(right: pb::ReceiveCaseRequest) -> Vec<Row> {
    Table::of("CaseService/ReceiveCase", right)
        .text("on_the_spot.document_number", 100, |r, v| {
            r.on_the_spot.as_mut().expect("at once").document_number = v;
        })
        .rows()
}

fn of(request: &mut pb::ReceiveCaseRequest) -> &mut pb::Applicant {
    request.applicant.as_mut().expect("an applicant")
}

fn recipient_of(request: &mut pb::IssueCaseRequest) -> &mut pb::Recipient {
    request.recipient.as_mut().expect("a recipient")
}

fn header(header: pb::UploadHeader) -> pb::UploadAttachmentRequest {
    pb::UploadAttachmentRequest { part: Some(Part::Header(header)) }
}

fn upload_of(request: &mut pb::UploadAttachmentRequest) -> &mut pb::UploadHeader {
    match &mut request.part {
        Some(Part::Header(header)) => header,
        _ => panic!("a header comes first"),
    }
}
