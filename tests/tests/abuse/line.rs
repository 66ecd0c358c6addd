//! A connection that says whatever it is told to, and notes what it hears.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, ReadHalf, WriteHalf},
    task::JoinHandle,
    time::timeout,
};

use super::wire::{ACK, Kind, Wire};

/// What bytes go over: TCP, or TLS over it.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What an attack's connections did and heard, all together.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub opened: u64,
    /// Connections that did not come about.
    pub refused: u64,
    /// Ended by the other side.
    pub closed: u64,
    pub frames: u64,
    /// Times that the other side stopped listening.
    pub stalled: u64,
    pub settings_acks: u64,
    pub pongs: u64,
    pub answers: u64,
    pub resets: u64,
    /// By their error code.
    pub goaways: BTreeMap<u32, u64>,
}

impl Tally {
    fn hear(&mut self, kind: u8, flags: u8, payload: &[u8]) {
        match kind {
            kind if kind == Kind::Headers as u8 => self.answers += 1,
            kind if kind == Kind::Reset as u8 => self.resets += 1,
            kind if kind == Kind::Settings as u8 => self.settings_acks += u64::from(flags & ACK),
            kind if kind == Kind::Ping as u8 => self.pongs += u64::from(flags & ACK),
            kind if kind == Kind::GoAway as u8 => {
                let code = payload.get(4..8).and_then(|code| code.try_into().ok()).map_or(0, u32::from_be_bytes);
                *self.goaways.entry(code).or_default() += 1;
            }
            _ => {}
        }
    }

    /// Connections that were told to go, for a reason.
    pub fn sent_away(&self) -> u64 {
        self.goaways.iter().filter(|(code, _)| **code != 0).map(|(_, many)| many).sum()
    }
}

/// One tally for all connections of an attack.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<Tally>>);

impl Ledger {
    pub fn note(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().expect("nobody panics while noting")
    }
}

/// Whoever listens keeps the windows of TCP open; who is deaf lets them fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ear {
    Open,
    Deaf,
}

/// Dropped, it is cut.
pub struct Line {
    out: WriteHalf<Box<dyn Stream>>,
    ear: Result<JoinHandle<()>, ReadHalf<Box<dyn Stream>>>,
    closed: Arc<AtomicBool>,
    ledger: Ledger,
}

impl Line {
    pub fn over(stream: Box<dyn Stream>, ear: Ear, ledger: &Ledger) -> Line {
        ledger.note().opened += 1;
        let (from, out) = tokio::io::split(stream);
        let closed = Arc::new(AtomicBool::new(false));
        let ear = match ear {
            Ear::Open => Ok(tokio::spawn(listen(from, closed.clone(), ledger.clone()))),
            Ear::Deaf => Err(from),
        };
        Line { out, ear, closed, ledger: ledger.clone() }
    }

    /// Says it, or fails where the other side is gone or has not listened for a while.
    pub async fn say(&mut self, what: &Wire) -> io::Result<()> {
        let said = timeout(Duration::from_millis(500), async {
            self.out.write_all(&what.bytes).await?;
            // What TLS holds back goes out, too.
            self.out.flush().await
        });
        match said.await {
            Ok(said) => said?,
            Err(late) => {
                self.ledger.note().stalled += 1;
                return Err(late.into());
            }
        }
        self.ledger.note().frames += what.frames as u64;
        Ok(())
    }

    /// Ended by the other side, as far as was heard.
    pub fn closed(&self) -> bool {
        self.closed.load(SeqCst)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Ok(ear) = &self.ear {
            ear.abort();
        }
    }
}

async fn listen(from: ReadHalf<Box<dyn Stream>>, closed: Arc<AtomicBool>, ledger: Ledger) {
    let mut from = BufReader::with_capacity(32 << 10, from);
    let (mut head, mut payload) = ([0; 9], Vec::new());
    while from.read_exact(&mut head).await.is_ok() {
        let [a, b, c, kind, flags, ..] = head;
        payload.resize(u32::from_be_bytes([0, a, b, c]) as usize, 0);
        if from.read_exact(&mut payload).await.is_err() {
            break;
        }
        ledger.note().hear(kind, flags, &payload);
    }
    closed.store(true, SeqCst);
    ledger.note().closed += 1;
}
