//! The text of an XML part of an office document, as a reader sees it: runs joined, paragraphs apart.

use kit::refusal::Refusal;
use quick_xml::{
    XmlVersion,
    events::{BytesStart, Event},
    reader::Reader,
};

use super::{Until, unreadable, unsafe_file};

#[derive(Debug, Default)]
pub struct Part {
    pub text: String,
    /// There is text that a page shows.
    pub speaks: bool,
    /// Fetches what lies elsewhere when it is opened: other than a link.
    pub fetches: bool,
}

/// What ends a line.
const BLOCKS: [&[u8]; 17] = [
    b"p",
    b"br",
    b"cr",
    b"tr",
    b"tc",
    b"si",
    b"is",
    b"row",
    b"c",
    b"title",
    b"subject",
    b"keywords",
    b"category",
    b"description",
    b"lpwstr",
    b"comment",
    b"CustomData",
];
/// What holds the text of a page.
const SPEAKS: [&[u8]; 3] = [b"t", b"v", b"TextCode"];
/// Attributes that a reader sees: a watermark's words, and what a picture or a sheet is called.
const SEEN: [&[u8]; 4] = [b"string", b"descr", b"title", b"name"];

pub fn read(xml: &str, until: Until) -> Result<Part, Refusal> {
    let mut reader = Reader::from_str(xml);
    let (mut part, mut line, mut within_text) = (Part::default(), None, false);
    for count in 0_usize.. {
        if count % 4_096 == 0 {
            until.check()?;
        }
        match reader.read_event().map_err(|_| unreadable())? {
            Event::Start(start) => {
                within_text = SPEAKS.contains(&start.local_name().as_ref());
                part.begin(&start, &mut line)?;
            }
            Event::Empty(start) => {
                part.begin(&start, &mut line)?;
                part.end(start.local_name().as_ref());
            }
            Event::End(end) => {
                within_text = false;
                part.end(end.local_name().as_ref());
            }
            Event::Text(text) => part.say(&text.decode().map_err(|_| unreadable())?, within_text),
            Event::CData(text) => part.say(&text.decode().map_err(|_| unreadable())?, within_text),
            Event::GeneralRef(entity) => {
                let known = match &*entity.decode().map_err(|_| unreadable())? {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => entity.resolve_char_ref().map_err(|_| unreadable())?,
                };
                part.say(known.ok_or_else(entities)?.encode_utf8(&mut [0; 4]), within_text);
            }
            Event::DocType(_) => return Err(entities()),
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    Ok(part)
}

impl Part {
    fn begin(&mut self, start: &BytesStart<'_>, line: &mut Option<f64>) -> Result<(), Refusal> {
        let (mut external, mut link) = (false, false);
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| unreadable())?;
            let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|_| unreadable())?;
            match attribute.key.local_name().as_ref() {
                b"TargetMode" => external = value.eq_ignore_ascii_case("external"),
                b"Type" => link = value.ends_with("/hyperlink"),
                b"Boundary" if start.local_name().as_ref() == b"TextObject" => self.move_to(&value, line),
                name if SEEN.contains(&name) => {
                    self.text.push('\n');
                    self.text.push_str(&value);
                    self.text.push('\n');
                }
                _ => {}
            }
        }
        self.fetches |= external && !link;
        Ok(())
    }

    /// OFD places pieces of text by their boxes `x y width height`: those at one height are of one line.
    fn move_to(&mut self, boundary: &str, line: &mut Option<f64>) {
        let height = boundary.split_whitespace().nth(1).and_then(|y| y.parse::<f64>().ok());
        let same = height.zip(*line).is_some_and(|(new, old)| (new - old).abs() < 0.5);
        self.text.push(if same { ' ' } else { '\n' });
        *line = height;
    }

    fn end(&mut self, name: &[u8]) {
        if BLOCKS.contains(&name) {
            self.text.push('\n');
        } else if name == b"tab" {
            self.text.push('\t');
        }
    }

    fn say(&mut self, text: &str, within_text: bool) {
        self.speaks |= within_text && !text.trim().is_empty();
        self.text.push_str(text);
    }
}

fn entities() -> Refusal {
    unsafe_file("文档含有自定义实体", "the document defines entities of its own, which no office program writes")
}
