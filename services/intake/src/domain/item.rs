//! An item of the catalogue (事项) and its revisions (实施清单, GB/T 39046-2020).

use std::{collections::HashSet, sync::Arc};

use calendar::{Date, shanghai_date};
use kit::{clock::Moment, form::Form, id::Division, refusal::Refusal};
use serde::{Deserialize, Serialize};

use super::{
    case::{Case, national},
    hall::Hall,
};

/// Causes that stop the clock (行政许可法 art. 45).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    Hearing,
    Tender,
    Auction,
    Inspection,
    Testing,
    Quarantine,
    Appraisal,
    ExpertReview,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handling {
    /// 即办件
    Instant,
    /// 承诺件
    Promised,
}

impl Handling {
    /// Only what is instant is granted at the window.
    pub fn must_be_instant(self) -> Result<(), Refusal> {
        if self != Handling::Instant {
            let (zh, en) = ("该事项不是即办件", "the item is not an instant one");
            return Err(Refusal::state("ITEM_NOT_INSTANT", zh, en));
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Material {
    pub code: String,
    pub title: String,
    pub originals: i32,
    pub copies: i32,
    pub required: bool,
    pub issuer: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faq {
    pub question: String,
    pub answer: String,
}

/// What a revision says. Days are working days, money is fen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    pub title_zh: String,
    pub title_en: String,
    /// Code of GB/T 39046-2020 annex A: 1 to 10, 20.
    pub kind: i32,
    /// 行使层级, 1 to 7.
    pub level: i32,
    pub basic_code: String,
    pub implementation_code: String,
    pub legal_basis: Vec<String>,
    /// Code of the unit that decides.
    pub unit: String,
    /// 服务对象, 1 to 6.
    pub subjects: Vec<i32>,
    pub handling: Handling,
    pub legal_limit: u16,
    pub promised_limit: u16,
    pub joint: bool,
    pub extension: u16,
    pub supplement: u16,
    pub conditions: Vec<String>,
    pub materials: Vec<Material>,
    pub steps: Vec<String>,
    pub fee_fen: i64,
    pub fee_basis: String,
    pub result_document: String,
    pub result_validity_days: i32,
    pub place: String,
    pub open_hours: String,
    pub phone: String,
    pub supervision_phone: String,
    pub special_procedures: Vec<Cause>,
    pub faq: Vec<Faq>,
}

impl Text {
    /// Checks what the reading of single fields cannot see; faults name `item.text.…`.
    pub fn check(&self, form: &mut Form) {
        form.require(
            self.promised_limit <= self.legal_limit,
            "item.text.promised_limit_days",
            "承诺时限不得长于法定时限",
            "must not be longer than the legal limit",
        );
        form.require(
            self.fee_fen == 0 || !self.fee_basis.is_empty(),
            "item.text.fee_basis",
            "收费须有法定依据（行政许可法第五十八条）",
            "a fee needs its legal basis (行政许可法 art. 58)",
        );
        form.require(
            !self.joint || self.extension <= 15,
            "item.text.extension_days",
            "联合办理延长不得超过15个工作日",
            "at most 15 where joint (art. 42)",
        );
        form.require(
            self.joint || self.extension <= 10,
            "item.text.extension_days",
            "延长不得超过10个工作日",
            "at most 10 (art. 42)",
        );
        let mut codes = HashSet::new();
        for (i, material) in self.materials.iter().enumerate() {
            let field = format!("item.text.materials[{i}]");
            form.require(codes.insert(&material.code), &format!("{field}.code"), "材料代码重复", "stands twice");
            form.require(
                material.originals + material.copies > 0,
                &format!("{field}.copies"),
                "原件与复印件合计至少1份",
                "originals and copies together at least 1",
            );
        }
    }

    pub fn material(&self, code: &str) -> Option<&Material> {
        self.materials.iter().find(|material| material.code == code)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    pub number: i32,
    /// First day of force.
    pub effective_on: Date,
    /// Microseconds, UTC.
    pub revised_at: i64,
    pub text: Arc<Text>,
}

/// 授权: the standing decision by which an instant item is granted at the window. People are codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mandate {
    /// Whose decision it is.
    pub officer: String,
    /// Number of the written mandate.
    pub document: String,
    /// The leader who gave it.
    pub by: String,
    /// Microseconds, UTC.
    pub at: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    #[serde(skip, default = "national")]
    pub division: Division,
    #[serde(skip)]
    pub code: String,
    /// Oldest first; effective days rise.
    pub revisions: Vec<Revision>,
    /// Of the item, whatever its revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<Mandate>,
    #[serde(skip)]
    pub retired: bool,
    #[serde(skip)]
    pub version: i64,
}

impl Item {
    pub fn create(division: Division, code: &str, text: Text, effective_on: Date, now: i64) -> Item {
        let first = Revision { number: 1, effective_on, revised_at: now, text: Arc::new(text) };
        Item { division, code: code.to_owned(), revisions: vec![first], mandate: None, retired: false, version: 1 }
    }

    /// Adds a revision in force from a day on.
    pub fn revise(&mut self, text: Text, effective_on: Date, today: Date, now: i64) -> Result<(), Refusal> {
        self.must_live()?;
        let newest = self.newest();
        // Two revisions may take force on one day: the later one counts from then on, both are kept.
        if effective_on < today || effective_on < newest.effective_on {
            return Err(Refusal::field(
                "item.effective_on",
                "生效日期须不早于今天，也不早于上一版本",
                "must be today or later, and not before the newest revision's day",
            ));
        }
        let next = Revision { number: newest.number + 1, effective_on, revised_at: now, text: Arc::new(text) };
        self.revisions.push(next);
        self.version += 1;
        Ok(())
    }

    pub fn retire(&mut self) -> Result<(), Refusal> {
        self.must_live()?;
        self.retired = true;
        self.version += 1;
        Ok(())
    }

    /// Gives the item its mandate, or takes it back with None: for the head or a deputy head of its unit to do.
    pub fn set_mandate(
        &mut self,
        leader: &str,
        mandate: Option<Mandate>,
        hall: &Hall,
        now: Moment,
    ) -> Result<(), Refusal> {
        self.must_live()?;
        let text = &self.shown(shanghai_date(now.0)).text;
        if !hall.officer(self.division, leader, &text.unit)?.rank.leads_unit() {
            let (zh, en) = ("授权须由本单位负责人作出", "a mandate is given by the head or deputy head of the unit");
            return Err(Refusal::state("APPROVER_RANK", zh, en));
        }
        if let Some(mandate) = &mandate {
            text.handling.must_be_instant()?;
            hall.officer(self.division, &mandate.officer, &text.unit)?;
        }
        self.mandate = mandate;
        self.version += 1;
        Ok(())
    }

    /// The mandate by which a clerk may have an application granted at the window (who receives does not decide).
    pub fn mandate_for(&self, clerk: &str, at: Moment) -> Result<&Mandate, Refusal> {
        // What is entered late is decided by the mandate that there was when it was handed in.
        let Some(mandate) = self.mandate.as_ref().filter(|mandate| mandate.at <= at.0) else {
            let (zh, en) = ("该事项未授权窗口当场办结", "the item has no mandate to be granted at the window");
            return Err(Refusal::state("MANDATE_MISSING", zh, en));
        };
        // Who gave it stands behind every decision made by it.
        if [&mandate.officer, &mandate.by].into_iter().any(|decides| decides == clerk) {
            return Err(Case::decider_received());
        }
        Ok(mandate)
    }

    /// The revision in force on a day; before its first day an item is shown as it will be.
    pub fn shown(&self, day: Date) -> &Revision {
        self.in_force(day).unwrap_or(&self.revisions[0])
    }

    /// The revision in force on a day.
    pub fn in_force(&self, day: Date) -> Option<&Revision> {
        self.revisions.iter().rev().find(|revision| revision.effective_on <= day)
    }

    pub fn revision(&self, number: i32) -> Option<&Revision> {
        self.revisions.iter().find(|revision| revision.number == number)
    }

    pub fn newest(&self) -> &Revision {
        &self.revisions[self.revisions.len() - 1]
    }

    pub fn must_live(&self) -> Result<(), Refusal> {
        if self.retired {
            let (zh, en) = ("该事项已停止办理", "the item is retired");
            return Err(Refusal::state("ITEM_RETIRED", zh, en));
        }
        Ok(())
    }

    pub fn not_found() -> Refusal {
        Refusal::not_found("ITEM_NOT_FOUND", "没有此事项", "there is no such item")
    }
}
