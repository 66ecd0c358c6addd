//! `yizhan import`: a county's units, windows and people from tables, all or none, and its items.
//!
//! Every file is read whole before anything is sent, and every fault is told with file, line and column. The tables go in
//! one call; each item is made, revised where it says something else now, or left. A repeated import repeats nothing.

mod fault;
mod item;
mod place;
mod table;

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use kit::peer::Peer;
use prost::Message;
use proto::{
    directory::v1::{self as directory, directory_service_client::DirectoryServiceClient},
    intake::v1::{self as intake, catalogue_service_client::CatalogueServiceClient},
};
use sha2::{Digest, Sha256};
use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::{
    peer::{To, refused, timed},
    trouble,
};
use fault::Faults;
use item::Items;
use table::Table;

/// How long an item may wait for its unit: the intake learns of units from the directory's journal.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    to: To,
    /// 行政区划代码 · Division, six digits
    #[arg(long, env = "YIZHAN_DIVISION")]
    division: String,
    /// 区划名称，区划不存在时创建 · Name of the division, which is then made where there is none
    #[arg(long)]
    division_name: Option<String>,
    #[arg(long, requires = "division_name", default_value = "")]
    division_name_en: String,
    /// 机构 · Units, CSV
    #[arg(long)]
    units: Option<PathBuf>,
    /// 窗口 · Windows, CSV
    #[arg(long)]
    windows: Option<PathBuf>,
    /// 人员 · People, CSV
    #[arg(long)]
    people: Option<PathBuf>,
    /// 事项 · Items, JSON
    #[arg(long)]
    items: Option<PathBuf>,
    /// 只检查，不导入 · Check everything, change nothing
    #[arg(long)]
    check: bool,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let peer = args.to.operator()?;
    let mut faults = Faults::default();
    let mut read = |path: &Option<PathBuf>| path.as_deref().and_then(|path| read_text(path, &mut faults));
    let texts = [read(&args.units), read(&args.windows), read(&args.people), read(&args.items)];
    faults.none()?;
    let [units, windows, people, items] =
        texts.each_ref().map(|text| text.as_ref().map(|(file, text)| Source { file, text }));
    let name = args.division_name.as_deref().map(|zh| (zh, args.division_name_en.as_str()));
    let county = County::read(&args.division, name, Sources { units, windows, people, items })?;
    let loaded = if args.check { check(&peer, &county).await? } else { self::county(&peer, &county).await? };
    let mut out = io::stdout().lock();
    if args.check {
        writeln!(out, "检查通过，未作改动 · all is well, nothing was changed")?;
    }
    let directory::ImportDirectoryResponse { created, updated, unchanged } = loaded.directory;
    writeln!(out, "机构、窗口、人员：新增 {created}，更新 {updated}，不变 {unchanged}")?;
    writeln!(out, "units, windows, people: {created} created, {updated} updated, {unchanged} unchanged")?;
    if let Loaded { created, revised, unchanged, .. } = loaded
        && !args.check
    {
        writeln!(out, "事项：新增 {created}，修订 {revised}，不变 {unchanged}")?;
        writeln!(out, "items: {created} created, {revised} revised, {unchanged} unchanged")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A text and the name that faults tell of it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub file: &'a str,
    pub text: &'a str,
}

/// What a county is read from; each may be missing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sources<'a> {
    pub units: Option<Source<'a>>,
    pub windows: Option<Source<'a>>,
    pub people: Option<Source<'a>>,
    pub items: Option<Source<'a>>,
}

/// A county, read and without fault as far as can be told here.
#[derive(Clone, Debug)]
pub struct County {
    /// divisions/{division}
    parent: String,
    division: Option<directory::Division>,
    units: Table<directory::Unit>,
    windows: Table<directory::Window>,
    people: Table<directory::Person>,
    items: Items,
}

/// What became of a county.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    pub directory: directory::ImportDirectoryResponse,
    /// Items.
    pub created: usize,
    pub revised: usize,
    pub unchanged: usize,
}

impl County {
    /// Reads a county of the division with this code; `name` (Chinese, English) makes the division where there is none.
    pub fn read(division: &str, name: Option<(&str, &str)>, sources: Sources<'_>) -> anyhow::Result<County> {
        let parent = format!("divisions/{division}");
        let mut faults = Faults::default();
        let county = County {
            division: name.map(|(zh, en)| directory::Division {
                name: parent.clone(),
                display_name_zh: zh.to_owned(),
                display_name_en: en.to_owned(),
                ..Default::default()
            }),
            units: sources.units.map(|source| table::units(&source, &parent, &mut faults)).unwrap_or_default(),
            windows: sources.windows.map(|source| table::windows(&source, &parent, &mut faults)).unwrap_or_default(),
            people: sources.people.map(|source| table::people(&source, &parent, &mut faults)).unwrap_or_default(),
            items: sources.items.map(|source| item::items(&source, &parent, &mut faults)).unwrap_or_default(),
            parent,
        };
        if sources.units.is_some() {
            county.check_units(&mut faults);
        }
        faults.none()?;
        Ok(county)
    }

    /// Where the units are given, an item's is among them: told before anything is loaded.
    fn check_units(&self, faults: &mut Faults) {
        for (index, item) in &self.items.items {
            let unit = item.text.as_ref().map_or("", |text| &text.unit);
            if !self.units.rows.iter().any(|(_, row)| row.name == unit) {
                let (line, column) = self.items.place(*index, "unit");
                let (zh, en) =
                    (format!("{} 中没有此机构", self.units.file), format!("{} has no such unit", self.units.file));
                faults.add(&self.items.file, line, &column, zh, en);
            }
        }
    }

    fn request(&self, validate_only: bool) -> directory::ImportDirectoryRequest {
        directory::ImportDirectoryRequest {
            parent: self.parent.clone(),
            division: self.division.clone(),
            units: self.units.values(),
            windows: self.windows.values(),
            people: self.people.values(),
            validate_only,
            // Of its own: repeated rows change nothing, and an older county may be loaded again after a newer one.
            request_id: Uuid::new_v4().to_string(),
        }
    }

    fn has_rows(&self) -> bool {
        let rows = self.units.rows.len() + self.windows.rows.len() + self.people.rows.len();
        rows > 0 || self.division.is_some()
    }

    /// The faults that the directory names, in the lines that they come from.
    fn refused(&self, status: &Status) -> anyhow::Error {
        let details = status.get_error_details();
        let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
        if violations.is_empty() {
            return refused(status);
        }
        let mut faults = Faults::default();
        for violation in violations {
            let (file, line, column) = self.place(&violation.field);
            faults.add(file, line, &column, "", violation.description);
        }
        let all = details.error_info().and_then(|info| info.metadata.get("faults")?.parse().ok());
        faults.of(all.unwrap_or_default());
        faults.into()
    }

    /// File, line and column of `units[12].uscc`.
    fn place<'a>(&'a self, field: &'a str) -> (&'a str, usize, String) {
        fn line<T>(table: &Table<T>, index: usize) -> (&str, usize) {
            (&table.file, table.rows.get(index).map_or(0, |(line, _)| *line))
        }
        let parts = || {
            let (noun, rest) = field.split_once('[')?;
            let (index, rest) = rest.split_once(']')?;
            let index = index.parse().ok()?;
            let (file, line) = match noun {
                "units" => line(&self.units, index),
                "windows" => line(&self.windows, index),
                "people" => line(&self.people, index),
                _ => return None,
            };
            Some((file, line, table::column(rest.trim_start_matches('.')).to_owned()))
        };
        parts().unwrap_or_else(|| match field {
            "parent" => ("--division", 0, String::new()),
            field if field.starts_with("division.") => ("--division-name", 0, String::new()),
            field => (field, 0, String::new()),
        })
    }
}

/// Loads a county: its directory, and then its items.
pub async fn county(peer: &Peer, county: &County) -> anyhow::Result<Loaded> {
    let mut loaded = Loaded::default();
    if county.has_rows() {
        loaded.directory = import(peer, county, false).await?;
    }
    let mut catalogue = CatalogueServiceClient::new(peer.clone());
    for (index, item) in &county.items.items {
        let done = put(&mut catalogue, item).await.map_err(|status| {
            let mut faults = Faults::default();
            for violation in status.get_error_details().bad_request().iter().flat_map(|bad| &bad.field_violations) {
                let (line, column) = county.items.place(*index, &violation.field);
                faults.add(&county.items.file, line, &column, "", violation.description.clone());
            }
            let (line, _) = county.items.place(*index, "");
            match faults.none() {
                Err(faults) => faults.context(trouble(
                    "此前的事项已导入，改正后重新导入即可",
                    "items before this one are loaded; mend it and import again",
                )),
                Ok(()) => refused(&status).context(format!("{}:{line}", county.items.file)),
            }
        })?;
        match done {
            Put::Created => loaded.created += 1,
            Put::Revised => loaded.revised += 1,
            Put::Unchanged => loaded.unchanged += 1,
        }
    }
    Ok(loaded)
}

/// Has the server check the directory; items are checked only here.
async fn check(peer: &Peer, county: &County) -> anyhow::Result<Loaded> {
    let directory = if county.has_rows() { import(peer, county, true).await? } else { Default::default() };
    Ok(Loaded { directory, ..Loaded::default() })
}

async fn import(
    peer: &Peer,
    county: &County,
    validate_only: bool,
) -> anyhow::Result<directory::ImportDirectoryResponse> {
    let mut client = DirectoryServiceClient::new(peer.clone());
    let answer = client.import_directory(timed(county.request(validate_only))).await;
    Ok(answer.map_err(|status| county.refused(&status))?.into_inner())
}

enum Put {
    Created,
    Revised,
    Unchanged,
}

/// Makes an item, revises it where it says something else, or leaves it.
async fn put(client: &mut CatalogueServiceClient<Peer>, item: &intake::Item) -> Result<Put, Status> {
    let there = match client.get_item(timed(intake::GetItemRequest { name: item.name.clone() })).await {
        Ok(there) => Some(there.into_inner()),
        Err(status) if status.code() == Code::NotFound => None,
        Err(status) => return Err(status),
    };
    match there {
        Some(there) if there.text == item.text => Ok(Put::Unchanged),
        Some(there) => {
            let request_id = request_id("ReviseItem", there.revision, item);
            client.revise_item(timed(intake::ReviseItemRequest { item: Some(item.clone()), request_id })).await?;
            Ok(Put::Revised)
        }
        None => {
            let request =
                intake::CreateItemRequest { item: Some(item.clone()), request_id: request_id("CreateItem", 0, item) };
            let mut waited = Duration::ZERO;
            loop {
                match client.create_item(timed(request.clone())).await {
                    Err(status) if kit::status::reason(&status) == "UNIT_NOT_FOUND" && waited < PATIENCE => {
                        tokio::time::sleep(PAUSE).await;
                        waited += PAUSE;
                    }
                    answer => return answer.map(|_| Put::Created),
                }
            }
        }
    }
}

/// The same for the same text after the same revision, so that a repeated import repeats nothing (a UUID of version 8).
fn request_id(rpc: &str, after: i32, item: &intake::Item) -> String {
    let digest = Sha256::new().chain_update(rpc).chain_update(after.to_be_bytes()).chain_update(item.encode_to_vec());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.finalize()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// A file's name and text; a file that is not UTF-8 with the line where it stops being so.
fn read_text(path: &Path, faults: &mut Faults) -> Option<(String, String)> {
    let file = path.display().to_string();
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            faults.add(&file, 0, "", "无法读取", error.to_string());
            return None;
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => Some((file, text)),
        Err(error) => {
            let upto = error.utf8_error().valid_up_to();
            let line = 1 + error.as_bytes()[..upto].iter().filter(|b| **b == b'\n').count();
            faults.add(&file, line, "", "不是UTF-8编码，请另存为UTF-8", "is not UTF-8; save it as UTF-8");
            None
        }
    }
}
