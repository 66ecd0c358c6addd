//! An attack, an honest caller beside it, and what became of the caller.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{sync::Mutex, task, time::Instant};
use tonic::transport::Channel;

use super::{
    attacks::{Attack, LASTS},
    door::{Door, Way},
    honest,
    house::say,
    line::{Ledger, Tally},
    machine::{Others, Process},
    pace::processor_time,
};

/// How long the caller is watched before an attack, and again after it.
const QUIET: Duration = Duration::from_secs(1);
/// Between the end of an attack and the second quiet time: connections that are left behind are put away.
const BREATH: Duration = Duration::from_millis(300);
/// What an honest p99 may take besides twice its quiet value: that of before or of after, whichever is less, so that a
/// machine that hiccups then lends the door nothing. A call wakes a thread about six times (the caller's, its
/// connection's, the server's connection's, the handler's, and back), and each time may find two cores busy with three
/// others, the attacker and the kernel's work for it among them: then it waits for a slice of Linux's scheduler, which is
/// 3 ms. One call in a hundred meets that at several of the six.
const ALLOWANCE: Duration = Duration::from_millis(15);
/// What the program may grow by, in bytes.
const GROWTH: u64 = 64 << 20;
/// How often a p99 that is too long is taken, each time of a new program. Too long each time, and it is the door.
const ROUNDS: usize = 2;
/// A quiet p99 counts as no more than this, or a busy machine would allow anything.
const MOST_QUIET: Duration = Duration::from_millis(20);
/// Processors that are busy with something else: more than this, and a p99 that is too long says nothing of the door.
const NOISE: f64 = 0.2;
/// Of its rate, less than which an attack proves nothing.
const REACHED: f64 = 0.25;

/// One trial at a time: each needs the machine.
static TURN: Mutex<()> = Mutex::const_new(());

/// What was seen of an attack.
struct Seen {
    /// p99 before it, after it, and while it lasted.
    before: Duration,
    after: Duration,
    under: Duration,
    /// The longest that somebody new took while it lasted.
    welcome: Duration,
    /// In bytes.
    grown: u64,
    calls: usize,
    failed: Vec<tonic::Status>,
    tally: Tally,
    /// Of a core, while it lasted.
    attacker: f64,
    program: f64,
    /// Processors that were busy with something else, all the time.
    others: f64,
}

impl Seen {
    fn limit(&self) -> Duration {
        2 * self.before.min(self.after).min(MOST_QUIET) + ALLOWANCE
    }

    /// Frames, or connections where it is those that come, a second.
    fn reached(&self) -> f64 {
        self.tally.frames.max(self.tally.opened) as f64 / LASTS.as_secs_f64()
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1_000.0);
        let Tally { opened, refused, closed, frames, stalled, settings_acks, pongs, answers, resets, goaways } =
            &self.tally;
        let a_second = |many: &u64| *many as f64 / LASTS.as_secs_f64();
        write!(f, "{} calls, {} failed; p99 quiet {} ms ", self.calls, self.failed.len(), ms(self.before))?;
        write!(f, "and {} ms, ", ms(self.after))?;
        write!(f, "{} ms under it (limit {}); ", ms(self.under), ms(self.limit()))?;
        write!(f, "newcomers {} ms at most; ", ms(self.welcome))?;
        write!(f, "memory +{:.1} MiB", self.grown as f64 / f64::from(1 << 20))?;
        write!(f, "\n  {:.0} frames/s and {:.0} connections/s", a_second(frames), a_second(opened))?;
        write!(f, " at {:.0} % of a core, the program at {:.0} %; ", 100.0 * self.attacker, 100.0 * self.program)?;
        write!(f, "{refused} connections refused, {closed} closed, {stalled} stalled; ")?;
        write!(f, "{answers} answers, {resets} resets, {settings_acks} settings acknowledged, ")?;
        write!(f, "{pongs} pongs, GOAWAY by code {goaways:?}")
    }
}

/// Plays an attack against a program of its own, and demands that an honest caller does not notice.
pub async fn withstand(attack: &'static Attack) {
    let _turn = TURN.lock().await;
    let mut slow = Vec::new();
    for _ in 0..ROUNDS {
        let door = Door::open().await;
        let seen = watch(&door, attack).await;
        let tls = if door.way.is_tls() { "TLS" } else { "plain" };
        say(&format!("{}, {tls}: {seen}", attack.name));
        assert!(seen.failed.is_empty(), "{} honest calls failed, the first: {:?}", seen.failed.len(), seen.failed[0]);
        assert!(seen.grown <= GROWTH, "the program has grown by {} MiB", seen.grown >> 20);
        assert!((attack.answered)(&seen.tally), "{}: the door {}, and did not: {seen}", attack.name, attack.answer);
        let enough = f64::from(attack.rate) * REACHED;
        assert!(seen.reached() >= enough, "{} proves nothing: it did not reach {enough} a second", attack.name);
        close(door).await;
        if seen.under <= seen.limit() {
            return;
        }
        if seen.others > NOISE {
            say(&format!("  void: {:.1} processors are busy with something else", seen.others));
        } else {
            slow.push(format!("{:?} of {:?}", seen.under, seen.limit()));
        }
    }
    assert!(slow.len() < ROUNDS, "{}: the honest wait too long: {}", attack.name, slow.join(", "));
    say(&format!("{}: p99 NOT JUDGED, the machine is too busy for it", attack.name));
}

/// All of them, one after another and without a pause, against one program.
pub async fn withstand_all(attacks: &'static [Attack], each: Duration) {
    let _turn = TURN.lock().await;
    let door = Door::open().await;
    let honest = door.way.channel();
    settle(&door.way, &honest).await;
    let (before, peak) = (door.process.resident(), Peak::of(door.process));
    for attack in attacks {
        let assault = Assault::begin(attack, &door.way, each);
        let calls = honest::call(&door.way, &honest, each).await;
        assert!(calls.failed.is_empty(), "{}: honest calls failed: {:?}", attack.name, calls.failed);
        drop(assault);
    }
    let grown = peak.end().saturating_sub(before);
    say(&format!("all attacks in a row: memory +{:.1} MiB", grown as f64 / f64::from(1 << 20)));
    assert!(grown <= GROWTH, "the program has grown by {} MiB", grown >> 20);
    close(door).await;
}

/// The first calls of a program are slower than any later ones.
async fn settle(way: &Way, honest: &Channel) {
    let calls = honest::call(way, honest, QUIET / 2).await;
    assert!(calls.failed.is_empty(), "calls fail before there is an attack: {:?}", calls.failed);
}

async fn watch(door: &Door, attack: &'static Attack) -> Seen {
    let (way, honest) = (&door.way, &door.way.channel());
    settle(way, honest).await;
    let others = Others::than([door.process, Process::own()]);
    let mut before = honest::call(way, honest, QUIET).await;
    let (memory, used) = (door.process.resident(), door.process.processor_time());
    let (peak, began) = (Peak::of(door.process), Instant::now());
    let assault = Assault::begin(attack, way, LASTS);
    let mut under = honest::call(way, honest, LASTS).await;
    let program = (door.process.processor_time() - used).as_secs_f64() / began.elapsed().as_secs_f64();
    let (tally, attacker) = assault.end().await;
    let grown = peak.end().saturating_sub(memory);
    tokio::time::sleep(BREATH).await;
    let mut after = honest::call(way, honest, QUIET).await;
    let calls = before.many() + under.many() + after.many();
    Seen {
        before: before.p99(),
        after: after.p99(),
        under: under.p99(),
        welcome: under.welcome(),
        grown,
        calls,
        failed: before.and(under).and(after).failed,
        tally,
        attacker,
        program,
        others: others.share(),
    }
}

/// Somebody new is served, the program stops when it is told to, and it has not panicked.
async fn close(door: Door) {
    for turn in 0..2 {
        honest::ask(door.way.channel(), turn).await.expect("who comes after the attack is served");
    }
    let said = door.program.said();
    assert!(!said.contains("panicked"), "the program has panicked:\n{said}");
    let ended = door.program.stop().await;
    assert!(ended.success(), "the program does not stop cleanly: {ended}");
}

/// An attacker at work, on a thread of its own.
struct Assault {
    ledger: Ledger,
    /// Gives the share of a core that it took.
    thread: JoinHandle<f64>,
}

impl Assault {
    fn begin(attack: &'static Attack, way: &Way, lasts: Duration) -> Assault {
        let (ledger, way) = (Ledger::default(), way.clone());
        let noted = ledger.clone();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let began = Instant::now();
            runtime.block_on(attack.go(way, noted, lasts));
            processor_time().as_secs_f64() / began.elapsed().as_secs_f64()
        });
        Assault { ledger, thread }
    }

    /// Waits until it is over: what it did, and its share of a core.
    async fn end(self) -> (Tally, f64) {
        let over = task::spawn_blocking(|| self.thread.join());
        let share = over.await.expect("a thread").expect("the attacker does not panic");
        (self.ledger.note().clone(), share)
    }
}

/// The most memory that a process has had since.
struct Peak {
    watch: task::JoinHandle<()>,
    most: Arc<AtomicU64>,
}

impl Peak {
    fn of(process: Process) -> Peak {
        let most = Arc::<AtomicU64>::default();
        let seen = most.clone();
        let watch = tokio::spawn(async move {
            loop {
                seen.fetch_max(process.resident(), SeqCst);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        Peak { watch, most }
    }

    fn end(self) -> u64 {
        self.watch.abort();
        self.most.load(SeqCst)
    }
}
