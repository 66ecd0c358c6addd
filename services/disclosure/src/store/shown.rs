//! What the public finds, as rows: what lists select by stands in columns, what the search finds by in `words`, the rest
//! in `body`.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use kit::{
    id::Division,
    store::{Noun, Store, noun::Corrupt},
};
use sea_orm::{
    ActiveValue::Set, DatabaseTransaction, DbBackend, QueryOrder, QueryResult, QuerySelect, Statement,
    entity::prelude::*, sea_query::Expr,
};

use crate::domain::{shown::Shown, words};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "shown")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub division: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Counts up as publications appear, and is given by the database.
    pub place: i64,
    pub public: bool,
    pub column: String,
    pub unit: String,
    pub category: i32,
    /// YYYY-MM of its first edition.
    pub month: String,
    pub body: String,
    pub words: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

/// A tsvector holds a megabyte, of which so much is for words.
const MOST_BYTES: usize = 900_000;

impl Noun for Shown {
    type Entity = Entity;
    const KIND: &'static str = "shown";
    const FIXED: &'static [&'static str] = &["place"];

    fn division(&self) -> Division {
        self.division
    }

    fn id(&self) -> &str {
        &self.id
    }

    /// Without its text, of which only the words are kept.
    fn from_row(row: Model) -> Result<Self, Corrupt> {
        read(&row.body).map_err(|what| Corrupt { kind: Self::KIND, id: row.id, what })
    }

    fn to_row(&self) -> ActiveModel {
        ActiveModel {
            division: Set(self.division.as_str().to_owned()),
            id: Set(self.id.clone()),
            public: Set(self.public),
            column: Set(self.column.clone()),
            unit: Set(self.unit.clone()),
            category: Set(self.category.into()),
            month: Set(month(self.published_at)),
            // Texts, numbers and lists, which always have a JSON form.
            body: Set(serde_json::to_string(self).unwrap_or_default()),
            // What nobody finds needs none.
            words: Set(if self.public { words_of(self) } else { String::new() }),
            ..Default::default()
        }
    }
}

fn read(body: &str) -> Result<Shown, String> {
    serde_json::from_str(body).map_err(|error| error.to_string())
}

fn month(micros: i64) -> String {
    let zone = TimeZone::fixed(jiff::tz::offset(8));
    let day = Timestamp::from_microsecond(micros).unwrap_or_default().to_zoned(zone).date();
    day.strftime("%Y-%m").to_string()
}

/// Words of title and text, those of the title with `=` before them, and the marks.
fn words_of(shown: &Shown) -> String {
    let title = words::of(&shown.title);
    let mut all = words::of(&words::plain(&shown.text));
    let selected = Selection {
        column: shown.column.clone(),
        unit: shown.unit.clone(),
        category: shown.category,
        subject: String::new(),
        month: month(shown.published_at),
    };
    let marks = selected.marks().into_iter().chain(shown.subjects.iter().map(|subject| mark('s', subject)));
    let first: Vec<_> = [mark('d', shown.division.as_str())]
        .into_iter()
        .chain(marks)
        .chain(title.iter().map(|word| format!("={word}")))
        .collect();
    all.extend(title);
    let mut line = String::with_capacity(4096);
    for word in first.into_iter().chain(all) {
        if line.len() + word.len() > MOST_BYTES {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    line
}

/// Which of what is public; what is empty, or 0, leaves all.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    pub column: String,
    pub unit: String,
    pub category: u8,
    pub subject: String,
    /// YYYY-MM
    pub month: String,
}

impl Selection {
    /// As words of the index.
    fn marks(&self) -> Vec<String> {
        let category = if self.category == 0 { String::new() } else { self.category.to_string() };
        let codes =
            [('c', &self.column), ('u', &self.unit), ('k', &category), ('s', &self.subject), ('m', &self.month)];
        let given = codes.into_iter().filter(|(_, code)| !code.is_empty()).map(|(kind, code)| mark(kind, code));
        given.collect()
    }
}

/// No word has a colon. SQLite's index knows small letters only.
fn mark(kind: char, code: &str) -> String {
    let mut mark = format!("{kind}:");
    for c in code.chars() {
        if c.is_ascii_uppercase() {
            mark.push('+');
        }
        mark.push(c.to_ascii_lowercase());
    }
    mark
}

/// A publication with the place where it stands.
pub type Placed = (i64, Shown);

/// What is public, newest first, from before a place on.
pub async fn list(
    store: &Store,
    division: Division,
    selection: &Selection,
    before: i64,
    most: u64,
) -> Result<Vec<Placed>, DbErr> {
    // Whom it is for is no column.
    if !selection.subject.is_empty() {
        let wanted = Wanted { all: selection.marks(), not: Vec::new() };
        return wanted.find(store, division, before, most).await;
    }
    let mut query = Entity::find()
        .select_only()
        .columns([Column::Place, Column::Body])
        .filter(Column::Division.eq(division.as_str()))
        .filter(Expr::cust("public"))
        .filter(Column::Place.lt(before));
    for (column, code) in
        [(Column::Column, &selection.column), (Column::Unit, &selection.unit), (Column::Month, &selection.month)]
    {
        if !code.is_empty() {
            query = query.filter(column.eq(code));
        }
    }
    if selection.category != 0 {
        query = query.filter(Column::Category.eq(i32::from(selection.category)));
    }
    let rows = query.order_by_desc(Column::Place).limit(most).into_tuple().all(store.read()).await?;
    Ok(readable(rows))
}

/// Where a search goes on, before a place: among those with all words in the title, or among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Titles(i64),
    Texts(i64),
}

/// What is public and has every word, and where it goes on if there is more.
pub async fn search(
    store: &Store,
    division: Division,
    selection: &Selection,
    words: &[String],
    from: Stage,
    most: u64,
) -> Result<(Vec<Shown>, Option<Stage>), DbErr> {
    let in_title: Vec<_> = words.iter().map(|word| format!("={word}")).collect();
    let marks = selection.marks();
    let (mut found, mut before) = (Vec::new(), i64::MAX);
    match from {
        Stage::Titles(before) => {
            let wanted = Wanted { all: [&in_title[..], &marks].concat(), not: Vec::new() };
            found = wanted.find(store, division, before, most + 1).await?;
            if let Some(next) = cut(&mut found, most) {
                return Ok((shown(found), Some(Stage::Titles(next))));
            }
        }
        Stage::Texts(place) => before = place,
    }
    let left = most - found.len() as u64;
    let wanted = Wanted { all: [words, &marks].concat(), not: in_title };
    let mut others = wanted.find(store, division, before, left + 1).await?;
    let more = cut(&mut others, left).map(|last| if left == 0 { before } else { last });
    found.extend(others);
    Ok((shown(found), more.map(Stage::Texts)))
}

/// Leaves so many; where there were more, tells the place of the last that stays, or 0 where none does.
fn cut(found: &mut Vec<Placed>, most: u64) -> Option<i64> {
    let more = found.len() as u64 > most;
    found.truncate(most as usize);
    more.then(|| found.last().map_or(0, |(place, _)| *place))
}

fn shown(found: Vec<Placed>) -> Vec<Shown> {
    found.into_iter().map(|(_, shown)| shown).collect()
}

/// A row that does not read back is logged, and hides none but itself.
fn readable(rows: Vec<(i64, String)>) -> Vec<Placed> {
    let placed = |(place, body): (i64, String)| {
        read(&body).inspect_err(|error| tracing::error!(place, error, "left out")).ok().map(|shown| (place, shown))
    };
    rows.into_iter().filter_map(placed).collect()
}

/// Rows that have all of some words, and not all of the others.
struct Wanted {
    all: Vec<String>,
    not: Vec<String>,
}

impl Wanted {
    /// The newest before a place.
    async fn find(&self, store: &Store, division: Division, before: i64, most: u64) -> Result<Vec<Placed>, DbErr> {
        let most = most as i64;
        let statement = if store.is_postgres() {
            let values = [division.as_str().into(), before.into(), self.tsquery().into(), most.into()];
            Statement::from_sql_and_values(DbBackend::Postgres, POSTGRES, values)
        } else {
            let values = [self.fts5(division).into(), before.into(), most.into()];
            Statement::from_sql_and_values(DbBackend::Sqlite, SQLITE, values)
        };
        let rows = store.read().query_all_raw(statement).await?;
        let row = |row: &QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
        Ok(readable(rows.iter().map(row).collect::<Result<_, DbErr>>()?))
    }

    /// Words and marks hold neither quotes nor blanks, so what is quoted is one word on either engine.
    fn fts5(&self, division: Division) -> String {
        let all = |words: &[String]| {
            let quoted: Vec<_> = words.iter().map(|word| format!("\"{division}{word}\"")).collect();
            quoted.join(" AND ")
        };
        if self.not.is_empty() { all(&self.all) } else { format!("({}) NOT ({})", all(&self.all), all(&self.not)) }
    }

    fn tsquery(&self) -> String {
        let all = |words: &[String]| {
            let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
            quoted.join(" & ")
        };
        if self.not.is_empty() { all(&self.all) } else { format!("{} & !({})", all(&self.all), all(&self.not)) }
    }
}

const SQLITE: &str = "SELECT shown.place, shown.body FROM shown_words \
    CROSS JOIN shown ON shown.place = shown_words.rowid \
    WHERE shown_words MATCH ? AND shown_words.rowid < ? ORDER BY shown_words.rowid DESC LIMIT ?";

/// Part by part from new to old, where a part is begun only if those before it did not fill the page: up to two blocks of
/// the smallest kind, then of the next, then of the largest; then all the rest, of which there is little, or the page would
/// be full. `place + 0` and the like keep the planner from walking another index of half the table.
const POSTGRES: &str = r"
WITH small AS MATERIALIZED (
    SELECT (max(place) >> 8) - 1 AS block FROM shown WHERE public AND division = $1 AND place < $2
),
middle AS MATERIALIZED (SELECT ((block << 8) >> 11) - 1 AS block FROM small),
large AS MATERIALIZED (SELECT ((block << 11) >> 14) - 1 AS block FROM middle)
SELECT place, body FROM (
    (SELECT place, body FROM shown WHERE public AND place + 0 < $2
        AND lexemes @@ (
            SELECT ($3 || format(' & (''#%1$s:%2$s'' | ''#%1$s:%3$s'')', $1, block, block + 1))::tsquery FROM small
        )
        ORDER BY place + 0 DESC LIMIT $4)
    UNION ALL
    (SELECT place, body FROM shown WHERE public AND place + 0 < (SELECT block << 8 FROM small)
        AND lexemes @@ (
            SELECT ($3 || format(' & (''##%1$s:%2$s'' | ''##%1$s:%3$s'')', $1, block, block + 1))::tsquery FROM middle
        )
        ORDER BY place + 0 DESC LIMIT $4)
    UNION ALL
    (SELECT place, body FROM shown WHERE public AND place + 0 < (SELECT block << 11 FROM middle)
        AND lexemes @@ (
            SELECT ($3 || format(' & (''###%1$s:%2$s'' | ''###%1$s:%3$s'')', $1, block, block + 1))::tsquery FROM large
        )
        ORDER BY place + 0 DESC LIMIT $4)
    UNION ALL
    (SELECT place, body FROM shown WHERE public AND division || '' = $1 AND place + 0 < (SELECT block << 14 FROM large)
        AND lexemes @@ $3::text::tsquery ORDER BY place + 0 DESC LIMIT $4)
) AS found LIMIT $4";

/// So many pages of the index are merged at a time, which takes some 20 ms.
const PAGES: i64 = 200;

/// Every commit adds a piece to SQLite's index, and a search looks into each piece there is: this makes them one again, in
/// steps between which others write. PostgreSQL's has no pieces.
pub async fn tidy(store: &Store) -> Result<(), DbErr> {
    if store.is_postgres() {
        return Ok(());
    }
    // Less than nothing begins a merge of all pieces, more than nothing goes on with it.
    let mut pages = -PAGES;
    loop {
        let tx = store.begin().await?;
        let before = changes(&tx).await?;
        let merge = "INSERT INTO shown_words (shown_words, rank) VALUES ('merge', ?)";
        tx.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, merge, [pages.into()])).await?;
        let done = changes(&tx).await? - before < 2;
        tx.commit().await?;
        if done {
            return Ok(());
        }
        pages = PAGES;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What FTS5 tells its progress by.
async fn changes(tx: &DatabaseTransaction) -> Result<i64, DbErr> {
    let ask = Statement::from_string(DbBackend::Sqlite, "SELECT total_changes()");
    let row = tx.query_one_raw(ask).await?;
    row.map_or(Ok(0), |row| row.try_get_by_index(0))
}
