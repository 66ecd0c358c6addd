//! The windows of the hall: what they do, whose they are, and when they are open.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};
use proto::directory::v1::{ListWindowsResponse, State as Stands, Unit, Window};

use super::{
    super::{Pages, shell::Shell, words::Both},
    Visit, answer, contract,
    sources::{Hall, Titles, id},
    way::{Tab, Way},
};

#[derive(Template)]
#[template(path = "portal/windows.html")]
struct WindowsPage {
    shell: Shell,
    way: Way,
    desks: Vec<Desk>,
    roster: String,
}

/// The windows of one unit, or of the centre itself.
struct Desk {
    id: String,
    name: Both,
    windows: Vec<Seat>,
    /// Of the unit's items: where, and when.
    places: Vec<String>,
    hours: Vec<String>,
    phone: String,
    supervision_phone: String,
    address: String,
    guides: String,
}

struct Seat {
    code: String,
    name: Both,
    does: Vec<&'static str>,
    floor: String,
}

/// GET /windows
pub async fn show(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let Visit { way, titles, .. } = Visit::begin(&pages, &uri, Tab::Windows).await?;
        let hall = pages.0.portal.sources.hall(way.division).await?;
        Ok(super::html(&WindowsPage {
            shell: way.shell(way.one("办事窗口", "Windows"), "/windows", &[]),
            desks: desks(&hall, &titles, &way),
            roster: format!("/roster?division={}&lang={}", way.division, way.lang.param()),
            way,
        }))
    };
    answer(&uri, &headers, shown.await)
}

/// GET /windows.json
pub async fn json(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let Visit { way, .. } = Visit::begin(&pages, &uri, Tab::Windows).await?;
        let windows = pages.0.portal.sources.hall(way.division).await?.windows.clone();
        let windows = ListWindowsResponse { windows, next_page_token: String::new() };
        Ok(contract::json("yizhan.directory.v1.ListWindowsResponse", &windows)?)
    };
    answer(&uri, &headers, shown.await)
}

/// By unit; the centre's own first.
fn desks(hall: &Hall, titles: &Titles, way: &Way) -> Vec<Desk> {
    let mut by_unit: BTreeMap<&str, Vec<&Window>> = BTreeMap::new();
    for window in hall.windows.iter().filter(|window| window.state() == Stands::Active) {
        by_unit.entry(if window.unit.is_empty() { "" } else { id(&window.unit) }).or_default().push(window);
    }
    by_unit.into_iter().map(|(code, windows)| desk(code, &windows, hall, titles, way)).collect()
}

fn desk(code: &str, windows: &[&Window], hall: &Hall, titles: &Titles, way: &Way) -> Desk {
    let unit = titles.unit(code).cloned();
    let name = match (&unit, code) {
        (Some(unit), _) => way.lang.only(&unit.display_name_zh, &unit.display_name_en),
        (None, "") => way.lang.only("行政服务中心", "The centre itself"),
        (None, code) => way.lang.only(code, ""),
    };
    let Unit { phone, supervision_phone, address, .. } = unit.unwrap_or_default();
    let (mut places, mut hours) = (Vec::new(), Vec::new());
    let texts = hall.items.iter().filter(|item| !item.retired).filter_map(|item| item.text.as_ref());
    for text in texts.filter(|text| !code.is_empty() && id(&text.unit) == code) {
        for (said, all) in [(&text.place, &mut places), (&text.open_hours, &mut hours)] {
            if !said.is_empty() && !all.contains(said) {
                all.push(said.clone());
            }
        }
    }
    Desk {
        id: if code.is_empty() { "centre".to_owned() } else { format!("u{code}") },
        name,
        windows: windows.iter().map(|window| seat(window, way)).collect(),
        places,
        hours,
        phone,
        supervision_phone,
        address,
        guides: if code.is_empty() { String::new() } else { way.with("/guides", &[("unit", code)]) },
    }
}

fn seat(window: &Window, way: &Way) -> Seat {
    let does = [(window.accepts, ("受理", "accepts")), (window.issues, ("出件", "issues"))];
    let mut does: Vec<_> = does.into_iter().filter(|(does, _)| *does).map(|(_, (zh, en))| way.one(zh, en)).collect();
    if does.is_empty() {
        does.push(way.one("咨询引导", "advises"));
    }
    Seat {
        code: id(&window.name).to_owned(),
        name: way.lang.only(&window.display_name_zh, &window.display_name_en),
        does,
        floor: window.floor.clone(),
    }
}
