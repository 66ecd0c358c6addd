//! Notices: the ones built in, their amendments, and every refusal.

use calendar::{Calendar, Date, DayKind, Due, Limit, Notice, NoticeError, Span, Term, builtin_notices};

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

fn span(first: &str, last: &str) -> Span {
    Span { first: date(first), last: date(last) }
}

/// A notice for 2030 that passes.
fn sample() -> Notice {
    Notice {
        year: 2030,
        version: 1,
        document: "国办发明电〔2029〕0号".to_owned(),
        issued_on: Some(date("2029-11-01")),
        off: vec![span("2030-10-01", "2030-10-07"), span("2030-01-01", "2030-01-01")],
        workdays: vec![date("2030-09-29"), date("2030-10-12")],
        source: "a test".to_owned(),
    }
}

/// The calendar as it stood when only the notices up to `version` of each year were out.
fn at_version(version: u32) -> Calendar {
    builtin_notices()
        .iter()
        .filter(|notice| notice.version <= version)
        .fold(Calendar::empty(), |calendar, notice| calendar.with(notice.clone()).expect("in order"))
}

#[test]
fn eleven_years_and_four_amendments_are_built_in_and_pass() {
    assert_eq!(builtin_notices().len(), 15);
    for notice in builtin_notices() {
        assert_eq!(notice.check(), Ok(()), "{}", notice.document);
        assert!(notice.document.starts_with("国办发明电〔20"), "{}", notice.document);
        assert!(notice.issued_on.is_some_and(|day| day.year() >= notice.year - 1));
        assert!(!notice.source.is_empty());
    }
    assert!(Calendar::builtin().years().eq(2016..=2026));
    for notice in builtin_notices() {
        let newest = Calendar::builtin().notice(notice.year).expect("held").version;
        assert!(newest >= notice.version);
    }
}

#[test]
fn the_spring_festival_of_2020_was_prolonged() {
    let (before, after) = (at_version(1), Calendar::builtin());
    let first_of_february = date("2020-02-01");
    assert_eq!(before.kind(first_of_february), DayKind::MakeUpWorkday);
    assert_eq!(after.kind(first_of_february), DayKind::Holiday);
    assert_eq!(before.is_workday(date("2020-01-31")), Some(true));
    assert_eq!(after.is_workday(date("2020-01-31")), Some(false));

    let term = Term::new(date("2020-01-20"), Limit::WorkingDays(5));
    assert_eq!(before.due(&term), Due::On(date("2020-02-01")));
    assert_eq!(after.due(&term), Due::On(date("2020-02-04")));
    let cited = &after.explain(&term).notices[0];
    assert_eq!((cited.version, cited.document.as_str()), (2, "国办发明电〔2020〕1号"));
}

#[test]
fn labour_day_of_2019_was_made_four_days() {
    let (before, after) = (at_version(1), Calendar::builtin());
    for day in ["2019-05-02", "2019-05-03"] {
        assert_eq!(before.kind(date(day)), DayKind::Workday);
        assert_eq!(after.kind(date(day)), DayKind::Holiday);
    }
    for day in ["2019-04-28", "2019-05-05"] {
        assert_eq!(before.kind(date(day)), DayKind::Weekend);
        assert_eq!(after.kind(date(day)), DayKind::MakeUpWorkday);
    }
    let term = Term::new(date("2019-04-26"), Limit::WorkingDays(5));
    assert_eq!(before.due(&term), Due::On(date("2019-05-06")));
    assert_eq!(after.due(&term), Due::On(date("2019-05-06")));
    let term = Term::new(date("2019-04-30"), Limit::WorkingDays(1));
    assert_eq!(before.due(&term), Due::On(date("2019-05-02")));
    assert_eq!(after.due(&term), Due::On(date("2019-05-05")));
}

#[test]
fn the_notice_for_2019_moved_the_last_days_of_2018() {
    let (before, after) = (at_version(1), Calendar::builtin());
    assert_eq!(before.kind(date("2018-12-31")), DayKind::Workday);
    assert_eq!(after.kind(date("2018-12-31")), DayKind::Holiday);
    assert_eq!(after.kind(date("2018-12-29")), DayKind::MakeUpWorkday);
}

#[test]
fn a_newer_version_takes_the_place_of_the_one_held() {
    let first = Calendar::empty().with(sample()).expect("first");
    let mut amendment = sample();
    amendment.version = 2;
    amendment.workdays.clear();
    let second = first.with(amendment).expect("amendment");
    assert_eq!(first.is_workday(date("2030-09-29")), Some(true));
    assert_eq!(second.is_workday(date("2030-09-29")), Some(false));
    assert_eq!((first.version(), second.version()), ("2030.1", "2030.2"));
}

#[test]
fn an_older_or_equal_version_with_other_content_is_stale() {
    let mut second = sample();
    second.version = 2;
    let held = Calendar::empty().with(second.clone()).expect("held");
    let stale = NoticeError::Stale { year: 2030, held: 2, offered: 1 };
    assert_eq!(held.with(sample()).expect_err("older"), stale);
    assert_eq!((stale.field(), stale.reason()), ("version", "STALE"));

    second.workdays.pop();
    assert_eq!(held.with(second).expect_err("other content"), NoticeError::Stale { year: 2030, held: 2, offered: 2 });
}

#[test]
fn the_notice_that_is_held_changes_nothing() {
    let held = Calendar::empty().with(sample()).expect("held");
    let mut same = sample();
    same.off.reverse();
    same.source = "another copy of the same paper".to_owned();
    let again = held.with(same).expect("the same again");
    assert_eq!(again.notice(2030), held.notice(2030));
}

#[test]
fn the_version_names_years_and_versions() {
    assert_eq!(Calendar::empty().version(), "none");
    assert_eq!(Calendar::builtin().version(), "2016-2017.1+2018-2020.2+2021.1+2022.2+2023-2026.1");
    let longer = Calendar::builtin().with(sample()).expect("one more");
    assert_eq!(longer.version(), "2016-2017.1+2018-2020.2+2021.1+2022.2+2023-2026.1+2030.1");
}

#[test]
fn a_year_without_a_notice_has_no_working_days_and_no_holidays() {
    let calendar = Calendar::builtin();
    for day in ["2015-12-31", "2027-01-01", "2027-01-04"] {
        assert_eq!(calendar.kind(date(day)), DayKind::Unpublished);
        assert_eq!(calendar.is_workday(date(day)), None);
    }
    assert!(calendar.notice(2027).is_none());
}

#[test]
fn a_notice_travels_as_json() {
    let json = serde_json::to_string(&sample()).expect("to JSON");
    assert_eq!(serde_json::from_str::<Notice>(&json).expect("from JSON"), sample());
    let unknown = json.replace("\"off\"", "\"of\"");
    assert!(serde_json::from_str::<Notice>(&unknown).is_err());
}

#[test]
fn a_notice_of_the_last_year_that_exists_is_held() {
    let last = Notice { year: 9999, off: vec![], workdays: vec![], ..sample() };
    let calendar = Calendar::empty().with(last).expect("held");
    assert_eq!(calendar.is_workday(Date::MAX), Some(true)); // a Friday
    assert_eq!(calendar.workday_before(Date::MAX, 1), Some(date("9999-12-30")));
}

/// What [`Notice::check`] says of the sample after `change`: the field and the reason.
fn refusal(change: impl FnOnce(&mut Notice)) -> String {
    let mut notice = sample();
    change(&mut notice);
    let error = notice.check().expect_err("refused");
    assert_eq!(Calendar::empty().with(notice).expect_err("refused by the calendar too"), error);
    assert!(error.to_string().starts_with(error.field()), "{error}");
    format!("{} {}", error.field(), error.reason())
}

#[test]
fn every_refusal_names_its_field() {
    assert_eq!(refusal(|n| n.year = 1948), "year BELOW_MIN");
    assert_eq!(refusal(|n| n.year = 10_000), "year ABOVE_MAX");
    assert_eq!(refusal(|n| n.year = i16::MIN), "year BELOW_MIN");
    assert_eq!(refusal(|n| n.version = 0), "version BELOW_MIN");
    assert_eq!(refusal(|n| n.document = " \u{3000}".to_owned()), "document EMPTY");
    assert_eq!(refusal(|n| n.document = "国".repeat(101)), "document ABOVE_MAX");
    assert_eq!(refusal(|n| n.source = "国".repeat(1_001)), "source ABOVE_MAX");
    assert_eq!(refusal(|n| n.year = 2031), "off[0].first OUTSIDE_YEAR");
    assert_eq!(refusal(|n| n.off[1].first = date("2029-12-31")), "off[1].first OUTSIDE_YEAR");
    assert_eq!(refusal(|n| n.off[0].last = date("2031-01-01")), "off[0].last OUTSIDE_YEAR");
    assert_eq!(refusal(|n| n.off[0].last = date("2030-09-30")), "off[0].last BACKWARDS");
    assert_eq!(refusal(|n| n.off.push(span("2030-10-07", "2030-10-08"))), "off[2] OVERLAP");
    assert_eq!(refusal(|n| n.off.push(n.off[1])), "off[2] OVERLAP");
    assert_eq!(refusal(|n| n.workdays[1] = date("2029-09-29")), "workdays[1] OUTSIDE_YEAR");
    assert_eq!(refusal(|n| n.workdays[0] = date("2030-09-30")), "workdays[0] NOT_WEEKEND");
    assert_eq!(refusal(|n| n.workdays[0] = date("2030-10-05")), "workdays[0] ALSO_OFF");
    assert_eq!(refusal(|n| n.workdays[1] = n.workdays[0]), "workdays[1] DUPLICATE");
    assert_eq!(refusal(|n| n.off = vec![n.off[0]; 41]), "off ABOVE_MAX");
    assert_eq!(refusal(|n| n.workdays = vec![n.workdays[0]; 41]), "workdays ABOVE_MAX");
}

#[test]
fn a_document_may_have_a_hundred_characters_and_spans_may_touch() {
    let mut notice = sample();
    notice.document = "国".repeat(100);
    notice.off.push(span("2030-10-08", "2030-10-08"));
    assert_eq!(notice.check(), Ok(()));
}
