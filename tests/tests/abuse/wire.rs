//! Frames of HTTP/2 (RFC 9113) and fields of HPACK (RFC 7541), put together by hand so that they may be wrong.

/// What a client says first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub const END_STREAM: u8 = 0x1;
pub const END_HEADERS: u8 = 0x4;
pub const ACK: u8 = 0x1;
/// CANCEL.
pub const CANCEL: u32 = 0x8;

pub const HEADER_TABLE_SIZE: u16 = 0x1;
pub const INITIAL_WINDOW_SIZE: u16 = 0x4;
/// The widest that a window may be.
pub const WIDEST: u32 = i32::MAX as u32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Data = 0,
    Headers = 1,
    Priority = 2,
    Reset = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    Window = 8,
    Continuation = 9,
}

/// What is to be said, and how many frames it is.
#[derive(Debug, Default)]
pub struct Wire {
    pub bytes: Vec<u8>,
    pub frames: usize,
}

impl Wire {
    /// Preface and settings, as every connection begins.
    pub fn opening(settings: &[(u16, u32)]) -> Wire {
        let mut wire = Wire { bytes: PREFACE.to_vec(), frames: 0 };
        wire.settings(settings);
        wire
    }

    /// Any frame. The length is the payload's own, and nothing else is checked.
    pub fn frame(&mut self, kind: Kind, flags: u8, stream: u32, payload: &[u8]) -> &mut Wire {
        let [_, length @ ..] = (payload.len() as u32).to_be_bytes();
        self.bytes.extend_from_slice(&length);
        self.bytes.extend_from_slice(&[kind as u8, flags]);
        self.bytes.extend_from_slice(&stream.to_be_bytes());
        self.bytes.extend_from_slice(payload);
        self.frames += 1;
        self
    }

    pub fn settings(&mut self, settings: &[(u16, u32)]) -> &mut Wire {
        let one = |(name, value): &(u16, u32)| [&name.to_be_bytes()[..], &value.to_be_bytes()[..]].concat();
        let payload: Vec<u8> = settings.iter().flat_map(one).collect();
        self.frame(Kind::Settings, 0, 0, &payload)
    }

    pub fn window(&mut self, stream: u32, more: u32) -> &mut Wire {
        self.frame(Kind::Window, 0, stream, &more.to_be_bytes())
    }

    pub fn ping(&mut self, number: u32) -> &mut Wire {
        self.frame(Kind::Ping, 0, 0, &u64::from(number).to_be_bytes())
    }

    pub fn reset(&mut self, stream: u32) -> &mut Wire {
        self.frame(Kind::Reset, 0, stream, &CANCEL.to_be_bytes())
    }
}

/// A field that is remembered nowhere.
pub fn literal(name: &str, value: &str) -> Vec<u8> {
    field(0x00, name, value)
}

/// A field that the receiver has to remember: a later byte 0xBE stands for the newest of them.
pub fn remembered(name: &str, value: &str) -> Vec<u8> {
    field(0x40, name, value)
}

fn field(how: u8, name: &str, value: &str) -> Vec<u8> {
    let mut block = vec![how];
    for text in [name, value] {
        length(&mut block, text.len());
        block.extend_from_slice(text.as_bytes());
    }
    block
}

/// An integer with a prefix of seven bits; the eighth would say Huffman.
fn length(block: &mut Vec<u8>, length: usize) {
    if length < 127 {
        return block.push(length as u8);
    }
    block.push(127);
    let mut rest = length - 127;
    while rest >= 128 {
        block.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    block.push(rest as u8);
}

/// The head of a call that nobody could object to.
pub fn call(path: &str) -> Vec<u8> {
    let fields = [
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", "localhost"),
        (":path", path),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("grpc-timeout", "10S"),
    ];
    fields.iter().flat_map(|(name, value)| literal(name, value)).collect()
}

#[test]
fn lengths_are_written_as_rfc_7541_has_them() {
    let written = |number| {
        let mut block = Vec::new();
        length(&mut block, number);
        block
    };
    assert_eq!(written(10), [10]);
    assert_eq!(written(127), [127, 0]);
    assert_eq!(written(1337), [127, 0xba, 0x09]);
}

#[test]
fn frames_are_written_as_rfc_9113_has_them() {
    let mut wire = Wire::default();
    wire.window(5, 0).settings(&[(INITIAL_WINDOW_SIZE, 1)]);
    assert_eq!(wire.bytes, [0, 0, 4, 8, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1]);
    assert_eq!(wire.frames, 2);
}
