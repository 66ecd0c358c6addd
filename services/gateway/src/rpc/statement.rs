//! FigureService: figures that are stated for good, counted again, and given out whole.

use std::sync::Arc;

use kit::{
    actor::RequestKey,
    caller::Caller,
    clock::Moment,
    form::Form,
    id::{self, Division},
    keys::Keys,
    page,
    refusal::Refusal,
    store::Noun,
};
use proto::gateway::v1::{self as pb, figure_service_server::FigureService};
use tonic::{Request, Response, Status};
use verify::definition::{self, Cohort, Definition};

use crate::{
    ask,
    domain::{
        figures::Rate,
        scope::Selection,
        statement::{Question, Statement},
    },
    press::{self, Pieces, Press, Recounted},
};

/// FigureService over the press.
pub struct Statements {
    pub press: Arc<Press>,
    pub keys: Keys,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl FigureService for Statements {
    async fn list_definitions(&self, _: Request<pb::ListDefinitionsRequest>) -> Answer<pb::ListDefinitionsResponse> {
        Ok(Response::new(pb::ListDefinitionsResponse {
            definitions: definition::ALL.iter().map(render_definition).collect(),
        }))
    }

    async fn publish_figure(&self, request: Request<pb::PublishFigureRequest>) -> Answer<pb::PublishedFigure> {
        let by = Caller::of_call(&request).actor().to_owned();
        let request = request.into_inner();
        let key = RequestKey::of("PublishFigure", &request, &request.request_id)?;
        let division = id::division("parent", &request.parent)?;
        let question = read_question(division, &request.definition, request.period, request.unit)?;
        let statement = self.press.publish(question, by, key).await?;
        Ok(Response::new(render(&statement)))
    }

    async fn get_published_figure(
        &self,
        request: Request<pb::GetPublishedFigureRequest>,
    ) -> Answer<pb::PublishedFigure> {
        Ok(Response::new(render(&self.named(&request.into_inner().name).await?)))
    }

    async fn list_published_figures(
        &self,
        request: Request<pb::ListPublishedFiguresRequest>,
    ) -> Answer<pb::ListPublishedFiguresResponse> {
        let pb::ListPublishedFiguresRequest { parent, page_size, page_token, definition } = request.into_inner();
        let mut form = Form::new();
        let division = form.take(id::division("parent", &parent));
        let size = form.take(page::size(page_size, 50, 200));
        let known = definition.is_empty() || definition::find(&definition).is_some();
        form.require(known, "definition", "须为已知指标定义", "must be a known definition, or empty");
        let (division, size) = ask::read(form, division.zip(size))?;
        let list = ["ListPublishedFigures", &parent, &definition];
        // What a token holds is the last entry that was shown, a number.
        let before = page::after(&self.keys, &list, &page_token)?.and_then(|seq| seq.parse().ok());
        let (found, more) = self.press.books.statements(division, definition.clone(), before, size).await?;
        let last = found.last().filter(|_| more);
        let next = last.map(|last| page::token(&self.keys, &list, &last.seq.to_string()));
        Ok(Response::new(pb::ListPublishedFiguresResponse {
            figures: found.iter().map(render).collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }

    async fn recount_figure(&self, request: Request<pb::RecountFigureRequest>) -> Answer<pb::RecountFigureResponse> {
        let pb::RecountFigureRequest { name, definition, period, unit } = request.into_inner();
        let Recounted { stated, recounted, agrees, entries } = match id::division("name", &name) {
            Ok(division) => self.press.count_twice(read_question(division, &definition, period, unit)?).await?,
            Err(_) => self.press.recount(&self.named(&name).await?).await?,
        };
        let (stated, recounted) = (Some(stated), Some(recounted));
        Ok(Response::new(pb::RecountFigureResponse { stated, recounted, agrees, entries }))
    }

    async fn list_cosigned_heads(
        &self,
        request: Request<pb::ListCosignedHeadsRequest>,
    ) -> Answer<pb::ListCosignedHeadsResponse> {
        let division = id::division("parent", &request.into_inner().parent)?;
        Ok(Response::new(self.press.cosign.heads(division).await?))
    }

    type ExportBundleStream = Pieces;

    async fn export_bundle(&self, request: Request<pb::ExportBundleRequest>) -> Answer<Pieces> {
        let pb::ExportBundleRequest { parent, mut services } = request.into_inner();
        let mut form = Form::new();
        let division = form.take(id::division("parent", &parent));
        if services.is_empty() {
            services.push("intake".to_owned());
        }
        services.sort_unstable();
        services.dedup();
        let known = services.iter().all(|service| self.press.logs.services().any(|known| known == service));
        form.require(known, "services", "须为有日志的服务", "must be services that keep a journal");
        let division = ask::read(form, division)?;
        Ok(Response::new(self.press.export(division, services).await?))
    }
}

impl Statements {
    async fn named(&self, name: &str) -> Result<Statement, Refusal> {
        let (division, id) = id::child("name", name, Statement::KIND)?;
        self.press.books.statement(division, id).await
    }
}

fn read_question(
    division: Division,
    definition: &str,
    period: Option<pb::Period>,
    unit: String,
) -> Result<Question, Refusal> {
    let period = period.unwrap_or_default();
    let mut form = Form::new();
    let period = form.take(ask::period(["period.first", "period.last"], &period.first, &period.last));
    let unit = form.take(ask::selection("", Selection { unit, ..Selection::default() })).map(|of| of.unit);
    let (period, unit) = ask::read(form, period.zip(unit))?;
    let definition = definition::find(definition).ok_or_else(press::no_definition)?;
    Ok(Question { division, definition, period, unit })
}

pub fn render(statement: &Statement) -> pb::PublishedFigure {
    let name = |id: &str| statement.division.child(Statement::KIND, id);
    let superseded_by = Some(&statement.superseded_by).filter(|id| !id.is_empty());
    pb::PublishedFigure {
        name: name(&statement.id),
        statement: Some(press::told(statement)),
        definition: statement.meaning().map(render_definition),
        basis_points: statement.rate().and_then(Rate::basis_points),
        published_at: Some(Moment(statement.published_at).timestamp()),
        published_by: statement.published_by.clone(),
        superseded_by: superseded_by.map(|id| name(id)).unwrap_or_default(),
    }
}

fn render_definition(definition: &Definition) -> pb::Definition {
    let Definition { numerator, denominator, .. } = definition;
    let whole = |words: fn(&definition::Counted) -> &'static str| denominator.as_ref().map_or("", words).to_owned();
    let cohort = match definition.cohort {
        Cohort::Received => pb::Cohort::Received,
        Cohort::Accepted => pb::Cohort::Accepted,
        Cohort::Closed => pb::Cohort::Closed,
        Cohort::Duties => pb::Cohort::Duties,
        Cohort::Published => pb::Cohort::Published,
    };
    pb::Definition {
        id: definition.id.to_owned(),
        version: definition.version,
        title_zh: definition.title_zh.to_owned(),
        title_en: definition.title_en.to_owned(),
        cohort: cohort.into(),
        numerator_zh: numerator.zh.to_owned(),
        numerator_en: numerator.en.to_owned(),
        denominator_zh: whole(|whole| whole.zh),
        denominator_en: whole(|whole| whole.en),
        service: definition.service.to_owned(),
    }
}
