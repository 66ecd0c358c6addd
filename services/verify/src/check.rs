//! Whether a bundle is what it says: every log's tree grown anew, every head held against it, every statement counted again.
//!
//! Two passes over the file: the first looks for heads and figures only, so that the second knows at which entries to stop and
//! compare, and has to remember nothing but the last facts.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, Seek, SeekFrom},
};

use prost::Message;
use proto::journal::v1::{FigureStatement, Manifest, bundle_part::Part};
use tlog::{Hash, leaf_hash};

use crate::{
    bundle::{MOST_KEPT, Reader, Unreadable},
    day,
    facts::Facts,
    grow::{Growing, Grown},
    heads::{Heads, Trust, origin},
    recount::{Question, differences},
    report::{Figure, Finding, Log, Report},
    wrong::Wrong,
    year,
};

/// Whose journal tells of what was published.
const GATEWAY: &str = "gateway";

/// What the first pass has found.
struct Plan {
    trust: Trust,
    heads: BTreeMap<String, Heads>,
    /// With the figure it answers.
    questions: Vec<(usize, Question)>,
    /// Where the file cannot be read on.
    torn: Option<Wrong>,
}

/// Checks a bundle. An error is of reading, or of a file that is no bundle; whatever else is wrong is in the report.
pub fn check(mut file: impl BufRead + Seek, trust: &Trust) -> Result<Report, Unreadable> {
    let mut report = Report::default();
    let mut reader = Reader::new(&mut file);
    let Some(Part::Manifest(manifest)) = reader.next()? else {
        return Err(Unreadable::Torn {
            at: 0, wrong: Wrong::new("没有清单，不是数据包", "this is no bundle")
        });
    };
    report.manifest = manifest;
    report.is_hollow = trust.is_hollow();
    let plan = plan(&mut reader, trust, &mut report);
    file.seek(SeekFrom::Start(0))?;
    let told = plan.and_then(|mut plan| {
        read(&mut Reader::new(&mut file), &mut plan, trust, &mut report)?;
        // Whatever the first pass could not read, the second has named more exactly.
        plan.torn.map_or(Ok(()), |torn| Err(Finding::file(torn).into()))
    });
    match told {
        Ok(()) => Ok(report),
        Err(Stop::Found(finding)) => Ok(Report { finding: Some(*finding), ..report }),
        Err(Stop::Io(error)) => Err(error),
    }
}

/// Why there is nothing more to check.
pub(crate) enum Stop {
    Found(Box<Finding>),
    Io(Unreadable),
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Stop {
        Stop::Found(Box::new(finding))
    }
}

fn plan<R: BufRead + Seek>(reader: &mut Reader<R>, trust: &Trust, report: &mut Report) -> Result<Plan, Stop> {
    let Manifest { division, services, .. } = &report.manifest;
    let trust = trust.of(&report.manifest).map_err(Finding::file)?;
    let mut heads: BTreeMap<String, Heads> = services.iter().map(|name| (name.clone(), Heads::default())).collect();
    let (mut questions, mut kept, mut torn) = (Vec::new(), 0, None);
    loop {
        let part = match reader.next_but_entries() {
            Ok(Some(part)) => part,
            Err(error @ Unreadable::Io(_)) => return Err(Stop::Io(error)),
            Ok(None) => break,
            Err(error) => {
                torn = Some(error.wrong());
                break;
            }
        };
        kept += 1;
        if kept > MOST_KEPT {
            return Err(Finding::file(Wrong::new("树头和指标过多", "there are too many heads and figures")).into());
        }
        match part {
            Part::Head(head) => {
                let service = head.origin.rsplit('/').next().unwrap_or_default().to_owned();
                let found = match heads.get_mut(&service) {
                    Some(heads) => heads.head(&trust, &origin(division, &service), &head),
                    None => Err(Wrong::new("清单中没有此日志", "the manifest does not name this log")),
                };
                let noun = format!("head {}", head.size);
                found.map_err(|wrong| Finding::entry(&service, 0, &noun, wrong))?;
            }
            Part::Figure(stated) => {
                let noun = noun(&stated);
                let wrong = |wrong| Finding::entry("", 0, &noun, wrong);
                let question = Question::of(&stated).map_err(wrong)?;
                if stated.division != *division {
                    return Err(wrong(Wrong::new("属于另一个区划", "of another division")).into());
                }
                for position in &stated.positions {
                    if let Some(heads) = heads.get_mut(&position.service) {
                        heads.covering(&trust, &origin(division, &position.service), position).map_err(wrong)?;
                    }
                }
                questions.push((report.figures.len(), question));
                report.figures.push(Figure { stated, counted: None });
            }
            Part::Manifest(_) | Part::Entry(_) | Part::Hashes(_) => {}
        }
    }
    Ok(Plan { trust, heads, questions, torn })
}

fn read<R: BufRead>(reader: &mut Reader<R>, plan: &mut Plan, given: &Trust, report: &mut Report) -> Result<(), Stop> {
    let services = report.manifest.services.clone();
    let mut waiting: BTreeMap<String, Heads> = std::mem::take(&mut plan.heads);
    let mut open: Option<Log> = None;
    let mut growing: Option<Growing> = None;
    let mut published = BTreeSet::new();
    loop {
        let next = match reader.next() {
            Err(error @ Unreadable::Torn { .. }) => return Err(at(&growing, error.wrong()).into()),
            next => next.map_err(Stop::Io)?,
        };
        let service = match &next {
            Some(Part::Entry(entry)) => Some(&entry.service),
            Some(Part::Hashes(hashes)) => Some(&hashes.service),
            _ => None,
        };
        if let Some(service) = service
            && growing.as_ref().is_none_or(|growing| growing.service != *service)
        {
            close(growing.take(), open.take(), plan, report)?;
            let heads = waiting.remove(service).ok_or_else(|| {
                let wrong = Wrong::new("清单中没有此日志，或日志不连续", "not in the manifest, or not in one piece");
                Finding::entry(service, 0, "", wrong)
            })?;
            open = Some(log(service, &heads, plan, given, &report.manifest)?);
            growing = Some(Growing::new(service, &report.manifest.division, heads, &plan.questions));
        }
        match (next, &mut growing) {
            (Some(Part::Entry(entry)), Some(growing)) => {
                growing.entry(&entry, report)?;
                if growing.service == GATEWAY && entry.event == "figure.published" {
                    published.insert(leaf_hash(&entry.payload));
                }
            }
            (Some(Part::Hashes(hashes)), Some(growing)) => growing.hashes(hashes)?,
            (None, _) => break,
            // After its heads there are no more entries of a log.
            (Some(_), _) => close(growing.take(), open.take(), plan, report)?,
        }
    }
    close(growing.take(), open.take(), plan, report)?;
    for service in services {
        // A log of which there is no entry.
        if let Some(heads) = waiting.remove(&service) {
            let log = log(&service, &heads, plan, given, &report.manifest)?;
            let growing = Growing::new(&service, &report.manifest.division, heads, &plan.questions);
            close(Some(growing), Some(log), plan, report)?;
        }
    }
    compare(report, &published)
}

/// Where in the logs the file has come to.
fn at(growing: &Option<Growing>, wrong: Wrong) -> Finding {
    match growing {
        Some(growing) => Finding::entry(&growing.service, growing.next(), "", wrong),
        None => Finding::file(wrong),
    }
}

fn log(service: &str, heads: &Heads, plan: &Plan, given: &Trust, manifest: &Manifest) -> Result<Log, Finding> {
    let origin = origin(&manifest.division, service);
    let known = plan.trust.keys(&origin).map_err(|wrong| Finding::entry(service, 0, "", wrong))?;
    let signed: Vec<_> = if heads.keys.is_empty() { known } else { heads.keys.iter().collect() };
    Ok(Log {
        service: service.to_owned(),
        heads: heads.times.len(),
        keys: signed.iter().map(ToString::to_string).collect(),
        is_trusted: signed.iter().all(|key| given.keys.contains(key)),
        cosigned: heads.cosigned,
        witnesses: heads.witnesses.iter().map(|(name, size)| (name.clone(), *size)).collect(),
        entries: 0,
    })
}

/// A log has come to its end.
fn close(growing: Option<Growing>, log: Option<Log>, plan: &Plan, report: &mut Report) -> Result<(), Stop> {
    let (Some(growing), Some(log)) = (growing, log) else { return Ok(()) };
    let entries = growing.next() - 1;
    let needs_witnesses = plan.trust.quorum.is_some_and(|quorum| quorum > 0) && entries > 0;
    if needs_witnesses && log.cosigned == 0 {
        let wrong = Wrong::new("没有足够见证签名的树头", "no head has the cosignatures that are needed");
        return Err(Finding::entry(&log.service, 0, "", wrong).into());
    }
    let Grown { facts, counts, as_of } = growing.finish()?;
    for (figure, counted) in counts {
        report.figures[figure].counted = Some(counted);
    }
    summarize(report, &log.service, &facts, as_of);
    report.logs.push(Log { entries, ..log });
    Ok(())
}

/// Adds a log's figures to the years'.
fn summarize(report: &mut Report, service: &str, facts: &Facts, as_of: i64) {
    report.late_cases += facts.late_cases();
    year::add(&mut report.years, service, facts, day::at(as_of));
}

/// Whether what was stated is what was counted, and was published so where the journal of that is in the file.
fn compare(report: &Report, published: &BTreeSet<Hash>) -> Result<(), Stop> {
    let is_told = report.manifest.services.iter().any(|service| service == GATEWAY);
    for Figure { stated, counted } in &report.figures {
        if is_told && !published.contains(&leaf_hash(&stated.encode_to_vec())) {
            let wrong =
                Wrong::new("网关日志中没有这样公布过", "never published so: it is not in the gateway's journal");
            return Err(Finding::entry("", 0, &noun(stated), wrong).into());
        }
        let Some(counted) = counted else { continue };
        let fields = differences(stated, counted);
        if fields.is_empty() {
            continue;
        }
        let read = |statement: &FigureStatement| {
            format!("{} ({}/{})", statement.stated, statement.numerator, statement.denominator)
        };
        let (fields, stated_as, counted_as) = (fields.join(", "), read(stated), read(counted));
        let wrong = Wrong::new(
            format!("公布的是 {stated_as}，重新统计是 {counted_as}；不符：{fields}"),
            format!("stated is {stated_as}, counted {counted_as}; {fields} differ"),
        );
        return Err(Finding::entry("", 0, &noun(stated), wrong).into());
    }
    Ok(())
}

/// What a statement is called: its definition and period, and its unit if it is of one.
fn noun(stated: &FigureStatement) -> String {
    let unit = if stated.unit.is_empty() { String::new() } else { format!(" {}", stated.unit) };
    format!("figures/{} {}–{}{unit}", stated.definition, stated.first, stated.last)
}
