//! Counts the cases anew, one by one as CaseService shows them, and holds the gateway's figures against the count; and
//! those of publications against what was answered.

use std::collections::{BTreeMap, BTreeSet};

use kit::keyring::Keyring;
use proto::{
    gateway::v1::{
        Figures, GetDisclosureFiguresRequest, GetDisclosureFiguresResponse, GetFiguresRequest, GetFiguresResponse,
        GroupBy, ListDefinitionsRequest, RecountFigureRequest, figure_service_client::FigureServiceClient,
        metrics_service_client::MetricsServiceClient,
    },
    intake::v1::{Case, CaseState as State, ListCasesRequest, case_service_client::CaseServiceClient},
};
use tonic::Status;

use super::{
    change::Change,
    check::{Fault, Law},
    history::{Outcome, Told},
};
use crate::house::{
    about_now,
    centre::{Centre, UNITS},
};

/// Every case of a division.
pub async fn list(channel: &Keyring, centre: &Centre) -> Result<Vec<Case>, Status> {
    let mut client = CaseServiceClient::new(channel.clone());
    let (mut cases, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListCasesRequest { parent: centre.name(), page_size: 200, page_token, ..Default::default() };
        let page = client.list_cases(request).await?.into_inner();
        cases.extend(page.cases);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(cases);
        }
    }
}

/// The gateway's figures of everything that the clients did.
pub async fn ask(channel: &Keyring, centre: &Centre, by: GroupBy) -> Result<GetFiguresResponse, Status> {
    let period = Some(about_now());
    let request = GetFiguresRequest { parent: centre.name(), period, group_by: by.into(), selection: None };
    Ok(MetricsServiceClient::new(channel.clone()).get_figures(request).await?.into_inner())
}

/// Every definition counted twice: the gateway's own count, and the second one from the journals' entries.
pub async fn recount(channel: &Keyring, centre: &Centre) -> Result<Vec<Fault>, Status> {
    let mut figures = FigureServiceClient::new(channel.clone());
    let definitions = figures.list_definitions(ListDefinitionsRequest {}).await?.into_inner().definitions;
    assert!(!definitions.is_empty(), "there is nothing to count");
    let mut faults = Vec::new();
    for (definition, unit) in definitions.iter().flat_map(|definition| ["", UNITS[0]].map(|unit| (definition, unit))) {
        let request = RecountFigureRequest {
            name: centre.name(),
            definition: definition.id.clone(),
            period: Some(about_now()),
            unit: unit.to_owned(),
        };
        let twice = figures.recount_figure(request).await?.into_inner();
        if !twice.agrees {
            faults.push(Fault(Law::Counted, format!("{twice:?}")));
        }
    }
    Ok(faults)
}

pub async fn check(channel: &Keyring, centre: &Centre, cases: &[Case]) -> Result<Vec<Fault>, Status> {
    let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let all = String::new;
    type Group<'a> = (GroupBy, &'a dyn Fn(&Case) -> String);
    let groups: [Group<'_>; 4] = [
        (GroupBy::Unspecified, &|_| all()),
        (GroupBy::Unit, &|case| last(&case.unit)),
        (GroupBy::Item, &|case| last(&case.item).split('@').next().unwrap_or_default().to_owned()),
        (GroupBy::Window, &|case| last(&case.received_window)),
    ];
    let mut faults = Vec::new();
    for (by, key) in groups {
        let answer = ask(channel, centre, by).await?;
        let mut counted: BTreeMap<String, Figures> = BTreeMap::from([("total".to_owned(), Figures::default())]);
        for case in cases {
            count(counted.entry(key(case)).or_default(), case);
            count(counted.entry("total".to_owned()).or_default(), case);
        }
        let mut told: BTreeMap<String, Figures> = answer.rows.into_iter().map(|row| (row.key.clone(), row)).collect();
        told.insert("total".to_owned(), answer.total.unwrap_or_default());
        let keys: BTreeSet<&String> = told.keys().chain(counted.keys()).collect();
        for key in keys {
            let none = Figures::default();
            let (told, counted) = (told.get(key).unwrap_or(&none), counted.get(key).unwrap_or(&none));
            for ((name, told), (_, counted)) in numbers(told).into_iter().zip(numbers(counted)) {
                if told != counted {
                    let what = format!("{} {by:?} {key:?}: {name} is {told}, the cases are {counted}", centre.code);
                    faults.push(Fault(Law::Counted, what));
                }
            }
        }
    }
    Ok(faults)
}

/// The gateway's figures of all that was published.
pub async fn publicity(channel: &Keyring, centre: &Centre) -> Result<GetDisclosureFiguresResponse, Status> {
    let period = Some(about_now());
    let request = GetDisclosureFiguresRequest { parent: centre.name(), period, ..Default::default() };
    Ok(MetricsServiceClient::new(channel.clone()).get_disclosure_figures(request).await?.into_inner())
}

/// Each answer that made something public, or took it away, is counted once.
pub async fn check_publications(channel: &Keyring, centre: &Centre, told: &[&Told]) -> Vec<Fault> {
    let done = told.iter().filter(|told| told.division == centre.code);
    let done = done.filter(|told| matches!(told.outcome, Outcome::Done(_)));
    let count = |is: fn(&Change) -> bool| done.clone().filter(|told| is(&told.change)).count() as i64;
    let counted =
        [count(|change| matches!(change, Change::Publish(_))), count(|change| matches!(change, Change::TakeDown(_)))];
    let figures = publicity(channel, centre).await.expect("figures can be asked for").total.unwrap_or_default();
    let told = [figures.published + figures.corrected, figures.withdrawn];
    if told == counted {
        return Vec::new();
    }
    let what = format!("{}: published and withdrawn are {told:?}, the answers say {counted:?}", centre.code);
    vec![Fault(Law::Counted, what)]
}

/// What is counted case by case.
fn numbers(f: &Figures) -> [(&'static str, i64); 18] {
    [
        ("received", f.received),
        ("accepted", f.accepted),
        ("completed", f.completed),
        ("on_time_legal", f.on_time_legal),
        ("on_time_promised", f.on_time_promised),
        ("open", f.open),
        ("overdue_legal", f.overdue_legal),
        ("overdue_promised", f.overdue_promised),
        ("refused", f.refused),
        ("lapsed", f.lapsed),
        ("deemed_accepted", f.deemed_accepted),
        ("supplemented", f.supplemented),
        ("suspended", f.suspended),
        ("extended", f.extended),
        ("granted", f.granted),
        ("denied", f.denied),
        ("instant", f.instant),
        ("ended_in_period", f.ended_in_period),
    ]
}

/// Adds one case, by the words of the contract (gateway/v1/metrics.proto). Nothing here is ever overdue: no case is older
/// than the test.
fn count(figures: &mut Figures, case: &Case) {
    let ended =
        [State::Issued, State::Withdrawn, State::Terminated, State::Refused, State::Lapsed].contains(&case.state());
    figures.received += 1;
    if case.accepted_on.is_empty() {
        figures.refused += i64::from(case.state() == State::Refused);
        figures.lapsed += i64::from(case.state() == State::Lapsed);
        return;
    }
    let decision = case.decision.as_ref();
    figures.accepted += 1;
    figures.completed += i64::from(ended);
    figures.ended_in_period += i64::from(ended);
    figures.open += i64::from(!ended);
    figures.on_time_legal += i64::from(decision.map_or(ended, |decision| decision.on_time_legal));
    figures.on_time_promised += i64::from(decision.map_or(ended, |decision| decision.on_time_promised));
    figures.deemed_accepted += i64::from(case.deemed_accepted);
    figures.supplemented += i64::from(case.supplement.is_some());
    figures.suspended += i64::from(!case.suspensions.is_empty());
    figures.extended += i64::from(case.extension.is_some());
    figures.granted += i64::from(decision.is_some_and(|decision| decision.granted));
    figures.denied += i64::from(decision.is_some_and(|decision| !decision.granted));
    figures.instant += i64::from(case.item.contains("-002@"));
}
