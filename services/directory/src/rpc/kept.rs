//! What all nouns of the directory are asked: create, get, list, update, deactivate.

use std::{ops::RangeInclusive, sync::Arc};

use kit::{
    actor::RequestKey,
    caller::Caller,
    form::Form,
    id,
    keys::Keys,
    page,
    refusal::Refusal,
    store::{Desk, Event, Key, Noun, Reader, Store, Writer},
};
use prost::Message;
use proto::directory::v1 as pb;

use super::finish;
use crate::{
    domain::{
        division::{self, Division},
        kept::{Draft, Facts, Kept, State, absent},
        reference::{alive, named_anew},
    },
    store::kept::{OnDesk, key, page},
};

/// How a noun is read from the wire and shown on it.
pub trait Wire: Facts {
    type Message: Message + Default;
    /// Its field in requests.
    const FIELD: &'static str;
    /// Whether it is created in a division that must be there.
    const OF_DIVISION: bool = true;

    fn name(message: &Self::Message) -> &str;
    fn etag(message: &Self::Message) -> &str;
    /// Whether a code is of the noun's form, told in Chinese and English where it is not.
    fn check_code(code: &str) -> Result<(), (&'static str, &'static str)>;
    /// Reads what is known of it, telling every fault.
    fn read(sheet: &mut Sheet<'_>, message: &Self::Message) -> Option<Self>;
    fn show(noun: &Kept<Self>) -> Self::Message;

    /// The division and the code that a name says.
    fn parse<'a>(field: &str, name: &'a str) -> Result<(id::Division, &'a str), Refusal> {
        id::child(field, name, Self::NAMES.collection)
    }
}

/// The fields of one noun in a request.
pub struct Sheet<'a> {
    pub form: &'a mut Form,
    /// The noun's place, for example `unit` or `units[12]`.
    pub at: &'a str,
    /// The noun's division, which all that it names must be of; None where its name does not tell.
    pub division: Option<id::Division>,
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
        let (field, collection) = (self.field(field), F::NAMES.collection);
        let code = match self.division {
            Some(division) => id::child_of(&field, name, collection, division),
            None => id::child(&field, name, collection).map(|(_, code)| code),
        };
        self.form.take(code.map(str::to_owned))
    }

    pub fn fault(&mut self, field: &str, zh: &str, en: &str) {
        self.form.fault(&self.field(field), zh, en);
    }

    fn field(&self, field: &str) -> String {
        format!("{}.{field}", self.at)
    }
}

/// Reads a noun at its place in a request. All faults are told; what is returned of a noun with faults only says what it
/// names.
pub fn read<F: Wire>(form: &mut Form, at: &str, message: &F::Message) -> Option<Draft<F>> {
    let field = format!("{at}.name");
    let name = form.take(F::parse(&field, F::name(message)));
    if let Some((division, code)) = name {
        if let Err((zh, en)) = F::check_code(code) {
            form.fault(&field, zh, en);
        }
        let is_national = division == id::Division::NATIONAL;
        form.require(
            !is_national,
            &field,
            "000000 代表全国，不设中心",
            "000000 is national: nothing of a centre is there",
        );
    }
    let facts = F::read(&mut Sheet { form, at, division: name.map(|(division, _)| division) }, message)?;
    let (division, code) = name?;
    Some(Draft { division, code: code.to_owned(), etag: F::etag(message).to_owned(), facts })
}

/// Records what happened to a noun.
pub fn record<F: Wire>(desk: &mut Desk<'_>, event: &'static str, actor: &str, noun: &Kept<F>) {
    desk.record(Event {
        name: event,
        noun: format!("{}/{}", F::NAMES.collection, noun.code),
        actor: actor.to_owned(),
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
    pub async fn find(&self, division: id::Division, code: &str) -> Result<Option<Arc<Kept<F>>>, Refusal> {
        self.reader.get(division, code).await
    }

    pub async fn get(&self, name: &str) -> Result<F::Message, Refusal> {
        let (division, code) = F::parse("name", name)?;
        self.find(division, code).await?.map(|noun| F::show(&noun)).ok_or_else(absent::<F>)
    }

    /// A page in the order of codes, and the token of the next.
    pub async fn list(
        &self,
        rpc: &str,
        parent: &str,
        size: i32,
        token: &str,
    ) -> Result<(Vec<F::Message>, String), Refusal> {
        let division = if F::OF_DIVISION { Some(id::division("parent", parent)?) } else { None };
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

    pub async fn create(
        &self,
        by: &Caller,
        rpc: &str,
        request: &impl Message,
        noun: Option<&F::Message>,
        id: &str,
    ) -> Result<F::Message, Refusal> {
        let (request, draft) = form(rpc, request, noun, id)?;
        let (division, keys, actor) = (draft.division, keys(&draft), by.actor().to_owned());
        let decide = move |desk: &mut Desk<'_>| {
            if F::OF_DIVISION {
                let state = desk.get::<Division>(division.as_str()).map(|division| division.state);
                alive::<division::Facts>(division.as_str(), state)
                    .map_err(|refusal| refusal.at(&format!("{}.name", F::FIELD)))?;
            }
            check(desk, &draft.facts, None)?;
            let there = desk.get::<Kept<F>>(&draft.code);
            put(desk, F::NAMES.created, &actor, Kept::create(draft.clone(), there.as_deref())?)
        };
        self.change(division, keys, request, decide).await
    }

    pub async fn update(
        &self,
        by: &Caller,
        rpc: &str,
        request: &impl Message,
        noun: Option<&F::Message>,
        id: &str,
    ) -> Result<F::Message, Refusal> {
        let (request, draft) = form(rpc, request, noun, id)?;
        let (division, keys, actor) = (draft.division, keys(&draft), by.actor().to_owned());
        let decide = move |desk: &mut Desk<'_>| {
            let mut noun = desk.take::<Kept<F>>(&draft.code, absent::<F>)?;
            check(desk, &draft.facts, Some(&noun.facts))?;
            noun.update(&draft.etag, draft.facts.clone())?;
            put(desk, F::NAMES.updated, &actor, noun)
        };
        self.change(division, keys, request, decide).await
    }

    pub async fn deactivate(
        &self,
        by: &Caller,
        rpc: &str,
        request: &impl Message,
        name: &str,
        etag: &str,
        id: &str,
    ) -> Result<F::Message, Refusal> {
        let mut form = Form::new();
        let key = form.take(RequestKey::of(rpc, request, id));
        let named = form.take(F::parse("name", name));
        let (key, (division, code)) = finish(form, key.zip(named))?;
        let keys = vec![Key::of::<Kept<F>>(division, code)];
        let (code, etag, actor) = (code.to_owned(), etag.to_owned(), by.actor().to_owned());
        let decide = move |desk: &mut Desk<'_>| {
            let mut noun = desk.take::<Kept<F>>(&code, absent::<F>)?;
            noun.deactivate(&etag)?;
            put(desk, F::NAMES.deactivated, &actor, noun)
        };
        self.change(division, keys, key, decide).await
    }

    async fn change(
        &self,
        division: id::Division,
        keys: Vec<Key>,
        request: RequestKey,
        decide: impl Fn(&mut Desk<'_>) -> Result<Arc<str>, Refusal> + Send + Sync + 'static,
    ) -> Result<F::Message, Refusal> {
        let noun = self.writer.change::<Kept<F>>(division, keys, Some(request), decide).await?;
        Ok(F::show(&noun))
    }
}

/// Reads a request that says all of a noun.
fn form<F: Wire>(
    rpc: &str,
    request: &impl Message,
    noun: Option<&F::Message>,
    id: &str,
) -> Result<(RequestKey, Draft<F>), Refusal> {
    let mut form = Form::new();
    let key = form.take(RequestKey::of(rpc, request, id));
    form.require(noun.is_some(), F::FIELD, "必填", "required");
    let draft = noun.and_then(|noun| read::<F>(&mut form, F::FIELD, noun));
    finish(form, key.zip(draft))
}

/// What a decision on a noun looks at: itself, its division, and what it names.
fn keys<F: Wire>(draft: &Draft<F>) -> Vec<Key>
where
    Kept<F>: Noun,
{
    let own = [
        Key::of::<Kept<F>>(draft.division, draft.code.as_str()),
        Key::of::<Division>(draft.division, draft.division.as_str()),
    ];
    own.into_iter().chain(draft.facts.references().iter().map(|named| key(draft.division, named))).collect()
}

/// Refuses, at its field, what is newly named and not there or not active.
fn check<F: Wire>(desk: &Desk<'_>, facts: &F, old: Option<&F>) -> Result<(), Refusal> {
    named_anew(facts, old).iter().try_for_each(|named| {
        named.check(&OnDesk(desk)).map_err(|refusal| refusal.at(&format!("{}.{}", F::FIELD, named.field())))
    })
}

fn put<F: Wire>(desk: &mut Desk<'_>, event: &'static str, actor: &str, noun: Kept<F>) -> Result<Arc<str>, Refusal>
where
    Kept<F>: Noun,
{
    let code = noun.code.as_str().into();
    record(desk, event, actor, &noun);
    desk.put(noun);
    Ok(code)
}

/// A state on the wire.
pub fn state(state: State) -> pb::State {
    match state {
        State::Active => pb::State::Active,
        State::Inactive => pb::State::Inactive,
    }
}
