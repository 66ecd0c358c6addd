//! Why a server gave no answer, in words that say what to do. What the libraries call it stands in the English line at most.

use std::{error::Error, fmt::Write, io};

use tonic::{Code, Status};

/// What the libraries say, what that means, and what to do: the first that fits.
const CAUSES: [(&[&str], &str, &str); 9] = [
    (
        &["ConnectionRefused"],
        "服务未运行，或地址、端口有误。请在服务器上运行 yizhan serve，或用 --server 指定正确的地址",
        "no server is listening there; start it by `yizhan serve`, or name the right address by --server",
    ),
    (
        &["failed to lookup address", "dns error", "HostUnreachable", "NetworkUnreachable", "NetworkDown"],
        "找不到服务器。请检查网线、网络和 --server 中的地址",
        "the server cannot be found; look at the network, and at the address in --server",
    ),
    (
        &[
            "peer certificate: certificate expired",
            "peer certificate: certificate not valid yet",
            "peer certificate: Expired",
        ],
        "服务器的证书不在有效期内。请核对本机时间；时间无误时，请运维人员重启服务以换发证书",
        "the server's certificate is not valid now; look at this machine's clock, else the operator starts the server again",
    ),
    (
        &["not valid for name", "NotValidForName"],
        "服务器的证书中没有 --server 所写的名称或地址。请改用证书中的地址，或请运维人员设置 tls.hosts 后重启服务",
        "the server's certificate does not name the address in --server; use one that it names, or have it added to tls.hosts",
    ),
    (
        &["invalid peer certificate"],
        "服务器不是本单位的：其证书不是由此 ca.pem 的颁发机构签发。请核对 --server，并向运维人员索取正确的 ca.pem",
        "the server is of another installation: its certificate is not of the authority in ca.pem; look at --server and ca.pem",
    ),
    (
        &["alert: CertificateExpired"],
        "本机证书已过期，请核对本机时间，或请运维人员重新登记（yizhan admin revoke、enrol terminal）",
        "this machine's certificate has expired; look at its clock, or have it enrolled again (yizhan admin revoke, enrol)",
    ),
    (
        &["alert: UnknownCA", "alert: DecryptError", "alert: BadCertificate", "alert: UnsupportedCertificate"],
        "服务器不认得本机证书：它不是由该服务器的颁发机构签发。请核对 --credential 与 --server",
        "the server does not know this machine's certificate: another authority gave it; look at --credential and --server",
    ),
    (
        &["InvalidContentType", "corrupt message", "alert: ProtocolVersion", "alert: NoApplicationProtocol"],
        "该地址上的不是本系统的服务端口。请检查 --server 的端口（默认 4100，不是网页端口）",
        "what listens there is no port of this suite; look at the port in --server (4100 where nothing else was set)",
    ),
    (
        &["TimedOut", "deadline has elapsed", "no answer in", "timed out"],
        "服务器没有在期限内答复。请检查网络，稍后再试",
        "the server did not answer in time; look at the network, and try again later",
    ),
];

/// In Chinese, and in English: what the server said, or what kept it from being asked.
pub fn why(status: &Status) -> (String, String) {
    if !kit::status::reason(status).is_empty() {
        return (kit::status::localized(status), status.message().to_owned());
    }
    let told = whole(status);
    let cause = CAUSES.iter().find(|(signs, ..)| signs.iter().any(|sign| told.contains(sign)));
    if let Some((_, zh, en)) = cause {
        return ((*zh).to_owned(), (*en).to_owned());
    }
    match status.code() {
        Code::Unimplemented => (
            "该服务不认得此项操作，可能版本不同。请核对 --server，并更新程序".to_owned(),
            "the server does not know this call; look at --server, and at the versions of both".to_owned(),
        ),
        _ => (
            "连接中断，没有得到答复。请稍后再试；仍不行时请联系运维人员".to_owned(),
            format!("the connection broke before there was an answer: {}", status.message()),
        ),
    }
}

/// What all say who had a hand in it, down to the cause.
fn whole(status: &Status) -> String {
    let mut told = status.message().to_owned();
    let mut cause = Error::source(status);
    while let Some(error) = cause {
        let _ = write!(told, ": {error}");
        if let Some(error) = error.downcast_ref::<io::Error>() {
            let _ = write!(told, " ({:?})", error.kind());
        }
        cause = error.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Status {
        Status::from_error(cause.into())
    }

    #[test]
    fn every_cause_is_told_in_chinese_first_with_what_to_do() {
        let tls = |error: rustls::Error| status(io::Error::new(io::ErrorKind::InvalidData, error));
        let untrusted = |error| tls(rustls::Error::InvalidCertificate(error));
        let alerted = |alert| tls(rustls::Error::AlertReceived(alert));
        for (status, zh) in [
            (status(io::Error::from(io::ErrorKind::ConnectionRefused)), "服务未运行"),
            (status(io::Error::from(io::ErrorKind::HostUnreachable)), "找不到服务器"),
            (status(io::Error::from(io::ErrorKind::TimedOut)), "没有在期限内"),
            (untrusted(rustls::CertificateError::Expired), "服务器的证书不在有效期内"),
            (untrusted(rustls::CertificateError::UnknownIssuer), "服务器不是本单位的"),
            (untrusted(rustls::CertificateError::NotValidForName), "没有 --server 所写的"),
            (alerted(rustls::AlertDescription::CertificateExpired), "本机证书已过期"),
            (alerted(rustls::AlertDescription::UnknownCA), "不认得本机证书"),
            (tls(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType)), "不是本系统的服务端口"),
            (status("something else"), "连接中断"),
            (Status::unimplemented(""), "不认得此项操作"),
        ] {
            let (told, _) = why(&status);
            assert!(told.contains(zh), "{status:?}: {told}");
        }
    }
}
