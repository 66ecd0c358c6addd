//! The texts that are made to be kept and read as they were written, each with its reason. Only for these a canary may be
//! found in a journal or a row; in logs, traces, figures and errors for none.

const PUBLISHED: &[(&str, &str, &[&str])] = &[
    (
        "yizhan.directory.v1.Division",
        "what a division is called stands over its door",
        &["display_name_zh", "display_name_en"],
    ),
    (
        "yizhan.directory.v1.Unit",
        "an authority publishes where and how it is reached, and who reviews it (行政复议法, 政府信息公开条例)",
        &[
            "display_name_zh",
            "display_name_en",
            "short_name_zh",
            "phone",
            "supervision_phone",
            "address",
            "reconsideration_body",
            "court",
        ],
    ),
    (
        "yizhan.directory.v1.Window",
        "signs over the counter; its code is made by the operator",
        &["name", "display_name_zh", "display_name_en", "floor"],
    ),
    (
        "yizhan.directory.v1.Person",
        "officials on duty are named (handbook 9), their codes are made by the operator",
        &["name", "display_name", "title", "phone"],
    ),
    (
        "yizhan.directory.v1.CreateSystemRequest",
        "another authority's system, named by the operator",
        &["system_id", "display_name"],
    ),
    ("yizhan.directory.v1.CreateTerminalRequest", "a machine's code, made by the operator", &["terminal_id"]),
    (
        "yizhan.directory.v1.Notice",
        "the State Council's notice, its number and where it was found",
        &["document", "source"],
    ),
    (
        "yizhan.intake.v1.ItemText",
        "the guide to an item is published (行政许可法 art. 30)",
        &[
            "title_zh",
            "title_en",
            "basic_code",
            "implementation_code",
            "legal_basis",
            "conditions",
            "steps",
            "fee_basis",
            "result_document",
            "place",
            "open_hours",
            "phone",
            "supervision_phone",
        ],
    ),
    ("yizhan.intake.v1.Material", "in the guide", &["code", "title", "issuer"]),
    ("yizhan.intake.v1.Faq", "in the guide", &["question", "answer"]),
    ("yizhan.intake.v1.Item", "an item's code, made by the operator", &["name"]),
    ("yizhan.intake.v1.MandateItemRequest", "the number of a written mandate", &["document_number"]),
    ("yizhan.roster.v1.Post", "signs over the place where somebody is on duty", &["title_zh", "title_en"]),
    ("yizhan.roster.v1.DutyRules", "stands in the number of every circular", &["document_prefix"]),
    ("yizhan.roster.v1.CorrectCircularRequest", "stands in the corrected circular", &["reason"]),
    ("yizhan.disclosure.v1.Column", "what the columns of the site are called", &["name", "title_zh", "title_en"]),
    ("yizhan.disclosure.v1.StandingReview", "the number of a written decision", &["document_number"]),
    (
        "yizhan.disclosure.v1.Requirements",
        "what a publication must say is published before it",
        &["name", "title_zh", "title_en", "basis"],
    ),
    ("yizhan.disclosure.v1.Element", "the same", &["code", "title_zh", "title_en"]),
];

/// What a clerk writes into a case for its applicant, what is written of a duty and of who could not come, about a
/// credential, or in the draft of a publication: kept in the row of its own service, told in no journal, shown on no page
/// to who has not signed in.
const KEPT: &[(&str, &str, &[&str])] = &[
    ("yizhan.intake.v1.ReceiveCaseRequest", "what was corrected at the window", &["fixed_on_spot"]),
    ("yizhan.intake.v1.OnTheSpot", "the certificate's number", &["document_number"]),
    ("yizhan.intake.v1.SupplementDemand", "what is missing", &["what"]),
    ("yizhan.intake.v1.RefuseCaseRequest", "reasons are owed (行政许可法 art. 38)", &["reason", "competent_agency"]),
    ("yizhan.intake.v1.SuspendCaseRequest", "the notice's number", &["notice_number"]),
    ("yizhan.intake.v1.ExtendCaseRequest", "reasons are owed (art. 42)", &["reason"]),
    ("yizhan.intake.v1.DecideCaseRequest", "reasons are owed (art. 38)", &["reasons", "document_number"]),
    ("yizhan.intake.v1.WithdrawCaseRequest", "why the applicant withdrew", &["reason"]),
    ("yizhan.intake.v1.TerminateCaseRequest", "why it was ended", &["reason"]),
    ("yizhan.intake.v1.UploadHeader", "what the file is called", &["file_name"]),
    ("yizhan.directory.v1.RevokeCredentialRequest", "why it was taken back", &["reason"]),
    ("yizhan.roster.v1.DutyLog", "what the day brought", &["problems", "resolutions", "handover"]),
    ("yizhan.roster.v1.CorrectAttendanceRequest", "why a mark was corrected", &["reason"]),
    ("yizhan.roster.v1.Leave", "the document that says why somebody is away", &["document"]),
    ("yizhan.roster.v1.Exchange", "why somebody cannot come", &["document", "reason"]),
    ("yizhan.roster.v1.AnswerExchangeRequest", "what is said to who asked", &["answer"]),
    ("yizhan.roster.v1.ContestCircularRequest", "why a unit contests a mark", &["reason"]),
    ("yizhan.roster.v1.AnswerContestRequest", "what is said to the unit", &["answer"]),
    (
        "yizhan.disclosure.v1.Content",
        "a draft is nobody's but the division's until it is reviewed, approved and published",
        &["title", "summary", "document_number", "body"],
    ),
    ("yizhan.disclosure.v1.Section", "in the draft", &["element", "heading", "text"]),
    ("yizhan.disclosure.v1.UploadFileHeader", "of the draft's file", &["file_name", "title", "alternative"]),
    ("yizhan.disclosure.v1.ReviewPublicationRequest", "why it is withheld", &["reason"]),
    ("yizhan.disclosure.v1.Omission", "what is left out, and why", &["what", "reason"]),
    ("yizhan.disclosure.v1.ApprovePublicationRequest", "why it goes out below the bar", &["below_bar_reason"]),
    ("yizhan.disclosure.v1.ReturnPublicationRequest", "what is said to the author", &["reason"]),
    ("yizhan.disclosure.v1.CorrectPublicationRequest", "told when the correction is published", &["reason"]),
    ("yizhan.disclosure.v1.WithdrawPublicationRequest", "told where the publication stood", &["reason"]),
];

/// Of those, what is told at once to who asks for that very publication, and in no list.
const TOLD: &[&str] = &["yizhan.disclosure.v1.WithdrawPublicationRequest.reason"];

/// Whether a canary of this field may lie in a place: `disclosure.publications.body`, or in a journal's payload. What is
/// kept lies with its own service alone.
pub fn may_lie(field: &str, place: &str) -> bool {
    let service = field.split('.').nth(1).unwrap_or_default();
    let is_kept = !place.ends_with(".payload") && place.split('.').next() == Some(service);
    stands(PUBLISHED, field) || is_kept && stands(KEPT, field)
}

/// Whether everybody may read it on a page.
pub fn may_be_shown(field: &str) -> bool {
    stands(PUBLISHED, field) || TOLD.contains(&field)
}

fn stands(list: &[(&str, &str, &[&str])], field: &str) -> bool {
    let Some((message, name)) = field.rsplit_once('.') else { return false };
    list.iter().any(|(of, _, names)| *of == message && names.contains(&name))
}

/// All of them.
pub fn all() -> impl Iterator<Item = &'static String> {
    static ALL: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| {
        PUBLISHED
            .iter()
            .chain(KEPT)
            .flat_map(|(of, _, names)| names.iter().map(move |name| format!("{of}.{name}")))
            .collect()
    });
    ALL.iter()
}
