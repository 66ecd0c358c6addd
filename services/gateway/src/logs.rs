//! The journals of all services and the gateway's own, as the gateway asks them: entries in order, and signed heads.

use std::sync::Arc;

use kit::{id::Division, peer::Peer, refusal::Refusal};
use proto::journal::v1::{
    GetConsistencyProofRequest, GetInclusionProofRequest, GetTreeHeadRequest, ListHeadsRequest, ListTreeHeadsRequest,
    Position, ReadEntriesRequest, ReadEntriesResponse, SignTreeHeadRequest, TreeHead,
    journal_service_client::JournalServiceClient, log_service_client::LogServiceClient,
};
use tlog::Hash;
use tonic::{Code, Status, Streaming};

use crate::{NAME, door::Peers};

/// Entries come in messages of one mebibyte, unless one alone is longer.
const MOST: usize = 16 << 20;
/// Heads on a page.
const PAGE: i32 = 1_000;

/// Asks in the gateway's own name.
#[derive(Clone, Debug)]
pub struct Logs(Arc<[(&'static str, Peer)]>);

impl Logs {
    /// `own` serves the gateway's journal.
    pub fn new(peers: &Peers, own: &Peer) -> Logs {
        let Peers { directory, intake, roster, disclosure } = peers;
        let all = [("directory", directory), ("intake", intake), ("roster", roster), ("disclosure", disclosure)];
        Logs(all.into_iter().chain([(NAME, own)]).map(|(name, peer)| (name, peer.clone().acting(NAME))).collect())
    }

    /// Who keeps a journal.
    pub fn services(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }

    pub fn peer(&self, service: &str) -> Result<Peer, Refusal> {
        let found = self.0.iter().find(|(name, _)| *name == service).map(|(_, peer)| peer.clone());
        found.ok_or_else(|| Refusal::internal(format!("no service {service} keeps a journal")))
    }

    /// The entries of a division after one of them, to where the journal ends now.
    pub async fn entries(
        &self,
        service: &str,
        division: Division,
        after: i64,
    ) -> Result<Streaming<ReadEntriesResponse>, Status> {
        let mut journal = JournalServiceClient::new(self.peer(service)?).max_decoding_message_size(MOST);
        let division = String::from(division);
        let after = vec![Position { division: division.clone(), seq: after }];
        Ok(journal.read_entries(ReadEntriesRequest { after, division, tail: false }).await?.into_inner())
    }

    /// A head that covers all there is now.
    pub async fn sign(&self, service: &str, division: Division) -> Result<TreeHead, Status> {
        let mut log = LogServiceClient::new(self.peer(service)?);
        Ok(log.sign_tree_head(SignTreeHeadRequest { parent: division.name() }).await?.into_inner())
    }

    /// The newest head; none where nothing was signed yet, or there is no journal.
    pub async fn head(&self, service: &str, division: Division) -> Result<Option<TreeHead>, Status> {
        let mut log = LogServiceClient::new(self.peer(service)?);
        match log.get_tree_head(GetTreeHeadRequest { parent: division.name() }).await {
            Ok(head) => Ok(Some(head.into_inner())),
            Err(status) if matches!(status.code(), Code::NotFound | Code::FailedPrecondition) => Ok(None),
            Err(status) => Err(status),
        }
    }

    /// A page of all heads by size, after the one that the token tells, and the token of the next page.
    pub async fn heads(
        &self,
        service: &str,
        division: Division,
        page_token: String,
    ) -> Result<(Vec<TreeHead>, String), Status> {
        let mut log = LogServiceClient::new(self.peer(service)?).max_decoding_message_size(MOST);
        let parent = division.name();
        let request = ListTreeHeadsRequest { parent, page_size: PAGE, page_token, after_size: 0 };
        let page = log.list_tree_heads(request).await?.into_inner();
        Ok((page.heads, page.next_page_token))
    }

    /// The divisions of which it keeps a journal.
    pub async fn divisions(&self, service: &str) -> Result<Vec<Division>, Status> {
        Ok(self.lengths(service).await?.into_iter().map(|(division, _)| division).collect())
    }

    /// Of each division of which it keeps a journal, how many entries that has.
    pub async fn lengths(&self, service: &str) -> Result<Vec<(Division, i64)>, Status> {
        let mut journal = JournalServiceClient::new(self.peer(service)?);
        let heads = journal.list_heads(ListHeadsRequest {}).await?.into_inner().heads;
        Ok(heads.into_iter().filter_map(|head| Some((head.division.parse().ok()?, head.seq))).collect())
    }

    /// That the tree of one size is the beginning of that of another.
    pub async fn consistency(
        &self,
        service: &str,
        division: Division,
        from: u64,
        to: u64,
    ) -> Result<Vec<Hash>, Status> {
        let mut log = LogServiceClient::new(self.peer(service)?);
        let (from_size, to_size) = (number(from)?, number(to)?);
        let request = GetConsistencyProofRequest { parent: division.name(), from_size, to_size };
        hashes(log.get_consistency_proof(request).await?.into_inner().hashes)
    }

    /// The path from a leaf, by its index, to the root of the tree of a size.
    pub async fn inclusion(
        &self,
        service: &str,
        division: Division,
        index: u64,
        size: u64,
    ) -> Result<Vec<Hash>, Status> {
        let mut log = LogServiceClient::new(self.peer(service)?);
        let request =
            GetInclusionProofRequest { parent: division.name(), seq: number(index)? + 1, size: number(size)? };
        hashes(log.get_inclusion_proof(request).await?.into_inner().hashes)
    }
}

fn number(number: u64) -> Result<i64, Status> {
    // No tree is so large; one more must fit, too.
    i64::try_from(number).ok().filter(|it| *it < i64::MAX).ok_or_else(|| Status::invalid_argument("no size of a tree"))
}

fn hashes(told: Vec<Vec<u8>>) -> Result<Vec<Hash>, Status> {
    let hash = |hash: Vec<u8>| hash.try_into().map_err(|_| Status::data_loss("a hash has 32 bytes"));
    told.into_iter().map(hash).collect()
}
