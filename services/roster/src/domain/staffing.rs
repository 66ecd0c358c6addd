//! Which clerk staffs a window: A, or B where A is away (AB岗); nobody where both are.

use calendar::Date;
use kit::{id::Division, refusal::Refusal};
use mirror::Mirror;
use serde::{Deserialize, Serialize};

use super::{month::Month, people, slot::Half};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    pub effective_on: Date,
    pub a: String,
    /// Empty where nobody stands in.
    pub b: String,
}

/// The clerks of a window, oldest first; effective days rise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staffing {
    pub division: Division,
    pub window: String,
    pub version: i64,
    pub pairs: Vec<Pair>,
    /// As it was told last.
    pub told: Option<Day>,
}

/// Who staffs a window on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    pub day: Date,
    /// Empty where nobody does.
    pub morning: String,
    pub afternoon: String,
    pub why_zh: String,
    pub why_en: String,
    pub required: bool,
}

impl Day {
    /// Whether it says the same of another day.
    fn says_as(&self, other: &Day) -> bool {
        (&self.morning, &self.afternoon, self.required) == (&other.morning, &other.afternoon, other.required)
    }
}

impl Staffing {
    /// Names the clerks from a day on.
    pub fn set(
        there: Option<&Staffing>,
        division: Division,
        window: &str,
        pair: Pair,
        by: &str,
        today: Date,
        mirror: &Mirror,
    ) -> Result<Staffing, Refusal> {
        let unit = &mirror.window(division, window)?.unit;
        let acting = mirror.person(division, by)?;
        let leads = acting.unit == *unit && acting.rank.is_leadership();
        if !leads {
            people::manager(mirror, division, by)?;
        }
        for clerk in [&pair.a, &pair.b].into_iter().filter(|clerk| !clerk.is_empty()) {
            let clerk = mirror.person(division, clerk)?;
            if !unit.is_empty() && !clerk.unit.is_empty() && clerk.unit != *unit {
                let (zh, en) = ("该人员不属于窗口所属单位", "the person is not of the window's unit");
                return Err(Refusal::state("WINDOW_UNIT", zh, en));
            }
        }
        let mut staffing = there.cloned().unwrap_or(Staffing {
            division,
            window: window.to_owned(),
            version: 0,
            pairs: Vec::new(),
            told: None,
        });
        let newest = staffing.pairs.last().map(|newest| newest.effective_on);
        if newest.is_some_and(|newest| pair.effective_on < today.max(newest)) {
            let (zh, en) =
                ("生效日期须不早于今天，也不早于上一次", "must be today or later, and not before the last one's");
            return Err(Refusal::field("staffing.effective_on", zh, en));
        }
        staffing.pairs.push(pair);
        staffing.version += 1;
        Ok(staffing)
    }

    /// Who staffs it on a day; None before the first pair.
    pub fn on(&self, day: Date, month: &Month, required: bool, mirror: &Mirror) -> Option<Day> {
        let pair = self.pairs.iter().rev().find(|pair| pair.effective_on <= day)?;
        let mut why = (Vec::new(), Vec::new());
        let [morning, afternoon] = Half::BOTH.map(|half| self.clerk(pair, day, half, month, mirror, &mut why));
        let (zh, en) = (why.0.join("；"), why.1.join("; "));
        Some(Day { day, morning, afternoon, why_zh: zh, why_en: en, required })
    }

    fn clerk(
        &self,
        pair: &Pair,
        day: Date,
        half: Half,
        month: &Month,
        mirror: &Mirror,
        why: &mut (Vec<String>, Vec<String>),
    ) -> String {
        for clerk in [&pair.a, &pair.b].into_iter().filter(|clerk| !clerk.is_empty()) {
            let name = mirror.name(self.division, clerk);
            let (zh, en) = match (mirror.person(self.division, clerk), month.away(clerk, day, half)) {
                (Err(_), _) => (format!("{}{name} 已离岗", half.zh()), format!("{} {clerk} has left", half.en())),
                // Why is the affair of their unit.
                (_, Some(_)) => (format!("{}{name} 请假", half.zh()), format!("{} {clerk} is away", half.en())),
                (Ok(_), None) => return clerk.clone(),
            };
            why.0.push(zh);
            why.1.push(en);
        }
        String::new()
    }

    /// Notes what is told of a day; false where the same was told already.
    pub fn tell(&mut self, day: &Day) -> bool {
        if self.told.as_ref().is_some_and(|told| told.says_as(day)) {
            return false;
        }
        self.told = Some(day.clone());
        self.version += 1;
        true
    }
}
