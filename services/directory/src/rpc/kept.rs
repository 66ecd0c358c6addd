//! What all nouns of the directory are asked: create, get, list, update, deactivate.

use std::{ops::RangeInclusive, sync::Arc};

use kit::{
    actor::RequestKey,
    form::Form,
    id::{self, Division},
    keys::Keys,
    page,
    refusal::Refusal,
    store::{Desk, Event, Key, Noun, Reader, Store, Writer},
};
use prost::Message;
use proto::directory::v1 as pb;

use super::{OPERATOR, finish};
use crate::{
    domain::{
        kept::{Draft, Facts, Kept, State, absent, inactive},
        reference,
    },
    store::kept::{OnDesk, key, page},
};

/// How a noun is read from the wire and shown on it.
pub trait Wire: Facts {
    type Message: Message + Default;
    /// Its field in requests.
    const FIELD: &'static str;

    fn name(message: &Self::Message) -> &str;
    fn etag(message: &Self::Message) -> &str;
    /// Whether a code is of the noun's form, told in Chinese and English where it is not.
    fn check_code(code: &str) -> Result<(), (&'static str, &'static str)>;
    /// Reads what is known of it; what is returned of a message with faults is of no use.
    fn read(sheet: &mut Sheet<'_>, message: &Self::Message) -> Option<Self>;
    fn show(noun: &Kept<Self>) -> Self::Message;

    /// The division and the code that a name says.
    fn parse<'a>(field: &str, name: &'a str) -> Result<(Division, &'a str), Refusal> {
        id::child(field, name, Self::NAMES.collection)
    }
}

/// The fields of one noun in a request.
pub struct Sheet<'a> {
    pub form: &'a mut Form,
    /// The noun's place, for example `unit` or `units[12]`.
    pub at: &'a str,
    /// The noun's division, which all that it names must be of.
    pub division: Division,
}

impl Sheet<'_> {
    pub fn text(&mut self, field: &str, text: &str, length: RangeInclusive<usize>) -> String {
        self.form.text(&self.field(field), text, length)
    }

    pub fn choice<T: TryFrom<i32>>(&mut self, field: &str, value: i32) -> Option<T> {
        let reading = kit::form::choice(&self.field(field), value);
        self.form.take(reading)
    }

    /// The code of a noun that is named; None where none is.
    pub fn reference<F: Wire>(&mut self, field: &str, name: &str) -> Option<String> {
        if name.is_empty() {
            return None;
        }
        let reading = id::child_of(&self.field(field), name, F::NAMES.collection, self.division).map(str::to_owned);
        self.form.take(reading)
    }

    pub fn fault(&mut self, field: &str, zh: &str, en: &str) {
        self.form.fault(&self.field(field), zh, en);
    }

    fn field(&self, field: &str) -> String {
        format!("{}.{field}", self.at)
    }
}

/// Reads a noun at its place in a request: its code, if that can be read, and all of it, if there is no fault.
pub fn read<F: Wire>(form: &mut Form, at: &str, message: &F::Message) -> Option<Draft<F>> {
    let field = format!("{at}.name");
    let (division, code) = form.take(F::parse(&field, F::name(message)))?;
    if let Err((zh, en)) = F::check_code(code) {
        form.fault(&field, zh, en);
    }
    if division == Division::NATIONAL {
        form.fault(&field, "000000 为全国，不设单位", "000000 is national and has no units, windows or people");
    }
    let facts = F::read(&mut Sheet { form, at, division }, message)?;
    Some(Draft { division, code: code.to_owned(), etag: F::etag(message).to_owned(), facts })
}

/// Records what happened to a noun.
pub fn record<F: Wire>(desk: &mut Desk<'_>, event: &'static str, noun: &Kept<F>) {
    desk.record(Event {
        name: event,
        noun: format!("{}/{}", F::NAMES.collection, noun.code),
        actor: OPERATOR.to_owned(),
        payload: F::show(noun).encode_to_vec().into(),
    });
}

/// The nouns of one kind.
pub struct Keeper<F>
where
    Kept<F>: Noun,
{
    store: Store,
    writer: Writer,
    keys: Keys,
    reader: Reader<Kept<F>>,
}

impl<F: Wire> Keeper<F>
where
    Kept<F>: Noun,
{
    pub fn open(store: &Store, writer: &Writer, keys: &Keys) -> Keeper<F> {
        Keeper { store: store.clone(), writer: writer.clone(), keys: keys.clone(), reader: Reader::open(store) }
    }

    /// As last committed, if it is there.
    pub async fn find(&self, division: Division, code: &str) -> Result<Option<Arc<Kept<F>>>, Refusal> {
        self.reader.get(division, code).await
    }

    pub async fn get(&self, name: &str) -> Result<F::Message, Refusal> {
        let (division, code) = F::parse("name", name)?;
        self.find(division, code).await?.map(|noun| F::show(&noun)).ok_or_else(|| absent::<F>(code))
    }

    /// A page in the order of codes, and the token of the next.
    pub async fn list(&self, rpc: &str, parent: &str, size: i32, token: &str) -> Result<(Vec<F::Message>, String), Refusal> {
        let division = if parent.is_empty() && F::FIELD == "division" { None } else { Some(id::division("parent", parent)?) };
        let size = page::size(size, 100, 1_000)?;
        let scope = [rpc, parent];
        let after = page::after(&self.keys, &scope, token)?;
        let mut nouns = page::<Kept<F>>(&self.store, division, after, size + 1).await?;
        let more = nouns.len() as u64 > size;
        nouns.truncate(size as usize);
        let last = nouns.last().filter(|_| more);
        let next = last.map_or_else(String::new, |last| page::token(&self.keys, &scope, &last.code));
        Ok((nouns.iter().map(F::show).collect(), next))
    }

    pub async fn create(&self, rpc: &str, request: &impl Message, noun: Option<&F::Message>, id: &str) -> Result<F::Message, Refusal> {
        let (request, draft) = self.form(rpc, request, noun, id)?;
        let mut keys = self.keys(&draft);
        keys.push(Key::of::<crate::domain::division::Division>(draft.division, draft.division.as_str()));
        let decide = move |desk: &mut Desk<'_>| {
            if F::FIELD != "division" {
                check_division(desk)?;
            }
            self::check(desk, &draft.facts, None)?;
            let there = desk.get::<Kept<F>>(&draft.code);
            let noun = Kept::create(draft.clone(), there.as_deref())?;
            record(desk, F::NAMES.created, &noun);
            desk.put(noun);
            Ok(draft.code.as_str().into())
        };
        todo!()
    }
}
