//! Files and pictures of publications, streamed as they come. A picture is shown; everything else is kept by who asked for
//! it, and nothing of it may act in the name of these pages.

use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use kit::refusal::Refusal;
use proto::disclosure::v1::{DownloadFileResponse, File, download_file_response::Part};
use tonic::{Status, Streaming};

use super::{
    super::{Pages, words::encode},
    Trouble, Visit,
    way::Tab,
};

/// A file as a document of its own can do nothing at all.
const SANDBOX: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'");
/// What a browser shows by itself; these were written anew from their pixels.
const PICTURES: [&str; 3] = ["image/png", "image/jpeg", "image/webp"];

/// GET /files/{publication}/{sha256}/{file_name}
pub async fn show(
    State(pages): State<Pages>,
    Path((publication, sha256, file_name)): Path<(String, String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let shown = async {
        let visit = Visit::begin(&pages, &uri, Tab::Columns).await?;
        let name = visit.way.division.child("publications", &format!("{publication}/files/{sha256}"));
        let mut stream = pages.0.portal.sources.file(name).await?;
        let file = head(&mut stream).await?;
        // Under another name it would be something that was never published.
        if file.file_name != file_name {
            return Err(Refusal::not_found("FILE_NOT_FOUND", "没有此文件", "there is no such file").into());
        }
        let tag = format!("\"{sha256}\"");
        let seen = headers.get(header::IF_NONE_MATCH).is_some_and(|seen| seen.as_bytes() == tag.as_bytes());
        let told = told(&file, &tag).ok_or_else(|| Refusal::internal("a file whose name no header takes"))?;
        let body = if seen { Body::empty() } else { Body::from_stream(chunks(stream)) };
        let code = if seen { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
        Ok::<_, Trouble>((code, told, body).into_response())
    };
    shown.await.unwrap_or_else(|trouble| trouble.page(&uri))
}

async fn head(stream: &mut Streaming<DownloadFileResponse>) -> Result<File, Status> {
    match stream.message().await?.and_then(|first| first.part) {
        Some(Part::File(file)) => Ok(file),
        _ => Err(Refusal::internal("a file that does not begin with what it is").into()),
    }
}

fn told(file: &File, tag: &str) -> Option<HeaderMap> {
    let picture = PICTURES.contains(&file.media_type.as_str());
    let how = if picture { "inline" } else { "attachment" };
    let all: [(HeaderName, HeaderValue); 5] = [
        (header::CONTENT_TYPE, HeaderValue::try_from(&file.media_type).ok()?),
        (header::CONTENT_LENGTH, HeaderValue::from(file.size_bytes)),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::try_from(format!("{how}; filename*=UTF-8''{}", encode(&file.file_name))).ok()?,
        ),
        (header::ETAG, HeaderValue::try_from(tag).ok()?),
        (header::CONTENT_SECURITY_POLICY, SANDBOX),
    ];
    Some(HeaderMap::from_iter(all))
}

/// What is lost in the middle ends the answer as torn, which a browser tells.
fn chunks(stream: Streaming<DownloadFileResponse>) -> impl futures::Stream<Item = Result<Bytes, Status>> {
    stream.filter_map(async |part| match part {
        Ok(DownloadFileResponse { part: Some(Part::Chunk(bytes)) }) => Some(Ok(Bytes::from(bytes))),
        Ok(_) => None,
        Err(status) => Some(Err(status)),
    })
}
