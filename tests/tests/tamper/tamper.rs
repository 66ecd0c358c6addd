//! What somebody may do to the rows who may do everything to them and has no key.

use futures::future::BoxFuture;
use kit::store::{
    journal::{entry, leaf_hash},
    log::table,
};
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, Statement, Value,
};
use tlog::{
    note::{Ed25519, Note, Signer},
    tile::Tiles,
    tree::Edge,
};

use super::log::{SERVICE, Sealed, entry as forged};

/// What the check must tell.
#[derive(Clone, Copy, Debug)]
pub enum Must {
    /// This entry, before any other.
    Name(i64),
    /// Entries within this range.
    Within(i64, i64),
    /// That a head is not what or where it was.
    Head,
}

impl Must {
    pub fn is_told(self, told: &[(&str, i64, i64)]) -> bool {
        let mut entries = told.iter().filter(|(kind, ..)| !kind.starts_with("HEAD_"));
        match self {
            Must::Name(seq) => entries.next().is_some_and(|(_, first, last)| {
                // Of what is missing at the end, the first is told and the last.
                *first == seq && (*last == seq || told.iter().any(|(kind, ..)| *kind == "ENTRY_MISSING"))
            }),
            Must::Within(from, to) => entries.any(|(_, first, last)| from <= *first && *last <= to),
            Must::Head => told.iter().any(|(kind, ..)| kind.starts_with("HEAD_")),
        }
    }
}

type Done<'a> = BoxFuture<'a, Result<(String, Must), DbErr>>;
type Kind = for<'a> fn(&'a DatabaseTransaction, &'a Sealed, &'a mut StdRng) -> Done<'a>;

pub const KINDS: [Kind; 14] = [
    |tx, log, dice| Box::pin(edit(tx, log, dice)),
    |tx, log, dice| Box::pin(edit_and_rehash(tx, log, dice)),
    |tx, log, dice| Box::pin(edit_down_to_the_tiles(tx, log, dice)),
    |tx, log, dice| Box::pin(delete(tx, log, dice)),
    |tx, log, dice| Box::pin(insert(tx, log, dice)),
    |tx, log, dice| Box::pin(renumber(tx, log, dice)),
    |tx, log, dice| Box::pin(swap(tx, log, dice)),
    |tx, log, dice| Box::pin(cut_off(tx, log, dice)),
    |tx, log, dice| Box::pin(fork(tx, log, dice)),
    |tx, log, dice| Box::pin(date_back(tx, log, dice)),
    |tx, log, dice| Box::pin(edit_tile(tx, log, dice)),
    |tx, log, dice| Box::pin(edit_head(tx, log, dice)),
    |tx, log, dice| Box::pin(delete_head(tx, log, dice)),
    |tx, log, dice| Box::pin(move_the_end(tx, log, dice)),
];

async fn run(tx: &DatabaseTransaction, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<(), DbErr> {
    let done = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    assert!(done.rows_affected() > 0, "nothing was changed: {sql}");
    Ok(())
}

fn any(log: &Sealed, dice: &mut StdRng) -> entry::Model {
    log.entries.choose(dice).expect("an entry").clone()
}

/// Other bytes than these.
fn other(bytes: &[u8], dice: &mut StdRng) -> Vec<u8> {
    let mut other = bytes.to_vec();
    match dice.random_range(0..3) {
        0 if !other.is_empty() => {
            let at = dice.random_range(0..other.len());
            other[at] ^= 1 << dice.random_range(0..8);
        }
        1 if !other.is_empty() => other.truncate(dice.random_range(0..bytes.len())),
        _ => other.push(dice.random()),
    }
    other
}

fn other_text(text: &str, dice: &mut StdRng) -> String {
    let letter = char::from(b'a' + dice.random_range(0..26));
    let mut chars: Vec<char> = text.chars().collect();
    let at = dice.random_range(0..=chars.len());
    match chars.get(at).copied() {
        Some(there) if there != letter => chars[at] = letter,
        _ => chars.insert(at, letter),
    }
    chars.into_iter().collect()
}

/// Changes a column of an entry; which one is told.
fn change(row: &mut entry::Model, dice: &mut StdRng) -> &'static str {
    let optional = |part: &Option<Vec<u8>>, dice: &mut StdRng| match part {
        Some(_) if dice.random_bool(0.3) => None,
        Some(part) => Some(other(part, dice)),
        None => Some(other(&[], dice)),
    };
    match dice.random_range(0..7) {
        0 => {
            // By less than what is told by itself.
            row.occurred_at += dice.random_range(1..1_000);
            "occurred_at"
        }
        1 => {
            row.actor = other_text(&row.actor, dice);
            "actor"
        }
        2 => {
            row.noun = other_text(&row.noun, dice);
            "noun"
        }
        3 => {
            row.event = other_text(&row.event, dice);
            "event"
        }
        4 => {
            row.payload = other(&row.payload, dice);
            "payload"
        }
        5 => {
            row.request_id = optional(&row.request_id, dice);
            "request_id"
        }
        _ => {
            row.request_hash = optional(&row.request_hash, dice);
            "request_hash"
        }
    }
}

fn rehash(row: &mut entry::Model) {
    row.leaf_hash = leaf_hash(SERVICE, row).to_vec();
}

async fn put(tx: &DatabaseTransaction, row: entry::Model) -> Result<(), DbErr> {
    let at = (row.division.clone(), row.seq);
    entry::Entity::delete_by_id(at).exec(tx).await?;
    entry::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx).await?;
    Ok(())
}

/// Writes the tiles of a tree of these entries in place of all.
async fn put_tiles(tx: &DatabaseTransaction, entries: &[entry::Model]) -> Result<tlog::Hash, DbErr> {
    let mut tiles = Tiles::new();
    for (index, row) in (0..).zip(entries) {
        let leaf = row.leaf_hash.as_slice().try_into().expect("32 bytes");
        tiles.push(index, leaf).expect("grown from nothing");
    }
    table::tile::Entity::delete_many().exec(tx).await?;
    let rows: Vec<_> = tiles
        .iter()
        .map(|(id, hashes)| table::tile::Model {
            division: "410223".into(),
            level: id.level.into(),
            idx: id.index as i64,
            hashes: hashes.to_vec(),
        })
        .map(|row| row.into_active_model().reset_all())
        .collect();
    table::tile::Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(Edge::of(entries.len() as u64, &tiles).expect("all tiles are here").root())
}

async fn edit(tx: &DatabaseTransaction, log: &Sealed, dice: &mut StdRng) -> Result<(String, Must), DbErr> {
    let mut row = any(log, dice);
    let column = match dice.random_range(0..8) {
        0 => {
            row.leaf_hash = other(&row.leaf_hash, dice);
            "leaf_hash"
        }
        1 => {
            let away = "UPDATE journal SET division = '410224' WHERE seq = $1";
            run(tx, away, [row.seq.into()]).await?;
            return Ok((format!("division of {}", row.seq), Must::Name(row.seq)));
        }
        _ => change(&mut row, dice),
    };
    let seq = row.seq;
    put(tx, row).await?;
    Ok((format!("{column} of {seq}"), Must::Name(seq)))
}

async fn edit_and_rehash(tx: &DatabaseTransaction, log: &Sealed, dice: &mut StdRng) -> Result<(String, Must), DbErr> {
    let mut row = any(log, dice);
    let (seq, column) = (row.seq, change(&mut row, dice));
    rehash(&mut row);
    put(tx, row).await?;
    Ok((format!("{column} of {seq}, rehashed"), Must::Name(seq)))
}

async fn edit_down_to_the_tiles(
    tx: &DatabaseTransaction,
    log: &Sealed,
    dice: &mut StdRng,
) -> Result<(String, Must), DbErr> {
    let (mut entries, at) = (log.entries.clone(), dice.random_range(0..log.entries.len()));
    let column = change(&mut entries[at], dice);
    rehash(&mut entries[at]);
    put(tx, entries[at].clone()).await?;
    put_tiles(tx, &entries).await?;
    let seq = entries[at].seq;
    let (from, to) = log.between(seq);
    Ok((format!("{column} of {seq}, down to the tiles"), Must::Within(from, to)))
}

async fn delete(tx: &DatabaseTransaction, log: &Sealed, dice: &mut StdRng) -> Result<(String, Must), DbErr> {
    let seq = any(log, dice).seq;
    run(tx, "DELETE FROM journal WHERE seq = $1", [seq.into()]).await?;
    Ok((format!("{seq} deleted"), Must::Name(seq)))
}

/// One more, and those after it one number further.
async fn insert(tx: &DatabaseTransaction, log: &Sealed, dice: &mut StdRng) -> Result<(String, Must), DbErr> {
    let (size, does_rehash) = (log.size(), dice.random_bool(0.5));
    let seq = dice.random_range(size - 30..=size);
    run(tx, "UPDATE journal SET seq = -seq WHERE seq >= $1", [seq.into()]).await?;
    run(tx, "UPDATE journal SET seq = 1 - seq WHERE seq < 0", []).await?;
    let at = log.entries[seq as usize - 1].occurred_at;
    put(tx, forged(seq, at, dice)).await?;
    if does_rehash {
        for row in &log.entries[seq as usize - 1..] {
            let mut row = entry::Model { seq: row.seq + 1, ..row.clone() };
            rehash(&mut row);
            put(tx, row).await?;
        }
    }
    if dice.random_bool(0.5) {
        run(tx, "UPDATE journal_heads SET seq = seq + 1", []).await?;
    }
    Ok((format!("one inserted at {seq}, rehashed: {does_rehash}"), Must::Name(seq)))
}

/// An entry that stands under a number that nobody has given out.
async fn renumber(tx: &DatabaseTransaction, log: &Sealed, dice: &mut StdRng) -> Result<(String, Must), DbErr> {
    let seq = any(log, dice).seq;
    let to = match dice.random_range(0..4) {
        0 => -seq,
        1 => 0,
        2 => i64::MAX,
        _ => log.size() + dice.random_range(1..9),
    };
    if dice.random_bool(0.5) {
        run(tx, "UPDATE journal SET seq = $1 WHERE seq = $2", [to.into(), seq.into()]).await?;
        return Ok((format!("{seq} moved to {to}"), if to > 0 { Must::Name(seq) } else { Must::Name(to) }));
    }
    put(tx, forged(to, log.entries[0].occurred_at, dice)).await?;
    Ok((format!("one added at {to}"), Must::Name(to)))
}

async fn swap(tx: &DatabaseTransaction, log: &Sealed, dice: &mut StdRng) -> Result<(String, Must), DbErr> {
    let (one, two) = (any(log, dice), any(log, dice));
    let (one, two) = if one.seq < two.seq { (one, two) } else { (two, one) };
    if one.seq == two.seq {
        // With itself it is no swap.
        return delete(tx, log, dice).await;
    }
    let first = one.seq;
    let (mut one, mut two) = (entry::Model { seq: two.seq, ..one }, entry::Model { seq: one.seq, ..two });
    let does_rehash = dice.random_bool(0.5);
    if does_rehash {
        rehash(&mut one);
        rehash(&mut two);
    }
    for seq in [one.seq, two.seq] {
        run(tx, "DELETE FROM journal WHERE seq = $1", [seq.into()]).await?;
    }
    put(tx, one).await?;
    put(tx, two).await?;
    Ok((format!("{first} swapped, rehashed: {does_rehash}"), Must::Name(first)))
}

async fn cut_off(tx: &DatabaseTransaction, log: &Sealed, dice: &mut StdRng) -> Result<(String, Must), DbErr> {
    let (seq, moves) = (any(log, dice).seq, dice.random_bool(0.5));
    run(tx, "DELETE FROM journal WHERE seq >= $1", [seq.into()]).await?;
    if moves {
        run(tx, "UPDATE journal_heads SET seq = $1", [(seq - 1).into()]).await?;
    }
    Ok((format!("all from {seq} cut off, the end moved: {moves}"), Must::Name(seq)))
}

/// Another history from an entry on, as consistent as it can be made without the key.
async fn fork(tx: &DatabaseTransaction, log: &Sealed, dice: &mut StdRng) -> Result<(String, Must), DbErr> {
    let from = dice.random_range(log.size() - 60..=log.size());
    let mut entries = log.entries[..from as usize - 1].to_vec();
    let end = log.size() + dice.random_range(-3..4);
    for seq in from..=end.max(from) {
        let at = log.entries[(seq as usize - 1).min(log.entries.len() - 1)].occurred_at;
        entries.push(forged(seq, at, dice));
    }
    run(tx, "DELETE FROM journal WHERE seq >= $1", [from.into()]).await?;
    let rows = entries[from as usize - 1..].iter().cloned().map(|row| row.into_active_model().reset_all());
    entry::Entity::insert_many(rows).exec_without_returning(tx).await?;
    run(tx, "UPDATE journal_heads SET seq = $1", [(entries.len() as i64).into()]).await?;
    if dice.random_bool(0.3) {
        return Ok((format!("another history from {from}"), Must::Name(from)));
    }
    let root = put_tiles(tx, &entries).await?;
    let (after, upto) = log.between(from);
    match dice.random_range(0..3) {
        0 => {
            // Where it is shorter than the head, the first that is missing is told, too.
            let must = Must::Within(after, upto.max(entries.len() as i64));
            Ok((format!("another history from {from}, down to the tiles"), must))
        }
        1 => {
            run(tx, "DELETE FROM tree_heads WHERE size >= $1", [from.into()]).await?;
            Ok((format!("another history from {from}, its heads deleted"), Must::Head))
        }
        _ => {
            // Signed with a key that is not the service's.
            run(tx, "DELETE FROM tree_heads WHERE size >= $1", [from.into()]).await?;
            let size = entries.len() as i64;
            put_head(tx, log, size, &root).await?;
            Ok((format!("another history from {from}, with a head of its own"), Must::Head))
        }
    }
}

async fn put_head(tx: &DatabaseTransaction, log: &Sealed, size: i64, root: &[u8]) -> Result<(), DbErr> {
    let newest = log.heads.last().expect("a head");
    let note = Note::parse(&newest.note).expect("a note");
    let key = Ed25519::from_seed(log.key.name(), &[9; 32]).expect("a key");
    let mut lines: Vec<String> = note.text.lines().map(str::to_owned).collect();
    (lines[1], lines[2]) = (size.to_string(), tlog::text::encode(root));
    let note = Note::sign(lines.join("\n") + "\n", &[&key as &dyn Signer]).to_string();
    let row = table::head::Model { size, root: root.to_vec(), note, ..newest.clone() };
    table::head::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx).await?;
    Ok(())
}

/// By six minutes to some days, out of the times of the heads.
async fn date_back(tx: &DatabaseTransaction, log: &Sealed, dice: &mut StdRng) -> Result<(String, Must), DbErr> {
    let mut entries = log.entries.clone();
    let first = log.heads[0].size as usize;
    let row = &mut entries[dice.random_range(first..log.entries.len())];
    let (after, _) = log.between(row.seq);
    let before = log.heads.iter().find(|head| head.size == after - 1).expect("a head before it").signed_at;
    row.occurred_at = before - dice.random_range(360..1_000_000) * 1_000_000;
    let (seq, depth) = (row.seq, dice.random_range(0..3));
    if depth > 0 {
        rehash(row);
    }
    put(tx, row.clone()).await?;
    if depth > 1 {
        put_tiles(tx, &entries).await?;
        // Its time gives it away.
        return Ok((format!("{seq} dated back, down to the tiles"), Must::Within(seq, seq)));
    }
    Ok((format!("{seq} dated back, rehashed: {}", depth == 1), Must::Name(seq)))
}

async fn edit_tile(tx: &DatabaseTransaction, _: &Sealed, dice: &mut StdRng) -> Result<(String, Must), DbErr> {
    let tiles = table::tile::Entity::find().all(tx).await?;
    let mut tile = tiles.choose(dice).expect("a tile").clone();
    let width = 256_i64.pow(tile.level as u32);
    let (first, many) = (tile.idx * 256 * width + 1, tile.hashes.len() as i64 / 32);
    let key = [tile.level.into(), tile.idx.into()];
    let what = format!("level {} tile {}", tile.level, tile.idx);
    match dice.random_range(0..4) {
        0 => {
            run(tx, "DELETE FROM tiles WHERE level = $1 AND idx = $2", key).await?;
            Ok((format!("{what} deleted"), Must::Within(first, first + many * width - 1)))
        }
        1 => {
            let (to, extra) = (dice.random_range(3..9), dice.random_range(0..3));
            tile = table::tile::Model { level: extra, idx: to, ..tile };
            table::tile::Entity::insert(tile.into_active_model().reset_all()).exec_without_returning(tx).await?;
            let first = 256_i64.pow(extra as u32 + 1) * to + 1;
            Ok((format!("a tile of level {extra} added at {to}"), Must::Within(first, i64::MAX)))
        }
        2 => {
            let left = dice.random_range(0..tile.hashes.len());
            tile.hashes.truncate(left);
            table::tile::Entity::update(tile.into_active_model().reset_all()).exec(tx).await?;
            Ok((format!("{what} cut to {left} bytes"), Must::Within(first, first + many * width - 1)))
        }
        _ => {
            let at = dice.random_range(0..tile.hashes.len());
            tile.hashes[at] ^= 1 << dice.random_range(0..8);
            table::tile::Entity::update(tile.into_active_model().reset_all()).exec(tx).await?;
            let first = first + at as i64 / 32 * width;
            let must = if width == 1 { Must::Name(first) } else { Must::Within(first, first + width - 1) };
            Ok((format!("{what} changed at byte {at}"), must))
        }
    }
}

async fn edit_head(tx: &DatabaseTransaction, log: &Sealed, dice: &mut StdRng) -> Result<(String, Must), DbErr> {
    let head = log.heads.choose(dice).expect("a head").clone();
    let at: [Value; 1] = [head.size.into()];
    let what = match dice.random_range(0..6) {
        0 => {
            let root = other(&head.root, dice);
            run(tx, "UPDATE tree_heads SET root = $2 WHERE size = $1", [head.size.into(), root.into()]).await?;
            "root"
        }
        1 => {
            run(tx, "UPDATE tree_heads SET signed_at = signed_at - 1 WHERE size = $1", at).await?;
            "signed_at"
        }
        2 => {
            let note = other_text(&head.note, dice);
            run(tx, "UPDATE tree_heads SET note = $2 WHERE size = $1", [head.size.into(), note.into()]).await?;
            "note"
        }
        3 => {
            run(tx, "UPDATE tree_heads SET size = size + 1000 WHERE size = $1", at).await?;
            "size"
        }
        4 => {
            let with = format!("{}— nobody AAAAAAAA\n", head.note);
            run(tx, "UPDATE tree_heads SET note = $2 WHERE size = $1", [head.size.into(), with.into()]).await?;
            "a line more"
        }
        _ => {
            let row = table::head::Model { size: head.size + 1_000, ..head.clone() };
            table::head::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(tx).await?;
            "a copy"
        }
    };
    Ok((format!("{what} of the head of {}", head.size), Must::Head))
}

async fn delete_head(tx: &DatabaseTransaction, log: &Sealed, dice: &mut StdRng) -> Result<(String, Must), DbErr> {
    let (head, all) = (log.heads.choose(dice).expect("a head"), dice.random_bool(0.3));
    let sql = if all { "DELETE FROM tree_heads WHERE size >= $1" } else { "DELETE FROM tree_heads WHERE size = $1" };
    run(tx, sql, [head.size.into()]).await?;
    Ok((format!("head of {} deleted, and those after it: {all}", head.size), Must::Head))
}

async fn move_the_end(tx: &DatabaseTransaction, log: &Sealed, dice: &mut StdRng) -> Result<(String, Must), DbErr> {
    let (seq, up) = (any(log, dice).seq, dice.random_range(1..1_000));
    match dice.random_range(0..3) {
        0 => {
            run(tx, "DELETE FROM journal_heads", []).await?;
            Ok(("the end deleted".into(), Must::Head))
        }
        1 => {
            run(tx, "UPDATE journal_heads SET seq = $1", [(seq - 1).into()]).await?;
            Ok((format!("the end moved to {}", seq - 1), Must::Head))
        }
        _ => {
            run(tx, "UPDATE journal_heads SET seq = seq + $1", [i64::from(up).into()]).await?;
            Ok((format!("the end moved by {up}"), Must::Name(log.size() + 1)))
        }
    }
}
