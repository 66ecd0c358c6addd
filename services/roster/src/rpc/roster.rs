//! RosterService: rules, leaves, plans, exchanges.

use std::sync::Arc;

use kit::caller::Caller;
use proto::roster::v1::{self as pb, roster_service_server::RosterService};
use tonic::{Request, Response, Status};

use super::{exchange, leave, plan, rules};
use crate::office::Office;

/// The roster's face to the world.
pub struct Rosters(pub Arc<Office>);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl RosterService for Rosters {
    async fn set_duty_rules(&self, request: Request<pb::SetDutyRulesRequest>) -> Answer<pb::DutyRules> {
        Ok(Response::new(rules::set(&self.0, request.into_inner()).await?))
    }

    async fn get_duty_rules(&self, request: Request<pb::GetDutyRulesRequest>) -> Answer<pb::DutyRules> {
        Ok(Response::new(rules::get(&self.0, request.into_inner()).await?))
    }

    async fn create_leave(&self, request: Request<pb::CreateLeaveRequest>) -> Answer<pb::Leave> {
        Ok(Response::new(leave::create(&self.0, request.into_inner()).await?))
    }

    async fn cancel_leave(&self, request: Request<pb::CancelLeaveRequest>) -> Answer<pb::Leave> {
        Ok(Response::new(leave::cancel(&self.0, request.into_inner()).await?))
    }

    async fn list_leaves(&self, request: Request<pb::ListLeavesRequest>) -> Answer<pb::ListLeavesResponse> {
        let caller = Caller::of_call(&request);
        Ok(Response::new(leave::list(&self.0, &caller, request.into_inner()).await?))
    }

    async fn draft_plan(&self, request: Request<pb::DraftPlanRequest>) -> Answer<pb::Plan> {
        Ok(Response::new(plan::draft(&self.0, request.into_inner()).await?))
    }

    async fn adjust_plan(&self, request: Request<pb::AdjustPlanRequest>) -> Answer<pb::Plan> {
        Ok(Response::new(plan::adjust(&self.0, request.into_inner()).await?))
    }

    async fn publish_plan(&self, request: Request<pb::PublishPlanRequest>) -> Answer<pb::Plan> {
        Ok(Response::new(plan::publish(&self.0, request.into_inner()).await?))
    }

    async fn get_plan(&self, request: Request<pb::GetPlanRequest>) -> Answer<pb::Plan> {
        let caller = Caller::of_call(&request);
        Ok(Response::new(plan::get(&self.0, &caller, request.into_inner()).await?))
    }

    async fn list_duties(&self, request: Request<pb::ListDutiesRequest>) -> Answer<pb::ListDutiesResponse> {
        Ok(Response::new(plan::list(&self.0, request.into_inner()).await?))
    }

    async fn request_exchange(&self, request: Request<pb::RequestExchangeRequest>) -> Answer<pb::Exchange> {
        Ok(Response::new(exchange::request(&self.0, request.into_inner()).await?))
    }

    async fn answer_exchange(&self, request: Request<pb::AnswerExchangeRequest>) -> Answer<pb::Exchange> {
        Ok(Response::new(exchange::answer(&self.0, request.into_inner()).await?))
    }

    async fn undo_exchange(&self, request: Request<pb::UndoExchangeRequest>) -> Answer<pb::Exchange> {
        Ok(Response::new(exchange::undo(&self.0, request.into_inner()).await?))
    }

    async fn list_exchanges(&self, request: Request<pb::ListExchangesRequest>) -> Answer<pb::ListExchangesResponse> {
        Ok(Response::new(exchange::list(&self.0, request.into_inner()).await?))
    }
}
