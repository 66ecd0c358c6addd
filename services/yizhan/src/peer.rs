//! The server at a URL.

use http::{Uri, uri::Scheme};
use kit::peer::Peer;
use tonic::Status;

use crate::trouble;

/// The server at a URL that a setting names, or which setting is wrong. Connects when it is first asked.
pub fn connect(setting: &str, url: &str) -> anyhow::Result<Peer> {
    let is_url = |uri: &Uri| uri.scheme() == Some(&Scheme::HTTP) && uri.authority().is_some();
    let peer = url.parse().ok().filter(is_url).and_then(|_| Peer::connect(url).ok());
    peer.ok_or_else(|| {
        trouble(
            format!("{setting}：“{url}”不是网址，应为 http://主机:端口"),
            format!("{setting}: \"{url}\" is no URL; it reads http://HOST:PORT"),
        )
    })
}

/// What a server said instead of an answer, with the reason that programs look at.
pub fn refused(status: &Status) -> anyhow::Error {
    let reason = match kit::status::reason(status) {
        reason if reason.is_empty() => format!("{:?}", status.code()),
        reason => reason,
    };
    trouble(format!("{} [{reason}]", kit::status::localized(status)), status.message())
}
