//! ColumnService: columns and lists of required elements.

use std::{collections::HashSet, sync::Arc};

use calendar::shanghai_date;
use kit::{
    actor::RequestKey,
    caller::Caller,
    form::{Form, finish, must_match},
    id::{self, Division},
    refusal::Refusal,
    store::{Desk, Key},
};
use proto::disclosure::v1::{self as pb, column_service_server::ColumnService};
use tonic::{Request, Response, Status};

use super::{code, is_inside, line, name_of, person, time};
use crate::{
    domain::{
        content::unmarked,
        site::{Column, Element, List, Site, StandingReview},
    },
    office::{Office, record, site_of, unreadable},
    store::arrival,
};

/// The columns' face to the world.
pub struct Columns(pub Arc<Office>);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl ColumnService for Columns {
    async fn set_column(&self, request: Request<pb::SetColumnRequest>) -> Answer<pb::Column> {
        let request = request.into_inner();
        let key = RequestKey::of("SetColumn", &request, &request.request_id)?;
        let (Some(column), actor) = (request.column, request.manager) else {
            return Err(Refusal::field("column", "必填", "required").into());
        };
        let (division, code) = id::child("column.name", &column.name, "columns")?;
        let (code, etag) = (code.to_owned(), column.etag.clone());
        let (mirror, now) = (self.0.mirror(), self.0.clock.now());
        let mut form = Form::new();
        let manager = person(&mut form, "manager", &actor, division);
        let fresh = read_column(&mut form, column, division, now.0);
        let (manager, fresh) = finish(form, manager.zip(fresh))?;
        let titles = [("column.title_zh", &fresh.title_zh), ("column.title_en", &fresh.title_en)];
        unmarked(titles.map(|(field, text)| (field.to_owned(), text.as_str())))?;
        let title = code.clone();
        let decide = move |desk: &mut Desk<'_>| {
            let mut site = site_of(desk);
            must_match(&etag, site.column(&title).map_or(0, |there| there.version))?;
            site.set_column(fresh.clone(), &manager, &mirror, shanghai_date(now.0))?;
            record(desk, "site.columns", SITE.to_owned(), &actor, &show_column(division, site.column(&title)?));
            desk.put(site);
            Ok(Arc::from(Site::ID))
        };
        let keys = vec![Key::of::<Site>(division, Site::ID)];
        let site = self.0.writer.change::<Site>(division, keys, Some(key), decide).await?;
        // It may have been given a standing review, which drafts of the suite wait for.
        arrival::again(&self.0.store, Some(division)).await.map_err(unreadable)?;
        self.0.arrived.notify_one();
        Ok(Response::new(show_column(division, site.column(&code)?)))
    }

    async fn list_columns(&self, request: Request<pb::ListColumnsRequest>) -> Answer<pb::ListColumnsResponse> {
        let caller = Caller::of_call(&request);
        let request = request.into_inner();
        let division = id::division("parent", &request.parent)?;
        let site = self.0.site(division).await?;
        let inside = is_inside(&caller, division);
        let shown = site.columns().into_iter().filter(|column| request.show_retired || !column.retired);
        let columns = shown.map(|column| match show_column(division, column) {
            column if inside => column,
            column => nameless(column),
        });
        let columns = columns.collect();
        Ok(Response::new(pb::ListColumnsResponse { columns }))
    }

    async fn set_requirements(&self, request: Request<pb::SetRequirementsRequest>) -> Answer<pb::Requirements> {
        let request = request.into_inner();
        let key = RequestKey::of("SetRequirements", &request, &request.request_id)?;
        let (Some(list), actor) = (request.requirements, request.manager) else {
            return Err(Refusal::field("requirements", "必填", "required").into());
        };
        let (division, code) = id::child("requirements.name", &list.name, "requirements")?;
        let (code, etag) = (code.to_owned(), list.etag.clone());
        let (mirror, today) = (self.0.mirror(), shanghai_date(self.0.clock.now().0));
        let mut form = Form::new();
        let manager = person(&mut form, "manager", &actor, division);
        let from = form.date("requirements.effective_on", &list.effective_on).unwrap_or(today);
        let fresh = read_list(&mut form, list, &code);
        let (manager, fresh) = finish(form, manager.zip(Some(fresh)))?;
        let list = code.clone();
        let decide = move |desk: &mut Desk<'_>| {
            let mut site = site_of(desk);
            must_match(&etag, site.newest(&list).into())?;
            site.set_list(fresh.clone(), from, &manager, &mirror, today)?;
            if let Some(newest) = site.newest_list(&list) {
                record(desk, "site.requirements", SITE.to_owned(), &actor, &show_list(&site, newest));
            }
            desk.put(site);
            Ok(Arc::from(Site::ID))
        };
        let keys = vec![Key::of::<Site>(division, Site::ID)];
        let site = self.0.writer.change::<Site>(division, keys, Some(key), decide).await?;
        let newest = site.newest_list(&code).ok_or_else(|| Refusal::internal("a list that was set is not there"))?;
        Ok(Response::new(show_list(&site, newest)))
    }

    async fn list_requirements(
        &self,
        request: Request<pb::ListRequirementsRequest>,
    ) -> Answer<pb::ListRequirementsResponse> {
        let division = id::division("parent", &request.into_inner().parent)?;
        let site = self.0.site(division).await?;
        let today = shanghai_date(self.0.clock.now().0);
        let requirements = site.lists(today).into_iter().map(|list| show_list(&site, list)).collect();
        Ok(Response::new(pb::ListRequirementsResponse { requirements }))
    }
}

/// In the journal: a division has one.
const SITE: &str = "sites/site";

fn read_column(form: &mut Form, column: pb::Column, division: Division, now: i64) -> Option<Column> {
    let category = pb::Category::try_from(column.category).ok().filter(|known| *known != pb::Category::Unspecified);
    form.require(category.is_some(), "column.category", "必填，且须为已知取值", "required and of the known values");
    let name = column.name.rsplit('/').next().unwrap_or_default();
    let requirements = match column.requirements.as_str() {
        "" => String::new(),
        given => code(form, "column.requirements", given),
    };
    Some(Column {
        code: code(form, "column.name", name),
        title_zh: line(form, "column.title_zh", &column.title_zh, 1..=40),
        title_en: line(form, "column.title_en", &column.title_en, 1..=40),
        category: category.map_or(0, |category| category as u8),
        requirements,
        limit: form.number("column.limit_days", column.limit_days.into(), 1..=20) as u16,
        rank: column.rank,
        bar: form.number("column.bar", column.bar.into(), 0..=100) as u32,
        standing_review: column.standing_review.and_then(|review| read_review(form, review, division, now)),
        retired: column.retired,
        version: 0,
    })
}

fn read_review(form: &mut Form, review: pb::StandingReview, division: Division, now: i64) -> Option<StandingReview> {
    let field = |name: &str| format!("column.standing_review.{name}");
    let reviewer = person(form, &field("reviewer"), &review.reviewer, division);
    let leader = person(form, &field("leader"), &review.leader, division);
    let (zh, en) = ("审查人不得同时是审批人", "the reviewer and the leader are two people");
    form.require(reviewer.is_none() || reviewer != leader, &field("reviewer"), zh, en);
    let document_number = line(form, &field("document_number"), &review.document_number, 1..=100);
    Some(StandingReview { reviewer: reviewer?, leader: leader?, document_number, at: now })
}

fn read_list(form: &mut Form, list: pb::Requirements, name: &str) -> List {
    let (zh, en) = ("要素应为1至40项", "must be 1 to 40 elements");
    form.require((1..=40).contains(&list.elements.len()), "requirements.elements", zh, en);
    let mut codes = HashSet::new();
    let mut elements = Vec::new();
    for (i, element) in list.elements.iter().take(40).enumerate() {
        let field = |name: &str| format!("requirements.elements[{i}].{name}");
        let read = Element {
            code: code(form, &field("code"), &element.code),
            title_zh: line(form, &field("title_zh"), &element.title_zh, 1..=40),
            title_en: line(form, &field("title_en"), &element.title_en, 1..=60),
            least: match form.number(&field("least"), element.least.into(), 0..=10_000) {
                0 => 2,
                least => least as u32,
            },
        };
        form.require(codes.insert(read.code.clone()), &field("code"), "要素重复", "stands twice");
        elements.push(read);
    }
    List {
        code: code(form, "requirements.name", name),
        title_zh: line(form, "requirements.title_zh", &list.title_zh, 1..=40),
        title_en: line(form, "requirements.title_en", &list.title_en, 1..=60),
        version: 0,
        effective_on: None,
        basis: line(form, "requirements.basis", &list.basis, 1..=200),
        elements,
    }
}

fn show_column(division: Division, column: &Column) -> pb::Column {
    let review = column.standing_review.as_ref().map(|review| pb::StandingReview {
        reviewer: name_of(division, &review.reviewer),
        leader: name_of(division, &review.leader),
        document_number: review.document_number.clone(),
        given_at: time(review.at),
    });
    pb::Column {
        name: division.child("columns", &column.code),
        title_zh: column.title_zh.clone(),
        title_en: column.title_en.clone(),
        category: column.category.into(),
        requirements: column.requirements.clone(),
        limit_days: column.limit.into(),
        rank: column.rank,
        bar: column.bar as i32,
        standing_review: review,
        retired: column.retired,
        etag: column.version.to_string(),
    }
}

/// As everybody sees it: without the names of who gave the standing review.
fn nameless(column: pb::Column) -> pb::Column {
    let unnamed = |review| pb::StandingReview { reviewer: String::new(), leader: String::new(), ..review };
    pb::Column { standing_review: column.standing_review.map(unnamed), ..column }
}

fn show_list(site: &Site, list: &List) -> pb::Requirements {
    let element = |element: &Element| pb::Element {
        code: element.code.clone(),
        title_zh: element.title_zh.clone(),
        title_en: element.title_en.clone(),
        least: element.least as i32,
    };
    pb::Requirements {
        name: site.division.child("requirements", &list.code),
        title_zh: list.title_zh.clone(),
        title_en: list.title_en.clone(),
        version: list.version as i32,
        effective_on: list.effective_on.map(|day| day.to_string()).unwrap_or_default(),
        elements: list.elements.iter().map(element).collect(),
        basis: list.basis.clone(),
        etag: site.newest(&list.code).to_string(),
    }
}
