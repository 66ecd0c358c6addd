//! What the journal says of publications, and what is counted of them.

use kit::id::Division;

use super::{
    day::{Day, Period},
    figures::Rate,
    label::Label,
};

/// Where a publication belongs.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Code of the responsible unit.
    pub unit: String,
    /// Code of the column.
    pub column: String,
    /// 1 to 15.
    pub category: i32,
}

/// A publication as its journal told it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// `012-2016-00017`
    pub id: String,
    pub place: Place,
    /// Last day of the draft that waits; none where nothing is being drafted, or no calendar can tell it yet.
    pub due_on: Option<Day>,
}

/// What became public on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edition {
    /// Of the publication.
    pub id: String,
    /// 1, and one more with each correction.
    pub number: i32,
    pub place: Place,
    pub published_on: Day,
    pub on_time: bool,
    /// Percent.
    pub score: i32,
    pub pictures: i32,
}

/// An edition that was taken away on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    pub id: String,
    pub number: i32,
    pub on: Day,
}

/// Which publications: all conditions together; an empty one leaves all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Search {
    pub division: Division,
    pub period: Period,
    pub unit: String,
    pub column: String,
}

impl Search {
    /// All publications of a period.
    pub fn all(division: Division, period: Period) -> Search {
        Search { division, period, unit: String::new(), column: String::new() }
    }
}

/// So many publications, by what is counted of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// First editions, and further ones.
    pub published: i64,
    pub corrected: i64,
    pub withdrawn: i64,
    /// Of both.
    pub on_time: i64,
    /// Drafts past their last day.
    pub overdue: i64,
    /// Of both: said everything.
    pub conforming: i64,
    /// Of first editions.
    pub pictures: i64,
    pub views: i64,
    /// The scores of both, added up.
    pub scores: i64,
}

impl Tally {
    pub fn merge(&mut self, other: &Tally) {
        let Tally { published, corrected, withdrawn, on_time, overdue, conforming, pictures, views, scores } = other;
        self.published += published;
        self.corrected += corrected;
        self.withdrawn += withdrawn;
        self.on_time += on_time;
        self.overdue += overdue;
        self.conforming += conforming;
        self.pictures += pictures;
        self.views += views;
        self.scores += scores;
    }

    fn editions(&self) -> i64 {
        self.published + self.corrected
    }

    /// 及时率: on time, of all whose clock has said its last or run out.
    pub fn on_time_rate(&self) -> Rate {
        Rate { numerator: self.on_time, denominator: self.editions() + self.overdue }
    }

    /// 规范率: said everything, of what became public.
    pub fn conformance_rate(&self) -> Rate {
        Rate { numerator: self.conforming, denominator: self.editions() }
    }

    /// Percent, truncated; none of nothing.
    pub fn mean_score(&self) -> Option<i32> {
        self.scores.checked_div(self.editions()).and_then(|mean| mean.try_into().ok())
    }
}

/// What one of the fifteen categories is called (政府信息公开条例 art. 20).
pub fn category(number: i32) -> Label {
    const TITLES: [(&str, &str); 15] = [
        ("法规、规章和规范性文件", "Rules and normative documents"),
        ("机关职能、机构设置和联系方式", "Functions, organisation, contacts"),
        ("规划和相关政策", "Plans and policies"),
        ("统计信息", "Statistics"),
        ("行政许可和其他对外管理服务事项", "Licences and other services"),
        ("行政处罚和行政强制", "Penalties and compulsion"),
        ("财政预算、决算", "Budgets and accounts"),
        ("行政事业性收费", "Fees"),
        ("政府集中采购", "Procurement"),
        ("重大建设项目", "Major projects"),
        ("扶贫、教育、医疗、社会保障、就业", "Welfare, education, health, employment"),
        ("突发公共事件", "Emergencies"),
        ("监督检查情况", "Inspections"),
        ("公务员招考", "Civil service recruitment"),
        ("其他应当主动公开的信息", "Other information"),
    ];
    let title = number.checked_sub(1).and_then(|at| usize::try_from(at).ok()).and_then(|at| TITLES.get(at));
    title.map(|(zh, en)| Label { zh: (*zh).to_owned(), en: (*en).to_owned() }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_means_are_truncated_and_there_is_none_of_nothing() {
        let tally = Tally {
            published: 2,
            corrected: 1,
            on_time: 2,
            overdue: 4,
            conforming: 1,
            scores: 100 + 99 + 99,
            ..Tally::default()
        };
        assert_eq!(tally.on_time_rate().basis_points(), Some(2_857), "2/7");
        assert_eq!(tally.conformance_rate().basis_points(), Some(3_333), "1/3");
        assert_eq!(tally.mean_score(), Some(99), "298/3");
        let nothing = Tally::default();
        assert_eq!((nothing.on_time_rate().basis_points(), nothing.mean_score()), (None, None));
        let late = Tally { overdue: 1, ..nothing };
        assert_eq!((late.on_time_rate().basis_points(), late.conformance_rate().basis_points()), (Some(0), None));
    }

    #[test]
    fn the_fifteen_categories_have_names_and_nothing_else_has() {
        assert!((1..=15).all(|number| !category(number).zh.is_empty() && !category(number).en.is_empty()));
        assert!([i32::MIN, -1, 0, 16].iter().all(|number| category(*number) == Label::default()));
    }
}
