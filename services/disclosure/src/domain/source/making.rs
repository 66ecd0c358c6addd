//! How a publication follows its source: drafted, corrected, withdrawn by the suite itself, and made public where its
//! column has a standing review.

use kit::refusal::Refusal;

use super::{
    super::publication::{Draft, Happened, Publication, SYSTEM, Scene, Serial, Standing, State, Text},
    Made, Origin, Says,
};

/// What is left to do about a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    Nothing,
    /// The draft waits for people, or for a standing review.
    Waits,
    /// Somebody is working on a draft of it: it is theirs, and looked at again the next day.
    Tomorrow,
}

/// What is on the desk of a source.
pub struct Sheet {
    pub origin: Origin,
    pub publication: Option<Publication>,
    /// The last text of the publication.
    pub last: Option<Text>,
    /// Numbers what is new.
    pub serial: Serial,
}

/// Is told each step, with the publication as of then.
pub type Tell<'a> = dyn FnMut(&Publication, Happened) + 'a;

impl Sheet {
    /// Brings the publication to what the source says. Doing it again changes nothing.
    pub fn bring(&mut self, says: &Says, scene: &Scene<'_>, tell: &mut Tell<'_>) -> Result<Left, Refusal> {
        let made = match says {
            Says::Nothing => return Ok(Left::Nothing),
            Says::Gone(reason) => {
                self.withdraw(reason, scene, tell)?;
                return Ok(Left::Nothing);
            }
            Says::This(made) => made,
        };
        if self.origin.made != made.version && !self.write(made, scene, tell)? {
            return Ok(Left::Tomorrow);
        }
        self.finish(scene, tell)
    }

    fn withdraw(&mut self, reason: &str, scene: &Scene<'_>, tell: &mut Tell<'_>) -> Result<(), Refusal> {
        if let Some(publication) = self.publication.as_mut().filter(|there| there.standing == Standing::Public) {
            let happened = publication.withdraw(SYSTEM, reason, scene)?;
            tell(publication, happened);
        }
        Ok(())
    }

    /// Drafts what the source says; false where somebody else is at it.
    fn write(&mut self, made: &Made, scene: &Scene<'_>, tell: &mut Tell<'_>) -> Result<bool, Refusal> {
        let (content, correction) = (made.content.clone(), made.correction(self.origin.made));
        let moved = self.publication.as_ref().is_some_and(|there| there.unit != content.unit);
        if moved {
            let to = scene.mirror.title(self.origin.division, &content.unit).to_owned();
            self.withdraw(&format!("实施主体已变更为{to}，由其重新公开。"), scene, tell)?;
            self.publication = None;
        }
        match &mut self.publication {
            None => {
                let (publication, happened) =
                    Publication::create(&mut self.serial, content, SYSTEM, &self.origin.source, scene)?;
                self.origin.publication = publication.id.clone();
                tell(&publication, happened);
                self.publication = Some(publication);
            }
            Some(publication) => {
                let happened = match (&publication.draft, &self.last) {
                    (Some(draft), _) if !is_own(draft) => return Ok(false),
                    (Some(_), _) => publication.update(content, SYSTEM, scene)?,
                    (None, Some(last)) => publication.correct(Some(content), last, SYSTEM, &correction, scene)?,
                    (None, None) => return Err(Refusal::internal("a publication with neither draft nor text")),
                };
                tell(publication, happened);
            }
        }
        self.origin.made = made.version;
        Ok(true)
    }

    /// Makes the suite's own draft public, where somebody has judged that its kind may be.
    fn finish(&mut self, scene: &Scene<'_>, tell: &mut Tell<'_>) -> Result<Left, Refusal> {
        let Some(publication) = &mut self.publication else { return Ok(Left::Nothing) };
        let Some(draft) = publication.draft.as_ref() else { return Ok(Left::Nothing) };
        // What people have withdrawn, withheld or sent back does not come again by itself.
        let untouched = is_own(draft)
            && draft.returned_reason.is_empty()
            && matches!(publication.standing, Standing::Unpublished | Standing::Public)
            && matches!(draft.state, State::Draft | State::Checked);
        if !untouched || scene.site.column(&draft.content.column)?.standing_review.is_none() {
            return Ok(Left::Waits);
        }
        if draft.state == State::Draft {
            let happened = publication.check(SYSTEM, scene)?;
            tell(publication, happened);
        }
        let mut reviewed = publication.clone();
        let steps = match reviewed.review_by_standing(scene) {
            Ok(steps) => steps,
            Err(refusal) if refusal.reason() == "BELOW_BAR" => return Ok(Left::Waits),
            Err(refusal) => return Err(refusal),
        };
        *publication = reviewed;
        steps.into_iter().for_each(|happened| tell(publication, happened));
        let happened = publication.publish(SYSTEM, scene)?;
        tell(publication, happened);
        Ok(Left::Nothing)
    }
}

/// Nobody but the suite has written it.
fn is_own(draft: &Draft) -> bool {
    draft.writers.iter().all(|writer| writer == SYSTEM)
}
