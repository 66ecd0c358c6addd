//! A circular, as its roster lets the viewer see it: a page that prints well, and a document.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, Uri, header},
    response::{IntoResponse, Response},
};
use kit::{
    caller::Caller,
    clock::Moment,
    form::Form,
    id::Division,
    peer::Peer,
    refusal::{Kind, Refusal},
};
use proto::roster::v1::{
    Absence, Circular, CircularState, CircularVersion, Contest, GetCircularRequest, ListCircularsRequest, Measure,
    RenderCircularRequest, RenderCircularResponse, UnitAttendance, circular_service_client::CircularServiceClient,
};
use tonic::Status;

use super::{
    Pages,
    account::call,
    board::shanghai_minute,
    fault, html,
    query::Asked,
    roster,
    shell::{self, Shell},
    words::{Both, Lang, Number, encode, number, percent},
};
use crate::{
    ask,
    domain::{duty::Mark, figures::Rate},
};

/// The roster's circulars, asked for in the name of who looks.
pub struct Circulars(CircularServiceClient<Peer>);

impl Circulars {
    pub fn new(roster: Peer) -> Circulars {
        Circulars(CircularServiceClient::new(roster))
    }

    pub async fn of_year(&self, division: Division, year: i16, caller: Caller) -> Result<Vec<Circular>, Status> {
        let request = ListCircularsRequest { parent: division.name(), year: year.into() };
        Ok(self.0.clone().list_circulars(call(request, caller)).await?.into_inner().circulars)
    }

    async fn get(&self, name: String, caller: Caller) -> Result<Circular, Status> {
        Ok(self.0.clone().get_circular(call(GetCircularRequest { name }, caller)).await?.into_inner())
    }

    async fn render(&self, name: String, caller: Caller) -> Result<RenderCircularResponse, Status> {
        Ok(self.0.clone().render_circular(call(RenderCircularRequest { name }, caller)).await?.into_inner())
    }
}

/// What an address names.
pub struct Found {
    pub circular: Circular,
    pub division: Division,
    /// YYYY-MM
    pub month: String,
    pub lang: Lang,
    pub caller: Caller,
}

#[derive(Template)]
#[template(path = "circular.html")]
struct CircularPage {
    shell: Shell,
    number: Both,
    title: Both,
    summary: Both,
    rows: Vec<Row>,
    absences: Vec<Missed>,
    correction: Option<Both>,
    /// Who issued it does not stand on it, when does.
    day: String,
    contests: Vec<Disputed>,
    /// Earlier versions, in a sentence each.
    before: Vec<Both>,
    document: String,
    back: String,
}

struct Row {
    name: String,
    numbers: Vec<Number>,
    rate: String,
}

struct Missed {
    name: String,
    times: Number,
    in_year: i32,
    measure: Both,
}

struct Disputed {
    duty: String,
    reason: String,
    answer: String,
    outcome: Both,
}

/// Who looks: somebody who has signed in, or the public.
pub(super) async fn viewer(pages: &Pages, headers: &HeaderMap) -> Result<Caller, Status> {
    Ok(pages.0.accounts.who(headers).await?.map_or_else(Caller::public, |account| account.caller))
}

/// The circular that an address names, if the viewer may see it; else the page that says why not.
pub(super) async fn find(pages: &Pages, uri: &Uri, headers: &HeaderMap) -> Result<Found, Response> {
    let read = async {
        let asked = Asked::read(uri)?;
        let mut form = Form::new();
        let lang = form.take(asked.lang());
        let division = form.take(asked.division());
        let month = uri.path().split('/').nth(2).unwrap_or_default().trim_end_matches(".docx");
        let known = form.take(ask::month(month));
        let (lang, _) = ask::read(form, lang.zip(division).zip(known)).map(|((lang, division), _)| (lang, division))?;
        Ok::<_, Refusal>((lang, roster::division_of(&pages.0.books, &asked).await?, month.to_owned()))
    };
    let (lang, division, month) = read.await.map_err(|refusal| fault::refused(uri, &refusal))?;
    let got = async {
        let caller = viewer(pages, headers).await?;
        let circular = pages.0.circulars.get(division.child("circulars", &month), caller.clone()).await?;
        Ok::<_, Status>(Found { circular, division, month, lang, caller })
    };
    got.await.map_err(|status| fault::failed(uri, &status))
}

/// GET /circulars/{month} and /circulars/{month}.docx
pub(super) async fn show(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let found = match find(&pages, &uri, &headers).await {
        Ok(found) => found,
        Err(refused) => return refused,
    };
    let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !uri.path().ends_with(".docx") {
        return ([no_store], html(&CircularPage::new(&found))).into_response();
    }
    let Found { circular, caller, .. } = found;
    let file = match pages.0.circulars.render(circular.name, caller).await {
        Ok(file) => file,
        Err(status) => return fault::failed(&uri, &status),
    };
    let name = format!("attachment; filename*=UTF-8''{}", encode(&file.file_name));
    match (HeaderValue::try_from(name), HeaderValue::try_from(file.media_type)) {
        (Ok(name), Ok(kind)) => {
            ([no_store, (header::CONTENT_DISPOSITION, name), (header::CONTENT_TYPE, kind)], file.content)
                .into_response()
        }
        _ => fault::refused(&uri, &Refusal::new(Kind::Internal, "INTERNAL", "文件无法下载", "the file has no name")),
    }
}

/// The duties that one number of a circular counts; of all units where none is named.
pub fn named(circular: &Circular, unit: &str, mark: Mark) -> Vec<String> {
    let units = circular.units.iter().filter(|of| unit.is_empty() || of.unit == unit);
    let ids = units.flat_map(|of| match mark {
        Mark::Required => [of.attended_duties.as_slice(), &of.absent_duties].concat(),
        Mark::Attended => of.attended_duties.clone(),
        Mark::Substituted => of.substituted_duties.clone(),
        Mark::Late => of.late_duties.clone(),
        Mark::Early => of.early_duties.clone(),
        Mark::Absent => of.absent_duties.clone(),
        Mark::Excused => of.excused_duties.clone(),
    });
    ids.collect()
}

/// Where those duties are listed.
pub fn duties(division: Division, month: &str, unit: &str, mark: Mark, lang: Lang) -> String {
    let unit = if unit.is_empty() { String::new() } else { format!("&unit={}", encode(unit)) };
    shell::circular(division, &format!("{month}/duties"), lang) + &format!("{unit}&mark={}", mark.code())
}

fn count(of: &UnitAttendance, mark: Mark) -> i64 {
    i64::from(match mark {
        Mark::Required => of.required,
        Mark::Attended => of.attended,
        Mark::Substituted => of.substituted,
        Mark::Late => of.late,
        Mark::Early => of.early,
        Mark::Absent => of.absent,
        Mark::Excused => of.excused,
    })
}

pub fn rate(of: &UnitAttendance) -> String {
    percent(Rate { numerator: of.attended.into(), denominator: of.required.into() })
}

/// Its number, or how far it has come.
pub fn standing(circular: &Circular, lang: Lang) -> Both {
    match circular.state() {
        CircularState::Issued => lang.both(&circular.number, ""),
        CircularState::Sent => lang.both("征求意见稿", "Sent to the units"),
        _ => lang.both("草稿", "Draft"),
    }
}

/// The day of a moment.
pub fn day(at: &Option<prost_types::Timestamp>) -> String {
    let at = at.as_ref().and_then(Moment::from_timestamp);
    at.map(|at| shanghai_minute(at).chars().take(10).collect()).unwrap_or_default()
}

fn sentence(total: &UnitAttendance, lang: Lang) -> Both {
    let n = |mark| number(count(total, mark));
    let [required, attended, substituted, late, early, absent, excused] = Mark::ALL.map(n);
    let rate = rate(total);
    lang.both(
        &format!(
            "应值班{required}次，实到{attended}次，出勤率{rate}；其中替班{substituted}次，迟到{late}次，早退{early}次；\
             缺勤{absent}次，准假{excused}次。"
        ),
        &format!(
            "Required {required}, attended {attended}, attendance {rate}; of those by a substitute {substituted}, late \
             {late}, left early {early}; absent {absent}, excused {excused}."
        ),
    )
}

impl CircularPage {
    fn new(found: &Found) -> CircularPage {
        let Found { circular, division, month, lang, caller } = found;
        let (division, lang) = (*division, *lang);
        let (year, of_year) = month.split_once('-').unwrap_or_default();
        let title = lang.both(
            &format!("关于{year}年{}月领导班子成员值班情况的通报", of_year.trim_start_matches('0')),
            &format!("Circular on the leaders' duty in {month}"),
        );
        let total = circular.total.clone().unwrap_or_default();
        let row = |name: String, of: &UnitAttendance| Row {
            name,
            numbers: Mark::ALL.map(|mark| linked(count(of, mark), division, month, &of.unit, mark, lang)).into(),
            rate: rate(of),
        };
        let rows = circular.units.iter().map(|of| {
            let title = if of.unit_title_zh.is_empty() { &of.unit } else { &of.unit_title_zh };
            row(title.clone(), of)
        });
        let missed = |absence: &Absence| Missed {
            name: absence.display_name.clone(),
            times: linked(absence.duties.len() as i64, division, month, &absence.unit, Mark::Absent, lang),
            in_year: absence.in_year,
            measure: measure(absence.measure(), lang),
        };
        let correction = Some(&circular.correction).filter(|correction| !correction.is_empty());
        let page = |lang| shell::circular(division, month, lang);
        CircularPage {
            shell: Shell { lang, title: title.first.clone(), other: page(lang.other()), live: false },
            number: standing(circular, lang),
            summary: sentence(&total, lang),
            rows: rows.chain([row(lang.one("合计", "In all"), &total)]).collect(),
            absences: circular.absences.iter().map(missed).collect(),
            correction: correction.map(|why| {
                let zh = format!("本通报为第{}版，更正说明：{why}", circular.version);
                lang.both(&zh, &format!("Version {}, corrected", circular.version))
            }),
            day: day(&circular.issued_at),
            // What units object to is for those who work here.
            contests: circular.contests.iter().filter(|_| caller.is_person()).map(|of| disputed(of, lang)).collect(),
            before: circular.before.iter().map(|version| replaced(version, lang)).collect(),
            document: shell::circular(division, &format!("{month}.docx"), lang),
            back: shell::circulars(division, year.parse().unwrap_or_default(), lang),
            title,
        }
    }
}

/// A number of a circular, leading to its duties.
fn linked(n: i64, division: Division, month: &str, unit: &str, mark: Mark, lang: Lang) -> Number {
    Number { text: number(n), href: if n == 0 { String::new() } else { duties(division, month, unit, mark, lang) } }
}

fn measure(measure: Measure, lang: Lang) -> Both {
    match measure {
        Measure::Unspecified => lang.both("—", ""),
        Measure::Remind => lang.both("予以提醒", "Reminded"),
        Measure::Circulate => lang.both("予以通报", "Named in circulars"),
        Measure::Interview => lang.both("予以约谈", "Talked to"),
    }
}

fn disputed(contest: &Contest, lang: Lang) -> Disputed {
    Disputed {
        duty: contest.duty.clone(),
        reason: contest.reason.clone(),
        answer: contest.answer.clone(),
        outcome: match (contest.answered_by.is_empty(), contest.corrected) {
            (true, _) => lang.both("待答复", "Not answered yet"),
            (_, true) => lang.both("已更正", "Corrected"),
            (_, false) => lang.both("维持", "Upheld"),
        },
    }
}

fn replaced(version: &CircularVersion, lang: Lang) -> Both {
    let said = version.total.clone().unwrap_or_default();
    let (zh, en) = (sentence(&said, Lang::Zh).first, sentence(&said, Lang::En).first);
    let on = day(&version.replaced_at);
    lang.both(
        &format!("第{}版（{on}更正）：{zh}", version.version),
        &format!("Version {} (corrected on {on}): {en}", version.version),
    )
}
