//! The domain handbook's worked examples A to J (§1.4) and its working days by month (§2).

use calendar::{Calendar, Date, Due, Limit, Reason, Suspension, Term, deemed_acceptance};

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

fn working(day0: &str, days: u16) -> Term {
    Term::new(date(day0), Limit::WorkingDays(days))
}

fn due(term: &Term) -> String {
    Calendar::builtin().due(term).date().expect("a due date").to_string()
}

fn extended(term: Term, days: u16) -> Term {
    Term { extensions: vec![days], ..term }
}

fn suspended(term: Term, first: &str, last: &str) -> Term {
    let suspension = Suspension { first: date(first), last: Some(date(last)) };
    Term { suspensions: vec![suspension], ..term }
}

#[test]
fn example_a_five_working_days_to_give_notice_end_on_a_make_up_saturday() {
    let due = deemed_acceptance(&Calendar::builtin(), date("2026-02-09"), 5);
    assert_eq!(due, Due::On(date("2026-02-14")));
    let days = Calendar::builtin().explain(&working("2026-02-09", 5)).days;
    assert_eq!(days.last().expect("a last day").reason, Reason::MakeUpWorkday);
}

#[test]
fn example_b_twenty_days_across_the_spring_festival() {
    let accepted = working("2026-02-12", 20);
    assert_eq!(due(&accepted), "2026-03-18");
    let february: Vec<i8> = Calendar::builtin()
        .explain(&accepted)
        .days
        .iter()
        .filter(|day| day.counted.is_some() && day.date.month() == 2)
        .map(|day| day.date.day())
        .collect();
    assert_eq!(february, [13, 14, 24, 25, 26, 27, 28]);
}

#[test]
fn example_b_extended_by_ten() {
    assert_eq!(due(&extended(working("2026-02-12", 20), 10)), "2026-04-01");
}

#[test]
fn example_b_joint_handling_in_forty_five() {
    assert_eq!(due(&working("2026-02-12", 45)), "2026-04-23");
}

#[test]
fn example_b_joint_handling_extended_by_fifteen() {
    assert_eq!(due(&extended(working("2026-02-12", 45), 15)), "2026-05-18");
}

#[test]
fn example_c_make_up_days_around_the_national_day_of_2025_count() {
    let accepted = working("2025-09-26", 20);
    assert_eq!(due(&accepted), "2025-10-30");
    let explanation = Calendar::builtin().explain(&accepted);
    let make_up: Vec<String> = explanation
        .days
        .iter()
        .filter(|day| day.reason == Reason::MakeUpWorkday)
        .map(|day| day.date.to_string())
        .collect();
    assert_eq!(make_up, ["2025-09-28", "2025-10-11"]);
}

#[test]
fn example_d_make_up_days_after_the_national_day_of_2016_count() {
    assert_eq!(due(&working("2016-09-26", 20)), "2016-10-27");
    assert_eq!(Calendar::builtin().is_workday(date("2016-10-08")), Some(true));
    assert_eq!(Calendar::builtin().is_workday(date("2016-10-09")), Some(true));
}

#[test]
fn example_e_an_expert_review_is_excluded() {
    let accepted = working("2026-04-20", 20);
    assert_eq!(due(&accepted), "2026-05-20");
    assert_eq!(due(&suspended(accepted, "2026-04-27", "2026-05-08")), "2026-05-29");
    let excluded = Calendar::builtin().workdays_between(date("2026-04-26"), date("2026-05-08"));
    assert_eq!(excluded, Some(7));
}

#[test]
fn example_f_a_disclosure_request_across_the_year() {
    let received = working("2025-12-22", 20);
    assert_eq!(due(&received), "2026-01-20");
    assert_eq!(due(&suspended(received.clone(), "2025-12-29", "2026-01-14")), "2026-02-05");
    let years: Vec<i16> = Calendar::builtin().explain(&received).notices.iter().map(|notice| notice.year).collect();
    assert_eq!(years, [2025, 2026]);
}

#[test]
fn example_g_a_holiday_submission_keeps_its_own_date_as_day_zero() {
    assert_eq!(due(&working("2026-05-02", 20)), "2026-06-01");
}

#[test]
fn example_h_publishing_in_twenty_days_and_asking_for_more_in_seven() {
    assert_eq!(due(&working("2026-09-18", 20)), "2026-10-22");
    assert_eq!(due(&working("2026-09-18", 7)), "2026-09-29");
}

#[test]
fn example_i_new_years_eve_of_2024_is_worked() {
    assert_eq!(due(&working("2024-02-05", 5)), "2024-02-18");
    assert_eq!(Calendar::builtin().is_workday(date("2024-02-09")), Some(true));
}

#[test]
fn example_j_issue_in_ten_days_from_the_grant() {
    assert_eq!(due(&working("2026-03-18", 10)), "2026-04-01");
}

#[test]
fn working_days_by_month_are_those_of_the_handbook() {
    let table = [
        (2016, 250, [20, 18, 23, 20, 21, 21, 21, 23, 21, 18, 22, 22]),
        (2024, 251, [22, 18, 21, 22, 21, 19, 23, 22, 21, 19, 21, 22]),
        (2025, 248, [19, 19, 21, 22, 19, 20, 23, 21, 23, 18, 20, 23]),
        (2026, 248, [21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23]),
    ];
    let calendar = Calendar::builtin();
    for (year, total, months) in table {
        let before_year = Date::constant(year, 1, 1).yesterday().expect("a day before");
        let mut after = before_year;
        for (month, expected) in (1..).zip(months) {
            let last = Date::constant(year, month, 1).last_of_month();
            assert_eq!(calendar.workdays_between(after, last), Some(expected), "{year}-{month:02}");
            after = last;
        }
        assert_eq!(calendar.workdays_between(before_year, after), Some(total), "{year}");
    }
}
