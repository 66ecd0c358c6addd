//! Bad input: whatever is wrong with a request, the answer names it, is never INTERNAL, and leaves no trace.

mod cases;
mod items;

use prost::Message;
use tonic::Code;

use crate::{hall::*, wire};

/// One request with one thing wrong, and the field that the refusal must name.
pub struct Row {
    rpc: &'static str,
    message: Vec<u8>,
    field: &'static str,
    what: String,
}

/// Requests of one RPC that are right but for one thing each.
pub struct Table<M> {
    rpc: &'static str,
    right: M,
    rows: Vec<Row>,
}

impl<M: Message + Clone + std::fmt::Debug> Table<M> {
    pub fn of(rpc: &'static str, right: M) -> Table<M> {
        Table { rpc, right, rows: Vec::new() }
    }

    /// The request with something wrong in `field`.
    pub fn wrong(mut self, field: &'static str, mutate: impl FnOnce(&mut M)) -> Table<M> {
        let mut request = self.right.clone();
        mutate(&mut request);
        let what = format!("{request:?}").chars().take(2_000).collect();
        self.rows.push(Row { rpc: self.rpc, message: request.encode_to_vec(), field, what });
        self
    }

    /// A text field with everything that a text must not be, and longer than it may be.
    pub fn text(self, field: &'static str, most: usize, set: impl Fn(&mut M, String)) -> Table<M> {
        let unfit =
            ["\u{0}", "x\u{7}y", "abc\u{202e}fdp", "\u{2066}x\u{2069}", "\u{feff}", "a\u{2028}b"].map(str::to_owned);
        let long = [String::from("x").repeat(most + 1), "长".repeat(most + 1), "x".repeat(100_000)];
        unfit.into_iter().chain(long).fold(self, |table, text| table.wrong(field, |request| set(request, text)))
    }

    /// A resource name with everything that it must not be.
    pub fn name(self, field: &'static str, set: impl Fn(&mut M, String)) -> Table<M> {
        let wrong = [
            "",
            " ",
            "x",
            "410223",
            "divisions/410223",
            "divisions/41022/units/012",
            "divisions/4102233/windows/A01",
            "divisions/410223/nothings/1",
            "divisions/410223/units/",
            "divisions/410223/people/\u{202e}",
            "divisions/410223/items/a/b",
            "divisions/４１０２２３/cases/1",
            "divisions/410223/windows/../../x",
            "divisions/410223/people/\u{0}",
        ];
        let wrong = wrong.map(str::to_owned).into_iter().chain([format!("divisions/410223/cases/{}", "9".repeat(65))]);
        wrong.fold(self, |table, name| table.wrong(field, |request| set(request, name)))
    }

    /// A day with everything that it must not be.
    pub fn day(self, field: &'static str, set: impl Fn(&mut M, String)) -> Table<M> {
        let wrong = [
            "tomorrow",
            "2026-6-1",
            "2026-02-30",
            "2026-13-01",
            "2026-06-01T00:00",
            "20260601",
            "0001-01-01",
            "9999-12-31",
            "-2026-06-01",
            "２０２６-06-01",
            "2026-06-01 ",
            "\u{0}",
        ];
        wrong.into_iter().fold(self, |table, day| table.wrong(field, |request| set(request, day.to_owned())))
    }

    /// An enumeration with values that it does not know.
    pub fn choice(self, field: &'static str, set: impl Fn(&mut M, i32)) -> Table<M> {
        [0, -1, 99, i32::MAX, i32::MIN]
            .into_iter()
            .fold(self, |table, value| table.wrong(field, |request| set(request, value)))
    }

    /// The id of a request with everything that it must not be.
    pub fn request_id(self, set: impl Fn(&mut M, String)) -> Table<M> {
        let long = "a".repeat(10_000);
        let wrong = ["", "1", "00000000-0000-0000-0000-000000000000", "123e4567-e89b-12d3-a456-42661417400z", &long];
        wrong.into_iter().fold(self, |table, id| table.wrong("request_id", |request| set(request, id.to_owned())))
    }

    pub fn rows(self) -> Vec<Row> {
        self.rows
    }
}

#[tokio::test]
async fn every_wrong_field_is_named_and_nothing_is_changed() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let case = hall.window("A01").accepts(FOOD).await;
        let rows: Vec<_> = cases::tables(&case).into_iter().chain(items::tables()).collect();
        assert!(rows.len() >= 600, "{}", rows.len());
        let (before, head) = (hall.case(&case).await, hall.journal().await.len());
        for row in &rows {
            let status = match wire::call(hall.peer(), row.rpc, row.message.clone()).await {
                Err(status) => status,
                Ok(_) => panic!("{} was done, though {} is wrong: {}", row.rpc, row.field, row.what),
            };
            // A window of another division than the call is about is nobody's own, and the form is not read.
            if kit::status::reason(&status) == "NOT_YOUR_WINDOW" && row.what.contains("divisions/410224") {
                continue;
            }
            assert_eq!(status.code(), Code::InvalidArgument, "{} {}: {status:?}", row.rpc, row.what);
            assert_eq!(kit::status::reason(&status), "FIELD_INVALID", "{} {}", row.rpc, row.what);
            let named = fields(&status);
            assert!(
                named.iter().any(|field| field == row.field),
                "{} {}: {named:?} and not {}",
                row.rpc,
                row.what,
                row.field
            );
            assert!(status.message().len() < 4_000);
        }
        assert_eq!((hall.case(&case).await, hall.journal().await.len()), (before, head));
    })
    .await;
}

#[tokio::test]
async fn bytes_that_are_no_message_are_the_sender_s_fault() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").accepts(FOOD).await;
    let head = hall.journal().await.len();
    for (rpc, message) in samples(&case) {
        // Bad UTF-8 in the first field, which is a text or a message everywhere; a torn field; no field at all.
        let bad: [&[u8]; 6] = [
            &[0x0a, 0x02, 0xff, 0xfe],
            &[0x0a, 0x03, 0xe4, 0xba, 0x00],
            &[0x0a, 0x7f, 0x41],
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x0f],
            &[0x00, 0x01],
        ];
        let torn = message.get(..message.len() - 1).unwrap_or_default();
        for bytes in bad.into_iter().chain([torn]) {
            let status = wire::call(hall.peer(), rpc, bytes.to_vec()).await.expect_err(rpc);
            assert_eq!(status.code(), Code::InvalidArgument, "{rpc} {bytes:02x?}: {status:?}");
        }
    }
    assert_eq!(hall.journal().await.len(), head);
}

#[tokio::test]
async fn what_is_too_large_for_a_message_is_refused() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let mut request = receipt("A01", FOOD);
    request.fixed_on_spot = vec!["x".repeat(5 << 20)];
    let status =
        wire::call(hall.peer(), "CaseService/ReceiveCase", request.encode_to_vec()).await.expect_err("five mebibytes");
    assert!(matches!(status.code(), Code::OutOfRange | Code::ResourceExhausted), "{status:?}");
    // Within the limit every text has its own; blanks are no way around it.
    let mut request = receipt("A01", FOOD);
    request.applicant.as_mut().expect("an applicant").address =
        format!("{}尉氏县{}", " ".repeat(1 << 20), " ".repeat(1 << 20));
    hall.receive(request).await.expect("received");
    let file = std::fs::metadata(hall.config.data.join("intake.db-wal")).expect("the file");
    assert!(file.len() < 1 << 20, "the blanks were kept: {}", file.len());
}

/// Right requests with some bytes changed: nothing of it may be answered as our own fault.
#[tokio::test]
async fn no_mutation_of_a_request_is_answered_as_a_fault_of_ours() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").accepts(FOOD).await;
    let mut dice = Dice(0x2026_0601);
    let samples = samples(&case);
    for round in 0..100 {
        for (rpc, message) in &samples {
            let mut bytes = message.clone();
            for _ in 0..=dice.below(3) {
                let at = dice.below(bytes.len().max(1));
                match dice.below(5) {
                    0 => bytes.truncate(at),
                    1 => bytes.insert(at.min(bytes.len()), dice.byte()),
                    2 => drop(bytes.get(at).is_some().then(|| bytes.remove(at))),
                    _ => bytes.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << (dice.0 % 8)),
                }
            }
            if let Err(status) = wire::call(hall.peer(), rpc, bytes.clone()).await {
                let ours = matches!(
                    status.code(),
                    Code::Internal | Code::Unknown | Code::DataLoss | Code::Unavailable | Code::Unimplemented
                );
                assert!(!ours, "{rpc} in round {round}: {status:?} to {bytes:02x?}");
            }
        }
    }
    assert!(hall.journal().await.iter().map(|entry| entry.seq).eq(1..=hall.journal().await.len() as i64));
}

/// A right request of every RPC.
fn samples(case: &proto::intake::v1::Case) -> Vec<(&'static str, Vec<u8>)> {
    cases::samples(case).into_iter().chain(items::samples()).collect()
}

/// The same throws every time (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.max(1) as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }
}
