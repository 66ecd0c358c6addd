//! The files by which one is known, looked at before they are used: what is wrong with them is told here in words for
//! people, where a server would only hang up.

use std::{io, path::Path, sync::Arc};

use kit::{
    clock::{Moment, wall},
    pki, tls,
};
use rustls::{
    RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, UnixTime, pem::PemObject},
    server::WebPkiClientVerifier,
};

use crate::{time, trouble};

/// Trusts the authority of a folder, and comes with a credential.
pub fn open(folder: &Path, stem: Option<&Path>) -> anyhow::Result<tls::Client> {
    let ca = folder.join(pki::AUTHORITY);
    let own = stem.map(|stem| [stem.with_added_extension("pem"), stem.with_added_extension("key")]);
    if let Some(file) = std::iter::once(&ca).chain(own.iter().flatten()).find(|file| !file.is_file()) {
        return Err(missing(file));
    }
    if let Some([file, _]) = &own {
        in_time(file)?;
        of_authority(file, &ca)?;
    }
    tls::Client::open(&ca, stem).map_err(|error| unusable(stem.unwrap_or(&ca), &error))
}

/// The first certificate of a file.
pub fn certificate(file: &Path) -> Option<CertificateDer<'static>> {
    CertificateDer::from_pem_file(file).ok()
}

/// Whether the certificate in a file has expired.
pub fn has_expired(file: &Path) -> bool {
    certificate(file).and_then(|certificate| pki::expires_at(&certificate)).is_some_and(|until| until <= wall())
}

fn in_time(file: &Path) -> anyhow::Result<()> {
    let Some(certificate) = certificate(file) else { return Ok(()) };
    let (from, until) = (pki::begins_at(&certificate), pki::expires_at(&certificate));
    let told = |at: Option<Moment>| time(at.map(Moment::timestamp).as_ref());
    let shown = file.display();
    if from.is_some_and(|from| wall() < from) {
        let from = told(from);
        return Err(trouble(
            format!("凭证 {shown} 自 {from} 起才有效。请核对本机时间"),
            format!("the credential {shown} is good from {from} on; look at this machine's clock"),
        ));
    }
    if !has_expired(file) {
        return Ok(());
    }
    let until = told(until);
    Err(trouble(
        format!(
            "凭证 {shown} 已于 {until} 过期。终端请运维人员另行登记（yizhan admin enrol terminal），\
             运维凭证请在服务器上另行签发（yizhan admin enrol operator）"
        ),
        format!(
            "the credential {shown} expired at {until}; enrol another by `yizhan admin enrol terminal` or `operator`"
        ),
    ))
}

/// Whether the authority that is trusted is the one that gave it, as the server will ask.
fn of_authority(file: &Path, ca: &Path) -> anyhow::Result<()> {
    let verified = || -> Result<(), Box<dyn std::error::Error>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca)?)?;
        let verifier =
            WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::new(aws_lc_rs::default_provider()))
                .build()?;
        Ok(verifier.verify_client_cert(&CertificateDer::from_pem_file(file)?, &[], UnixTime::now()).map(drop)?)
    };
    verified().map_err(|error| {
        let (shown, ca) = (file.display(), ca.display());
        trouble(
            format!("凭证 {shown} 不是由 {ca} 的颁发机构签发，或文件内容有误。请核对这两个文件是否来自同一服务器"),
            format!("the credential {shown} is not of the authority in {ca}: {error}"),
        )
    })
}

fn missing(file: &Path) -> anyhow::Error {
    let shown = file.display();
    trouble(
        format!(
            "缺少凭证文件 {shown}。请在服务所在目录运行，或用 --data、--credential 指定；\
             ca.pem 取自服务器数据目录的 pki，须与凭证放在一起"
        ),
        format!(
            "{shown} is missing; run this where the server's data folder is, or name that by --data, or a credential by \
             --credential, with ca.pem (of pki in the server's data folder) beside it"
        ),
    )
}

fn unusable(file: &Path, error: &io::Error) -> anyhow::Error {
    trouble(
        format!("凭证文件内容有误，或证书与私钥不是一对：{}", file.display()),
        format!("the credential cannot be used: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn a_certificate_that_is_not_good_yet_has_one_look_at_the_clock() {
        let file = std::env::temp_dir().join(format!("yizhan-test-{}.pem", uuid::Uuid::new_v4()));
        let mut params = CertificateParams::default();
        (params.not_before, params.not_after) = (date_time_ymd(2999, 1, 1), date_time_ymd(2999, 12, 31));
        let signed = params.self_signed(&KeyPair::generate().expect("a key")).expect("signed");
        std::fs::write(&file, signed.pem()).expect("written");
        let told = in_time(&file).expect_err("not yet").to_string();
        assert!(told.contains("请核对本机时间") && told.contains("2999-01-01 08:00"), "{told}");
        assert!(!has_expired(&file));
        std::fs::remove_file(file).expect("removed");
    }
}
