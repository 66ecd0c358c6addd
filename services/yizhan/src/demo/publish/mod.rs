//! What the county publishes in the year: 2,714 publications and 255 pictures. Beside the cases, on the same clock.
//!
//! Guides, lists of decisions, rosters and circulars the suite makes by itself, by the standing reviews that are given on
//! the first morning. The rest the units' clerks write, as [`plan`] says and in the words of [`text`]; [`step`] leads each
//! through its life, [`picture`] draws, [`figures`] asks how it went.

pub mod figures;
mod picture;
mod plan;
mod step;
mod text;
mod units;

use std::{collections::BTreeMap, sync::Arc};

use futures::{StreamExt, TryStreamExt, stream};
use kit::keyring::Keyring;
use tokio::{sync::Mutex, task::JoinHandle};

use super::{county::County, days::Tick, plan::Plan};
use plan::{Piece, Stage};
use step::Desk;

/// Publications on their way at once: so many clerks are at work.
const IN_FLIGHT: usize = 8;

pub struct Publications {
    desk: Arc<Desk>,
    pieces: Arc<Vec<Piece>>,
    /// Names of what was drafted, by its place.
    names: Arc<Mutex<BTreeMap<usize, String>>>,
    agenda: BTreeMap<Tick, Vec<(usize, Stage)>>,
}

impl Publications {
    pub fn new(county: &County, plan: &Plan, seed: u64, ring: &Keyring) -> anyhow::Result<Publications> {
        let pieces = plan::pieces(county, plan, seed)?;
        let mut agenda: BTreeMap<Tick, Vec<(usize, Stage)>> = BTreeMap::new();
        for (place, piece) in pieces.iter().enumerate() {
            piece.stages().into_iter().for_each(|(tick, stage)| agenda.entry(tick).or_default().push((place, stage)));
        }
        let desk = Desk::new(ring, seed);
        Ok(Publications { desk: Arc::new(desk), pieces: Arc::new(pieces), names: Arc::default(), agenda })
    }

    /// The first morning: what the suite itself makes may be public.
    pub async fn open(&self) -> anyhow::Result<()> {
        self.desk.trust().await
    }

    /// Begins what is due by an hour; to be waited for before the clock moves on. Answers with the requests it took.
    pub fn begin(&mut self, tick: Tick) -> JoinHandle<anyhow::Result<u64>> {
        let later = self.agenda.split_off(&Tick { slot: tick.slot + 1, ..tick });
        let due = std::mem::replace(&mut self.agenda, later);
        let (desk, pieces, names) = (self.desk.clone(), self.pieces.clone(), self.names.clone());
        tokio::spawn(async move {
            let mut requests = 0;
            // An hour without cases is passed over: what was due in it comes first.
            for stages in due.into_values() {
                let done = stream::iter(stages)
                    .map(|(place, stage)| perform(&desk, &pieces, &names, place, stage))
                    .buffer_unordered(IN_FLIGHT);
                requests += done.try_fold(0, async |sum, done| Ok(sum + done)).await?;
            }
            Ok(requests)
        })
    }
}

async fn perform(
    desk: &Desk,
    pieces: &[Piece],
    names: &Mutex<BTreeMap<usize, String>>,
    place: usize,
    stage: Stage,
) -> anyhow::Result<u64> {
    let Some(piece) = pieces.get(place) else { return Ok(0) };
    if stage == Stage::Draft {
        let (name, requests) = desk.draft(piece).await?;
        names.lock().await.insert(place, name);
        return Ok(requests);
    }
    let name = names.lock().await.get(&place).cloned().unwrap_or_default();
    desk.lead_on(piece, stage, &name).await
}
