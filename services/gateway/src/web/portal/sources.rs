//! What the portal shows, asked for in the name of the public.

use std::{
    collections::HashMap,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use kit::{caller::Caller, id::Division, peer::Peer};
use proto::{
    directory::v1::{
        ListDivisionsRequest, ListUnitsRequest, ListWindowsRequest, State, Unit, Window,
        directory_service_client::DirectoryServiceClient,
    },
    disclosure::v1::{
        Column, DownloadFileRequest, DownloadFileResponse, GetPublicationRequest, ListColumnsRequest,
        ListColumnsResponse, ListPublishedRequest, ListPublishedResponse, ListRequirementsRequest, Publication,
        SearchPublishedRequest, SearchPublishedResponse, Selection, column_service_client::ColumnServiceClient,
        file_service_client::FileServiceClient, publication_service_client::PublicationServiceClient,
    },
    intake::v1::{
        Item, ListItemsRequest, TrackCaseRequest, TrackCaseResponse, case_service_client::CaseServiceClient,
        catalogue_service_client::CatalogueServiceClient,
    },
};
use tokio::sync::Mutex;
use tonic::{Request, Status, Streaming};

use super::super::account::call;
use crate::door::Peers;

/// What stands on a shelf is asked for anew after so long.
const FRESH: Duration = Duration::from_secs(5);
/// At most so many divisions stand on one.
const MOST: usize = 64;
/// Of a list that is read whole, so much at once.
const WHOLE: i32 = 1_000;

/// A division as the portal names it.
#[derive(Clone, Debug)]
pub struct Known {
    pub code: Division,
    pub zh: String,
    pub en: String,
    pub is_active: bool,
}

/// What units, columns and elements are called.
#[derive(Debug, Default)]
pub struct Titles {
    pub units: Vec<Unit>,
    pub columns: Vec<Column>,
    /// By list and code: Chinese, English.
    elements: HashMap<(String, String), (String, String)>,
}

impl Titles {
    pub fn unit(&self, code: &str) -> Option<&Unit> {
        self.units.iter().find(|unit| id(&unit.name) == code)
    }

    pub fn column(&self, code: &str) -> Option<&Column> {
        self.columns.iter().find(|column| id(&column.name) == code)
    }

    /// Chinese and English, of this list or, where it has no such element any more, of another.
    pub fn element(&self, list: &str, code: &str) -> Option<&(String, String)> {
        let of_list = self.elements.get(&(list.to_owned(), code.to_owned()));
        of_list.or_else(|| self.elements.iter().find(|((_, of), _)| of == code).map(|(_, titles)| titles))
    }
}

/// Who staffs the hall, and when it is open: windows, and the items whose texts say it.
#[derive(Debug, Default)]
pub struct Hall {
    pub windows: Vec<Window>,
    pub items: Vec<Item>,
}

/// The last part of a resource name.
pub fn id(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}

/// What was asked for a moment ago, by division. Its lock lets one ask at a time, for all who wait.
struct Shelf<T>(Mutex<HashMap<Division, (Instant, Arc<T>)>>);

impl<T> Default for Shelf<T> {
    fn default() -> Shelf<T> {
        Shelf(Mutex::default())
    }
}

impl<T> Shelf<T> {
    async fn get(&self, of: Division, ask: impl Future<Output = Result<T, Status>>) -> Result<Arc<T>, Status> {
        let mut shelf = self.0.lock().await;
        if let Some((_, kept)) = shelf.get(&of).filter(|(asked, _)| asked.elapsed() < FRESH) {
            return Ok(kept.clone());
        }
        let fresh = Arc::new(ask.await?);
        shelf.retain(|_, (asked, _)| asked.elapsed() < FRESH);
        if shelf.len() < MOST {
            shelf.insert(of, (Instant::now(), fresh.clone()));
        }
        Ok(fresh)
    }
}

pub struct Sources {
    directory: DirectoryServiceClient<Peer>,
    catalogue: CatalogueServiceClient<Peer>,
    cases: CaseServiceClient<Peer>,
    columns: ColumnServiceClient<Peer>,
    publications: PublicationServiceClient<Peer>,
    files: FileServiceClient<Peer>,
    divisions: Shelf<Vec<Known>>,
    titles: Shelf<Titles>,
    halls: Shelf<Hall>,
}

/// In the name of the public.
fn public<T>(message: T) -> Request<T> {
    call(message, Caller::public())
}

/// A list from its first page to its last.
async fn whole<T, P>(page: impl Fn(String) -> P) -> Result<Vec<T>, Status>
where
    P: Future<Output = Result<(Vec<T>, String), Status>>,
{
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let (some, next) = page(token).await?;
        all.extend(some);
        if next.is_empty() {
            return Ok(all);
        }
        token = next;
    }
}

impl Sources {
    pub fn new(peers: &Peers) -> Sources {
        let Peers { directory, intake, disclosure, .. } = peers;
        Sources {
            directory: DirectoryServiceClient::new(directory.clone()),
            catalogue: CatalogueServiceClient::new(intake.clone()),
            cases: CaseServiceClient::new(intake.clone()),
            columns: ColumnServiceClient::new(disclosure.clone()),
            publications: PublicationServiceClient::new(disclosure.clone()),
            files: FileServiceClient::new(disclosure.clone()),
            divisions: Shelf::default(),
            titles: Shelf::default(),
            halls: Shelf::default(),
        }
    }

    pub async fn divisions(&self) -> Result<Arc<Vec<Known>>, Status> {
        let ask = whole(|page_token| async {
            let request = public(ListDivisionsRequest { page_size: WHOLE, page_token });
            let answer = self.directory.clone().list_divisions(request).await?.into_inner();
            let known = answer.divisions.into_iter().filter_map(|division| {
                Some(Known {
                    code: id(&division.name).parse().ok()?,
                    is_active: division.state() == State::Active,
                    zh: division.display_name_zh,
                    en: division.display_name_en,
                })
            });
            Ok((known.collect(), answer.next_page_token))
        });
        self.divisions.get(Division::NATIONAL, ask).await
    }

    pub async fn titles(&self, division: Division) -> Result<Arc<Titles>, Status> {
        let parent = division.name();
        let ask = async {
            let units = whole(|page_token| async {
                let request = ListUnitsRequest { parent: parent.clone(), page_size: WHOLE, page_token };
                let answer = self.directory.clone().list_units(public(request)).await?.into_inner();
                Ok((answer.units, answer.next_page_token))
            });
            let units = units.await?;
            // Cases can be tracked and windows found while publications are away.
            let columns = self.columns(division).await.unwrap_or_default().columns;
            let request = public(ListRequirementsRequest { parent: parent.clone() });
            let lists = self.columns.clone().list_requirements(request).await;
            let lists = lists.map(|answer| answer.into_inner().requirements).unwrap_or_default();
            let elements = lists.into_iter().flat_map(|list| {
                let code = id(&list.name).to_owned();
                list.elements.into_iter().map(move |it| ((code.clone(), it.code), (it.title_zh, it.title_en)))
            });
            Ok(Titles { units, columns, elements: elements.collect() })
        };
        self.titles.get(division, ask).await
    }

    pub async fn columns(&self, division: Division) -> Result<ListColumnsResponse, Status> {
        let request = ListColumnsRequest { parent: division.name(), show_retired: true };
        Ok(self.columns.clone().list_columns(public(request)).await?.into_inner())
    }

    pub async fn hall(&self, division: Division) -> Result<Arc<Hall>, Status> {
        let parent = division.name();
        let ask = async {
            let windows = whole(|page_token| async {
                let request = ListWindowsRequest { parent: parent.clone(), page_size: WHOLE, page_token };
                let answer = self.directory.clone().list_windows(public(request)).await?.into_inner();
                Ok((answer.windows, answer.next_page_token))
            });
            let items = whole(|page_token| async {
                let parent = parent.clone();
                let request = ListItemsRequest { parent, page_size: WHOLE, page_token, ..Default::default() };
                let answer = self.catalogue.clone().list_items(public(request)).await?.into_inner();
                Ok((answer.items, answer.next_page_token))
            });
            Ok(Hall { windows: windows.await?, items: items.await? })
        };
        self.halls.get(division, ask).await
    }

    /// As it stands, or an edition of it.
    pub async fn publication(&self, name: String, edition: i32) -> Result<Publication, Status> {
        let request = GetPublicationRequest { name, edition };
        Ok(self.publications.clone().get_publication(public(request)).await?.into_inner())
    }

    pub async fn published(
        &self,
        division: Division,
        selection: Selection,
        page_size: i32,
        page_token: &str,
    ) -> Result<ListPublishedResponse, Status> {
        let page_token = page_token.to_owned();
        let request =
            ListPublishedRequest { parent: division.name(), selection: Some(selection), page_size, page_token };
        Ok(self.publications.clone().list_published(public(request)).await?.into_inner())
    }

    pub async fn found(
        &self,
        division: Division,
        query: String,
        selection: Selection,
        page_token: &str,
    ) -> Result<SearchPublishedResponse, Status> {
        let request = SearchPublishedRequest {
            parent: division.name(),
            query,
            selection: Some(selection),
            page_size: super::PAGE,
            page_token: page_token.to_owned(),
        };
        Ok(self.publications.clone().search_published(public(request)).await?.into_inner())
    }

    pub async fn track(&self, number: String, query_code: String) -> Result<TrackCaseResponse, Status> {
        let request = TrackCaseRequest { number, query_code };
        Ok(self.cases.clone().track_case(public(request)).await?.into_inner())
    }

    pub async fn file(&self, name: String) -> Result<Streaming<DownloadFileResponse>, Status> {
        // A stream: whoever reads it takes the time that it takes.
        let mut request = Request::new(DownloadFileRequest { name });
        request.extensions_mut().insert(Caller::public());
        Ok(self.files.clone().download_file(request).await?.into_inner())
    }
}
