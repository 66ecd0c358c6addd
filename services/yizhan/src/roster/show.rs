//! Answers for people: Chinese first, English beside.

use std::io::{self, Write};

use proto::roster::v1 as pb;

use crate::{columns::left, name::last, time};

/// Each on its own lines, or that there is none.
pub fn each<T, W: Write>(out: &mut W, all: &[T], show: impl Fn(&mut W, &T) -> io::Result<()>) -> io::Result<()> {
    if all.is_empty() {
        return writeln!(out, "没有符合条件的记录 · none");
    }
    all.iter().try_for_each(|one| show(out, one))
}

pub fn rules(out: &mut impl Write, rules: &pb::DutyRules) -> io::Result<()> {
    line(
        out,
        "规则 · rules",
        &format!("第{0}版 · revision {0}，{1} 起 · from then on", rules.revision, rules.effective_on),
    )?;
    for post in &rules.posts {
        let halves: Vec<_> = post.halves().map(|half| self::half(half).0).collect();
        let (seats, window) = (post.seats, last(&post.window));
        let text = format!(
            "{} {} {}  {seats}人 · seats  窗口 · window {window}  {}",
            post.code,
            post.title_zh,
            post.title_en,
            halves.join("、")
        );
        line(out, "岗位 · post", &text)?;
    }
    let hours = |hours: &Option<pb::Hours>| hours.as_ref().map(|hours| format!("{}–{}", hours.first, hours.last));
    line(out, "上午 · morning", &hours(&rules.morning).unwrap_or_default())?;
    line(out, "下午 · afternoon", &hours(&rules.afternoon).unwrap_or_default())?;
    let ranks: Vec<_> = rules.eligible_ranks().map(|rank| rank.as_str_name().trim_start_matches("RANK_")).collect();
    line(out, "职级 · ranks", &ranks.join(", "))?;
    let units: Vec<_> = rules.units.iter().map(|unit| last(unit)).collect();
    line(out, "单位 · units", &if units.is_empty() { "全部 · all".to_owned() } else { units.join(", ") })?;
    line(
        out,
        "每周半天 · half-days",
        &format!("每单位每整周 {} · of a unit in a full week", rules.unit_half_days_per_week),
    )?;
    line(out, "正职 · head", &format!("每月 {} · in a month", rules.head_half_days_per_month))?;
    line(out, "均衡 · fairness", &format!("相差至多 {} · at most apart", rules.fairness))?;
    line(out, "提前公布 · notice", &format!("{} 个工作日 · working days", rules.notice_days))?;
    let (late, early, absent) = (rules.late_minutes, rules.early_minutes, rules.absent_minutes);
    line(out, "迟到/早退/缺勤 · marks", &format!("{late} / {early} / {absent} 分钟 · minutes late, early, absent"))?;
    line(out, "替班 · substitutes", &format!("每单位每月 {} · of a unit in a month", rules.substitutions_per_month))?;
    let publishes = if rules.publishes_circulars { "公开 · published" } else { "不公开 · not published" };
    let (prefix, days) = (&rules.document_prefix, rules.contest_days);
    line(out, "通报 · circulars", &format!("{prefix}  异议期 {days} 个工作日 · working days to contest  {publishes}"))
}

pub fn leave(out: &mut impl Write, leave: &pb::Leave) -> io::Result<()> {
    let (zh, en) = match leave.kind() {
        pb::LeaveKind::Unspecified => ("", ""),
        pb::LeaveKind::Official => ("公务", "official"),
        pb::LeaveKind::Public => ("公假", "public"),
        pb::LeaveKind::Sick => ("病假", "sick"),
        pb::LeaveKind::Annual => ("年休假", "annual"),
        pb::LeaveKind::Departure => ("调离", "departure"),
    };
    let half = half(leave.half()).0;
    let cancelled = if leave.cancelled { "  已撤销 · taken back" } else { "" };
    let (id, who) = (last(&leave.name), last(&leave.person));
    let (first, last, document) = (&leave.first_day, &leave.last_day, &leave.document);
    writeln!(out, "{id}  {who}  {first} – {last}{half}  {zh} · {en}  {document}{cancelled}")
}

/// What became of a plan, without its table.
pub fn plan(out: &mut impl Write, plan: &pb::Plan) -> io::Result<()> {
    let (zh, en) = plan_state(plan.state());
    let unfilled = plan.assignments.iter().filter(|at| at.person.is_empty()).count();
    line(out, "值班表 · plan", &format!("{}  {zh} · {en}", last(&plan.name)))?;
    line(out, "值班 · duties", &format!("{}，暂缺 {unfilled} · of them unfilled", plan.assignments.len()))?;
    line(out, "变动 · moves", &format!("{} · others than before the last draft", plan.moves))?;
    line(out, "起草 · drafted", &format!("{} {}", time(plan.drafted_at.as_ref()), last(&plan.drafted_by)))?;
    if plan.published_at.is_some() {
        let published = format!("{} {}", time(plan.published_at.as_ref()), last(&plan.published_by));
        line(out, "公布 · published", &published)?;
    }
    conflicts(out, plan)
}

pub fn conflicts(out: &mut impl Write, plan: &pb::Plan) -> io::Result<()> {
    for conflict in &plan.conflicts {
        let weight = if conflict.hard { "须解决 · must be solved" } else { "未满足 · not kept" };
        writeln!(out, "[{}] {weight}\n    {}\n    {}", conflict.reason, conflict.zh, conflict.en)?;
        if !conflict.duties.is_empty() {
            writeln!(out, "    {}", conflict.duties.join("  "))?;
        }
    }
    Ok(())
}

pub fn duty(out: &mut impl Write, duty: &pb::Duty) -> io::Result<()> {
    let (zh, en) = duty_state(duty.state());
    let (id, half, who) = (last(&duty.name), half(duty.half()).0, last(&duty.person));
    let mut marks = Vec::new();
    for (is, mark) in [
        (duty.substituted, "替班 · substitute"),
        (duty.late, "迟到 · late"),
        (duty.early, "早退 · early"),
        (!duty.corrections.is_empty(), "已更正 · corrected"),
    ] {
        marks.extend(is.then_some(mark));
    }
    // The day stands before.
    let clock = |at: &Option<_>| time(at.as_ref()).get(11..).unwrap_or("--:--").to_owned();
    let times = [clock(&duty.signed_in_at), clock(&duty.signed_out_at)];
    writeln!(
        out,
        "{}  {} {half} {}  {} {who} {}  {zh} · {en}  {}  {}",
        left(id, 22),
        duty.day,
        duty.post_title_zh,
        duty.display_name,
        duty.unit,
        times.join("–"),
        marks.join("，")
    )?;
    if let Some(log) = &duty.log {
        let texts = [("问题", &log.problems), ("处理", &log.resolutions), ("交接", &log.handover)];
        let texts = texts.iter().filter(|(_, text)| !text.is_empty()).map(|(what, text)| format!("  {what}：{text}"));
        writeln!(out, "    日志 · log  咨询 {} 人次 · enquiries{}", log.enquiries, texts.collect::<String>())?;
    }
    for correction in &duty.corrections {
        let (zh, en) = duty_state(correction.state_before());
        let (at, by) = (time(correction.corrected_at.as_ref()), last(&correction.by));
        writeln!(out, "    更正 · corrected  {at} {by}  原为{zh} · was {en}  {}", correction.reason)?;
    }
    Ok(())
}

pub fn exchange(out: &mut impl Write, exchange: &pb::Exchange) -> io::Result<()> {
    let kind = match exchange.kind() {
        pb::ExchangeKind::Unspecified => "",
        pb::ExchangeKind::Swap => "调班 · swap",
        pb::ExchangeKind::Substitute => "替班 · substitute",
        pb::ExchangeKind::Excuse => "免值 · excuse",
    };
    let state = match exchange.state() {
        pb::ExchangeState::Unspecified => "",
        pb::ExchangeState::Requested => "待答复 · requested",
        pb::ExchangeState::Accepted => "已同意 · accepted",
        pb::ExchangeState::Refused => "未同意 · refused",
        pb::ExchangeState::Withdrawn => "已撤回 · withdrawn",
        pb::ExchangeState::Undone => "已撤销 · undone",
    };
    let with = [&exchange.other_duty, &exchange.substitute, &exchange.document].map(|name| last(name)).concat();
    let (id, duty, by) = (last(&exchange.name), last(&exchange.duty), last(&exchange.requested_by));
    writeln!(out, "{id}  {kind}  {duty} ← {with}  {by}  {state}  {}", exchange.answer)
}

pub fn staffing(out: &mut impl Write, staffing: &pb::Staffing) -> io::Result<()> {
    line(out, "窗口 · window", last(&staffing.name))?;
    line(out, "A岗 · A", last(&staffing.clerk_a))?;
    line(out, "B岗 · B", last(&staffing.clerk_b))?;
    line(out, "起 · from", &staffing.effective_on)
}

pub fn window(out: &mut impl Write, day: &pb::WindowDay) -> io::Result<()> {
    let who = |code: &str| left(if code.is_empty() { "无人 · nobody" } else { code }, 14);
    let why = if day.why_zh.is_empty() { String::new() } else { format!("{} · {}", day.why_zh, day.why_en) };
    writeln!(out, "{}{}  上午 {} 下午 {} {why}", left(&day.window, 6), day.day, who(&day.morning), who(&day.afternoon))
}

pub fn circular(out: &mut impl Write, circular: &pb::Circular) -> io::Result<()> {
    let state = match circular.state() {
        pb::CircularState::Unspecified => "",
        pb::CircularState::Draft => "草稿 · draft",
        pb::CircularState::Sent => "已送各单位 · sent to the units",
        pb::CircularState::Issued => "已印发 · issued",
    };
    let version =
        if circular.version > 1 { format!("  第{0}版 · version {0}", circular.version) } else { String::new() };
    writeln!(out, "{}  {}  {state}{version}", last(&circular.name), circular.number)?;
    if circular.state() == pb::CircularState::Sent {
        writeln!(out, "  异议至 · to be contested until {}", circular.contest_until)?;
    }
    for unit in circular.units.iter().chain(&circular.total) {
        let title = if unit.unit.is_empty() {
            "合计 · total".to_owned()
        } else {
            format!("{} {}", unit.unit, unit.unit_title_zh)
        };
        let rate = unit.rate_basis_points.map_or("—".to_owned(), |rate| format!("{}.{:02}%", rate / 100, rate % 100));
        writeln!(
            out,
            "  {} 应到 {:>3} 实到 {:>3} 出勤率 {rate:>7}  替班 {} 迟到 {} 早退 {} 缺勤 {} 准假 {}",
            left(&title, 36),
            unit.required,
            unit.attended,
            unit.substituted,
            unit.late,
            unit.early,
            unit.absent,
            unit.excused
        )?;
    }
    for absence in &circular.absences {
        let measure = match absence.measure() {
            pb::Measure::Unspecified => "",
            pb::Measure::Remind => "提醒 · to be reminded",
            pb::Measure::Circulate => "通报 · to be named",
            pb::Measure::Interview => "约谈 · to be interviewed",
        };
        let (who, duties, year) = (&absence.display_name, absence.duties.join(" "), absence.in_year);
        writeln!(
            out,
            "  缺勤 · absent  {who} {} {duties}  全年第{year}次 · in the year {year}  {measure}",
            absence.unit
        )?;
    }
    for contest in &circular.contests {
        let (number, duty, reason) = (contest.number, &contest.duty, &contest.reason);
        let answer = match (contest.answered_by.is_empty(), contest.corrected) {
            (true, _) => "待答复 · to be answered".to_owned(),
            (_, true) => format!("已更正 · corrected：{}", contest.answer),
            (_, false) => format!("维持 · upheld：{}", contest.answer),
        };
        writeln!(out, "  异议 · contest {number}  {duty}  {reason} → {answer}")?;
    }
    if !circular.correction.is_empty() {
        writeln!(out, "  更正 · correction  {}", circular.correction)?;
    }
    Ok(())
}

pub fn plan_state(state: pb::PlanState) -> (&'static str, &'static str) {
    match state {
        pb::PlanState::Unspecified => ("", ""),
        pb::PlanState::Draft => ("草案", "draft"),
        pb::PlanState::Published => ("已公布", "published"),
        pb::PlanState::Revised => ("已公布，有新草案", "published, with a newer draft"),
    }
}

fn duty_state(state: pb::DutyState) -> (&'static str, &'static str) {
    match state {
        pb::DutyState::Unspecified => ("", ""),
        pb::DutyState::Planned => ("待值班", "planned"),
        pb::DutyState::OnDuty => ("值班中", "on duty"),
        pb::DutyState::Served => ("已值班", "served"),
        pb::DutyState::Absent => ("缺勤", "absent"),
        pb::DutyState::Excused => ("准假", "excused"),
    }
}

pub fn half(half: pb::Half) -> (&'static str, &'static str) {
    match half {
        pb::Half::Unspecified => ("", ""),
        pb::Half::Morning => ("上午", "AM"),
        pb::Half::Afternoon => ("下午", "PM"),
    }
}

fn line(out: &mut impl Write, what: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{}{text}", left(what, 26))
}
