//! A publication: its draft on the way to the public, and the editions that became public.

use calendar::{Date, shanghai_date};
use kit::{
    clock::Moment,
    id::Division,
    refusal::{Kind, Refusal},
};
use mirror::Mirror;
use serde::{Deserialize, Serialize};

use super::{
    clock::{Clock, Signal},
    conformance::Conformance,
    content::{Content, File},
    people,
    review::{Disposal, Review, Verdict},
    site::Site,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Unpublished,
    Public,
    Withdrawn,
    Withheld,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Draft,
    Checked,
    Reviewed,
    Approved,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    pub division: Division,
    /// `012-2016-00017`
    pub id: String,
    pub version: i64,
    /// Code of the responsible unit, which stays.
    pub unit: String,
    /// Where the suite made it; empty where people wrote it.
    pub source: String,
    pub created_at: i64,
    pub standing: Standing,
    pub draft: Option<Draft>,
    /// Oldest first; their texts are nouns of their own.
    pub editions: Vec<Edition>,
    pub withdrawal: Option<Withdrawal>,
    pub withheld: Option<Review>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    pub state: State,
    pub content: Content,
    /// Of its column, 1 to 15.
    pub category: u8,
    /// Code of the person; `system` where the suite wrote it.
    pub author: String,
    /// All who have written it: none of them reviews it.
    pub writers: Vec<String>,
    pub clock: Clock,
    pub conformance: Option<Conformance>,
    pub review: Option<Review>,
    pub leader: String,
    pub below_bar_reason: String,
    /// Why it corrects what is public; empty in a first draft.
    pub correction: String,
    pub returned_reason: String,
    pub returned_by: String,
}

/// What was public from one moment on; its text is [`Text`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    pub number: u32,
    pub title: String,
    pub column: String,
    /// Of its column, 1 to 15.
    pub category: u8,
    pub formed_on: Date,
    pub files: Vec<File>,
    pub published_at: i64,
    pub due_on: Option<Date>,
    pub on_time: bool,
    pub conformance: Conformance,
    pub review: Review,
    pub correction: String,
    pub below_bar_reason: String,
    pub author: String,
    pub leader: String,
    pub publisher: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    pub at: i64,
    pub reason: String,
    pub by: String,
}

/// The text of an edition, which never changes; number 0 is what was withheld.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    pub division: Division,
    /// `012-2016-00017.2`
    pub id: String,
    pub content: Content,
}

/// The last number given out to a unit in a year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serial {
    pub division: Division,
    /// `012-2016`
    pub id: String,
    pub last: u32,
}

impl Serial {
    pub fn id(unit: &str, year: i16) -> String {
        format!("{unit}-{year}")
    }
}

/// Who the suite itself is, as author, reviewer or publisher.
pub const SYSTEM: &str = "system";
/// Files of a draft.
pub const MOST_FILES: usize = 50;

/// What every decision on a publication looks at.
pub struct Scene<'a> {
    pub site: &'a Site,
    pub mirror: &'a Mirror,
    pub now: Moment,
}

impl Scene<'_> {
    pub fn today(&self) -> Date {
        shanghai_date(self.now.0)
    }

    /// The column of a content: one that is there, and not retired unless the publication stands in it already.
    pub(super) fn column(&self, code: &str, before: Option<&str>) -> Result<(u8, u16), Refusal> {
        let column = self.site.column(code)?;
        if column.retired && before != Some(code) {
            return Err(Refusal::state("COLUMN_RETIRED", "该栏目已停用", "the column is retired"));
        }
        Ok((column.category, column.limit))
    }
}

/// What a decision did: its event, and the text that it fixed for good.
#[must_use]
#[derive(Debug)]
pub struct Happened {
    pub event: &'static str,
    pub text: Option<Text>,
}

impl Happened {
    fn new(event: &'static str) -> Happened {
        Happened { event, text: None }
    }
}

impl Publication {
    /// Begins a first draft under the unit's next number. `source` is empty where people write it.
    pub fn create(
        serial: &mut Serial,
        content: Content,
        by: &str,
        source: &str,
        scene: &Scene<'_>,
    ) -> Result<(Publication, Happened), Refusal> {
        let division = serial.division;
        scene.mirror.unit(division, &content.unit)?;
        may_act(scene, division, by, &content.unit)?;
        let unit = content.unit.clone();
        let draft = Draft::begin(content, by, String::new(), None, scene)?;
        serial.last += 1;
        let publication = Publication {
            division,
            id: format!("{}-{:05}", serial.id, serial.last),
            version: 1,
            unit,
            source: source.to_owned(),
            created_at: scene.now.0,
            standing: Standing::Unpublished,
            draft: Some(draft),
            editions: Vec::new(),
            withdrawal: None,
            withheld: None,
        };
        Ok((publication, Happened::new("publication.drafted")))
    }

    /// Replaces the text of the draft; its files stay.
    pub fn update(&mut self, mut content: Content, by: &str, scene: &Scene<'_>) -> Result<Happened, Refusal> {
        self.may_act(by, scene)?;
        self.keeps_unit(&content)?;
        let draft = self.open()?;
        let (category, limit) = scene.column(&content.column, Some(&draft.content.column))?;
        content.files = std::mem::take(&mut draft.content.files);
        draft.clock = Clock::start(&scene.mirror.calendar, content.formed_on, limit, scene.today());
        (draft.content, draft.category) = (content, category);
        draft.written(by);
        Ok(self.did("publication.updated"))
    }

    /// Adds a file to the draft; one of the same name or bytes gives way.
    pub fn attach(&mut self, file: File, by: &str, scene: &Scene<'_>) -> Result<Happened, Refusal> {
        self.may_act(by, scene)?;
        let draft = self.open()?;
        let files = &mut draft.content.files;
        let there = files.iter().position(|there| there.sha256 == file.sha256 || there.file_name == file.file_name);
        match there {
            Some(at) => files[at] = file,
            None if files.len() >= MOST_FILES => {
                let (zh, en) = (format!("附件最多{MOST_FILES}个"), format!("at most {MOST_FILES} files"));
                return Err(Refusal::new(Kind::Exhausted, "TOO_MANY_FILES", zh, en));
            }
            None => files.push(file),
        }
        draft.written(by);
        Ok(self.did("publication.filed"))
    }

    pub fn remove_file(&mut self, sha256: &str, by: &str, scene: &Scene<'_>) -> Result<Happened, Refusal> {
        self.may_act(by, scene)?;
        let draft = self.open()?;
        let before = draft.content.files.len();
        draft.content.files.retain(|file| file.sha256 != sha256);
        if draft.content.files.len() == before {
            return Err(Refusal::not_found("FILE_NOT_FOUND", "没有此附件", "there is no such file"));
        }
        draft.written(by);
        Ok(self.did("publication.filed"))
    }

    /// Scores the draft by its column's list as it is in force today.
    pub fn check(&mut self, by: &str, scene: &Scene<'_>) -> Result<Happened, Refusal> {
        self.may_act(by, scene)?;
        let draft = self.at(State::Draft)?;
        let column = scene.site.column(&draft.content.column)?;
        let list = scene.site.list(&column.list(), scene.today())?;
        draft.conformance = Some(Conformance::of(&draft.content, list, column.bar));
        draft.state = State::Checked;
        Ok(self.did("publication.checked"))
    }

    /// Another person than those who wrote it says whether it may be public.
    pub fn review(&mut self, by: &str, verdict: Verdict, scene: &Scene<'_>) -> Result<Happened, Refusal> {
        self.may_act(by, scene)?;
        let (division, id) = (self.division, self.id.clone());
        let draft = self.at(State::Checked)?;
        if draft.writers.iter().any(|writer| writer == by) {
            let (zh, en) = ("起草人不得审查自己的信息", "who wrote it does not review it");
            return Err(Refusal::state("AUTHOR_REVIEWS", zh, en));
        }
        let unread = draft.content.files.iter().any(|file| file.unread);
        if unread && !verdict.looked_at_files && verdict.disposal != Disposal::Withhold {
            let (zh, en) =
                ("有程序无法读取的附件，请人工查看后确认", "a file could not be read: look at it and say so");
            return Err(Refusal::state("FILES_NOT_LOOKED_AT", zh, en));
        }
        let review = verdict.of(by, scene.now);
        if review.disposal != Disposal::Withhold {
            (draft.review, draft.state) = (Some(review), State::Reviewed);
            return Ok(self.did("publication.reviewed"));
        }
        let text = self.draft.take().map(|draft| Text { division, id: format!("{id}.0"), content: draft.content });
        self.withheld = Some(review);
        if self.standing == Standing::Unpublished {
            self.standing = Standing::Withheld;
        }
        Ok(Happened { text, ..self.did("publication.withheld") })
    }

    /// The suite's own draft, by the standing review of its column.
    pub fn review_by_standing(&mut self, scene: &Scene<'_>) -> Result<[Happened; 2], Refusal> {
        let column = self.open()?.content.column.clone();
        let standing = scene.site.column(&column)?.standing_review.clone().ok_or_else(|| {
            Refusal::state("NO_STANDING_REVIEW", "该栏目没有分类审查", "the column has no standing review")
        })?;
        let draft = self.at(State::Checked)?;
        draft.below_bar()?;
        draft.review = Some(Review {
            disposal: Disposal::Disclose,
            reviewer: standing.reviewer,
            at: scene.now.0,
            ground: None,
            reason: String::new(),
            omissions: Vec::new(),
            document_number: standing.document_number,
        });
        (draft.leader, draft.state) = (standing.leader, State::Approved);
        Ok([self.did("publication.reviewed"), self.did("publication.approved")])
    }

    /// A leader of the unit lets it go; below the bar with a reason.
    pub fn approve(&mut self, by: &str, reason: &str, scene: &Scene<'_>) -> Result<Happened, Refusal> {
        let person = people::of_unit(scene.mirror, self.division, by, &self.unit)?;
        people::leads(person)?;
        let draft = self.at(State::Reviewed)?;
        if let Err(below) = draft.below_bar() {
            if reason.is_empty() {
                return Err(below);
            }
            draft.below_bar_reason = reason.to_owned();
        }
        (draft.leader, draft.state) = (by.to_owned(), State::Approved);
        Ok(self.did("publication.approved"))
    }

    /// Makes the draft public, as the next edition.
    pub fn publish(&mut self, by: &str, scene: &Scene<'_>) -> Result<Happened, Refusal> {
        self.may_act(by, scene)?;
        let number = self.editions.len() as u32 + 1;
        let draft = self.at(State::Approved)?;
        let (Some(conformance), Some(review)) = (draft.conformance.clone(), draft.review.clone()) else {
            return Err(Refusal::internal("an approved draft was neither checked nor reviewed"));
        };
        let edition = Edition {
            number,
            title: draft.content.title.clone(),
            column: draft.content.column.clone(),
            category: draft.category,
            formed_on: draft.content.formed_on,
            files: draft.content.files.clone(),
            published_at: scene.now.0,
            due_on: draft.clock.due_on(),
            on_time: draft.clock.keeps(scene.today()),
            conformance,
            review,
            correction: std::mem::take(&mut draft.correction),
            below_bar_reason: std::mem::take(&mut draft.below_bar_reason),
            author: std::mem::take(&mut draft.author),
            leader: std::mem::take(&mut draft.leader),
            publisher: by.to_owned(),
        };
        self.editions.push(edition);
        let (division, id) = (self.division, self.text_id());
        let text = self.draft.take().map(|draft| Text { division, id, content: draft.content });
        (self.standing, self.withdrawal, self.withheld) = (Standing::Public, None, None);
        Ok(Happened { text, ..self.did("publication.published") })
    }

    /// Sends the draft back to its author.
    pub fn send_back(&mut self, by: &str, reason: &str, scene: &Scene<'_>) -> Result<Happened, Refusal> {
        self.may_act(by, scene)?;
        let draft = self.open()?;
        if draft.state == State::Draft {
            return Err(draft.refuse());
        }
        (draft.returned_reason, draft.returned_by) = (reason.to_owned(), by.to_owned());
        draft.begin_again();
        Ok(self.did("publication.returned"))
    }

    /// Begins a new draft of what is public, was withdrawn or was withheld: with this content, or with the last text as of
    /// today. The files of the last text stay.
    pub fn correct(
        &mut self,
        content: Option<Content>,
        last: &Text,
        by: &str,
        reason: &str,
        scene: &Scene<'_>,
    ) -> Result<Happened, Refusal> {
        self.may_act(by, scene)?;
        self.must_be_closed()?;
        let files = last.content.files.clone();
        let content = match content {
            Some(content) => Content { files, ..content },
            None => Content { formed_on: scene.today(), ..last.content.clone() },
        };
        self.keeps_unit(&content)?;
        self.draft = Some(Draft::begin(content, by, reason.to_owned(), Some(&last.content.column), scene)?);
        Ok(self.did("publication.drafted"))
    }

    pub fn withdraw(&mut self, by: &str, reason: &str, scene: &Scene<'_>) -> Result<Happened, Refusal> {
        self.may_act(by, scene)?;
        if self.standing != Standing::Public {
            return Err(Refusal::state("NOT_PUBLIC", "该信息目前没有公开", "it is not public"));
        }
        self.standing = Standing::Withdrawn;
        self.withdrawal = Some(Withdrawal { at: scene.now.0, reason: reason.to_owned(), by: by.to_owned() });
        Ok(self.did("publication.withdrawn"))
    }

    /// Turns the draft's light where it is time, one turn a call. Who edits the draft meanwhile is not disturbed: its
    /// version stays.
    pub fn wake(&mut self, now: Moment) -> Option<Happened> {
        let clock = &mut self.draft.as_mut()?.clock;
        let (_, signal) = clock.next().filter(|(at, _)| *at <= now.0)?;
        clock.signal = signal;
        Some(Happened::new("publication.light"))
    }

    /// Counts the draft's clock anew, where a notice has changed the calendar.
    pub fn recount(&mut self, scene: &Scene<'_>) -> Option<Happened> {
        let changed = self.draft.as_mut()?.clock.recount(&scene.mirror.calendar, scene.today());
        changed.then(|| Happened::new("publication.light"))
    }

    /// When something happens by itself, microseconds UTC; `i64::MAX` for never.
    pub fn wakes_at(&self) -> i64 {
        self.draft.as_ref().and_then(|draft| draft.clock.next()).map_or(i64::MAX, |(at, _)| at)
    }

    /// What is public, or was last.
    pub fn edition(&self) -> Option<&Edition> {
        self.editions.last()
    }

    /// Id of its last text: of the last edition, or of what was withheld.
    pub fn text_id(&self) -> String {
        // Where a correction was withheld, what is public goes on from its own text.
        format!("{}.{}", self.id, self.editions.len())
    }

    pub fn index_number(&self) -> String {
        format!("{}-{}", self.division, self.id)
    }

    /// The light of what is being drafted.
    pub fn signal(&self) -> Option<Signal> {
        self.draft.as_ref().map(|draft| draft.clock.signal)
    }

    pub fn not_found() -> Refusal {
        Refusal::not_found("PUBLICATION_NOT_FOUND", "没有此信息", "there is no such publication")
    }

    /// DRAFT_OPEN where something is being drafted.
    pub fn must_be_closed(&self) -> Result<(), Refusal> {
        if self.draft.is_none() {
            return Ok(());
        }
        Err(Refusal::state("DRAFT_OPEN", "已有一份草稿", "a draft is open already"))
    }

    fn did(&mut self, event: &'static str) -> Happened {
        self.version += 1;
        Happened::new(event)
    }

    fn may_act(&self, by: &str, scene: &Scene<'_>) -> Result<(), Refusal> {
        may_act(scene, self.division, by, &self.unit)
    }

    fn keeps_unit(&self, content: &Content) -> Result<(), Refusal> {
        if content.unit == self.unit {
            return Ok(());
        }
        Err(Refusal::field("content.unit", "公开责任单位不能变更", "the responsible unit stays"))
    }

    fn open(&mut self) -> Result<&mut Draft, Refusal> {
        let none = || Refusal::state("NO_DRAFT", "目前没有草稿", "nothing is being drafted");
        self.draft.as_mut().ok_or_else(none)
    }

    fn at(&mut self, state: State) -> Result<&mut Draft, Refusal> {
        let draft = self.open()?;
        if draft.state == state { Ok(draft) } else { Err(draft.refuse()) }
    }
}

/// The suite itself, or somebody of the unit or the centre.
fn may_act(scene: &Scene<'_>, division: Division, by: &str, unit: &str) -> Result<(), Refusal> {
    if by == SYSTEM { Ok(()) } else { people::of_unit(scene.mirror, division, by, unit).map(drop) }
}
