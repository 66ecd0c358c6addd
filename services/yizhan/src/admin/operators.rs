//! Operators: their certificates come from the authority itself, so that an installation whose operator was revoked is not
//! lost.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use kit::{
    clock::Moment,
    pki::{self, Authority, CLIENT_LIFE},
    tls,
};

use crate::{
    credential,
    papers::OPERATOR,
    peer::{self, To},
    trouble,
};

/// An operator's certificate on this machine.
pub struct Operator {
    pub name: String,
    pub since: Option<Moment>,
    pub until: Moment,
    pub file: PathBuf,
}

/// Those in a folder of certificates, and the one that is used.
pub fn here(to: &To) -> Vec<Operator> {
    let entries = fs::read_dir(peer::folder(&to.data)).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "pem"));
    let used = to.credential.as_ref().map(|_| to.stem("operator").with_added_extension("pem"));
    files.chain(used).filter_map(read).collect()
}

fn read(file: PathBuf) -> Option<Operator> {
    let certificate = credential::certificate(&file)?;
    let name = pki::name_of(&certificate).filter(|name| name.starts_with("operators/"))?;
    Some(Operator { name, since: pki::given_at(&certificate), until: pki::expires_at(&certificate)?, file })
}

/// Makes a credential with the authority's own key.
pub async fn enrol(code: &str, to: &To) -> anyhow::Result<()> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !(1..=20).contains(&code.len()) || !code.bytes().all(fits) {
        return Err(trouble("名称应为1至20位小写字母、数字或连字符", "a name is 1 to 20 of a-z, 0-9 and hyphen"));
    }
    let folder = peer::folder(&to.data);
    if !Authority::exists(&folder) {
        let shown = folder.display();
        return Err(trouble(
            format!("{shown} 中没有颁发机构私钥 ca.key。请在首次运行服务的机器上运行，或用 --data 指定其数据目录"),
            format!("{shown} holds no ca.key; run this where the server first ran, or name its folder by --data"),
        ));
    }
    let (name, stem) = (format!("operators/{code}"), folder.join(format!("{OPERATOR}{code}")));
    if let Some(Operator { file, .. }) = here(to).into_iter().find(|operator| operator.name == name) {
        let shown = file.display();
        return Err(trouble(
            format!("{name} 已有凭证 {shown}，请换一个名称"),
            format!("{name} has a credential already, {shown}; take another name"),
        ));
    }
    let authority = Authority::open(&folder).map_err(|error| {
        trouble(
            format!("颁发机构的文件无法使用：{}", folder.display()),
            format!("the authority cannot be used: {error}"),
        )
    })?;
    let identity = authority.issue(&name, &[], CLIENT_LIFE)?;
    if is_revoked(&authority, &identity, to).await {
        return Err(trouble(
            format!("{name} 已被吊销，这个名称不能再用，请换一个名称"),
            format!("{name} was revoked, and the name with it; take another name"),
        ));
    }
    identity.save(&stem)?;
    let (mut out, shown) = (io::stdout().lock(), stem.display());
    writeln!(out, "{name}\n已签发 · made: {shown}.pem, {shown}.key")?;
    Ok(writeln!(out, "使用时 · to use it: --credential {shown}.pem（旁边须有 ca.pem · ca.pem beside it）")?)
}

/// Asked where the server runs. Where it does not, nobody knows, and the credential is made.
async fn is_revoked(authority: &Authority, identity: &pki::Identity, to: &To) -> bool {
    let tls = tls::Client::new(authority.certificate_pem(), Some(identity));
    let peer = tls.ok().and_then(|tls| peer::connect("--server", &to.server, &tls).ok());
    let Some(peer) = peer else { return false };
    peer::is_revoked(peer).await
}

/// The file's name alone.
pub fn shown(file: &Path) -> String {
    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
