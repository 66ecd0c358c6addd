//! MetricsService: figures, and the cases behind them; attendance; what was published.

use kit::{
    form::{self, Form},
    id::{self, Division},
    keys::Keys,
    page,
    refusal::Refusal,
};
use proto::gateway::v1::{self as pb, metrics_service_server::MetricsService};
use tonic::{Request, Response, Status};

use crate::{
    ask::{self, CasesToken},
    books::{Books, Row, duties, publications},
    domain::{
        day::Day,
        duty::{Mark, Search, Tally},
        fact::Listed,
        figures::{Clock, Figure, Figures, Rate},
        publication,
        scope::{Group, Scope, Selection},
    },
};

/// MetricsService over the books.
pub struct Metrics {
    pub books: Books,
    pub keys: Keys,
}

#[tonic::async_trait]
impl MetricsService for Metrics {
    async fn get_figures(
        &self,
        request: Request<pb::GetFiguresRequest>,
    ) -> Result<Response<pb::GetFiguresResponse>, Status> {
        let request = request.into_inner();
        let mut form = Form::new();
        let scope = form.take(read_scope(&request.parent, request.period, request.selection));
        let group = form.take(read_case_group(request.group_by));
        let (scope, group) = ask::read(form, scope.zip(group))?;
        let account = self.books.account(scope, group).await?;
        Ok(Response::new(pb::GetFiguresResponse {
            rows: account.rows.into_iter().map(render_row).collect(),
            total: Some(render(&account.total)),
            intake_seq: account.stand.intake_seq,
            directory_seq: account.stand.directory_seq,
            as_of: Some(account.stand.as_of.timestamp()),
        }))
    }

    async fn list_figure_cases(
        &self,
        request: Request<pb::ListFigureCasesRequest>,
    ) -> Result<Response<pb::ListFigureCasesResponse>, Status> {
        let request = request.into_inner();
        let mut form = Form::new();
        let scope = form.take(read_scope(&request.parent, request.period, request.selection));
        let figure = form.take(read_figure(request.figure));
        let size = form.take(page::size(request.page_size, 100, 1_000));
        let ((scope, figure), size) = ask::read(form, scope.zip(figure).zip(size))?;
        let token = CasesToken::new(&self.keys, &scope, figure);
        let after = token.after(&request.page_token)?;
        let division = scope.division;
        let page = self.books.cases(scope, figure, after, size).await?;
        let next = page.cases.last().filter(|_| page.more).map(|last| token.next(&last.number));
        Ok(Response::new(pb::ListFigureCasesResponse {
            cases: page.cases.into_iter().map(|case| render_case(division, case)).collect(),
            next_page_token: next.unwrap_or_default(),
            total: page.total,
        }))
    }

    async fn get_disclosure_figures(
        &self,
        request: Request<pb::GetDisclosureFiguresRequest>,
    ) -> Result<Response<pb::GetDisclosureFiguresResponse>, Status> {
        let pb::GetDisclosureFiguresRequest { parent, period, group_by, unit, column } = request.into_inner();
        let period = period.unwrap_or_default();
        let mut form = Form::new();
        let division = form.take(id::division("parent", &parent));
        let period = form.take(ask::period(["period.first", "period.last"], &period.first, &period.last));
        let group = form.take(read_disclosure_group(group_by));
        let unit = form.take(ask::selection("", Selection { unit, ..Selection::default() })).map(|of| of.unit);
        let column = form.take(ask::column(&column));
        let whole = division.zip(period).zip(group).zip(unit.zip(column));
        let (((division, period), group), (unit, column)) = ask::read(form, whole)?;
        let found = self.books.publicity(publication::Search { division, period, unit, column }, group).await?;
        Ok(Response::new(pb::GetDisclosureFiguresResponse {
            rows: found.rows.into_iter().map(render_disclosure_row).collect(),
            total: Some(render_publicity(&found.total)),
            disclosure_seq: found.stand.disclosure_seq,
            as_of: Some(found.stand.as_of.timestamp()),
        }))
    }

    async fn get_duty_figures(
        &self,
        request: Request<pb::GetDutyFiguresRequest>,
    ) -> Result<Response<pb::GetDutyFiguresResponse>, Status> {
        let pb::GetDutyFiguresRequest { parent, period, group_by, unit } = request.into_inner();
        let period = period.unwrap_or_default();
        let mut form = Form::new();
        let division = form.take(id::division("parent", &parent));
        let period = form.take(ask::period(["period.first", "period.last"], &period.first, &period.last));
        let group = form.take(read_duty_group(group_by));
        let unit = form.take(ask::selection("", Selection { unit, ..Selection::default() })).map(|of| of.unit);
        let (((division, period), group), unit) = ask::read(form, division.zip(period).zip(group).zip(unit))?;
        let attendance = self.books.attendance(Search { unit, ..Search::all(division, period) }, group).await?;
        Ok(Response::new(pb::GetDutyFiguresResponse {
            rows: attendance.rows.into_iter().map(render_duty_row).collect(),
            total: Some(render_tally(&attendance.total)),
            roster_seq: attendance.stand.roster_seq,
            as_of: Some(attendance.stand.as_of.timestamp()),
        }))
    }
}

fn read_scope(parent: &str, period: Option<pb::Period>, selection: Option<pb::Selection>) -> Result<Scope, Refusal> {
    let (period, selection) = (period.unwrap_or_default(), selection.unwrap_or_default());
    let mut form = Form::new();
    let division = form.take(id::division("parent", parent));
    let period = form.take(ask::period(["period.first", "period.last"], &period.first, &period.last));
    let selection = Selection { unit: selection.unit, item: selection.item, window: selection.window };
    let selection = form.take(ask::selection("selection.", selection));
    let ((division, period), selection) = ask::read(form, division.zip(period).zip(selection))?;
    Ok(Scope { division, period, selection })
}

fn read_group(group: i32) -> Result<Group, Refusal> {
    let group = pb::GroupBy::try_from(group);
    Ok(match group.map_err(|_| Refusal::field("group_by", "须为已知取值", "must be one of the known values"))? {
        pb::GroupBy::Unspecified => Group::Total,
        pb::GroupBy::Unit => Group::Unit,
        pb::GroupBy::Item => Group::Item,
        pb::GroupBy::Window => Group::Window,
        pb::GroupBy::Day => Group::Day,
        pb::GroupBy::Month => Group::Month,
        pb::GroupBy::Column => Group::Column,
        pb::GroupBy::Category => Group::Category,
    })
}

/// A grouping that a kind of figures has; the others are refused.
fn one_of(groups: &[Group], group: i32, zh: &str, en: &str) -> Result<Group, Refusal> {
    let group = read_group(group)?;
    if groups.contains(&group) { Ok(group) } else { Err(Refusal::field("group_by", zh, en)) }
}

fn read_case_group(group: i32) -> Result<Group, Refusal> {
    let groups = [Group::Total, Group::Unit, Group::Item, Group::Window, Group::Day, Group::Month];
    one_of(&groups, group, "办件不按栏目和类别统计", "cases have no column and no category")
}

fn read_duty_group(group: i32) -> Result<Group, Refusal> {
    let (zh, en) = ("值班数据只能按部门、日或月分组", "attendance is grouped by unit, day or month");
    one_of(&[Group::Total, Group::Unit, Group::Day, Group::Month], group, zh, en)
}

fn read_disclosure_group(group: i32) -> Result<Group, Refusal> {
    let (zh, en) =
        ("公开数据只能按部门、栏目、类别或月分组", "publications are grouped by unit, column, category or month");
    one_of(&[Group::Total, Group::Unit, Group::Column, Group::Category, Group::Month], group, zh, en)
}

fn read_figure(figure: i32) -> Result<Figure, Refusal> {
    let code = form::choice::<pb::Figure>("figure", figure)?.as_str_name().trim_start_matches("FIGURE_");
    Figure::named(code).ok_or_else(|| Refusal::internal(format!("figure {code} has no meaning")))
}

fn render_row(row: Row) -> pb::Figures {
    pb::Figures { key: row.key, label_zh: row.label.zh, label_en: row.label.en, ..render(&row.figures) }
}

fn render(figures: &Figures) -> pb::Figures {
    let n = |figure| figures.get(figure);
    let handling = &figures.handling;
    pb::Figures {
        key: String::new(),
        label_zh: String::new(),
        label_en: String::new(),
        received: n(Figure::Received),
        accepted: n(Figure::Accepted),
        completed: n(Figure::Completed),
        on_time_legal: n(Figure::OnTimeLegal),
        on_time_promised: n(Figure::OnTimePromised),
        open: n(Figure::Open),
        overdue_legal: n(Figure::OverdueLegal),
        overdue_promised: n(Figure::OverduePromised),
        refused: n(Figure::Refused),
        lapsed: n(Figure::Lapsed),
        deemed_accepted: n(Figure::DeemedAccepted),
        supplemented: n(Figure::Supplemented),
        suspended: n(Figure::Suspended),
        extended: n(Figure::Extended),
        granted: n(Figure::Granted),
        denied: n(Figure::Denied),
        instant: n(Figure::Instant),
        ended_in_period: n(Figure::EndedInPeriod),
        late_entered: n(Figure::LateEntered),
        completion_rate: Some(render_rate(figures.completion_rate())),
        on_time_legal_rate: Some(render_rate(figures.on_time_rate(Clock::Legal))),
        on_time_promised_rate: Some(render_rate(figures.on_time_rate(Clock::Promised))),
        handling_time: Some(pb::HandlingTime {
            cases: handling.cases(),
            mean_hundredths: handling.mean_hundredths(),
            p50_days: handling.percentile(50),
            p90_days: handling.percentile(90),
            p99_days: handling.percentile(99),
            max_days: handling.max(),
        }),
    }
}

fn render_duty_row(row: duties::Row) -> pb::DutyFigures {
    pb::DutyFigures { key: row.key, label_zh: row.label.zh, label_en: row.label.en, ..render_tally(&row.tally) }
}

fn render_tally(tally: &Tally) -> pb::DutyFigures {
    pb::DutyFigures {
        required: tally.get(Mark::Required),
        attended: tally.get(Mark::Attended),
        substituted: tally.get(Mark::Substituted),
        late: tally.get(Mark::Late),
        early: tally.get(Mark::Early),
        absent: tally.get(Mark::Absent),
        excused: tally.get(Mark::Excused),
        attendance_rate: Some(render_rate(tally.rate())),
        ..Default::default()
    }
}

fn render_disclosure_row(row: publications::Row) -> pb::DisclosureFigures {
    let (label_zh, label_en) = (row.label.zh, row.label.en);
    pb::DisclosureFigures { key: row.key, label_zh, label_en, ..render_publicity(&row.tally) }
}

fn render_publicity(tally: &publication::Tally) -> pb::DisclosureFigures {
    pb::DisclosureFigures {
        published: tally.published,
        corrected: tally.corrected,
        withdrawn: tally.withdrawn,
        on_time: tally.on_time,
        overdue: tally.overdue,
        conforming: tally.conforming,
        pictures: tally.pictures,
        views: tally.views,
        on_time_rate: Some(render_rate(tally.on_time_rate())),
        conformance_rate: Some(render_rate(tally.conformance_rate())),
        mean_score: tally.mean_score(),
        ..Default::default()
    }
}

fn render_rate(rate: Rate) -> pb::Rate {
    pb::Rate { numerator: rate.numerator, denominator: rate.denominator, basis_points: rate.basis_points() }
}

fn render_case(division: Division, case: Listed) -> pb::FigureCase {
    let day = |day: Option<Day>| day.map_or_else(String::new, |day| day.to_string());
    pb::FigureCase {
        name: division.child("cases", &case.number),
        unit: case.place.unit,
        item: case.place.item,
        window: case.place.window,
        state: case.state.code().to_owned(),
        received_on: case.received_on.to_string(),
        accepted_on: day(case.accepted_on),
        decided_on: day(case.decided_on),
        ended_on: day(case.ended_on),
        legal_due_on: day(case.legal_due_on),
        promised_due_on: day(case.promised_due_on),
        seq: case.seq,
    }
}
