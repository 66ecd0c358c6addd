//! A refusal: why something is not done, made once, with one UPPER_SNAKE reason and words in Chinese and English.

use std::{fmt, time::Duration};

/// What sort of refusal it is; `status` gives each its gRPC code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request is wrong whatever the state: INVALID_ARGUMENT.
    Invalid,
    NotFound,
    AlreadyExists,
    /// The state does not allow it: FAILED_PRECONDITION.
    State,
    /// Somebody was faster: ABORTED.
    Aborted,
    /// It is not known who calls: UNAUTHENTICATED.
    Unauthenticated,
    /// It is known, and not allowed: PERMISSION_DENIED.
    Denied,
    Exhausted,
    /// Try again: UNAVAILABLE.
    Unavailable,
    /// Time was up: DEADLINE_EXCEEDED.
    Late,
    DataLoss,
    /// A fault of ours; the text says nothing of it, the log does.
    Internal,
}

/// One field and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Path of the field, for example `applicant.document_number` or `units[3].code`.
    pub field: String,
    pub zh: String,
    pub en: String,
}

/// Why something is refused. A refused decision leaves no trace but this answer.
#[derive(Clone, Debug)]
pub struct Refusal(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: Kind,
    reason: &'static str,
    zh: String,
    en: String,
    faults: Vec<Fault>,
    again: Option<Duration>,
}

impl Refusal {
    /// A refusal with a reason of its own.
    pub fn new(kind: Kind, reason: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Refusal {
        Refusal(Box::new(Inner { kind, reason, zh: zh.into(), en: en.into(), faults: Vec::new(), again: None }))
    }

    /// FAILED_PRECONDITION: the noun's state does not allow it.
    pub fn state(reason: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Refusal {
        Refusal::new(Kind::State, reason, zh, en)
    }

    /// NOT_FOUND: there is no such noun.
    pub fn not_found(reason: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Refusal {
        Refusal::new(Kind::NotFound, reason, zh, en)
    }

    /// INVALID_ARGUMENT for one field.
    pub fn field(field: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) -> Refusal {
        Refusal::fields(vec![Fault { field: field.into(), zh: zh.into(), en: en.into() }])
    }

    /// INVALID_ARGUMENT for several fields at once, so that a person can mend all of them.
    pub fn fields(faults: Vec<Fault>) -> Refusal {
        let join = |text: fn(&Fault) -> &str| {
            let lines: Vec<_> = faults.iter().take(5).map(|f| format!("{}: {}", f.field, text(f))).collect();
            lines.join("; ")
        };
        let (zh, en) = (format!("填写有误 {}", join(|f| &f.zh)), format!("invalid {}", join(|f| &f.en)));
        Refusal(Box::new(Inner { kind: Kind::Invalid, reason: "FIELD_INVALID", zh, en, faults, again: None }))
    }

    /// The noun has changed since the etag was read.
    pub fn stale() -> Refusal {
        Refusal::new(
            Kind::Aborted,
            "ETAG_STALE",
            "内容已被他人更新，请刷新后重试",
            "changed since the etag was read; read it again",
        )
    }

    /// A fault of ours. The detail goes to the log, not to the caller.
    pub fn internal(detail: impl fmt::Display) -> Refusal {
        tracing::error!(%detail, "internal fault");
        Refusal::new(Kind::Internal, "INTERNAL", "系统内部错误，已记录", "internal fault, recorded")
    }

    /// The store did not answer; the same request may be sent again.
    pub fn unavailable() -> Refusal {
        Refusal::new(
            Kind::Unavailable,
            "STORE_UNAVAILABLE",
            "系统繁忙，请用同一请求编号重试",
            "the store is busy; send the same request_id again",
        )
    }

    /// The same, told of a field of the request.
    pub fn at(mut self, field: &str) -> Refusal {
        let fault = Fault { field: field.to_owned(), zh: self.0.zh.clone(), en: self.0.en.clone() };
        self.0.faults.push(fault);
        self
    }

    /// The same, with the places that it is about.
    pub fn with(mut self, faults: Vec<Fault>) -> Refusal {
        self.0.faults = faults;
        self
    }

    /// The same, with how long to wait before it is tried again.
    pub fn again_in(mut self, pause: Duration) -> Refusal {
        self.0.again = Some(pause);
        self
    }

    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// UPPER_SNAKE; what programs and tests look at.
    pub fn reason(&self) -> &'static str {
        self.0.reason
    }

    pub fn zh(&self) -> &str {
        &self.0.zh
    }

    pub fn en(&self) -> &str {
        &self.0.en
    }

    pub fn again(&self) -> Option<Duration> {
        self.0.again
    }

    pub fn faults(&self) -> &[Fault] {
        &self.0.faults
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.reason, self.0.en)
    }
}

impl std::error::Error for Refusal {}
