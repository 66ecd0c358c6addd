//! Publications on the wire.

use std::sync::Arc;

use calendar::Date;
use kit::id::Division;
use proto::disclosure::v1 as pb;

use super::{name_of, time};
use crate::domain::{
    clock::Signal,
    conformance::{Conformance, Finding, Problem},
    content::{Content, File},
    publication::{Draft, Edition, Publication, Standing, State, Text},
    review::{Disposal, Ground, Omission, Review},
    site::Site,
};

/// A publication as people of the division see it, with these of its texts.
pub fn whole(publication: &Publication, texts: &[Arc<Text>]) -> pb::Publication {
    let division = publication.division;
    let withdrawal = publication.withdrawal.as_ref();
    let mut editions = publication.editions.iter().map(|edition| self::edition(publication, edition, texts));
    let last = editions.next_back();
    pb::Publication {
        name: division.child("publications", &publication.id),
        index_number: publication.index_number(),
        standing: standing(publication.standing).into(),
        before: editions.collect(),
        edition: last,
        draft: publication.draft.as_ref().map(|draft| self::draft(publication, draft)),
        withdrawal: withdrawal.map(|withdrawal| pb::Withdrawal {
            withdrawn_at: time(withdrawal.at),
            reason: withdrawal.reason.clone(),
            by: name_of(division, &withdrawal.by),
        }),
        withheld: publication.withheld.as_ref().map(|review| self::review(division, review)),
        source: publication.source.clone(),
        created_at: time(publication.created_at),
        etag: publication.version.to_string(),
    }
}

/// The same as everybody sees it: nobody's name, nothing that is not public yet; of what was withdrawn, that it was.
pub fn public(publication: &Publication, texts: &[Arc<Text>]) -> pb::Publication {
    let withdrawn = publication.standing == Standing::Withdrawn;
    let nameless = |edition: pb::Edition| match withdrawn {
        true => pb::Edition { number: edition.number, published_at: edition.published_at, ..Default::default() },
        false => pb::Edition {
            author: String::new(),
            reviewer: String::new(),
            leader: String::new(),
            publisher: String::new(),
            ..edition
        },
    };
    let whole = whole(publication, texts);
    pb::Publication {
        edition: whole.edition.map(nameless),
        before: whole.before.into_iter().map(nameless).collect(),
        withdrawal: whole.withdrawal.map(|withdrawal| pb::Withdrawal { by: String::new(), ..withdrawal }),
        draft: None,
        withheld: None,
        ..whole
    }
}

/// What the journal tells: no text of a draft.
pub fn facts(publication: &Publication, site: &Site) -> pb::PublicationFacts {
    let (edition, draft) = (publication.edition(), publication.draft.as_ref());
    let is_public = publication.standing == Standing::Public;
    let column = edition.map(|it| &it.column).or(draft.map(|it| &it.content.column));
    let called = column.and_then(|code| site.column(code).ok());
    let category = edition.map(|it| it.category).or(draft.map(|it| it.category));
    let conformance = edition.map(|it| &it.conformance).or(draft.and_then(|it| it.conformance.as_ref()));
    let pictures = edition.map_or(0, |it| it.files.iter().filter(|file| file.is_picture()).count());
    pb::PublicationFacts {
        id: publication.id.clone(),
        unit: publication.unit.clone(),
        column: column.cloned().unwrap_or_default(),
        column_title_zh: called.map(|column| column.title_zh.clone()).unwrap_or_default(),
        column_title_en: called.map(|column| column.title_en.clone()).unwrap_or_default(),
        category: category.unwrap_or_default().into(),
        source: publication.source.clone(),
        standing: standing(publication.standing).into(),
        edition: publication.editions.len() as i32,
        draft: draft.map_or(pb::DraftState::Unspecified, |it| state(it.state)).into(),
        formed_on: edition.map_or(0, |it| days(it.formed_on)),
        due_on: edition.and_then(|it| it.due_on).map_or(0, days),
        published_on: edition.map_or(0, |it| days(calendar::shanghai_date(it.published_at))),
        published_at: edition.map_or(0, |it| it.published_at),
        on_time: edition.is_some_and(|it| it.on_time),
        score: conformance.map_or(0, |it| it.score() as i32),
        bar: conformance.map_or(0, |it| it.bar as i32),
        files: edition.map_or(0, |it| (it.files.len() - pictures) as i32),
        pictures: pictures as i32,
        partial: edition.is_some_and(|it| it.review.disposal == Disposal::Partial),
        title: edition.filter(|_| is_public).map(|it| it.title.clone()).unwrap_or_default(),
        draft_due_on: draft.and_then(|it| it.clock.due_on()).map_or(0, days),
        draft_signal: draft.map_or(pb::Signal::Unspecified, |it| signal(it.clock.signal)).into(),
    }
}

/// A civil date as days since 1970-01-01.
fn days(day: Date) -> i32 {
    (day.duration_since(jiff::civil::date(1970, 1, 1)).as_hours() / 24) as i32
}

fn edition(publication: &Publication, edition: &Edition, texts: &[Arc<Text>]) -> pb::Edition {
    let division = publication.division;
    let id = format!("{}.{}", publication.id, edition.number);
    let text = texts.iter().find(|text| text.id == id);
    pb::Edition {
        number: edition.number as i32,
        content: text.map(|text| content(publication, &text.content)),
        published_at: time(edition.published_at),
        due_on: edition.due_on.map(|day| day.to_string()).unwrap_or_default(),
        on_time: edition.on_time,
        conformance: Some(conformance(&edition.conformance)),
        correction: edition.correction.clone(),
        omissions: edition.review.omissions.iter().map(omission).collect(),
        below_bar_reason: edition.below_bar_reason.clone(),
        author: name_of(division, &edition.author),
        reviewer: name_of(division, &edition.review.reviewer),
        leader: name_of(division, &edition.leader),
        publisher: name_of(division, &edition.publisher),
    }
}

fn draft(publication: &Publication, draft: &Draft) -> pb::Draft {
    let division = publication.division;
    pb::Draft {
        state: state(draft.state).into(),
        content: Some(content(publication, &draft.content)),
        author: name_of(division, &draft.author),
        due_on: draft.clock.due_on().map(|day| day.to_string()).unwrap_or_default(),
        signal: signal(draft.clock.signal).into(),
        conformance: draft.conformance.as_ref().map(conformance),
        review: draft.review.as_ref().map(|review| self::review(division, review)),
        leader: name_of(division, &draft.leader),
        below_bar_reason: draft.below_bar_reason.clone(),
        correction: draft.correction.clone(),
        returned_reason: draft.returned_reason.clone(),
        returned_by: name_of(division, &draft.returned_by),
    }
}

fn content(publication: &Publication, content: &Content) -> pb::Content {
    let division = publication.division;
    let section = |section: &crate::domain::content::Section| pb::Section {
        element: section.element.clone(),
        heading: section.heading.clone(),
        text: section.text.clone(),
    };
    pb::Content {
        unit: division.child("units", &content.unit),
        column: division.child("columns", &content.column),
        title: content.title.clone(),
        summary: content.summary.clone(),
        formed_on: content.formed_on.to_string(),
        document_number: content.document_number.clone(),
        sections: content.sections.iter().map(section).collect(),
        body: content.body.clone(),
        subjects: content.subjects.clone(),
        files: content.files.iter().map(|it| file(publication, it)).collect(),
    }
}

pub fn file(publication: &Publication, file: &File) -> pb::File {
    let name = publication.division.child("publications", &publication.id);
    pb::File {
        name: format!("{name}/files/{}", file.sha256),
        file_name: file.file_name.clone(),
        media_type: file.media_type.clone(),
        size_bytes: file.size,
        title: file.title.clone(),
        alternative: file.alternative.clone(),
        width: file.width as i32,
        height: file.height as i32,
        unread: file.unread,
    }
}

fn conformance(found: &Conformance) -> pb::Conformance {
    pb::Conformance {
        score: found.score() as i32,
        said: found.said as i32,
        required: found.required as i32,
        bar: found.bar as i32,
        requirements: found.list.clone(),
        version: found.version as i32,
        findings: found.findings.iter().map(finding).collect(),
    }
}

/// Said plainly, to whoever has to mend it.
fn finding(finding: &Finding) -> pb::Finding {
    let Finding { element, title_zh: zh, title_en: en, problem } = finding;
    let (problem, zh, en) = match problem {
        Problem::Missing => (pb::Problem::Missing, format!("缺少“{zh}”"), format!("{en}: missing")),
        Problem::TooShort => (pb::Problem::TooShort, format!("“{zh}”过于简略"), format!("{en}: too short")),
        Problem::Evasive => (
            pb::Problem::Evasive,
            format!("“{zh}”没有实质内容（避重就轻），请写明具体内容"),
            format!("{en}: evasive, say what it is"),
        ),
    };
    pb::Finding { element: element.clone(), problem: problem.into(), message_zh: zh, message_en: en }
}

fn review(division: Division, review: &Review) -> pb::Review {
    let disposal = match review.disposal {
        Disposal::Disclose => pb::Disposal::Disclose,
        Disposal::Partial => pb::Disposal::Partial,
        Disposal::Withhold => pb::Disposal::Withhold,
    };
    pb::Review {
        disposal: disposal.into(),
        reviewer: name_of(division, &review.reviewer),
        reviewed_at: time(review.at),
        ground: review.ground.map_or(pb::Ground::Unspecified, ground).into(),
        reason: review.reason.clone(),
        omissions: review.omissions.iter().map(omission).collect(),
        document_number: review.document_number.clone(),
    }
}

fn omission(omission: &Omission) -> pb::Omission {
    pb::Omission {
        what: omission.what.clone(),
        ground: ground(omission.ground).into(),
        reason: omission.reason.clone(),
    }
}

fn ground(ground: Ground) -> pb::Ground {
    match ground {
        Ground::StateSecret => pb::Ground::StateSecret,
        Ground::ForbiddenByLaw => pb::Ground::ForbiddenByLaw,
        Ground::SecurityAndStability => pb::Ground::SecurityAndStability,
        Ground::TradeSecret => pb::Ground::TradeSecret,
        Ground::Privacy => pb::Ground::Privacy,
        Ground::InternalAffairs => pb::Ground::InternalAffairs,
        Ground::Process => pb::Ground::Process,
        Ground::EnforcementFile => pb::Ground::EnforcementFile,
    }
}

fn standing(standing: Standing) -> pb::Standing {
    match standing {
        Standing::Unpublished => pb::Standing::Unpublished,
        Standing::Public => pb::Standing::Public,
        Standing::Withdrawn => pb::Standing::Withdrawn,
        Standing::Withheld => pb::Standing::Withheld,
    }
}

fn state(state: State) -> pb::DraftState {
    match state {
        State::Draft => pb::DraftState::Draft,
        State::Checked => pb::DraftState::Checked,
        State::Reviewed => pb::DraftState::Reviewed,
        State::Approved => pb::DraftState::Approved,
    }
}

pub fn signal(signal: Signal) -> pb::Signal {
    match signal {
        Signal::Green => pb::Signal::Green,
        Signal::Yellow => pb::Signal::Yellow,
        Signal::Red => pb::Signal::Red,
    }
}
