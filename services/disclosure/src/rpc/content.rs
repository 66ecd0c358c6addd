//! What a publication says, read from a request.

use std::collections::HashSet;

use calendar::Date;
use kit::{form::Form, id::Division};
use proto::disclosure::v1 as pb;

use super::{code, line};
use crate::domain::{
    content::{Content, Section},
    review::{Disposal, Ground, Omission, Verdict},
};

/// Whom a publication may be for.
pub const SUBJECTS: [&str; 6] = ["person", "enterprise", "institution", "social", "organ", "other"];
/// Sections of a publication, and what may be left out of one.
const MOST_SECTIONS: usize = 40;
const MOST_OMISSIONS: usize = 50;

/// Its files are not read: they come by UploadFile.
pub fn read(form: &mut Form, content: pb::Content, division: Division, today: Date) -> Option<Content> {
    let unit = form.take(kit::id::child_of("content.unit", &content.unit, "units", division)).map(str::to_owned);
    let column = form.take(kit::id::child_of("content.column", &content.column, "columns", division));
    let formed_on = form.date("content.formed_on", &content.formed_on);
    let (zh, en) = ("必填，不能晚于今天", "required, and not in the future");
    let faults = formed_on.is_none() && !content.formed_on.is_empty();
    form.require(faults || formed_on.is_some_and(|day| day <= today), "content.formed_on", zh, en);
    Some(Content {
        unit: unit?,
        column: column?.to_owned(),
        title: line(form, "content.title", &content.title, 1..=200),
        summary: form.text("content.summary", &content.summary, 0..=500),
        formed_on: formed_on.unwrap_or(today),
        document_number: line(form, "content.document_number", &content.document_number, 0..=60),
        sections: sections(form, content.sections),
        body: form.text("content.body", &content.body, 0..=200_000),
        subjects: subjects(form, content.subjects),
        files: Vec::new(),
    })
}

fn sections(form: &mut Form, sections: Vec<pb::Section>) -> Vec<Section> {
    form.require(sections.len() <= MOST_SECTIONS, "content.sections", "最多40节", "at most 40 sections");
    let mut codes = HashSet::new();
    let mut read = Vec::new();
    for (i, section) in sections.into_iter().take(MOST_SECTIONS).enumerate() {
        let field = |name: &str| format!("content.sections[{i}].{name}");
        let element = code(form, &field("element"), &section.element);
        form.require(codes.insert(element.clone()), &field("element"), "要素重复", "stands twice");
        read.push(Section {
            element,
            heading: line(form, &field("heading"), &section.heading, 0..=100),
            text: form.text(&field("text"), &section.text, 0..=20_000),
        });
    }
    read
}

fn subjects(form: &mut Form, mut subjects: Vec<String>) -> Vec<String> {
    let known = subjects.iter().all(|subject| SUBJECTS.contains(&subject.as_str()));
    form.require(known, "content.subjects", "服务对象未知", "has an unknown subject");
    subjects.sort_unstable();
    subjects.dedup();
    if known { subjects } else { Vec::new() }
}

pub fn verdict(form: &mut Form, request: &pb::ReviewPublicationRequest) -> Option<Verdict> {
    let disposal = match pb::Disposal::try_from(request.disposal) {
        Ok(pb::Disposal::Disclose) => Some(Disposal::Disclose),
        Ok(pb::Disposal::Partial) => Some(Disposal::Partial),
        Ok(pb::Disposal::Withhold) => Some(Disposal::Withhold),
        _ => None,
    };
    form.require(disposal.is_some(), "disposal", "必填，且须为已知取值", "required and of the known values");
    let disposal = disposal?;
    let withheld = disposal == Disposal::Withhold;
    let given = if request.ground == 0 { None } else { ground(form, "ground", request.ground) };
    let (zh, en) = ("不予公开的须填依据，其他处置不填", "is for what is withheld, and required there");
    form.require(given.is_some() == withheld || !form.is_clean(), "ground", zh, en);
    let reason = form.text("reason", &request.reason, usize::from(withheld)..=1_000);
    let many = if disposal == Disposal::Partial { 1..=MOST_OMISSIONS } else { 0..=0 };
    let (zh, en) = ("部分公开须列明1至50项，其他处置不列", "is for what is disclosed in part: 1 to 50 there");
    form.require(many.contains(&request.omissions.len()), "omissions", zh, en);
    let mut omissions = Vec::new();
    for (i, omission) in request.omissions.iter().take(MOST_OMISSIONS).enumerate() {
        let field = |name: &str| format!("omissions[{i}].{name}");
        let (what, reason) = (
            line(form, &field("what"), &omission.what, 1..=200),
            form.text(&field("reason"), &omission.reason, 1..=1_000),
        );
        omissions.extend(ground(form, &field("ground"), omission.ground).map(|ground| Omission {
            what,
            ground,
            reason,
        }));
    }
    Some(Verdict { disposal, ground: given, reason, omissions, looked_at_files: request.looked_at_files })
}

fn ground(form: &mut Form, field: &str, value: i32) -> Option<Ground> {
    let ground = match pb::Ground::try_from(value) {
        Ok(pb::Ground::StateSecret) => Some(Ground::StateSecret),
        Ok(pb::Ground::ForbiddenByLaw) => Some(Ground::ForbiddenByLaw),
        Ok(pb::Ground::SecurityAndStability) => Some(Ground::SecurityAndStability),
        Ok(pb::Ground::TradeSecret) => Some(Ground::TradeSecret),
        Ok(pb::Ground::Privacy) => Some(Ground::Privacy),
        Ok(pb::Ground::InternalAffairs) => Some(Ground::InternalAffairs),
        Ok(pb::Ground::Process) => Some(Ground::Process),
        Ok(pb::Ground::EnforcementFile) => Some(Ground::EnforcementFile),
        Ok(pb::Ground::Unspecified) | Err(_) => None,
    };
    form.require(ground.is_some(), field, "必填，且须为已知取值", "required and of the known values");
    ground
}
