//! The steps of a draft.

use kit::{clock::Moment, refusal::Refusal};

use super::{
    clock::Clock,
    content::Content,
    publication::{Draft, Scene, State},
    review::{Review, Verdict},
};

impl Draft {
    pub(super) fn begin(
        content: Content,
        by: &str,
        correction: String,
        column: Option<&str>,
        scene: &Scene<'_>,
    ) -> Result<Draft, Refusal> {
        let (category, limit) = scene.column(&content.column, column)?;
        Ok(Draft {
            state: State::Draft,
            category,
            author: by.to_owned(),
            writers: vec![by.to_owned()],
            clock: Clock::start(&scene.mirror.calendar, content.formed_on, limit, scene.today()),
            content,
            conformance: None,
            review: None,
            leader: String::new(),
            below_bar_reason: String::new(),
            correction,
            returned_reason: String::new(),
            returned_by: String::new(),
        })
    }

    /// Somebody has changed it: its way begins again.
    pub(super) fn written(&mut self, by: &str) {
        by.clone_into(&mut self.author);
        if !self.writers.iter().any(|writer| writer == by) {
            self.writers.push(by.to_owned());
        }
        self.conformance = None;
        self.begin_again();
    }

    pub(super) fn begin_again(&mut self) {
        (self.state, self.review) = (State::Draft, None);
        self.leader.clear();
        self.below_bar_reason.clear();
    }

    /// BELOW_BAR where the check has found too much missing.
    pub(super) fn below_bar(&self) -> Result<(), Refusal> {
        let Some(found) = self.conformance.as_ref().filter(|found| found.score() < found.bar) else { return Ok(()) };
        let (score, bar) = (found.score(), found.bar);
        let (zh, en) = (
            format!("要素完整度{score}%，低于{bar}%，公开须说明理由"),
            format!("it says {score}% of what it must, the bar is {bar}%: give a reason"),
        );
        Err(Refusal::state("BELOW_BAR", zh, en))
    }

    pub(super) fn refuse(&self) -> Refusal {
        let (zh, en) = match self.state {
            State::Draft => ("草稿尚未检查", "the draft is not checked"),
            State::Checked => ("草稿已检查，待审查", "the draft is checked and waits for its review"),
            State::Reviewed => ("草稿已审查，待审批", "the draft is reviewed and waits for approval"),
            State::Approved => ("草稿已审批，待发布", "the draft is approved and waits to be published"),
        };
        Refusal::state("DRAFT_STATE", zh, en)
    }
}

impl Verdict {
    pub(super) fn of(self, reviewer: &str, at: Moment) -> Review {
        let Verdict { disposal, ground, reason, omissions, .. } = self;
        Review {
            disposal,
            reviewer: reviewer.to_owned(),
            at: at.0,
            ground,
            reason,
            omissions,
            document_number: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, sync::Arc};

    use calendar::Calendar;
    use mirror::{Mirror, Person, Rank, Unit};

    use super::*;
    use crate::domain::{
        content::File,
        publication::{MOST_FILES, Publication, SYSTEM, Serial},
        review::Disposal,
        site::Site,
    };

    fn file(number: usize, unread: bool) -> File {
        File {
            sha256: format!("{number:064x}"),
            file_name: format!("{number}.pdf"),
            media_type: "application/pdf".into(),
            size: 1,
            title: "附件".into(),
            alternative: String::new(),
            width: 0,
            height: 0,
            unread,
        }
    }

    /// Tells the story of the suite's own draft of a notice, in a county of one unit and one person.
    fn with_a_draft(story: impl FnOnce(&mut Publication, &Scene<'_>)) {
        let division = "410223".parse().expect("a division");
        let unit =
            Unit { title: "局".into(), reconsideration_body: String::new(), court: String::new(), active: true };
        let person = Person { name: "张三".into(), unit: "012".into(), rank: Rank::Staff, active: true };
        let mirror = Mirror {
            calendar: Calendar::builtin(),
            units: Arc::new(HashMap::from([((division, "012".to_owned()), Arc::new(unit))])),
            people: Arc::new(HashMap::from([((division, "P1".to_owned()), Arc::new(person))])),
            ..Mirror::empty()
        };
        let (site, now) = (Site::new(division), Moment(calendar::start_of_day("2016-02-02".parse().expect("a day"))));
        let scene = Scene { site: &site, mirror: &mirror, now };
        let content = Content {
            unit: "012".into(),
            column: "notices".into(),
            title: "通知".into(),
            summary: String::new(),
            formed_on: "2016-02-01".parse().expect("a day"),
            document_number: String::new(),
            sections: Vec::new(),
            body: "正文".into(),
            subjects: Vec::new(),
            files: Vec::new(),
        };
        let mut serial = Serial { division, id: "012-2016".into(), last: 0 };
        let (mut publication, _) = Publication::create(&mut serial, content, SYSTEM, "", &scene).expect("drafted");
        story(&mut publication, &scene);
    }

    fn files(publication: &Publication) -> Vec<&str> {
        let draft = publication.draft.as_ref().expect("a draft");
        draft.content.files.iter().map(|file| file.file_name.as_str()).collect()
    }

    #[test]
    fn a_file_takes_the_place_of_one_of_its_name_or_bytes_and_there_are_so_many_at_most() {
        with_a_draft(|publication, scene| {
            for number in 0..MOST_FILES {
                let _ = publication.attach(file(number, false), SYSTEM, scene).expect("attached");
            }
            let more = publication.attach(file(MOST_FILES, false), SYSTEM, scene).expect_err("too many");
            assert_eq!(more.reason(), "TOO_MANY_FILES");
            let newer = File { sha256: "f".repeat(64), ..file(0, false) };
            let renamed = File { file_name: "renamed.pdf".into(), ..file(1, false) };
            let _ = publication.attach(newer, SYSTEM, scene).expect("in the place of its name");
            let _ = publication.attach(renamed, SYSTEM, scene).expect("in the place of its bytes");
            assert_eq!(files(publication)[..3], ["0.pdf", "renamed.pdf", "2.pdf"]);
            assert_eq!(files(publication).len(), MOST_FILES);
            let _ = publication.remove_file(&"f".repeat(64), SYSTEM, scene).expect("removed");
            assert_eq!(files(publication)[0], "renamed.pdf");
        });
    }

    #[test]
    fn a_file_that_the_program_could_not_read_is_looked_at_before_it_becomes_public() {
        with_a_draft(|publication, scene| {
            let _ = publication.attach(file(1, true), SYSTEM, scene).expect("attached");
            let _ = publication.check(SYSTEM, scene).expect("checked");
            let verdict = |looked_at_files| Verdict {
                disposal: Disposal::Disclose,
                ground: None,
                reason: String::new(),
                omissions: Vec::new(),
                looked_at_files,
            };
            let refusal = publication.review("P1", verdict(false), scene).expect_err("not looked at");
            assert_eq!(refusal.reason(), "FILES_NOT_LOOKED_AT");
            assert_eq!(publication.review("P1", verdict(true), scene).expect("reviewed").event, "publication.reviewed");
        });
    }

    #[test]
    fn without_a_standing_review_the_suites_draft_waits() {
        with_a_draft(|publication, scene| {
            let _ = publication.check(SYSTEM, scene).expect("checked");
            let refusal = publication.review_by_standing(scene).expect_err("nobody has judged");
            assert_eq!(refusal.reason(), "NO_STANDING_REVIEW");
        });
    }
}
