//! Requests of FigureService that would be done as they stand.

use prost::Message;
use proto::gateway::v1::{self as pb, figure_service_client::FigureServiceClient};

use super::send::Hall;
use crate::house::centre::request_id;

pub async fn request(hall: &Hall, method: &str) -> Option<Vec<u8>> {
    let parent = hall.centre.name();
    Some(match method {
        "PublishFigure" => publication(parent).encode_to_vec(),
        "GetPublishedFigure" => pb::GetPublishedFigureRequest { name: published(hall).await }.encode_to_vec(),
        "ListPublishedFigures" => pb::ListPublishedFiguresRequest { parent, ..Default::default() }.encode_to_vec(),
        "RecountFigure" => {
            pb::RecountFigureRequest { name: published(hall).await, ..Default::default() }.encode_to_vec()
        }
        "ListCosignedHeads" => pb::ListCosignedHeadsRequest { parent }.encode_to_vec(),
        "ExportBundle" => pb::ExportBundleRequest { parent, services: vec!["intake".into()] }.encode_to_vec(),
        _ => return None,
    })
}

fn publication(parent: String) -> pb::PublishFigureRequest {
    pb::PublishFigureRequest {
        parent,
        definition: "completion-rate".into(),
        period: Some(pb::Period { first: "2026-03-01".into(), last: "2026-03-31".into() }),
        unit: String::new(),
        request_id: request_id(),
    }
}

/// The name of the one statement that is asked for.
async fn published(hall: &Hall) -> String {
    let statement = hall.statement.get_or_init(|| async {
        let publish = publication(hall.centre.name());
        let mut figures = FigureServiceClient::new(hall.town.ring.clone());
        figures.publish_figure(publish).await.expect("published").into_inner().name
    });
    statement.await.clone()
}
