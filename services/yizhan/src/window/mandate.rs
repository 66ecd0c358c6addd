//! The mandate of an instant item. It is no case and not urgent: sent while its leader waits, and never kept.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use proto::intake::v1::{self as pb, catalogue_service_client::CatalogueServiceClient};
use uuid::Uuid;

use super::{
    REFUSED,
    ask::{At, Mandate, Missing},
    json,
    line::Line,
    show,
};

pub async fn run(line: &Line, mandate: &Mandate, at: &At) -> anyhow::Result<ExitCode> {
    let request = request(mandate, at)?;
    let answered = async {
        let link = line.link(Some(&request.leader)).await?;
        Ok(CatalogueServiceClient::new(link).mandate_item(request).await?.into_inner())
    };
    match line.ask(answered).await {
        Ok(item) => {
            let mut out = io::stdout().lock();
            if line.tell.json {
                writeln!(out, "{}", json::mandated(&item))?
            } else {
                show::mandated(&mut out, &item)?
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(status) => {
            line.tell.unanswered(&line.server, &status)?;
            Ok(ExitCode::from(REFUSED))
        }
    }
}

fn request(mandate: &Mandate, at: &At) -> Result<pb::MandateItemRequest, Missing> {
    let officer = mandate.officer.as_ref().map(|officer| at.name("people", officer)).transpose()?;
    Ok(pb::MandateItemRequest {
        name: at.name("items", &mandate.item)?,
        leader: at.name("people", &mandate.leader)?,
        officer: officer.unwrap_or_default(),
        document_number: mandate.document.clone().unwrap_or_default(),
        etag: String::new(),
        request_id: Uuid::new_v4().to_string(),
    })
}
