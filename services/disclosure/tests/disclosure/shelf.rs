//! What the public finds, without the way there: publications are put where publishing puts them.

use std::sync::Arc;

use disclosure::{domain::shown::Shown, office::Office, rpc::portal};
use kit::{
    files::Files,
    id::Division,
    keys::Keys,
    refusal::Refusal,
    store::{Key, Store, Writer},
    testing::{self, TestDatabase, moment},
};
use proto::disclosure::v1 as pb;

pub struct Shelf {
    pub office: Arc<Office>,
    _database: TestDatabase,
}

/// A publication of unit 012 in column `notices`, public since 2016-03-08.
pub fn notice(id: &str, title: &str, text: &str) -> Shown {
    Shown {
        division: division("410223"),
        id: id.into(),
        public: true,
        title: title.into(),
        summary: "内容概述".into(),
        unit: "012".into(),
        column: "notices".into(),
        category: 15,
        subjects: vec!["person".into()],
        formed_on: calendar::Date::constant(2016, 3, 7),
        published_at: moment("2016-03-08T09:00").0,
        edition: 1,
        source: String::new(),
        files: 0,
        pictures: 0,
        text: text.into(),
    }
}

pub fn division(code: &str) -> Division {
    code.parse().expect("six digits")
}

impl Shelf {
    /// Tells the story on an empty shelf of each engine.
    pub async fn on_each_engine(story: impl AsyncFn(Shelf)) {
        for database in testing::databases() {
            let (config, clock) = (database.config(&["disclosure"]).await, testing::clock("2016-03-08T09:00"));
            let (url, keys) = (config.database("disclosure"), Keys::from_bytes([7; 32]));
            let store = Store::open::<migrations::disclosure::Migrator>("disclosure", &url).await.expect("opens");
            let writer = Writer::open(&store, &clock, &keys);
            let files = Files::open(&config.data.join("files")).expect("a folder");
            let office = Office::open(store, writer, clock, keys, files).await.expect("opens");
            story(Shelf { office, _database: database }).await;
        }
    }

    pub async fn shows(&self, shown: Shown) {
        self.shows_many(vec![shown]).await;
    }

    /// All at once, the last one newest.
    pub async fn shows_many(&self, many: Vec<Shown>) {
        let (division, keys) =
            (many[0].division, many.iter().map(|shown| Key::of::<Shown>(shown.division, &*shown.id)));
        let keys = keys.collect();
        let decide = move |desk: &mut kit::store::Desk<'_>| {
            many.iter().for_each(|shown| desk.put(shown.clone()));
            Ok(many[0].id.as_str().into())
        };
        self.office.writer.change::<Shown>(division, keys, None, decide).await.expect("shown");
    }

    pub async fn shows_all<const N: usize>(&self, titles: [&str; N]) {
        for (i, title) in titles.iter().enumerate() {
            self.shows(notice(&format!("012-2016-{i:05}"), title, "")).await;
        }
    }

    /// Takes it away, as somebody does who reads it from the database.
    pub async fn hides(&self, id: &'static str) {
        let key = Key::of::<Shown>(division("410223"), id);
        let decide = move |desk: &mut kit::store::Desk<'_>| {
            let shown = desk.take::<Shown>(id, || Refusal::internal("not there"))?;
            desk.put(Shown { public: false, ..shown });
            Ok(id.into())
        };
        self.office.writer.change::<Shown>(key.division, vec![key], None, decide).await.expect("hidden");
    }

    pub async fn lists(&self, request: pb::ListPublishedRequest) -> Result<(Vec<String>, String), Refusal> {
        let request = pb::ListPublishedRequest { parent: "divisions/410223".into(), ..request };
        let page = portal::list(&self.office, request).await?;
        Ok((titles(page.publications), page.next_page_token))
    }

    /// All that a selection leaves, page by page.
    pub async fn selects(&self, selection: pb::Selection) -> Vec<String> {
        let mut request = pb::ListPublishedRequest { selection: Some(selection), page_size: 2, ..Default::default() };
        let mut all = Vec::new();
        loop {
            let (page, next) = self.lists(request.clone()).await.expect("listed");
            assert!(page.len() == 2 || next.is_empty(), "only the last page is short");
            all.extend(page);
            if next.is_empty() {
                return all;
            }
            request.page_token = next;
        }
    }

    pub async fn searches(&self, request: pb::SearchPublishedRequest) -> Result<(Vec<String>, String), Refusal> {
        let request = pb::SearchPublishedRequest { parent: "divisions/410223".into(), ..request };
        let page = portal::search(&self.office, request).await?;
        Ok((titles(page.publications), page.next_page_token))
    }

    /// All that a query finds, page by page.
    pub async fn finds(&self, query: &str) -> Vec<String> {
        let mut request = pb::SearchPublishedRequest { query: query.into(), page_size: 2, ..Default::default() };
        let mut all = Vec::new();
        loop {
            let (page, next) = self.searches(request.clone()).await.expect("searched");
            assert!(page.len() == 2 || next.is_empty(), "only the last page is short");
            all.extend(page);
            if next.is_empty() {
                return all;
            }
            request.page_token = next;
        }
    }
}

fn titles(publications: Vec<pb::Summary>) -> Vec<String> {
    publications.into_iter().map(|publication| publication.title).collect()
}
