//! PublicationService: from the draft to the public.

use std::sync::Arc;

use calendar::shanghai_date;
use kit::{
    actor::{RequestKey, SYSTEM},
    caller::Caller,
    form::{Form, finish, must_match},
    id::{self, Division},
    refusal::Refusal,
    store::{Desk, Key},
};
use proto::disclosure::v1::{self as pb, publication_service_server::PublicationService};
use tonic::{Request, Response, Status};

use super::{content, inbox, is_inside, person, portal, render};
use crate::{
    domain::{
        content::unmarked,
        publication::{Happened, Publication, Scene, Serial, Standing, Text},
        site::Site,
    },
    office::{Office, keys, settle, site_of},
};

/// The publications' face to the world.
pub struct Publications(pub Arc<Office>);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl PublicationService for Publications {
    async fn create_publication(&self, request: Request<pb::CreatePublicationRequest>) -> Answer<pb::Publication> {
        let request = request.into_inner();
        let key = RequestKey::of("CreatePublication", &request, &request.request_id)?;
        let division = id::division("parent", &request.parent)?;
        let (mirror, now) = (self.0.mirror(), self.0.clock.now());
        let today = shanghai_date(now.0);
        let mut form = Form::new();
        let author = person(&mut form, "author", &request.author, division);
        form.require(request.content.is_some(), "content", "必填", "required");
        let content = request.content.and_then(|content| content::read(&mut form, content, division, today));
        let (author, content) = finish(form, author.zip(content))?;
        content.unmarked()?;
        let (serial, actor) = (Serial::id(&content.unit, today.year()), request.author);
        let own = [Key::of::<Site>(division, Site::ID), Key::of::<Serial>(division, serial.as_str())];
        let decide = move |desk: &mut Desk<'_>| {
            let site = site_of(desk);
            let scene = Scene { site: &site, mirror: &mirror, now };
            let mut serial = desk
                .get::<Serial>(&serial)
                .map_or_else(|| Serial { division, id: serial.clone(), last: 0 }, Arc::unwrap_or_clone);
            let (publication, happened) = Publication::create(&mut serial, content.clone(), &author, "", &scene)?;
            desk.put(serial);
            settle(desk, &publication, happened, &actor);
            Ok(publication.id.as_str().into())
        };
        let publication = self.0.writer.change::<Publication>(division, own.to_vec(), Some(key), decide).await?;
        self.show(&publication).await
    }

    async fn update_publication(&self, request: Request<pb::UpdatePublicationRequest>) -> Answer<pb::Publication> {
        let request = request.into_inner();
        let key = RequestKey::of("UpdatePublication", &request, &request.request_id)?;
        let (target, author) = Target::read(&request.name, &request.etag, "author", &request.author)?;
        let today = shanghai_date(self.0.clock.now().0);
        let mut form = Form::new();
        form.require(!request.etag.is_empty(), "etag", "必填：所修改版本的标记", "required: of the version edited");
        form.require(request.content.is_some(), "content", "必填", "required");
        let content = request.content.and_then(|content| content::read(&mut form, content, target.division, today));
        let content = finish(form, content)?;
        content.unmarked()?;
        self.change(target, key, move |publication, scene| publication.update(content.clone(), &author, scene)).await
    }

    async fn check_publication(&self, request: Request<pb::CheckPublicationRequest>) -> Answer<pb::Publication> {
        let request = request.into_inner();
        let key = RequestKey::of("CheckPublication", &request, &request.request_id)?;
        let (target, clerk) = Target::read(&request.name, &request.etag, "clerk", &request.clerk)?;
        self.change(target, key, move |publication, scene| publication.check(&clerk, scene)).await
    }

    async fn review_publication(&self, request: Request<pb::ReviewPublicationRequest>) -> Answer<pb::Publication> {
        let request = request.into_inner();
        let key = RequestKey::of("ReviewPublication", &request, &request.request_id)?;
        let (target, reviewer) = Target::read(&request.name, &request.etag, "reviewer", &request.reviewer)?;
        let mut form = Form::new();
        let verdict = content::verdict(&mut form, &request);
        let verdict = finish(form, verdict)?;
        let omissions = verdict.omissions.iter().enumerate().flat_map(|(i, omission)| {
            let of = |field: &str| format!("omissions[{i}].{field}");
            [(of("what"), omission.what.as_str()), (of("reason"), omission.reason.as_str())]
        });
        unmarked(omissions.chain([("reason".to_owned(), verdict.reason.as_str())]))?;
        self.change(target, key, move |publication, scene| publication.review(&reviewer, verdict.clone(), scene)).await
    }

    async fn approve_publication(&self, request: Request<pb::ApprovePublicationRequest>) -> Answer<pb::Publication> {
        let request = request.into_inner();
        let key = RequestKey::of("ApprovePublication", &request, &request.request_id)?;
        let (target, leader) = Target::read(&request.name, &request.etag, "leader", &request.leader)?;
        let reason = reason("below_bar_reason", &request.below_bar_reason, 0)?;
        self.change(target, key, move |publication, scene| publication.approve(&leader, &reason, scene)).await
    }

    async fn publish_publication(&self, request: Request<pb::PublishPublicationRequest>) -> Answer<pb::Publication> {
        let request = request.into_inner();
        let key = RequestKey::of("PublishPublication", &request, &request.request_id)?;
        let (target, clerk) = Target::read(&request.name, &request.etag, "clerk", &request.clerk)?;
        self.change(target, key, move |publication, scene| publication.publish(&clerk, scene)).await
    }

    async fn return_publication(&self, request: Request<pb::ReturnPublicationRequest>) -> Answer<pb::Publication> {
        let request = request.into_inner();
        let key = RequestKey::of("ReturnPublication", &request, &request.request_id)?;
        let (target, clerk) = Target::read(&request.name, &request.etag, "clerk", &request.clerk)?;
        let reason = reason("reason", &request.reason, 1)?;
        self.change(target, key, move |publication, scene| publication.send_back(&clerk, &reason, scene)).await
    }

    async fn correct_publication(&self, request: Request<pb::CorrectPublicationRequest>) -> Answer<pb::Publication> {
        let request = request.into_inner();
        let key = RequestKey::of("CorrectPublication", &request, &request.request_id)?;
        let (target, author) = Target::read(&request.name, &request.etag, "author", &request.author)?;
        let today = shanghai_date(self.0.clock.now().0);
        let mut form = Form::new();
        let given = request.content.map(|content| content::read(&mut form, content, target.division, today));
        form.finish()?;
        let content = given.flatten();
        content.as_ref().map_or(Ok(()), |content| content.unmarked())?;
        let reason = reason("reason", &request.reason, 1)?;
        // Which text is the last one is known from the publication alone; where it is another by then, it has changed.
        let division = target.division;
        let there = self.0.publications.get(division, &target.id).await?.ok_or_else(Publication::not_found)?;
        let text: Arc<str> = there.text_id().into();
        let more = vec![Key::of::<Text>(division, text.clone())];
        self.change_with(target, more, key, move |publication, scene, desk| {
            if publication.text_id() != *text {
                return Err(Refusal::stale());
            }
            publication.must_be_closed()?;
            let last = desk.take::<Text>(&text, || Refusal::internal("a text went away"))?;
            publication.correct(content.clone(), &last, &author, &reason, scene)
        })
        .await
    }

    async fn withdraw_publication(&self, request: Request<pb::WithdrawPublicationRequest>) -> Answer<pb::Publication> {
        let request = request.into_inner();
        let key = RequestKey::of("WithdrawPublication", &request, &request.request_id)?;
        let (target, clerk) = Target::read(&request.name, &request.etag, "clerk", &request.clerk)?;
        let reason = reason("reason", &request.reason, 1)?;
        self.change(target, key, move |publication, scene| publication.withdraw(&clerk, &reason, scene)).await
    }

    async fn remove_file(&self, request: Request<pb::RemoveFileRequest>) -> Answer<pb::Publication> {
        let request = request.into_inner();
        let key = RequestKey::of("RemoveFile", &request, &request.request_id)?;
        let (name, sha256) = file_of("name", &request.name)?;
        let (target, clerk) = Target::read(name, &request.etag, "clerk", &request.clerk)?;
        let sha256 = sha256.to_owned();
        self.change(target, key, move |publication, scene| publication.remove_file(&sha256, &clerk, scene)).await
    }

    async fn get_publication(&self, request: Request<pb::GetPublicationRequest>) -> Answer<pb::Publication> {
        let caller = Caller::of_call(&request);
        let request = request.into_inner();
        let (division, id) = id::child("name", &request.name, "publications")?;
        let mut form = Form::new();
        let number = form.number("edition", request.edition.into(), 0..=100_000) as usize;
        form.finish()?;
        let inside = is_inside(&caller, division);
        let there = self.0.publications.get(division, id).await?;
        let seen = |publication: &Arc<Publication>| {
            inside || matches!(publication.standing, Standing::Public | Standing::Withdrawn)
        };
        let publication = there.filter(seen).ok_or_else(Publication::not_found)?;
        let last = publication.editions.len();
        if number > last {
            return Err(Refusal::not_found("EDITION_NOT_FOUND", "没有此版本", "there is no such edition").into());
        }
        let mut texts = Vec::new();
        // What was withdrawn is nobody's to read but the division's.
        if inside || publication.standing == Standing::Public {
            let asked = (number != 0 && number != last).then_some(number);
            for number in asked.into_iter().chain((last > 0).then_some(last)) {
                texts.extend(self.0.texts.get(division, &format!("{id}.{number}")).await?);
            }
        }
        let show = if inside { render::whole } else { render::public };
        Ok(Response::new(show(&publication, &texts)))
    }

    async fn list_inbox(&self, request: Request<pb::ListInboxRequest>) -> Answer<pb::ListInboxResponse> {
        Ok(Response::new(inbox::list(&self.0, request.into_inner()).await?))
    }

    async fn list_published(&self, request: Request<pb::ListPublishedRequest>) -> Answer<pb::ListPublishedResponse> {
        Ok(Response::new(portal::list(&self.0, request.into_inner()).await?))
    }

    async fn search_published(
        &self,
        request: Request<pb::SearchPublishedRequest>,
    ) -> Answer<pb::SearchPublishedResponse> {
        Ok(Response::new(portal::search(&self.0, request.into_inner()).await?))
    }
}

/// Which publication, as the caller saw it, and who acts.
pub(super) struct Target {
    pub(super) division: Division,
    pub(super) id: String,
    etag: String,
    /// Resource name of a person.
    actor: String,
}

impl Target {
    fn read(name: &str, etag: &str, field: &str, actor: &str) -> Result<(Target, String), Refusal> {
        let (target, person) = Target::of("name", name, field, actor)?;
        Ok((Target { etag: etag.to_owned(), ..target }, person))
    }

    /// As it stands, whoever saw it last.
    pub(super) fn of(what: &str, name: &str, field: &str, actor: &str) -> Result<(Target, String), Refusal> {
        let (division, id) = id::child(what, name, "publications")?;
        let person = id::child_of(field, actor, "people", division)?.to_owned();
        Ok((Target { division, id: id.to_owned(), etag: String::new(), actor: actor.to_owned() }, person))
    }
}

/// The name of a publication, and of one of its files the digest.
pub fn file_of<'a>(field: &str, name: &'a str) -> Result<(&'a str, &'a str), Refusal> {
    let known = name.split_once("/files/").filter(|(_, sha256)| {
        sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    });
    known.ok_or_else(|| {
        let form = "divisions/{division}/publications/{publication}/files/{sha256}";
        Refusal::field(field, format!("名称格式应为 {form}"), format!("must be a name of the form {form}"))
    })
}

/// At most 1,000 characters, at least so many, without a marking.
fn reason(field: &str, text: &str, least: usize) -> Result<String, Refusal> {
    let mut form = Form::new();
    let reason = form.text(field, text, least..=1_000);
    form.finish()?;
    unmarked([(field.to_owned(), reason.as_str())])?;
    Ok(reason)
}

impl Publications {
    pub(super) async fn change(
        &self,
        target: Target,
        key: RequestKey,
        decide: impl Fn(&mut Publication, &Scene<'_>) -> Result<Happened, Refusal> + Send + Sync + 'static,
    ) -> Answer<pb::Publication> {
        self.change_with(target, Vec::new(), key, move |publication, scene, _| decide(publication, scene)).await
    }

    /// `more` are the nouns that the decision looks at besides.
    async fn change_with(
        &self,
        target: Target,
        more: Vec<Key>,
        key: RequestKey,
        decide: impl Fn(&mut Publication, &Scene<'_>, &Desk<'_>) -> Result<Happened, Refusal> + Send + Sync + 'static,
    ) -> Answer<pb::Publication> {
        let Target { division, id, etag, actor } = target;
        let (mirror, mut named) = (self.0.mirror(), keys(division, &id));
        named.extend(more);
        let decide = move |desk: &mut Desk<'_>| {
            let (site, now) = (site_of(desk), desk.now());
            let mut publication = desk.take::<Publication>(&id, Publication::not_found)?;
            must_match(&etag, publication.version)?;
            while let Some(light) = publication.wake(now) {
                settle(desk, &publication, light, SYSTEM);
            }
            let happened = decide(&mut publication, &Scene { site: &site, mirror: &mirror, now }, desk)?;
            settle(desk, &publication, happened, &actor);
            Ok(id.as_str().into())
        };
        let publication = self.0.writer.change::<Publication>(division, named, Some(key), decide).await?;
        self.show(&publication).await
    }

    async fn show(&self, publication: &Publication) -> Answer<pb::Publication> {
        let mut texts = Vec::new();
        if publication.edition().is_some() {
            texts.extend(self.0.texts.get(publication.division, &publication.text_id()).await?);
        }
        Ok(Response::new(render::whole(publication, &texts)))
    }
}
