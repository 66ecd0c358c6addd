//! Many nouns in one request: read whole, decided in one change, or not at all.

use std::collections::{HashMap, HashSet};

use futures::future::try_join_all;
use kit::{
    actor::RequestKey,
    caller::Caller,
    form::Form,
    id,
    refusal::{Fault, Refusal},
    store::{Desk, Event, Key, Noun},
};
use prost::Message;
use proto::directory::v1 as pb;

use super::{
    directory::Directory,
    kept::{Keeper, Wire, read, record},
};
use crate::domain::{
    division::Division,
    import::{COLLECTION, Change, Counts, Found, IMPORTED, Import, MOST_ROWS, Row, Rows, Sheet, Shelf},
    kept::Kept,
    person::Person,
    unit::Unit,
    window::Window,
};

impl Directory {
    pub(super) async fn import(
        &self,
        by: &Caller,
        request: pb::ImportDirectoryRequest,
    ) -> Result<pb::ImportDirectoryResponse, Refusal> {
        let (sheet, key, faults) = sheet(&request)?;
        let Some(key) = key.filter(|_| faults.is_empty() && !request.validate_only) else {
            // Nothing is to be changed: what is there is asked all the same, so that every fault is told at once.
            let found = self.found(&sheet).await?;
            return sheet.merge(&found, faults).map(|merged| merged.counts.into());
        };
        let (division, keys, actor) = (sheet.parent, keys(&sheet), by.actor().to_owned());
        let id = key.id.to_string();
        let decide = move |desk: &mut Desk<'_>| {
            let merged = sheet.merge(&on_desk(desk, &sheet), Vec::new())?;
            put(desk, &actor, merged.division);
            put(desk, &actor, merged.units);
            put(desk, &actor, merged.windows);
            put(desk, &actor, merged.people);
            let counts = pb::ImportDirectoryResponse::from(merged.counts);
            let noun = format!("{COLLECTION}/{id}");
            desk.record(Event { name: IMPORTED, noun, actor: actor.clone(), payload: counts.encode_to_vec().into() });
            desk.put(Import { division, id: id.clone(), counts: merged.counts });
            Ok(id.as_str().into())
        };
        Ok(self.writer.change::<Import>(division, keys, Some(key), decide).await?.counts.into())
    }

    /// What is there of all that a sheet names.
    async fn found(&self, sheet: &Sheet) -> Result<Found, Refusal> {
        let (units, windows) = sheet.codes();
        Ok(Found {
            division: self.divisions.find(sheet.parent, sheet.parent.as_str()).await?,
            units: shelf(&self.units, sheet.parent, units).await?,
            windows: shelf(&self.windows, sheet.parent, windows).await?,
            people: shelf(&self.people, sheet.parent, sheet.people.codes.iter().map(String::as_str).collect()).await?,
        })
    }
}

async fn shelf<F: Wire>(keeper: &Keeper<F>, division: id::Division, codes: HashSet<&str>) -> Result<Shelf<F>, Refusal>
where
    Kept<F>: Noun,
{
    // The reader answers questions that come together with few queries.
    let nouns = try_join_all(codes.into_iter().map(|code| keeper.find(division, code))).await?;
    Ok(nouns.into_iter().flatten().map(|noun| (noun.code.clone(), noun)).collect())
}

/// The same as [`Directory::found`], of the nouns that a change has loaded.
fn on_desk(desk: &Desk<'_>, sheet: &Sheet) -> Found {
    fn shelf<'a, F: Wire>(desk: &Desk<'_>, codes: impl IntoIterator<Item = &'a str>) -> Shelf<F>
    where
        Kept<F>: Noun,
    {
        codes
            .into_iter()
            .filter_map(|code| Some((code.to_owned(), desk.get::<Kept<F>>(code)?)))
            .collect::<HashMap<_, _>>()
    }
    let (units, windows) = sheet.codes();
    Found {
        division: desk.get::<Division>(sheet.parent.as_str()),
        units: shelf(desk, units),
        windows: shelf(desk, windows),
        people: shelf(desk, sheet.people.codes.iter().map(String::as_str)),
    }
}

fn keys(sheet: &Sheet) -> Vec<Key> {
    let (parent, (units, windows)) = (sheet.parent, sheet.codes());
    let division = Key::of::<Division>(parent, parent.as_str());
    let units = units.into_iter().map(|code| Key::of::<Unit>(parent, code));
    let windows = windows.into_iter().map(|code| Key::of::<Window>(parent, code));
    let people = sheet.people.codes.iter().map(|code| Key::of::<Person>(parent, code.as_str()));
    [division].into_iter().chain(units).chain(windows).chain(people).collect()
}

fn put<F: Wire>(desk: &mut Desk<'_>, actor: &str, changes: Vec<Change<F>>)
where
    Kept<F>: Noun,
{
    for Change { noun, event } in changes {
        record(desk, event, actor, &noun);
        desk.put(noun);
    }
}

/// Reads the request: its rows, its key where there is one, and its faults. Refused at once where there is no telling what
/// the rows are of, or how many.
fn sheet(request: &pb::ImportDirectoryRequest) -> Result<(Sheet, Option<RequestKey>, Vec<Fault>), Refusal> {
    let parent = id::division("parent", &request.parent)?;
    let mut rows = 0;
    for (field, len) in
        [("units", request.units.len()), ("windows", request.windows.len()), ("people", request.people.len())]
    {
        rows += len;
        if rows > MOST_ROWS {
            let (zh, en) = (
                format!("每次最多导入{MOST_ROWS}条"),
                format!("at most {MOST_ROWS} units, windows and people together"),
            );
            return Err(Refusal::field(field, zh, en));
        }
    }
    let mut form = Form::new();
    let key = form.take(RequestKey::of("ImportDirectory", request, &request.request_id));
    let division = request.division.as_ref().and_then(|division| {
        let draft = read(&mut form, "division", division)?;
        form.require(draft.division == parent, "division.name", "须与 parent 一致", "must be the parent");
        Some(Row { at: "division".to_owned(), draft })
    });
    let sheet = Sheet {
        parent,
        division,
        units: read_rows(&mut form, parent, "units", &request.units),
        windows: read_rows(&mut form, parent, "windows", &request.windows),
        people: read_rows(&mut form, parent, "people", &request.people),
    };
    let faults = form.finish().err().map(|refusal| refusal.faults().to_vec()).unwrap_or_default();
    Ok((sheet, key, faults))
}

fn read_rows<F: Wire>(form: &mut Form, parent: id::Division, field: &str, messages: &[F::Message]) -> Rows<F> {
    let mut rows = Rows { rows: Vec::with_capacity(messages.len()), codes: HashSet::with_capacity(messages.len()) };
    for (i, message) in messages.iter().enumerate() {
        let at = format!("{field}[{i}]");
        let name = format!("{at}.name");
        if let Ok((division, code)) = F::parse(&name, F::name(message)) {
            form.require(division == parent, &name, "须属于 parent 所指行政区划", "must be of the parent");
            form.require(rows.codes.insert(code.to_owned()), &name, "重复", "stands twice");
        }
        if let Some(draft) = read(form, &at, message) {
            rows.rows.push(Row { at, draft });
        }
    }
    rows
}

impl From<Counts> for pb::ImportDirectoryResponse {
    fn from(counts: Counts) -> pb::ImportDirectoryResponse {
        let Counts { created, updated, unchanged } = counts;
        pb::ImportDirectoryResponse { created, updated, unchanged }
    }
}
