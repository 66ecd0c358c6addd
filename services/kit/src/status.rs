//! Refusals as gRPC statuses with google.rpc details: ErrorInfo, BadRequest, LocalizedMessage in zh-CN, RetryInfo.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::refusal::{Fault, Kind, Refusal};

/// Domain of every ErrorInfo.
pub const DOMAIN: &str = "yizhan";
/// A status travels in the trailers: gRPC's own libraries refuse metadata beyond 8 KiB, and the details are in base64.
/// ErrorInfo says under `faults` how many there are where not all are told.
const MOST_VIOLATIONS: usize = 3_000;
/// Bytes of one text in a status: the message stands there twice, and once percent-encoded.
const MOST_TEXT: usize = 500;

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Status {
        let mut details = ErrorDetails::new();
        let faults = within(refusal.faults(), MOST_VIOLATIONS);
        let mut metadata = HashMap::new();
        if faults.len() < refusal.faults().len() {
            metadata.insert("faults".to_owned(), refusal.faults().len().to_string());
        }
        details.set_error_info(refusal.reason(), DOMAIN, metadata);
        details.set_localized_message("zh-CN", shortened(refusal.zh()));
        if refusal.again().is_some() {
            details.set_retry_info(refusal.again());
        }
        for fault in faults {
            details.add_bad_request_violation(shortened(&fault.field), shortened(&fault.en));
        }
        Status::with_error_details(code(refusal.kind()), shortened(refusal.en()), details)
    }
}

/// The first faults whose text keeps within so many bytes; one at least.
fn within(faults: &[Fault], bytes: usize) -> &[Fault] {
    let mut sum = 0;
    let fit = faults.iter().take_while(|fault| {
        // A few more are tags and lengths.
        sum += fault.field.len().min(MOST_TEXT) + fault.en.len().min(MOST_TEXT) + 8;
        sum <= bytes
    });
    let fit = fit.count().max(1).min(faults.len());
    &faults[..fit]
}

fn shortened(text: &str) -> String {
    let end = text.floor_char_boundary(MOST_TEXT);
    if end < text.len() { format!("{}…", &text[..end]) } else { text.to_owned() }
}

/// The UPPER_SNAKE reason of a status from this suite; empty for any other.
pub fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// What a person is told: Chinese where the status carries it, else the message.
pub fn localized(status: &Status) -> String {
    let details = status.get_error_details();
    details.localized_message().map_or_else(|| status.message().to_owned(), |text| text.message.clone())
}

fn code(kind: Kind) -> Code {
    match kind {
        Kind::Invalid => Code::InvalidArgument,
        Kind::NotFound => Code::NotFound,
        Kind::AlreadyExists => Code::AlreadyExists,
        Kind::State => Code::FailedPrecondition,
        Kind::Aborted => Code::Aborted,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::Denied => Code::PermissionDenied,
        Kind::Exhausted => Code::ResourceExhausted,
        Kind::Unavailable => Code::Unavailable,
        Kind::Late => Code::DeadlineExceeded,
        Kind::DataLoss => Code::DataLoss,
        Kind::Internal => Code::Internal,
    }
}
