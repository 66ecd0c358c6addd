//! LogService: what is asked, and how the answer reads.

use proto::journal::v1::{self as pb, log_service_server::LogService};
use tonic::{Request, Response, Status};

use super::{Log, proof, proof::unavailable, render, table};
use crate::{
    id::{self, Division},
    page,
    refusal::Refusal,
    store::journal,
};

/// Heads on a page.
const USUAL: u64 = 100;
const MOST: u64 = 1_000;

/// LogService over one log.
pub struct Logs(pub(super) Log);

impl Logs {
    /// The newest head.
    async fn newest(&self, division: Division) -> Result<table::head::Model, Refusal> {
        let db = self.0.0.store.read();
        if let Some(head) = table::newest(db, division.as_str()).await.map_err(unavailable)? {
            return Ok(head);
        }
        self.exists(division).await?;
        let (zh, en) = ("尚未签署日志头", "no head of this log is signed yet; that is done every minute or so");
        Err(Refusal::state("HEAD_NOT_SIGNED", zh, en))
    }

    async fn exists(&self, division: Division) -> Result<(), Refusal> {
        let heads = journal::heads(self.0.0.store.read()).await.map_err(unavailable)?;
        let exists = heads.iter().any(|head| head.division == division.as_str() && head.seq > 0);
        if exists { Ok(()) } else { Err(super::not_found(division)) }
    }

    /// The newest head, and a size that it covers: its own where 0 is asked for.
    async fn covered(&self, division: Division, size: i64, field: &str) -> Result<(table::head::Model, u64), Refusal> {
        let size = number(field, size)?;
        let head = match self.newest(division).await {
            // No head covers anything yet.
            Err(refusal) if refusal.reason() == "HEAD_NOT_SIGNED" => return Err(ahead(field, 0)),
            head => head?,
        };
        let newest = head.size as u64;
        match size {
            0 => Ok((head, newest)),
            size if size <= newest => Ok((head, size)),
            _ => Err(ahead(field, newest)),
        }
    }
}

#[tonic::async_trait]
impl LogService for Logs {
    async fn get_tree_head(&self, request: Request<pb::GetTreeHeadRequest>) -> Result<Response<pb::TreeHead>, Status> {
        let division = id::division("parent", &request.get_ref().parent)?;
        let head = self.newest(division).await?;
        Ok(Response::new(render(&self.0.key(division)?, head)))
    }

    async fn list_tree_heads(
        &self,
        request: Request<pb::ListTreeHeadsRequest>,
    ) -> Result<Response<pb::ListTreeHeadsResponse>, Status> {
        let pb::ListTreeHeadsRequest { parent, page_size, page_token, after_size } = request.into_inner();
        let (division, most) = (id::division("parent", &parent)?, page::size(page_size, USUAL, MOST)?);
        let asked = number("after_size", after_size)?.to_string();
        let keys = &self.0.0.keys;
        let scope = ["ListTreeHeads", self.0.0.store.service, parent.as_str(), asked.as_str()];
        let last = page::after(keys, &scope, &page_token)?.and_then(|last| last.parse().ok());
        let after = last.unwrap_or(after_size);
        let mut rows =
            table::heads(self.0.0.store.read(), division.as_str(), after, most + 1).await.map_err(unavailable)?;
        if rows.is_empty() && last.is_none() {
            self.exists(division).await?;
        }
        let more = rows.len() as u64 > most;
        rows.truncate(most as usize);
        let next = rows.last().filter(|_| more).map(|row| page::token(keys, &scope, &row.size.to_string()));
        let key = self.0.key(division)?;
        let heads = rows.into_iter().map(|row| render(&key, row)).collect();
        Ok(Response::new(pb::ListTreeHeadsResponse { heads, next_page_token: next.unwrap_or_default() }))
    }

    async fn sign_tree_head(
        &self,
        request: Request<pb::SignTreeHeadRequest>,
    ) -> Result<Response<pb::TreeHead>, Status> {
        let division = id::division("parent", &request.get_ref().parent)?;
        Ok(Response::new(self.0.sign(division).await?))
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<pb::GetInclusionProofRequest>,
    ) -> Result<Response<pb::InclusionProof>, Status> {
        let pb::GetInclusionProofRequest { parent, seq, size } = request.into_inner();
        let division = id::division("parent", &parent)?;
        let entry = number("seq", seq)?;
        if entry == 0 {
            return Err(Refusal::field("seq", "序号从1开始", "entries are numbered from 1").into());
        }
        let (head, covered) = self.covered(division, size, "size").await?;
        if entry > head.size as u64 {
            return Err(ahead("seq", head.size as u64).into());
        }
        if entry > covered {
            return Err(Refusal::field("seq", "序号超出所问的大小", "the tree of this size does not have it").into());
        }
        let (key, is_newest) = (self.0.key(division)?, head.size as u64 == covered);
        let (leaf, path) = proof::inclusion(self.0.0.store.read(), &key, &head, entry, covered).await?;
        Ok(Response::new(pb::InclusionProof {
            seq,
            size: covered as i64,
            leaf_hash: leaf.to_vec(),
            hashes: path.iter().map(|hash| hash.to_vec()).collect(),
            head: is_newest.then(|| render(&key, head)),
        }))
    }

    async fn get_consistency_proof(
        &self,
        request: Request<pb::GetConsistencyProofRequest>,
    ) -> Result<Response<pb::ConsistencyProof>, Status> {
        let pb::GetConsistencyProofRequest { parent, from_size, to_size } = request.into_inner();
        let division = id::division("parent", &parent)?;
        let from = number("from_size", from_size)?;
        let (head, to) = self.covered(division, to_size, "to_size").await?;
        if from > head.size as u64 {
            return Err(ahead("from_size", head.size as u64).into());
        }
        if from > to {
            let (zh, en) = ("不能大于 to_size", "must not be more than to_size");
            return Err(Refusal::field("from_size", zh, en).into());
        }
        let key = self.0.key(division)?;
        let path = proof::consistency(self.0.0.store.read(), &key, &head, from, to).await?;
        let hashes = path.iter().map(|hash| hash.to_vec()).collect();
        Ok(Response::new(pb::ConsistencyProof { from_size, to_size: to as i64, hashes }))
    }

    async fn check_log(&self, request: Request<pb::CheckLogRequest>) -> Result<Response<pb::CheckLogResponse>, Status> {
        let division = id::division("parent", &request.get_ref().parent)?;
        let report = self.0.check(division).await?;
        let finding = |finding: super::Finding| pb::Finding {
            seq: finding.first,
            last_seq: finding.last,
            kind: finding.kind.to_owned(),
            what_zh: finding.zh,
            what_en: finding.en,
        };
        Ok(Response::new(pb::CheckLogResponse {
            entries: report.entries as i64,
            heads: report.heads as i64,
            findings: report.findings.into_iter().map(finding).collect(),
        }))
    }
}

/// A number from 0.
fn number(field: &str, number: i64) -> Result<u64, Refusal> {
    u64::try_from(number).map_err(|_| Refusal::field(field, "不能为负数", "must not be negative"))
}

fn ahead(field: &str, size: u64) -> Refusal {
    let zh = format!("已签署的日志头只到第 {size} 条");
    let en = format!("the newest signed head covers {size} entries; ask again in a minute");
    Refusal::state("SEQ_AHEAD", zh, en).at(field)
}
