//! How many connections there may be, and who has to go for whom.
//!
//! Until a connection has shown who it is and what it speaks, it waits in a lobby of its own, which one address cannot
//! fill: where its share is taken, its oldest goes. An honest client is through in a moment; who has nothing to say only
//! pushes out others who have not either. Where all places are taken, the one goes that has been idle for the longest and
//! has shown no certificate.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

/// The places of one listener.
#[derive(Debug)]
pub(super) struct Places {
    lobby: usize,
    all: usize,
    start: Instant,
    next: AtomicU64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Oldest first.
    waiting: VecDeque<Arc<Seat>>,
    inside: HashMap<u64, Arc<Seat>>,
}

/// What is known of one connection.
#[derive(Debug)]
struct Seat {
    number: u64,
    address: IpAddr,
    /// It has shown a certificate.
    known: AtomicBool,
    /// Calls that are not over.
    calls: AtomicUsize,
    /// Milliseconds from the start to when a call began or ended last.
    last: AtomicU64,
    cut: CancellationToken,
}

/// A connection's place; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    seat: Arc<Seat>,
}

/// A call that is not over until this is dropped.
#[derive(Debug)]
pub(super) struct Call {
    start: Instant,
    seat: Arc<Seat>,
}

impl Places {
    pub(super) fn new(lobby: usize, all: usize) -> Arc<Places> {
        let (start, next, inner) = (Instant::now(), AtomicU64::new(0), Mutex::default());
        Arc::new(Places { lobby: lobby.max(2), all: all.max(2), start, next, inner })
    }

    /// A place in the lobby, and how many were cut off for it; none where nobody can be.
    pub(super) fn enter(self: &Arc<Places>, address: IpAddr) -> (Option<Place>, usize) {
        let mut inner = self.lock();
        let mut cut = 0;
        let mut of_address = HashMap::<IpAddr, usize>::new();
        for seat in &inner.waiting {
            *of_address.entry(seat.address).or_default() += 1;
        }
        let own = of_address.get(&address).copied().unwrap_or_default();
        let crowded = if own >= self.lobby / 2 {
            Some(address)
        } else if inner.waiting.len() >= self.lobby {
            of_address.into_iter().max_by_key(|(_, many)| *many).map(|(address, _)| address)
        } else {
            None
        };
        if let Some(at) = crowded.and_then(|address| inner.waiting.iter().position(|seat| seat.address == address))
            && let Some(seat) = inner.waiting.remove(at)
        {
            seat.cut.cancel();
            cut += 1;
        }
        if inner.waiting.len() + inner.inside.len() >= self.all {
            let idle =
                |seat: &&Arc<Seat>| !seat.known.load(Ordering::Relaxed) && seat.calls.load(Ordering::Relaxed) == 0;
            let idlest = inner.inside.values().filter(idle).min_by_key(|seat| seat.last.load(Ordering::Relaxed));
            let Some(number) = idlest.map(|seat| seat.number) else { return (None, cut) };
            if let Some(seat) = inner.inside.remove(&number) {
                seat.cut.cancel();
                cut += 1;
            }
        }
        let seat = Arc::new(Seat {
            number: self.next.fetch_add(1, Ordering::Relaxed),
            address,
            known: AtomicBool::new(false),
            calls: AtomicUsize::new(0),
            last: AtomicU64::new(millis(self.start)),
            cut: CancellationToken::new(),
        });
        inner.waiting.push_back(seat.clone());
        (Some(Place { places: self.clone(), seat }), cut)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Out of the lobby. False where it was cut off before.
    pub(super) fn settle(&self, known: bool) -> bool {
        self.seat.known.store(known, Ordering::Relaxed);
        let mut inner = self.places.lock();
        let Some(at) = inner.waiting.iter().position(|seat| seat.number == self.seat.number) else { return false };
        inner.waiting.remove(at);
        inner.inside.insert(self.seat.number, self.seat.clone());
        true
    }

    /// Ends when it has to go for another.
    pub(super) fn cut(&self) -> CancellationToken {
        self.seat.cut.clone()
    }

    /// How long no call has been at work.
    pub(super) fn idle(&self) -> Duration {
        if self.seat.calls.load(Ordering::Relaxed) > 0 {
            return Duration::ZERO;
        }
        let last = self.seat.last.load(Ordering::Relaxed);
        Duration::from_millis(millis(self.places.start).saturating_sub(last))
    }

    /// Counts the calls of this connection.
    pub(super) fn counter(&self) -> impl Fn() -> Call + Clone + Send + Sync + 'static {
        let (start, seat) = (self.places.start, self.seat.clone());
        move || {
            seat.calls.fetch_add(1, Ordering::Relaxed);
            Call { start, seat: seat.clone() }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (mut inner, number) = (self.places.lock(), self.seat.number);
        if inner.inside.remove(&number).is_none() {
            inner.waiting.retain(|seat| seat.number != number);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.seat.last.store(millis(self.start), Ordering::Relaxed);
        self.seat.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

fn millis(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    #[test]
    fn an_address_whose_share_of_the_lobby_is_taken_loses_its_own_oldest() {
        let places = Places::new(8, 100);
        let other = places.enter(THERE).0.expect("a place");
        let own: Vec<_> = (0..6).map(|_| places.enter(HERE).0.expect("a place")).collect();
        let cut: Vec<_> = own.iter().map(|place| place.cut().is_cancelled()).collect();
        assert_eq!(cut, [true, true, false, false, false, false]);
        assert!(!other.cut().is_cancelled() && !own[0].settle(false) && own[5].settle(false));
        drop(own);
        assert_eq!(places.lock().waiting.len(), 1);
    }

    #[test]
    fn a_full_house_sends_away_who_has_been_idle_for_the_longest_and_is_not_known() {
        let places = Places::new(8, 3);
        let settled = |known| {
            let place = places.enter(HERE).0.expect("a place");
            assert!(place.settle(known));
            place
        };
        let (known, idle, busy) = (settled(true), settled(false), settled(false));
        let call = busy.counter()();
        let (new, cut) = places.enter(THERE);
        assert!(cut == 1 && idle.cut().is_cancelled() && !known.cut().is_cancelled() && !busy.cut().is_cancelled());
        drop(idle);
        assert!(places.enter(THERE).0.is_none());
        drop(call);
        assert!(places.enter(THERE).0.is_some());
        drop((new, known, busy));
    }
}
