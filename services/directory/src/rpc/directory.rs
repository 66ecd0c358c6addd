//! DirectoryService.

use kit::{
    keys::Keys,
    store::{Store, Writer},
};
use proto::directory::v1::{self as pb, directory_service_server::DirectoryService};
use tonic::{Request, Response, Status};

use super::{called, kept::Keeper};
use crate::domain::{division, person, unit, window};

pub struct Directory {
    pub(super) writer: Writer,
    pub(super) divisions: Keeper<division::Facts>,
    pub(super) units: Keeper<unit::Facts>,
    pub(super) windows: Keeper<window::Facts>,
    pub(super) people: Keeper<person::Facts>,
}

impl Directory {
    /// Must be called within a runtime.
    pub fn open(store: &Store, writer: &Writer, keys: &Keys) -> Directory {
        Directory {
            writer: writer.clone(),
            divisions: Keeper::open(store, writer, keys),
            units: Keeper::open(store, writer, keys),
            windows: Keeper::open(store, writer, keys),
            people: Keeper::open(store, writer, keys),
        }
    }
}

#[tonic::async_trait]
impl DirectoryService for Directory {
    async fn create_division(
        &self,
        request: Request<pb::CreateDivisionRequest>,
    ) -> Result<Response<pb::Division>, Status> {
        let (by, r) = called(request);
        Ok(Response::new(self.divisions.create(&by, "CreateDivision", &r, r.division.as_ref(), &r.request_id).await?))
    }

    async fn get_division(&self, request: Request<pb::GetDivisionRequest>) -> Result<Response<pb::Division>, Status> {
        Ok(Response::new(self.divisions.get(&request.into_inner().name).await?))
    }

    async fn list_divisions(
        &self,
        request: Request<pb::ListDivisionsRequest>,
    ) -> Result<Response<pb::ListDivisionsResponse>, Status> {
        let r = request.into_inner();
        let (divisions, next_page_token) = self.divisions.list("ListDivisions", "", r.page_size, &r.page_token).await?;
        Ok(Response::new(pb::ListDivisionsResponse { divisions, next_page_token }))
    }

    async fn update_division(
        &self,
        request: Request<pb::UpdateDivisionRequest>,
    ) -> Result<Response<pb::Division>, Status> {
        let (by, r) = called(request);
        Ok(Response::new(self.divisions.update(&by, "UpdateDivision", &r, r.division.as_ref(), &r.request_id).await?))
    }

    async fn deactivate_division(
        &self,
        request: Request<pb::DeactivateDivisionRequest>,
    ) -> Result<Response<pb::Division>, Status> {
        let (by, r) = called(request);
        Ok(Response::new(
            self.divisions.deactivate(&by, "DeactivateDivision", &r, &r.name, &r.etag, &r.request_id).await?,
        ))
    }

    async fn create_unit(&self, request: Request<pb::CreateUnitRequest>) -> Result<Response<pb::Unit>, Status> {
        let (by, r) = called(request);
        Ok(Response::new(self.units.create(&by, "CreateUnit", &r, r.unit.as_ref(), &r.request_id).await?))
    }

    async fn get_unit(&self, request: Request<pb::GetUnitRequest>) -> Result<Response<pb::Unit>, Status> {
        Ok(Response::new(self.units.get(&request.into_inner().name).await?))
    }

    async fn list_units(
        &self,
        request: Request<pb::ListUnitsRequest>,
    ) -> Result<Response<pb::ListUnitsResponse>, Status> {
        let r = request.into_inner();
        let (units, next_page_token) = self.units.list("ListUnits", &r.parent, r.page_size, &r.page_token).await?;
        Ok(Response::new(pb::ListUnitsResponse { units, next_page_token }))
    }

    async fn update_unit(&self, request: Request<pb::UpdateUnitRequest>) -> Result<Response<pb::Unit>, Status> {
        let (by, r) = called(request);
        Ok(Response::new(self.units.update(&by, "UpdateUnit", &r, r.unit.as_ref(), &r.request_id).await?))
    }

    async fn deactivate_unit(&self, request: Request<pb::DeactivateUnitRequest>) -> Result<Response<pb::Unit>, Status> {
        let (by, r) = called(request);
        Ok(Response::new(self.units.deactivate(&by, "DeactivateUnit", &r, &r.name, &r.etag, &r.request_id).await?))
    }

    async fn create_window(&self, request: Request<pb::CreateWindowRequest>) -> Result<Response<pb::Window>, Status> {
        let (by, r) = called(request);
        Ok(Response::new(self.windows.create(&by, "CreateWindow", &r, r.window.as_ref(), &r.request_id).await?))
    }

    async fn get_window(&self, request: Request<pb::GetWindowRequest>) -> Result<Response<pb::Window>, Status> {
        Ok(Response::new(self.windows.get(&request.into_inner().name).await?))
    }

    async fn list_windows(
        &self,
        request: Request<pb::ListWindowsRequest>,
    ) -> Result<Response<pb::ListWindowsResponse>, Status> {
        let r = request.into_inner();
        let (windows, next_page_token) =
            self.windows.list("ListWindows", &r.parent, r.page_size, &r.page_token).await?;
        Ok(Response::new(pb::ListWindowsResponse { windows, next_page_token }))
    }

    async fn update_window(&self, request: Request<pb::UpdateWindowRequest>) -> Result<Response<pb::Window>, Status> {
        let (by, r) = called(request);
        Ok(Response::new(self.windows.update(&by, "UpdateWindow", &r, r.window.as_ref(), &r.request_id).await?))
    }

    async fn deactivate_window(
        &self,
        request: Request<pb::DeactivateWindowRequest>,
    ) -> Result<Response<pb::Window>, Status> {
        let (by, r) = called(request);
        Ok(Response::new(self.windows.deactivate(&by, "DeactivateWindow", &r, &r.name, &r.etag, &r.request_id).await?))
    }

    async fn create_person(&self, request: Request<pb::CreatePersonRequest>) -> Result<Response<pb::Person>, Status> {
        let (by, r) = called(request);
        Ok(Response::new(self.people.create(&by, "CreatePerson", &r, r.person.as_ref(), &r.request_id).await?))
    }

    async fn get_person(&self, request: Request<pb::GetPersonRequest>) -> Result<Response<pb::Person>, Status> {
        Ok(Response::new(self.people.get(&request.into_inner().name).await?))
    }

    async fn list_people(
        &self,
        request: Request<pb::ListPeopleRequest>,
    ) -> Result<Response<pb::ListPeopleResponse>, Status> {
        let r = request.into_inner();
        let (people, next_page_token) = self.people.list("ListPeople", &r.parent, r.page_size, &r.page_token).await?;
        Ok(Response::new(pb::ListPeopleResponse { people, next_page_token }))
    }

    async fn update_person(&self, request: Request<pb::UpdatePersonRequest>) -> Result<Response<pb::Person>, Status> {
        let (by, r) = called(request);
        Ok(Response::new(self.people.update(&by, "UpdatePerson", &r, r.person.as_ref(), &r.request_id).await?))
    }

    async fn deactivate_person(
        &self,
        request: Request<pb::DeactivatePersonRequest>,
    ) -> Result<Response<pb::Person>, Status> {
        let (by, r) = called(request);
        Ok(Response::new(self.people.deactivate(&by, "DeactivatePerson", &r, &r.name, &r.etag, &r.request_id).await?))
    }

    async fn import_directory(
        &self,
        request: Request<pb::ImportDirectoryRequest>,
    ) -> Result<Response<pb::ImportDirectoryResponse>, Status> {
        let (by, r) = called(request);
        Ok(Response::new(self.import(&by, r).await?))
    }
}
