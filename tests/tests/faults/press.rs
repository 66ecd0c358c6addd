//! The part of a caller who publishes: a publication goes its way to the public, is corrected, withheld, withdrawn, and
//! files arrive at its drafts.

use kit::keyring::Keyring;
use proto::disclosure::v1::{self as pb, Disposal, DraftState as Draft, Standing};
use rand::{Rng, seq::IndexedRandom};
use sha2::{Digest, Sha256};

use super::{
    change::{Change, Upload, standing},
    client::Client,
    history::Expected,
};
use crate::house::centre::UNITS;

/// Publications in one client's hands.
const HANDS: usize = 3;

/// A publication that a client works on. Nobody else touches it.
#[derive(Clone, Debug)]
pub struct Paper {
    pub name: String,
    pub unit: &'static str,
    pub standing: Standing,
    pub draft: Draft,
    pub etag: String,
}

impl Client {
    pub(super) async fn publish(&mut self, channel: &Keyring) {
        if self.papers.is_empty() || self.papers.len() < HANDS && self.dice.random_bool(0.3) {
            let unit = UNITS.choose(&mut self.dice).expect("two units");
            let request = pb::CreatePublicationRequest {
                parent: self.centre.name(),
                content: Some(self.centre.content(unit)),
                author: self.centre.clerk(unit),
                request_id: self.request_id(),
            };
            let expected = Expected::Done(standing(Standing::Unpublished, Draft::Draft));
            return self.say(channel, Change::Draft(Box::new(request)), expected).await;
        }
        let at = self.dice.random_range(0..self.papers.len());
        let paper = self.papers[at].clone();
        if self.dice.random_bool(0.08) {
            let (change, expected) = self.slip(&paper);
            return self.say(channel, change, expected).await;
        }
        let (change, standing_after, draft_after) = self.turn(&paper);
        self.say(channel, change, Expected::Done(standing(standing_after, draft_after))).await;
    }

    /// A step that the draft's state allows, and how the publication stands after it.
    fn turn(&mut self, paper: &Paper) -> (Change, Standing, Draft) {
        let Paper { name, unit, standing: stands, etag, .. } = paper.clone();
        let (clerk, reviewer, leader) = (self.centre.clerk(unit), self.centre.officer(unit), self.centre.head(unit));
        let content = Some(self.centre.content(unit));
        let (lot, request_id) = (self.dice.random_range(0..100), self.request_id());
        let reason = "核对文字".to_owned();
        match paper.draft {
            Draft::Draft if lot < 25 => (self.upload(paper), stands, Draft::Draft),
            // An upload is not answered with an etag, and who rewrites has to know what.
            Draft::Draft if lot < 35 && !etag.is_empty() => {
                let request = pb::UpdatePublicationRequest { name, content, author: clerk, etag, request_id };
                (Change::Rewrite(Box::new(request)), stands, Draft::Draft)
            }
            Draft::Draft => {
                let request = pb::CheckPublicationRequest { name, clerk, etag, request_id };
                (Change::Check(request), stands, Draft::Checked)
            }
            Draft::Reviewed if lot < 10 => {
                let request = pb::ReturnPublicationRequest { name, clerk, reason, etag, request_id };
                (Change::Return(request), stands, Draft::Draft)
            }
            Draft::Checked if lot < 10 && stands == Standing::Unpublished => {
                let request = pb::ReviewPublicationRequest {
                    name,
                    reviewer,
                    disposal: Disposal::Withhold.into(),
                    ground: pb::Ground::Process.into(),
                    reason,
                    request_id,
                    ..Default::default()
                };
                (Change::Review(request), Standing::Withheld, Draft::Unspecified)
            }
            Draft::Checked => {
                let disposal = Disposal::Disclose.into();
                let request =
                    pb::ReviewPublicationRequest { name, reviewer, disposal, etag, request_id, ..Default::default() };
                (Change::Review(request), stands, Draft::Reviewed)
            }
            Draft::Reviewed => {
                let below_bar_reason = "先行公开".to_owned();
                let request = pb::ApprovePublicationRequest { name, leader, below_bar_reason, etag, request_id };
                (Change::Approve(request), stands, Draft::Approved)
            }
            Draft::Approved => {
                let request = pb::PublishPublicationRequest { name, clerk, etag, request_id };
                (Change::Publish(request), Standing::Public, Draft::Unspecified)
            }
            Draft::Unspecified if lot < 30 && stands == Standing::Public => {
                let request = pb::WithdrawPublicationRequest { name, clerk, reason, etag, request_id };
                (Change::TakeDown(request), Standing::Withdrawn, Draft::Unspecified)
            }
            Draft::Unspecified => {
                let request = pb::CorrectPublicationRequest { name, author: clerk, reason, content, etag, request_id };
                (Change::Correct(Box::new(request)), stands, Draft::Draft)
            }
        }
    }

    fn upload(&mut self, paper: &Paper) -> Change {
        let request_id = self.request_id();
        let file = format!("停水安排 {request_id}\n").repeat(self.dice.random_range(1..2_000)).into_bytes();
        let header = pb::UploadFileHeader {
            parent: paper.name.clone(),
            // One name: the draft's file is exchanged for another, so that there is always room.
            file_name: "安排.txt".into(),
            media_type: "text/plain".into(),
            sha256: Sha256::digest(&file).to_vec(),
            size_bytes: file.len() as i64,
            title: "停水安排".into(),
            alternative: String::new(),
            clerk: self.centre.clerk(paper.unit),
            request_id: request_id.clone(),
        };
        let stands = standing(paper.standing, Draft::Draft);
        Change::File(Box::new(Upload { header, file, request_id, stands }))
    }

    /// What must be refused, and why.
    fn slip(&mut self, paper: &Paper) -> (Change, Expected) {
        let (name, request_id) = (paper.name.clone(), self.request_id());
        let (clerk, etag) = (self.centre.clerk(paper.unit), String::new());
        match self.dice.random_range(0..3) {
            0 if paper.draft != Draft::Approved => {
                let request = pb::PublishPublicationRequest { name, clerk, etag, request_id };
                (Change::Publish(request), Expected::Refused(&["DRAFT_STATE", "NO_DRAFT"]))
            }
            1 => {
                let (clerk, etag) = (self.centre.of("people", "NOBODY"), String::new());
                let request = pb::CheckPublicationRequest { name, clerk, etag, request_id };
                (Change::Check(request), Expected::Refused(&["PERSON_NOT_FOUND", "DRAFT_STATE", "NO_DRAFT"]))
            }
            _ => {
                let content = Some(self.centre.content(paper.unit));
                let request =
                    pb::UpdatePublicationRequest { name, content, author: clerk, etag: "0".into(), request_id };
                (Change::Rewrite(Box::new(request)), Expected::Refused(&["ETAG_STALE", "NO_DRAFT"]))
            }
        }
    }

    /// Takes over what an answer says of a publication.
    pub(super) fn learn_paper(&mut self, name: &str, state: i32, etag: &str, created_by: Option<&str>) {
        let (stands, draft) = (Standing::try_from(state / 10), Draft::try_from(state % 10));
        let (stands, draft) = (stands.unwrap_or_default(), draft.unwrap_or_default());
        if let Some(author) = created_by {
            let unit = UNITS.into_iter().find(|unit| author == self.centre.clerk(unit)).expect("one of the units");
            let (name, etag) = (name.to_owned(), etag.to_owned());
            self.papers.push(Paper { name, unit, standing: stands, draft, etag });
        } else if let Some(paper) = self.papers.iter_mut().find(|paper| paper.name == name) {
            (paper.standing, paper.draft, paper.etag) = (stands, draft, etag.to_owned());
        }
        // Some are left as they are, so that all there is does not stay in few hands.
        let leaves = self.dice.random_bool(0.1);
        self.papers.retain(|paper| !(leaves && paper.name == name && paper.draft == Draft::Unspecified));
    }
}
