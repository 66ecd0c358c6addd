//! Learns from intake what the guides say, and what was decided.

use std::sync::Arc;

use jiff::ToSpan;
use kit::store::{Follow, follower::FollowError};
use prost::Message;
use proto::{intake::v1 as pb, journal::v1::Entry};
use sea_orm::DatabaseTransaction;

use super::{code, date, division, learn};
use crate::{
    domain::source::{
        Known,
        decisions::Decision,
        guide::{Guide, Material, Revision, Text},
    },
    office::Office,
    store::arrival,
};

/// Keeps items and decisions for the maker.
pub struct FollowIntake(pub Arc<Office>);

impl Follow for FollowIntake {
    async fn apply(&self, tx: &DatabaseTransaction, entries: &[Entry]) -> Result<(), FollowError> {
        let Some(first) = entries.first() else { return Ok(()) };
        let division = division(first)?;
        let items = entries.iter().filter(|entry| is_item(entry)).map(item).collect::<Result<Vec<_>, _>>()?;
        learn(tx, division, items, revise).await?;
        let decided = entries.iter().filter(|entry| is_decision(entry)).map(decision);
        Ok(arrival::decide(tx, division, decided.collect::<Result<_, _>>()?).await?)
    }

    /// What is decided is listed when its week is over; nobody waits for it.
    fn concerns(&self, entry: &Entry) -> bool {
        is_item(entry)
    }

    async fn applied(&self) -> Result<(), FollowError> {
        self.0.arrived.notify_one();
        Ok(())
    }
}

/// A mandate is the unit's own affair, and changes nothing for who applies.
fn is_item(entry: &Entry) -> bool {
    matches!(entry.event.as_str(), "item.created" | "item.revised" | "item.retired")
}

fn is_decision(entry: &Entry) -> bool {
    matches!(entry.event.as_str(), "case.decided" | "case.granted_at_once")
}

/// A revision of an item, and whether it was retired.
struct Told {
    code: String,
    revision: Revision,
    retired: bool,
}

/// What is new is looked at at once: whether it is in force already, the maker knows by its clock.
fn revise(there: Option<Known>, told: Told) -> (Known, Option<i64>) {
    let mut guide = match there {
        Some(Known::Guide(guide)) => guide,
        _ => Guide { code: told.code, ..Guide::default() },
    };
    guide.learn(told.revision);
    guide.retired = told.retired;
    (Known::Guide(guide), Some(0))
}

fn item(entry: &Entry) -> Result<(String, Told), FollowError> {
    let item = pb::Item::decode(entry.payload.clone()).map_err(|error| FollowError::entry(entry, error))?;
    let text = item.text.ok_or_else(|| FollowError::entry(entry, "an item without its text"))?;
    let code = code(&item.name);
    let revision = Revision { number: item.revision, effective_on: date(entry, &item.effective_on)?, text: read(text) };
    Ok((format!("guide/{code}"), Told { code, revision, retired: item.retired }))
}

fn read(text: pb::ItemText) -> Text {
    let material = |material: pb::Material| Material {
        title: material.title,
        originals: material.originals,
        copies: material.copies,
        required: material.required,
        issuer: material.issuer,
    };
    let subjects = text.subjects().filter_map(subject).map(|(code, name)| (code.to_owned(), name.to_owned()));
    Text {
        subjects: subjects.collect(),
        kind: kind(text.kind()).to_owned(),
        procedures: text.special_procedures().filter_map(procedure).map(str::to_owned).collect(),
        instant: text.handling() == pb::Handling::Instant,
        title: text.title_zh,
        unit: code(&text.unit),
        implementation_code: text.implementation_code,
        basis: text.legal_basis,
        legal_limit: text.legal_limit_days,
        promised_limit: text.promised_limit_days,
        extension: text.extension_days,
        supplement: text.supplement_days,
        conditions: text.conditions,
        materials: text.materials.into_iter().map(material).collect(),
        steps: text.steps,
        fee_fen: text.fee_fen,
        fee_basis: text.fee_basis,
        result: text.result_document,
        validity: text.result_validity_days,
        place: text.place,
        hours: text.open_hours,
        phone: text.phone,
        supervision_phone: text.supervision_phone,
        faq: text.faq.into_iter().map(|faq| (faq.question, faq.answer)).collect(),
    }
}

/// The day of the decision stands in the facts, so that a list is the same whenever it is made.
fn decision(entry: &Entry) -> Result<Decision, FollowError> {
    let facts = pb::CaseFacts::decode(entry.payload.clone()).map_err(|error| FollowError::entry(entry, error))?;
    let day = jiff::civil::date(1970, 1, 1).checked_add(i64::from(facts.decided_on).days());
    let day = day.map_err(|error| FollowError::entry(entry, error))?;
    Ok(Decision { unit: facts.unit, day, number: facts.number, item: facts.item, granted: facts.granted })
}

/// 服务对象 as publications sort them, and their names.
fn subject(subject: pb::Subject) -> Option<(&'static str, &'static str)> {
    Some(match subject {
        pb::Subject::NaturalPerson => ("person", "自然人"),
        pb::Subject::Enterprise => ("enterprise", "企业法人"),
        pb::Subject::Institution => ("institution", "事业法人"),
        pb::Subject::SocialOrganisation => ("social", "社会组织法人"),
        pb::Subject::AdministrativeOrgan => ("organ", "行政机关"),
        pb::Subject::Other => ("other", "其他组织"),
        pb::Subject::Unspecified => return None,
    })
}

/// 事项类型
fn kind(kind: pb::ItemKind) -> &'static str {
    match kind {
        pb::ItemKind::Licence => "行政许可",
        pb::ItemKind::Penalty => "行政处罚",
        pb::ItemKind::Coercion => "行政强制",
        pb::ItemKind::Levy => "行政征收",
        pb::ItemKind::Benefit => "行政给付",
        pb::ItemKind::Inspection => "行政检查",
        pb::ItemKind::Confirmation => "行政确认",
        pb::ItemKind::Award => "行政奖励",
        pb::ItemKind::Ruling => "行政裁决",
        pb::ItemKind::Other => "其他行政权力",
        pb::ItemKind::PublicService => "公共服务",
        pb::ItemKind::Unspecified => "",
    }
}

/// What may stop the clock (行政许可法 art. 45).
fn procedure(cause: pb::SuspensionCause) -> Option<&'static str> {
    Some(match cause {
        pb::SuspensionCause::Hearing => "听证",
        pb::SuspensionCause::Tender => "招标",
        pb::SuspensionCause::Auction => "拍卖",
        pb::SuspensionCause::Inspection => "检验",
        pb::SuspensionCause::Testing => "检测",
        pb::SuspensionCause::Quarantine => "检疫",
        pb::SuspensionCause::Appraisal => "鉴定",
        pb::SuspensionCause::ExpertReview => "专家评审",
        pb::SuspensionCause::Unspecified => return None,
    })
}
