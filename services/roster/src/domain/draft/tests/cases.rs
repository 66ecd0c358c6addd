use super::*;

/// The working days of February 2016: Spring Festival from the 7th to the 13th, the 6th and the 14th are worked.
fn february() -> Vec<Date> {
    let mut days = weekdays(date(2016, 2, 1), date(2016, 2, 29));
    days.retain(|date| !(8..=12).contains(&date.day()));
    days.extend([date(2016, 2, 6), date(2016, 2, 14)]);
    days
}

#[test]
fn a_full_month_keeps_every_rule() {
    let draft = month(march(), &[5; 29], 3).checked();
    assert_eq!((draft.duties.len(), draft.rules(), draft.proved), (138, vec![], true));
}

#[test]
fn a_month_with_spring_festival_keeps_every_rule() {
    let month = month(february(), &[5; 29], 3);
    let draft = month.checked();
    assert_eq!((month.days.len(), draft.duties.len(), draft.rules(), draft.proved), (18, 108, vec![], true));
}

#[test]
fn a_week_cut_short_asks_nothing_of_itself() {
    let days = weekdays(date(2016, 3, 1), date(2016, 3, 4));
    let draft = month(days, &[2; 10], 1).checked();
    assert_eq!((draft.duties.len(), draft.rules()), (8, vec![Rule::Head; 2]));
}

#[test]
fn who_leaves_in_mid_month_has_no_duty_after() {
    let mut month = month(march(), &[3; 6], 1);
    let after = weekdays(date(2016, 3, 16), date(2016, 3, 31));
    month.away("P02-1", &after, 7);
    let draft = month.checked();
    assert_eq!(draft.rules(), vec![]);
    assert!(draft.load("P02-1") <= draft.load("P02-0").max(draft.load("P02-2")));
}

#[test]
fn a_unit_of_one_leader_serves_like_the_others() {
    let leaders: Vec<usize> = (0..29).map(|unit| if unit == 28 { 1 } else { 5 }).collect();
    let draft = month(march(), &leaders, 3).checked();
    assert_eq!((draft.rules(), draft.proved), (vec![], true));
    assert!((4..=5).contains(&draft.load("P28-0")));
}

#[test]
fn a_unit_that_cannot_serve_a_week_is_excused_by_its_people() {
    let mut month = month(march(), &[1, 3, 3, 3, 3], 1);
    let trip = weekdays(date(2016, 3, 7), date(2016, 3, 11));
    month.away("P00-0", &trip, TRIP);
    let draft = month.checked();
    assert_eq!(draft.rules()[0], Rule::Week);
    let zh =
        "住建局3月7日起的一周应值班1个半天，只排0个：住建局 张三 3月7日上午至3月11日下午 公务（豫政办函〔2016〕5号）";
    assert_eq!(draft.shortfalls[0].zh(&Codes), zh);
}

#[test]
fn overlapping_leave_is_one_absence() {
    let mut month = month(march(), &[2, 2, 2], 1);
    month.away("P00-0", &march(), LEAVE);
    month.away("P00-0", &march()[..9], TRIP);
    let draft = month.checked();
    let head = &draft.shortfalls[0];
    assert_eq!((head.rule, head.got, head.excuses.len()), (Rule::Head, 0, 1));
    assert_eq!(head.zh(&Codes), "住建局主要负责人张三应值班1次，只排0次：住建局 张三 3月1日上午至3月31日下午 休假");
}

#[test]
fn an_empty_seat_names_who_might_have_served_and_why_not() {
    let mut month = month(march(), &[1, 1], 1);
    month.person("P00-0").away.push(Away { date: date(2016, 3, 8), half: Half::Morning, why: TRIP });
    month.person("P01-0").away.push(Away { date: date(2016, 3, 8), half: Half::Morning, why: LEAVE });
    let draft = month.checked();
    let seat = &draft.shortfalls[0];
    assert_eq!((seat.rule, seat.date, seat.half), (Rule::Seat, Some(date(2016, 3, 8)), Some(Half::Morning)));
    let zh = "3月8日上午 大厅值班岗无人可排：住建局 张三 公务（豫政办函〔2016〕5号）；税务局 李四 休假";
    assert_eq!(seat.zh(&Codes), zh);
    let en =
        "2016-03-08 morning, 大厅值班岗: nobody to serve: 住建局 张三 公务（豫政办函〔2016〕5号）; 税务局 李四 休假";
    assert_eq!(seat.en(&Codes), en);
}

#[test]
fn who_is_on_duty_elsewhere_fills_no_second_seat() {
    let draft = month(march()[..1].to_vec(), &[1], 2).checked();
    let seat = &draft.shortfalls[0];
    assert_eq!((seat.rule, seat.excuses[0].why), (Rule::Seat, Why::OnDuty));
    assert_eq!(seat.zh(&Codes), "3月1日上午 大厅值班岗无人可排：住建局 张三 已在岗");
}

#[test]
fn too_few_seats_excuse_nobody() {
    let draft = month(weekdays(date(2016, 3, 7), date(2016, 3, 11)), &[1; 12], 1).checked();
    let short: Vec<Rule> = draft.rules();
    assert_eq!(short, [vec![Rule::Head; 2], vec![Rule::Week; 2], vec![Rule::Span; 2]].concat());
    assert!(draft.proved && draft.shortfalls.iter().all(|short| short.excuses.is_empty()));
}

#[test]
fn of_who_falls_ill_exactly_the_remaining_duties_move() {
    let month = month(march(), &[5; 29], 3);
    let draft = month.checked();
    for from in [date(2016, 3, 1), date(2016, 3, 14), date(2016, 3, 30)] {
        let mut again = month.again(&draft, from);
        let rest: Vec<&Duty> = draft.duties.iter().filter(|duty| duty.date >= from).collect();
        let ill = rest[0].person.clone();
        again.away(&ill, &weekdays(from, date(2016, 3, 31)), LEAVE);
        let second = again.checked();
        assert_eq!(second.moves, rest.iter().filter(|duty| duty.person == ill).count());
        assert_eq!(second.duties.iter().filter(|duty| draft.duties.contains(duty)).count(), 138 - second.moves);
    }
}

#[test]
fn a_redraft_without_a_reason_changes_nothing() {
    let month = month(march(), &[5; 29], 3);
    let draft = month.draft();
    let again = month.again(&draft, date(2016, 3, 14)).checked();
    assert_eq!((again.moves, again.duties), (0, draft.duties));
}

#[test]
fn who_has_left_altogether_is_replaced() {
    let mut month = month(march(), &[4; 8], 2);
    let draft = month.draft();
    let from = date(2016, 3, 21);
    let gone: Vec<Duty> = draft.duties.iter().filter(|duty| duty.person == "P03-2").cloned().collect();
    let again = month.again(&draft, from);
    month.away("P03-2", &weekdays(from, date(2016, 3, 31)), 9);
    let left = Month { units: month.units, ..again }.checked();
    assert_eq!(left.moves, gone.iter().filter(|duty| duty.date >= from).count());
}

#[test]
fn what_is_fixed_by_hand_stands() {
    let mut month = month(march(), &[5; 29], 3);
    let fixed = duty(date(2016, 3, 8), Half::Morning, 2, "P17-4");
    month.kept = vec![fixed.clone()];
    let draft = month.checked();
    assert!(draft.duties.contains(&fixed) && draft.rules().is_empty());
}

#[test]
fn what_is_fixed_in_an_absence_is_let_go_and_told() {
    let mut month = month(march(), &[3; 6], 1);
    month.away("P00-0", &[date(2016, 3, 8)], TRIP);
    let twice = duty(date(2016, 3, 9), Half::Morning, 1, "P01-1");
    let fixed = duty(date(2016, 3, 8), Half::Morning, 1, "P00-0");
    let nowhere = duty(date(2016, 3, 9), Half::Morning, 7, "P01-0");
    month.kept = vec![fixed, twice.clone(), Duty { person: "P01-2".into(), ..twice }, nowhere];
    let draft = month.checked();
    assert_eq!(draft.rules(), vec![Rule::Kept; 3]);
    let zh = "3月8日上午 大厅值班岗已固定的张三不能保留：住建局 张三 公务（豫政办函〔2016〕5号）";
    assert_eq!(draft.shortfalls[0].zh(&Codes), zh);
}

#[test]
fn nobody_is_drafted_for_the_past_and_what_was_served_counts() {
    let mut month = month(march(), &[3; 6], 1);
    let from = date(2016, 3, 14);
    month.from = Some(from);
    month.kept = vec![duty(date(2016, 3, 2), Half::Afternoon, 1, "P00-1")];
    month.away("P00-1", &march(), LEAVE);
    let draft = month.checked();
    assert_eq!(draft.duties.iter().filter(|duty| duty.date < from).count(), 1);
    assert_eq!(draft.load("P00-1"), 1);
}

#[test]
fn a_post_is_filled_in_its_own_halves_and_the_last_stays_empty() {
    let mut month = month(march(), &[1], 1);
    month.posts.push(Post { code: "complaints".into(), seats: 1, halves: vec![Half::Morning] });
    let draft = month.checked();
    assert!(draft.duties.iter().all(|duty| duty.post == "hall"));
    let empty = |short: &&Shortfall| short.rule == Rule::Seat && short.post.as_deref() == Some("complaints");
    assert_eq!(draft.shortfalls.iter().filter(empty).count(), 23);
}

#[test]
fn the_same_month_has_the_same_draft() {
    let mut month = month(march(), &[5, 1, 3, 4, 2, 5], 2);
    month.away("P00-0", &march()[3..], LEAVE);
    month.away("P01-0", &march()[7..15], TRIP);
    assert_eq!(month.draft(), month.clone().draft());
}

#[test]
fn without_time_there_is_an_answer_all_the_same() {
    let mut month = month(march(), &[5; 29], 3);
    month.away("P00-0", &march(), LEAVE);
    month.limit = Duration::ZERO;
    let draft = month.checked();
    assert_eq!((draft.duties.len(), draft.proved), (138, false));
}

#[test]
fn nothing_to_plan_is_an_empty_plan() {
    let empty = Draft { duties: vec![], moves: 0, shortfalls: vec![], proved: true };
    assert_eq!(month(vec![], &[], 0).checked(), empty);
    assert_eq!(month(march(), &[], 1).checked().rules(), vec![Rule::Seat; 46]);
}
