//! Makes publications of what the suite itself knows: of the items, decisions, rosters and circulars that have arrived.
//!
//! What has arrived is kept by the followers, in the transaction of their position. The maker turns it into publications by
//! decisions that look at the [`Origin`] of each source, so that a crash in between neither loses nor doubles anything. A
//! source that cannot be made is passed over, and tried again with the next turn.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use calendar::{Date, shanghai_date, start_of_day};
use futures::{StreamExt, stream};
use kit::{
    actor::SYSTEM,
    clock::Moment,
    id::Division,
    peer::Peer,
    refusal::Refusal,
    store::{
        Desk, Key, Reader, journal,
        wake::{due, next},
    },
};
use proto::journal::v1::{ListHeadsRequest, journal_service_client::JournalServiceClient};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};
use tokio::sync::watch;

use crate::{
    NAME,
    domain::{
        publication::{Publication, Scene, Serial, Text},
        site::Site,
        source::{
            Arrival, Known, Origin, RULES, Says,
            decisions::{self, Decision},
            duty::Rules,
            making::{Left, Sheet},
        },
    },
    office::{Office, keys, settle, site_of, unreadable},
    store::arrival,
};

/// How long it sleeps at most: another replica may have learned something.
const LONGEST: Duration = Duration::from_secs(1);
/// How long it waits for its follower before it lists a week's decisions.
const PATIENCE: Duration = Duration::from_secs(30);
const PAGE: u64 = 200;
const IN_FLIGHT: usize = 16;

pub struct Maker {
    office: Arc<Office>,
    origins: Reader<Origin>,
    intake: Peer,
}

impl Maker {
    pub fn new(office: Arc<Office>, intake: Peer) -> Maker {
        Maker { origins: Reader::open(&office.store), office, intake: intake.acting(NAME) }
    }

    /// Makes what is due for as long as the program runs, and says through `acted` up to when.
    pub async fn run(self, acted: watch::Sender<i64>) {
        let office = &self.office;
        // A column may have been given a standing review just before the program ended.
        if let Err(error) = arrival::again(&office.store, None).await {
            tracing::error!(%error, "what waits could not be looked at again");
        }
        loop {
            let now = office.clock.now();
            match self.turn(now).await {
                Ok(()) => drop(acted.send_replace(now.0)),
                Err(error) => {
                    tracing::error!(%error, "making failed, going on");
                    tokio::time::sleep(LONGEST).await;
                }
            }
            let until = match office.clock.is_simulated() {
                true => Some(Moment(now.0 + 1)),
                false => next::<Arrival>(&office.store, now.0).await.unwrap_or(None).map(Moment),
            };
            tokio::select! {
                () = office.clock.wait(until, LONGEST) => {}
                () = office.arrived.notified() => {}
            }
        }
    }

    /// Makes everything that is due, earliest first.
    async fn turn(&self, now: Moment) -> Result<(), Refusal> {
        let (mut after, mut whole) = (None, None);
        loop {
            let page = due::<Arrival>(&self.office.store, now.0, after.as_ref(), PAGE).await.map_err(unreadable)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.clone());
            if whole.is_none() && page.iter().any(|(_, _, source)| source.starts_with("decisions/")) {
                whole = Some(self.has_followed().await);
            }
            let due =
                page.into_iter().filter(|(_, _, source)| !source.starts_with("decisions/") || whole == Some(true));
            stream::iter(due)
                .for_each_concurrent(IN_FLIGHT, async |(_, division, source)| {
                    if let Err(refusal) = self.make(&division, &source, now).await {
                        tracing::warn!(%refusal, division, source, "could not be made, and is passed over");
                    }
                })
                .await;
        }
    }

    async fn make(&self, division: &str, source: &str, now: Moment) -> Result<(), Refusal> {
        let division = division.parse().map_err(Refusal::internal)?;
        let Some(arrival) = self.arrival(division, source).await? else { return Ok(()) };
        let today = shanghai_date(now.0);
        let mut left = Left::Nothing;
        for (source, says) in self.says(&arrival, today).await? {
            left = left.max(self.bring(division, source, says, now).await?);
        }
        let wakes_at = match left {
            Left::Nothing => arrival.known.wakes_after(today),
            Left::Waits => Some(arrival.known.wakes_after(today).unwrap_or(i64::MAX)),
            Left::Tomorrow => Some(today.tomorrow().map_or(i64::MAX, start_of_day)),
        };
        arrival::made(&self.office.store, &arrival, wakes_at).await.map_err(unreadable)
    }

    async fn arrival(&self, division: Division, source: &str) -> Result<Option<Arrival>, Refusal> {
        let read = arrival::read(self.office.store.read(), division, [source.to_owned()]).await.map_err(unreadable)?;
        Ok(read.into_iter().next())
    }

    /// What a source says now; a week's decisions in as many parts as they need.
    async fn says(&self, arrival: &Arrival, today: Date) -> Result<Vec<(String, Says)>, Refusal> {
        let (division, mirror) = (arrival.division, self.office.mirror());
        let title = |unit: &str| mirror.title(division, unit).to_owned();
        let says = match &arrival.known {
            Known::Rules(_) => Says::Nothing,
            Known::Guide(guide) => {
                let unit = guide.on(today).map(|revision| title(&revision.text.unit)).unwrap_or_default();
                guide.says(today, &unit)
            }
            Known::Roster(roster) => {
                let (unit, rules) = (self.answers(arrival).await?, self.rules(division).await?);
                Says::This(Box::new(roster.made(&unit, &rules, title)))
            }
            Known::Circular(circular) => Says::This(Box::new(circular.made(&self.answers(arrival).await?, title))),
            Known::Week { unit, week } => return self.list(division, unit, *week).await,
        };
        Ok(vec![(arrival.source.clone(), says)])
    }

    async fn list(&self, division: Division, unit: &str, week: Date) -> Result<Vec<(String, Says)>, Refusal> {
        let (store, mirror) = (self.office.store.read(), self.office.mirror());
        let made = arrival::decisions(store, division, unit, week).await.map_err(unreadable)?;
        let items: BTreeSet<_> = made.iter().map(|decision: &Decision| format!("guide/{}", decision.item)).collect();
        let known = arrival::read(store, division, items).await.map_err(unreadable)?;
        let titles: HashMap<_, _> = known.iter().filter_map(titled).collect();
        let title = |item: &str| titles.get(item).map_or(item, |title| title).to_owned();
        let unit_known = mirror.unit(division, unit)?;
        let parts = made.chunks(decisions::MOST).enumerate().filter_map(|(part, of)| {
            let made = decisions::list(unit, unit_known, week, part, of, title)?;
            Some((decisions::source(unit, week, part), Says::This(Box::new(made))))
        });
        Ok(parts.collect())
    }

    async fn rules(&self, division: Division) -> Result<Rules, Refusal> {
        match self.arrival(division, RULES).await?.map(|arrival| arrival.known) {
            Some(Known::Rules(rules)) => Ok(rules),
            _ => Ok(Rules::default()),
        }
    }

    /// The unit that answers for what is the centre's own, which is no unit of the directory: that of the leader who has
    /// approved the column's standing review; else the one that by its name runs the centre; else the first.
    async fn answers(&self, arrival: &Arrival) -> Result<String, Refusal> {
        let (division, mirror) = (arrival.division, self.office.mirror());
        // What is answered for stays with who answers for it.
        if let Some(origin) = self.origins.get(division, &arrival.source).await?
            && let Some(there) = self.office.publications.get(division, &origin.publication).await?
        {
            return Ok(there.unit.clone());
        }
        let site = self.office.site(division).await?;
        let review = site.column(arrival.known.column())?.standing_review.as_ref();
        let leads = review.and_then(|review| mirror.person(division, &review.leader).ok());
        if let Some(leader) = leads.filter(|leader| !leader.unit.is_empty()) {
            return Ok(leader.unit.clone());
        }
        let of = mirror.units.iter().filter(|((of, _), unit)| *of == division && unit.active);
        let runs =
            |title: &str| ["服务中心", "政务服务", "行政审批", "政府办公室"].iter().any(|name| title.contains(name));
        let unit = of.min_by_key(|((_, code), unit)| (!runs(&unit.title), code.clone()));
        unit.map(|((_, code), _)| code.clone())
            .ok_or_else(|| Refusal::not_found("UNIT_NOT_FOUND", "尚无任何单位", "there is no unit yet"))
    }

    /// One decision: the origin tells what was made already.
    async fn bring(&self, division: Division, source: String, says: Says, now: Moment) -> Result<Left, Refusal> {
        let office = &self.office;
        let origin = self.origins.get(division, &source).await?;
        let anything = matches!(says, Says::This(_)) || matches!(says, Says::Gone(_)) && origin.is_some();
        if !anything {
            return Ok(Left::Nothing);
        }
        let known = origin.as_ref().map(|origin| origin.publication.clone());
        let there = match &known {
            Some(id) => office.publications.get(division, id).await?,
            None => None,
        };
        let serial = match &says {
            Says::This(made) => Serial::id(&made.content.unit, shanghai_date(now.0).year()),
            Says::Nothing | Says::Gone(_) => String::new(),
        };
        let text = there.as_ref().map(|there| there.text_id());
        let mut named =
            vec![Key::of::<Origin>(division, source.as_str()), Key::of::<Serial>(division, serial.as_str())];
        named.extend(text.iter().map(|text| Key::of::<Text>(division, text.as_str())));
        match &known {
            Some(id) => named.extend(keys(division, id)),
            None => named.push(Key::of::<Site>(division, Site::ID)),
        }
        let (left, told) = (Arc::new(Mutex::new(Left::Nothing)), source.clone());
        let (mirror, outcome) = (office.mirror(), left.clone());
        let decide = move |desk: &mut Desk<'_>| {
            let origin = desk.get::<Origin>(&source).map(Arc::unwrap_or_clone);
            let publication = known.as_deref().and_then(|id| desk.get::<Publication>(id)).map(Arc::unwrap_or_clone);
            let moved = publication.as_ref().map(Publication::text_id) != text;
            if origin.as_ref().map(|origin| &origin.publication) != known.as_ref() || moved {
                return Err(Refusal::stale());
            }
            let fresh = || Origin { division, source: source.clone(), row: 0, publication: String::new(), made: 0 };
            let before = origin.unwrap_or_else(fresh);
            let last = text.as_deref().and_then(|text| desk.get::<Text>(text)).map(Arc::unwrap_or_clone);
            let numbers = desk.get::<Serial>(&serial).map(Arc::unwrap_or_clone);
            let numbers = numbers.unwrap_or_else(|| Serial { division, id: serial.clone(), last: 0 });
            let site = site_of(desk);
            let scene = Scene { site: &site, mirror: &mirror, now: desk.now() };
            let mut sheet = Sheet { origin: before.clone(), publication, last, serial: numbers.clone() };
            let mut tell = |publication: &Publication, happened| settle(desk, publication, happened, SYSTEM);
            let left = sheet.bring(&says, &scene, &mut tell)?;
            if sheet.serial != numbers {
                desk.put(sheet.serial);
            }
            if sheet.origin != before {
                desk.put(Origin { row: before.row + 1, ..sheet.origin });
            }
            *outcome.lock().unwrap_or_else(PoisonError::into_inner) = left;
            Ok(told.as_str().into())
        };
        office.writer.change::<Origin>(division, named, None, decide).await?;
        Ok(*left.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether everything that had happened in intake when it was asked has arrived here: only then a week is whole.
    async fn has_followed(&self) -> bool {
        let followed = async {
            let mut request = tonic::Request::new(ListHeadsRequest {});
            if let Ok(service) = "intake".parse() {
                request.metadata_mut().insert("yizhan-service", service);
            }
            let heads = JournalServiceClient::new(self.intake.clone()).list_heads(request).await;
            let heads = heads.map_err(|status| status.to_string())?.into_inner().heads;
            loop {
                let there = positions(&self.office).await.map_err(|error| error.to_string())?;
                let reached = |division: &str| there.get(division).copied().unwrap_or(0);
                if heads.iter().all(|head| reached(&head.division) >= head.seq) {
                    return Ok::<(), String>(());
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, followed).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(error, "the lists of decisions wait for intake");
                false
            }
            Err(_) => {
                tracing::warn!("the lists of decisions wait for what intake has told and has not arrived yet");
                false
            }
        }
    }
}

/// How far intake was followed, by division.
async fn positions(office: &Office) -> Result<HashMap<String, i64>, DbErr> {
    let rows = journal::position::Entity::find().filter(journal::position::Column::Source.eq("intake"));
    let rows = rows.all(office.store.read()).await?;
    Ok(rows.into_iter().map(|row| (row.division, row.seq)).collect())
}

/// An item's code and what it is called.
fn titled(arrival: &Arrival) -> Option<(&str, &str)> {
    match &arrival.known {
        Known::Guide(guide) => Some((guide.code.as_str(), guide.revisions.last()?.text.title.as_str())),
        _ => None,
    }
}
