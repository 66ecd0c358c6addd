//! PDF: nothing in it that runs or is another file, and its text, page by page.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap},
};

use kit::refusal::Refusal;
use lopdf::{
    Dictionary, Document, Encoding, LoadOptions, Object, ObjectId, Stream,
    content::{Content, Operation},
};

use super::{Seen, Until, must_be_unmarked, too_much, unreadable, unsafe_file};

/// What one stream may unpack to where it is read for objects or text; a plan that is drawn with more is not read.
const MOST_OF_ONE: usize = 8 << 20;
/// What all streams of objects, and all streams of text, may unpack to.
const MOST_OF_ALL: usize = 32 << 20;
const MOST_OBJECTS: usize = 300_000;
const MOST_PAGES: usize = 5_000;
/// Objects within objects.
const DEEPEST: usize = 40;

thread_local! {
    /// What is left of MOST_OF_ALL and MOST_OBJECTS for the document being loaded: lopdf takes a plain function.
    static LEFT: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

pub fn look(bytes: &[u8], until: Until) -> Result<Seen, Refusal> {
    LEFT.set((MOST_OF_ALL, MOST_OBJECTS));
    let options =
        LoadOptions { filter: Some(count), max_decompressed_size: Some(MOST_OF_ONE), ..LoadOptions::default() };
    let document = Document::load_mem_with_options(bytes, options);
    let (left_bytes, left_objects) = LEFT.get();
    if left_bytes == 0 || left_objects == 0 {
        return Err(too_much());
    }
    let document = document.map_err(|error| match error {
        lopdf::Error::Decompress(_) => too_much(),
        _ => unreadable(),
    })?;
    if document.is_encrypted() || document.was_encrypted() {
        return Err(unsafe_file(
            "PDF设有密码或权限限制；请取消后再上传",
            "the PDF is encrypted; take the password off",
        ));
    }
    for object in document.objects.values() {
        until.check()?;
        must_be_still(object, 0)?;
    }
    let mut reading = Reading { document: &document, text: String::new(), unread: false, left: MOST_OF_ALL, until };
    reading.pages()?;
    reading.rest()?;
    must_be_unmarked(&reading.text)?;
    Ok(Seen { picture: None, unread: reading.unread })
}

/// Counts what is loaded, and drops what is too much: what is left then is nothing. lopdf keeps a stream as it stands, and
/// of what comes out of streams what is given back.
fn count(id: ObjectId, object: &mut Object) -> Option<(ObjectId, Object)> {
    let (mut bytes, objects) = LEFT.get();
    if let Object::Stream(stream) = object
        && stream.dict.has(b"First")
    {
        bytes -= match stream.decompressed_content_with_limit(bytes.min(MOST_OF_ONE)) {
            Ok(content) => content.len(),
            Err(lopdf::Error::Decompress(_)) => bytes,
            // It holds no objects then.
            Err(_) => 0,
        };
    }
    let objects = objects.saturating_sub(1);
    LEFT.set((bytes, objects));
    let copy = || if matches!(object, Object::Stream(_)) { Object::Null } else { object.clone() };
    (bytes > 0 && objects > 0).then(|| (id, copy()))
}

/// Refuses what runs, sends or is a file of its own.
fn must_be_still(object: &Object, depth: usize) -> Result<(), Refusal> {
    if depth > DEEPEST {
        return Err(too_much());
    }
    match object {
        Object::Array(items) => items.iter().try_for_each(|item| must_be_still(item, depth + 1)),
        Object::Dictionary(dictionary) => keys_must_be_still(dictionary, depth),
        Object::Stream(stream) => keys_must_be_still(&stream.dict, depth),
        _ => Ok(()),
    }
}

fn keys_must_be_still(dictionary: &Dictionary, depth: usize) -> Result<(), Refusal> {
    const KEYS: [&[u8]; 7] =
        [b"JS", b"JavaScript", b"EmbeddedFiles", b"EmbeddedFile", b"EF", b"RichMediaContent", b"XFA"];
    const ACTS: [&[u8]; 6] = [b"JavaScript", b"Launch", b"ImportData", b"SubmitForm", b"EmbeddedFile", b"RichMedia"];
    for (key, value) in dictionary.iter() {
        let acts =
            matches!(&key[..], b"S" | b"Type" | b"Subtype") && value.as_name().is_ok_and(|name| ACTS.contains(&name));
        if KEYS.contains(&&key[..]) || acts {
            return Err(unsafe_file(
                "PDF含有脚本、启动动作、内嵌文件或动态表单；请重新打印为PDF后再上传",
                "the PDF has scripts, launches, files inside or a dynamic form; print it to a PDF anew",
            ));
        }
        must_be_still(value, depth + 1)?;
    }
    Ok(())
}

struct Reading<'a> {
    document: &'a Document,
    text: String,
    unread: bool,
    /// So much may still be unpacked.
    left: usize,
    until: Until,
}

type Fonts<'a> = BTreeMap<Vec<u8>, &'a Dictionary>;

impl<'a> Reading<'a> {
    fn pages(&mut self) -> Result<(), Refusal> {
        let pages: Vec<ObjectId> = self.document.page_iter().take(MOST_PAGES + 1).collect();
        if pages.is_empty() {
            return Err(unreadable());
        }
        if pages.len() > MOST_PAGES {
            return Err(too_much());
        }
        for page in pages {
            self.until.check()?;
            let before = self.text.trim_end().len();
            let content = self.document.get_page_content_with_limit(page, self.left.min(MOST_OF_ONE));
            let fonts = self.document.get_page_fonts(page).unwrap_or_default();
            match content {
                Ok(content) => {
                    self.show(&content, &fonts)?;
                    // A page that shows something and says nothing is a picture of text, as far as the program can tell.
                    self.unread |= !content.trim_ascii().is_empty() && self.text.trim_end().len() == before;
                }
                Err(_) => self.unread = true,
            }
            self.text.push('\n');
        }
        Ok(())
    }

    /// What pages show by reference (forms, stamps, fields), and what is said of the document.
    fn rest(&mut self) -> Result<(), Refusal> {
        const SAID: [&[u8]; 7] = [b"Contents", b"V", b"Title", b"Subject", b"Keywords", b"Author", b"TU"];
        for object in self.document.objects.values() {
            self.until.check()?;
            let dictionary = match object {
                Object::Stream(stream) => {
                    if stream.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|kind| kind == b"Form") {
                        self.form(stream)?;
                    }
                    continue;
                }
                Object::Dictionary(dictionary) => dictionary,
                _ => continue,
            };
            for key in SAID {
                if let Ok(said @ Object::String(..)) = dictionary.get(key) {
                    self.text.push_str(&lopdf::decode_text_string(said).unwrap_or_default());
                    self.text.push('\n');
                }
            }
        }
        Ok(())
    }

    fn form(&mut self, stream: &'a Stream) -> Result<(), Refusal> {
        let document = self.document;
        let fonts = stream.dict.get_deref(b"Resources", document).and_then(Object::as_dict);
        let fonts = fonts.and_then(|resources| resources.get_deref(b"Font", document)).and_then(Object::as_dict);
        let known = |(name, font): (&Vec<u8>, &'a Object)| {
            Some((name.clone(), document.dereference(font).ok()?.1.as_dict().ok()?))
        };
        let fonts: Fonts<'a> = fonts.map(|fonts| fonts.iter().filter_map(known).collect()).unwrap_or_default();
        match stream.decompressed_content_with_limit(self.left.min(MOST_OF_ONE)) {
            Ok(content) => self.show(&content, &fonts)?,
            Err(_) => self.unread = true,
        }
        self.text.push('\n');
        Ok(())
    }

    /// Reads the text that a stream shows.
    fn show(&mut self, content: &[u8], fonts: &Fonts<'a>) -> Result<(), Refusal> {
        self.left = self.left.checked_sub(content.len()).ok_or_else(too_much)?;
        let Ok(content) = Content::decode(content) else {
            self.unread = true;
            return Ok(());
        };
        let fonts: Vec<_> = fonts.iter().map(|(name, font)| (&name[..], told(font))).collect();
        let encodings: HashMap<&[u8], Option<Encoding<'_>>> =
            fonts.iter().map(|(name, font)| (*name, self.encoding(font))).collect();
        let (mut place, mut before, mut font) = (Place::default(), Vec::new(), None);
        for Operation { operator, operands } in &content.operations {
            match operator.as_str() {
                "q" if before.len() < 1_000 => before.push(place),
                "Q" => place = Place { last: place.last, moved: true, ..before.pop().unwrap_or(place) },
                "Tf" => font = operands.first().and_then(|name| name.as_name().ok()),
                "Tj" | "TJ" | "'" | "\"" => {
                    if matches!(operator.as_str(), "'" | "\"") {
                        place.down += 1_000.0;
                    }
                    place.begin(&mut self.text);
                    match font.and_then(|font| encodings.get(font)) {
                        Some(Some(encoding)) => say(encoding, operands, &mut self.text, &mut self.unread, 0),
                        _ => self.unread = true,
                    }
                }
                _ => place.go(operator, operands),
            }
        }
        Ok(())
    }

    /// How a font's codes are read; None where the program cannot tell.
    fn encoding<'f>(&self, font: &'f Dictionary) -> Option<Encoding<'f>>
    where
        'a: 'f,
    {
        let read = font.get_font_encoding_with_limit(self.document, MOST_OF_ONE / 4).ok()?;
        let is = |key, name: &[u8]| font.get(key).and_then(Object::as_name).is_ok_and(|there| there == name);
        let known = match &read {
            Encoding::UnicodeMapEncoding(_) | Encoding::Differences(_) => true,
            Encoding::SimpleEncoding(name) => [&b"UniGB-UCS2-H"[..], b"UniGB-UTF16-H"].contains(name),
            // What lopdf falls back to, unless the font says so itself.
            Encoding::OneByteEncoding(_) => {
                !is(b"Subtype", b"Type0")
                    && font.get_deref(b"Encoding", self.document).is_ok_and(|it| it.as_name().is_ok())
            }
        };
        known.then_some(read)
    }
}

/// A font with nothing but its map to Unicode where it has one: that goes before its encoding, and lopdf asks the
/// encoding first.
fn told(font: &Dictionary) -> Dictionary {
    let Ok(map) = font.get(b"ToUnicode") else { return font.clone() };
    [(b"Type".to_vec(), Object::from("Font")), (b"ToUnicode".to_vec(), map.clone())].into_iter().collect()
}

fn say(encoding: &Encoding<'_>, operands: &[Object], text: &mut String, unread: &mut bool, depth: usize) {
    for operand in operands {
        match operand {
            Object::String(bytes, _) => *unread |= encoding.write_to_string(bytes, text).is_err(),
            Object::Array(items) if depth < DEEPEST => say(encoding, items, text, unread, depth + 1),
            _ => {}
        }
    }
}

/// How far down the page text stands, as far as it takes to tell lines apart.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Of the text within its frame, and the frame's own scale and place.
    down: f32,
    frame: (f32, f32),
    framed: bool,
    /// Where the last text stood; moved since then.
    last: f32,
    moved: bool,
}

impl Place {
    fn go(&mut self, operator: &str, operands: &[Object]) {
        let number = |at: usize| operands.get(at).and_then(|operand| operand.as_float().ok()).unwrap_or_default();
        match operator {
            "BT" => self.down = 0.0,
            "Td" | "TD" => self.down += number(1),
            "T*" => self.down -= 1_000.0,
            "Tm" => self.down = number(5),
            "cm" => {
                let (scale, place) = if self.framed { self.frame } else { (1.0, 0.0) };
                self.frame = (scale * number(3), scale * number(5) + place);
                self.framed = true;
            }
            _ => return,
        }
        self.moved = true;
    }

    /// Parts what is said now from what was said before: by a line, or by a blank on the same one.
    fn begin(&mut self, text: &mut String) {
        let (scale, place) = if self.framed { self.frame } else { (1.0, 0.0) };
        let here = scale * self.down + place;
        if (here - self.last).abs() > 1.0 {
            text.push('\n');
        } else if self.moved {
            text.push(' ');
        }
        (self.last, self.moved) = (here, false);
    }
}
