//! The verbs of the counter: each step with what is usual, so that a test says only what is not.

use kit::testing::request_id;
use proto::intake::v1::{self as pb, SuspensionCause};
use tonic::Status;

use super::{Hall, clerk, head, id, name, officer};

/// What a step answers.
pub type Done = Result<pb::Case, Status>;

/// A window of the hall, as a test speaks of it.
pub struct Window<'a> {
    hall: &'a Hall,
    code: &'a str,
}

impl Window<'_> {
    /// Takes an application in that has everything.
    pub async fn receives(&self, item: &str) -> pb::Case {
        self.hall.receive(receipt(self.code, item)).await.expect("received")
    }

    /// Takes an application in and accepts it.
    pub async fn accepts(&self, item: &str) -> pb::Case {
        self.hall
            .receive(pb::ReceiveCaseRequest { accept_now: true, ..receipt(self.code, item) })
            .await
            .expect("accepted")
    }

    /// Takes an application in with these materials, one original each, and accepts it.
    pub async fn accepts_with(&self, item: &str, materials: &[&str]) -> pb::Case {
        let materials = materials.iter().map(|code| ticked(code)).collect();
        let request = pb::ReceiveCaseRequest { accept_now: true, materials, ..receipt(self.code, item) };
        self.hall.receive(request).await.expect("accepted")
    }

    /// Hands the result out.
    pub async fn issues(&self, case: &pb::Case) -> Done {
        let request = pb::IssueCaseRequest {
            name: case.name.clone(),
            window: name("windows", self.code),
            clerk: name("people", &clerk(id(&case.unit))),
            recipient: Some(recipient()),
            etag: String::new(),
            request_id: request_id(),
        };
        self.hall.cases().issue_case(request).await.map(|case| case.into_inner())
    }
}

impl Hall {
    pub fn window<'a>(&'a self, code: &'a str) -> Window<'a> {
        Window { hall: self, code }
    }

    pub async fn receive(&self, request: pb::ReceiveCaseRequest) -> Done {
        self.cases().receive_case(request).await.map(|case| case.into_inner())
    }

    pub async fn accept(&self, case: &pb::Case) -> Done {
        let request = pb::AcceptCaseRequest {
            name: case.name.clone(),
            clerk: name("people", &clerk(id(&case.unit))),
            etag: String::new(),
            request_id: request_id(),
        };
        self.cases().accept_case(request).await.map(|case| case.into_inner())
    }

    /// Asks for these materials to be mended.
    pub async fn ask(&self, case: &pb::Case, materials: &[&str]) -> Done {
        let demand = |material: &&str| pb::SupplementDemand {
            material: (*material).into(),
            what: "缺少公章".into(),
            met: false,
        };
        let request = pb::RequestSupplementRequest {
            name: case.name.clone(),
            clerk: name("people", &clerk(id(&case.unit))),
            demands: materials.iter().map(demand).collect(),
            etag: String::new(),
            request_id: request_id(),
        };
        self.cases().request_supplement(request).await.map(|case| case.into_inner())
    }

    /// The applicant brings these materials, one original each.
    pub async fn bring(&self, case: &pb::Case, materials: &[&str]) -> Done {
        let request = pb::SupplementCaseRequest {
            name: case.name.clone(),
            window: case.received_window.clone(),
            clerk: case.received_by.clone(),
            materials: materials.iter().map(|code| ticked(code)).collect(),
            etag: String::new(),
            request_id: request_id(),
        };
        self.cases().supplement_case(request).await.map(|case| case.into_inner())
    }

    pub async fn refuse(&self, case: &pb::Case, kind: pb::RefusalKind, agency: &str) -> Done {
        let request = pb::RefuseCaseRequest {
            name: case.name.clone(),
            clerk: case.received_by.clone(),
            kind: kind.into(),
            reason: "依法不予受理".into(),
            competent_agency: agency.into(),
            etag: String::new(),
            request_id: request_id(),
        };
        self.cases().refuse_case(request).await.map(|case| case.into_inner())
    }

    /// Stops the clocks from a day on; an empty one is today.
    pub async fn suspend(&self, case: &pb::Case, cause: SuspensionCause, first_day: &str) -> Done {
        let request = pb::SuspendCaseRequest {
            name: case.name.clone(),
            officer: name("people", &officer(id(&case.unit))),
            cause: cause.into(),
            notice_number: "尉市监中字〔2026〕3号".into(),
            needed_days: 7,
            first_day: first_day.into(),
            etag: String::new(),
            request_id: request_id(),
        };
        self.cases().suspend_case(request).await.map(|case| case.into_inner())
    }

    pub async fn resume(&self, case: &pb::Case, last_day: &str) -> Done {
        let request = pb::ResumeCaseRequest {
            name: case.name.clone(),
            officer: name("people", &officer(id(&case.unit))),
            last_day: last_day.into(),
            etag: String::new(),
            request_id: request_id(),
        };
        self.cases().resume_case(request).await.map(|case| case.into_inner())
    }

    pub async fn extend(&self, case: &pb::Case, approver: &str) -> Done {
        let request = pb::ExtendCaseRequest {
            name: case.name.clone(),
            approver: name("people", approver),
            reason: "案情复杂".into(),
            etag: String::new(),
            request_id: request_id(),
        };
        self.cases().extend_case(request).await.map(|case| case.into_inner())
    }

    pub async fn grant(&self, case: &pb::Case) -> Done {
        self.decide(grant(case)).await
    }

    pub async fn deny(&self, case: &pb::Case, reasons: &str) -> Done {
        self.decide(pb::DecideCaseRequest { grant: false, reasons: reasons.into(), ..grant(case) }).await
    }

    pub async fn decide(&self, request: pb::DecideCaseRequest) -> Done {
        self.cases().decide_case(request).await.map(|case| case.into_inner())
    }

    pub async fn withdraw(&self, case: &pb::Case) -> Done {
        let request = pb::WithdrawCaseRequest {
            name: case.name.clone(),
            clerk: case.received_by.clone(),
            reason: "申请人自愿撤回".into(),
            etag: String::new(),
            request_id: request_id(),
        };
        self.cases().withdraw_case(request).await.map(|case| case.into_inner())
    }

    pub async fn terminate(&self, case: &pb::Case) -> Done {
        let request = pb::TerminateCaseRequest {
            name: case.name.clone(),
            officer: name("people", &officer(id(&case.unit))),
            reason: "申请人死亡".into(),
            etag: String::new(),
            request_id: request_id(),
        };
        self.cases().terminate_case(request).await.map(|case| case.into_inner())
    }
}

/// An application for an item of the window's unit with everything that is required.
pub fn receipt(window: &str, item: &str) -> pb::ReceiveCaseRequest {
    let unit = if window == "A02" { super::OTHER_UNIT } else { super::UNIT };
    let required: &[&str] = if item == super::COPY { &["M1"] } else { &["M1", "M2"] };
    pb::ReceiveCaseRequest {
        parent: format!("divisions/{}", super::DIVISION),
        item: name("items", item),
        window: name("windows", window),
        clerk: name("people", &clerk(unit)),
        applicant: Some(applicant()),
        materials: required.iter().map(|code| ticked(code)).collect(),
        request_id: request_id(),
        ..Default::default()
    }
}

/// A grant by the officer of the case's unit.
pub fn grant(case: &pb::Case) -> pb::DecideCaseRequest {
    pb::DecideCaseRequest {
        name: case.name.clone(),
        officer: name("people", &officer(id(&case.unit))),
        grant: true,
        reasons: String::new(),
        document_number: "JY14102230000001".into(),
        etag: String::new(),
        request_id: request_id(),
    }
}

pub fn applicant() -> pb::Applicant {
    pb::Applicant {
        display_name: "李小明".into(),
        document: pb::IdentityDocument::CitizenId.into(),
        document_number: "410223198812300024".into(),
        phone: "13812345678".into(),
        address: "尉氏县城关镇人民路1号".into(),
        ..Default::default()
    }
}

pub fn recipient() -> pb::Recipient {
    pb::Recipient {
        display_name: "王大力".into(),
        document: pb::IdentityDocument::CitizenId.into(),
        document_number: "410223197006151234".into(),
    }
}

pub fn ticked(code: &str) -> pb::TickedMaterial {
    pb::TickedMaterial { code: code.into(), originals: 1, copies: 1 }
}

/// An application for the instant item, to be granted while the applicant waits.
pub fn on_the_spot() -> pb::ReceiveCaseRequest {
    let spot = pb::OnTheSpot { document_number: "尉档证〔2026〕1号".into() };
    pb::ReceiveCaseRequest { on_the_spot: Some(spot), ..receipt("A01", super::COPY) }
}

/// The mandate of an item, from the unit's head to its officer.
pub fn mandate(item: &str) -> pb::MandateItemRequest {
    pb::MandateItemRequest {
        name: name("items", item),
        leader: name("people", &head(super::UNIT)),
        officer: name("people", &officer(super::UNIT)),
        document_number: "尉市监授〔2026〕1号".into(),
        etag: String::new(),
        request_id: request_id(),
    }
}

/// The same mandate, taken back.
pub fn taken_back(item: &str) -> pb::MandateItemRequest {
    pb::MandateItemRequest { officer: String::new(), document_number: String::new(), ..mandate(item) }
}
