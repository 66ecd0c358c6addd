//! The installation's own certificate authority, and the certificates that it gives.
//!
//! A certificate says one thing: the name of whose it is, as its single URI, `spiffe://yizhan/RESOURCE-NAME`. All of it
//! lives in real time, in training mode too. Files are PEM: `ca.pem` and `ca.key`, and `NAME.pem` and `NAME.key` of each
//! identity; keys are for their owner alone.

use std::{
    fs,
    io::{self, Write},
    net::IpAddr,
    path::Path,
    time::Duration,
};

use rand::RngCore;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData, SanType, SerialNumber, SubjectPublicKeyInfo, date_time_ymd,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use x509_parser::{
    certification_request::X509CertificationRequest,
    extensions::GeneralName,
    pem::parse_x509_pem,
    prelude::{FromDer, X509Certificate},
};

use crate::{
    clock::{Moment, wall},
    keys::own_as,
    refusal::Refusal,
};

/// The certificate of the authority, in its folder.
pub const AUTHORITY: &str = "ca.pem";
const AUTHORITY_KEY: &str = "ca.key";
/// What stands before a name in a certificate.
const TRUST: &str = "spiffe://yizhan/";
const DAY: Duration = Duration::from_secs(86_400);
/// How long the authority itself is good.
const AUTHORITY_LIFE: Duration = Duration::from_secs(86_400 * 3_652);
/// A certificate is good a little before it is made, for clocks that are behind.
const EARLY: Duration = Duration::from_secs(300);
/// A request for a certificate has some hundreds of bytes.
const MOST_REQUEST: usize = 16 << 10;

/// The installation's own certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate that was given to somebody else's key.
#[derive(Clone, Debug)]
pub struct Issued {
    /// PEM: the certificate, then the authority's.
    pub chain_pem: String,
    pub fingerprint: [u8; 32],
    /// SHA-256 of the public key that it is for.
    pub key: [u8; 32],
    pub expires_at: Moment,
}

/// A key and its certificate.
#[derive(Clone)]
pub struct Identity {
    /// PEM: the certificate, then the authority's.
    pub chain_pem: String,
    pub key_pem: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority(…)")
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(…)")
    }
}

impl Authority {
    /// Whether this folder holds the authority with its key; elsewhere certificates are brought as files.
    pub fn exists(folder: &Path) -> bool {
        folder.join(AUTHORITY_KEY).exists()
    }

    /// Reads the authority of a folder, or makes it there. Several programs may do so at the same moment.
    pub fn open(folder: &Path) -> io::Result<Authority> {
        make_folder(folder)?;
        let key = open_or_make(folder, AUTHORITY_KEY, || Ok(new_key()?.serialize_pem()))?;
        let key = KeyPair::from_pem(&key).map_err(|error| bad(folder, AUTHORITY_KEY, error))?;
        let pem = open_or_make(folder, AUTHORITY, || self_signed(&key))?;
        let der = first_der(&pem).ok_or_else(|| bad(folder, AUTHORITY, "no certificate"))?;
        if !has_key(&der, &key) {
            return Err(bad(folder, AUTHORITY, "is not of ca.key"));
        }
        let issuer = Issuer::from_ca_cert_der(&der.into(), key).map_err(|error| bad(folder, AUTHORITY, error))?;
        Ok(Authority { issuer, pem })
    }

    pub fn certificate_pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for the key of a PKCS #10 request, by this name. Nothing else is taken from the request.
    pub fn sign(&self, signing_request_pem: &str, name: &str, valid: Duration) -> Result<Issued, Refusal> {
        let key = requested_key(signing_request_pem)?;
        let (params, expires_at) = leaf(name, &[], valid).map_err(Refusal::internal)?;
        let signed = params.signed_by(&key, &self.issuer).map_err(Refusal::internal)?;
        let (fingerprint, key) = (fingerprint(signed.der()), Sha256::digest(key.subject_public_key_info()).into());
        Ok(Issued { chain_pem: format!("{}{}", signed.pem(), self.pem), fingerprint, key, expires_at })
    }

    /// A new key with its certificate, for both ends of a connection; `hosts` are names and addresses it is reached by.
    pub fn issue(&self, name: &str, hosts: &[String], valid: Duration) -> io::Result<Identity> {
        self.certify(new_key()?, name, hosts, valid)
    }

    fn certify(&self, key: KeyPair, name: &str, hosts: &[String], valid: Duration) -> io::Result<Identity> {
        let (params, _) = leaf(name, hosts, valid)?;
        let signed = params.signed_by(&key, &self.issuer).map_err(io::Error::other)?;
        Ok(Identity { chain_pem: format!("{}{}", signed.pem(), self.pem), key_pem: key.serialize_pem() })
    }

    /// Whether it has signed this certificate.
    fn has_signed(&self, certificate: &X509Certificate<'_>) -> bool {
        let Some(own) = first_der(&self.pem) else { return false };
        let Ok((_, own)) = X509Certificate::from_der(&own) else { return false };
        certificate.verify_signature(Some(own.public_key())).is_ok()
    }
}

impl Identity {
    /// Reads `STEM.pem` and `STEM.key`, or makes them. What has less than a third of its life left, says something else
    /// or is of another authority is made anew; the key stays.
    pub fn open_or_issue(
        stem: &Path,
        authority: &Authority,
        name: &str,
        hosts: &[String],
        valid: Duration,
    ) -> io::Result<Identity> {
        let (folder, chain, key) = files(stem)?;
        make_folder(folder)?;
        let key_pem = open_or_make(folder, &key, || Ok(new_key()?.serialize_pem()))?;
        let pair = KeyPair::from_pem(&key_pem).map_err(|error| bad(folder, &key, error))?;
        if let Ok(chain_pem) = fs::read_to_string(folder.join(&chain))
            && is_good(&chain_pem, &pair, authority, name, hosts)
        {
            return Ok(Identity { chain_pem, key_pem });
        }
        let identity = authority.certify(pair, name, hosts, valid)?;
        write(folder, &chain, &identity.chain_pem)?;
        Ok(identity)
    }

    /// Reads `STEM.pem` and `STEM.key`.
    pub fn open(stem: &Path) -> io::Result<Identity> {
        let (folder, chain, key) = files(stem)?;
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path)
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
        };
        Ok(Identity { chain_pem: read(&chain)?, key_pem: read(&key)? })
    }

    /// Writes `STEM.pem` and `STEM.key`, the key first.
    pub fn save(&self, stem: &Path) -> io::Result<()> {
        let (folder, chain, key) = files(stem)?;
        make_folder(folder)?;
        write(folder, &key, &self.key_pem)?;
        write(folder, &chain, &self.chain_pem)
    }

    /// Whose it is.
    pub fn name(&self) -> Option<String> {
        name_of(&first_der(&self.chain_pem)?)
    }

    /// Whether less than a third of its life is left.
    pub fn is_old(&self) -> bool {
        first_der(&self.chain_pem).is_none_or(|der| X509Certificate::from_der(&der).map_or(true, |(_, it)| is_old(&it)))
    }
}

/// A new key, and the request for a certificate of it: for whoever has no authority at hand. PEM, both.
pub fn signing_request() -> io::Result<(String, String)> {
    let key = new_key()?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(&key).and_then(|request| request.pem()).map_err(io::Error::other)?;
    Ok((key.serialize_pem(), request))
}

/// Whose certificate it is; none where it does not say so by exactly one URI.
pub fn name_of(certificate_der: &[u8]) -> Option<String> {
    let (rest, certificate) = X509Certificate::from_der(certificate_der).ok()?;
    let names = certificate.subject_alternative_name().ok().flatten()?;
    let mut uris = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => Some(*uri),
        _ => None,
    });
    let name = uris.next()?.strip_prefix(TRUST).filter(|name| is_name(name))?;
    (rest.is_empty() && uris.next().is_none()).then(|| name.to_owned())
}

/// Until when a certificate is good.
pub fn expires_at(certificate_der: &[u8]) -> Option<Moment> {
    let (_, certificate) = X509Certificate::from_der(certificate_der).ok()?;
    Some(Moment(certificate.validity().not_after.timestamp().saturating_mul(1_000_000)))
}

/// From when on a certificate is good.
pub fn begins_at(certificate_der: &[u8]) -> Option<Moment> {
    let (_, certificate) = X509Certificate::from_der(certificate_der).ok()?;
    Some(Moment(certificate.validity().not_before.timestamp().saturating_mul(1_000_000)))
}

/// When a certificate of the authority was given, to the second.
pub fn given_at(certificate_der: &[u8]) -> Option<Moment> {
    Some(Moment(begins_at(certificate_der)?.0.saturating_add(EARLY.as_micros() as i64)))
}

/// SHA-256 of a certificate.
pub fn fingerprint(certificate_der: &[u8]) -> [u8; 32] {
    Sha256::digest(certificate_der).into()
}

/// The key of a request that is signed with it.
fn requested_key(pem: &str) -> Result<SubjectPublicKeyInfo, Refusal> {
    let fault = |zh: &str, en: &str| Refusal::field("signing_request_pem", zh, en);
    let no_request = || fault("不是PEM格式的证书请求（PKCS #10）", "is no PKCS #10 request in PEM");
    if pem.len() > MOST_REQUEST {
        return Err(fault("不得超过16 KiB", "must not be longer than 16 KiB"));
    }
    let (_, block) = parse_x509_pem(pem.as_bytes()).map_err(|_| no_request())?;
    if !matches!(block.label.as_str(), "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST") {
        return Err(no_request());
    }
    let (rest, request) = X509CertificationRequest::from_der(&block.contents).map_err(|_| no_request())?;
    if !rest.is_empty() {
        return Err(no_request());
    }
    request.verify_signature().map_err(|_| fault("不是用其自身的密钥签名的", "is not signed with its own key"))?;
    let other = || fault("密钥应为P-256、P-384或Ed25519", "its key must be P-256, P-384 or Ed25519");
    let key =
        SubjectPublicKeyInfo::from_der(request.certification_request_info.subject_pki.raw).map_err(|_| other())?;
    let known = [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519];
    if known.contains(&key.algorithm()) { Ok(key) } else { Err(other()) }
}

fn new_key() -> io::Result<KeyPair> {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(io::Error::other)
}

fn self_signed(key: &KeyPair) -> io::Result<String> {
    let (mut params, _) = params("Yizhan", AUTHORITY_LIFE);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params.self_signed(key).map_err(io::Error::other)?.pem())
}

/// What a certificate of this name says, and until when.
fn leaf(name: &str, hosts: &[String], valid: Duration) -> io::Result<(CertificateParams, Moment)> {
    if !is_name(name) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{name} is no name for a certificate")));
    }
    let (mut params, expires_at) = params(name, valid);
    let text = |text: String| text.try_into().map_err(io::Error::other);
    params.subject_alt_names.push(SanType::URI(text(format!("{TRUST}{name}"))?));
    for host in hosts {
        params.subject_alt_names.push(match host.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName(text(host.clone())?),
        });
    }
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    // Who is reached by no host serves nobody.
    if !hosts.is_empty() {
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    }
    Ok((params, expires_at))
}

fn params(common_name: &str, valid: Duration) -> (CertificateParams, Moment) {
    let now = Duration::from_micros(wall().0.max(0).unsigned_abs());
    let start = Duration::from_secs(now.saturating_sub(EARLY).as_secs());
    let end = Duration::from_secs((now + valid).as_secs());
    let mut params = CertificateParams::default();
    let epoch = date_time_ymd(1970, 1, 1);
    (params.not_before, params.not_after) = (epoch + start, epoch + end);
    // Twenty bytes at most, and positive (RFC 5280, 4.1.2.2).
    let mut serial = [0; 16];
    rand::rng().fill_bytes(&mut serial);
    serial[0] &= 0x7f;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    (params, Moment(end.as_micros() as i64))
}

/// What resource names are made of: nothing that a URI or a log line would have to escape.
fn is_name(name: &str) -> bool {
    let fits = |c: u8| c.is_ascii_alphanumeric() || b"/-_.".contains(&c);
    (1..=200).contains(&name.len()) && name.bytes().all(fits)
}

/// Whether a certificate can go on being used as it is.
fn is_good(chain_pem: &str, key: &KeyPair, authority: &Authority, name: &str, hosts: &[String]) -> bool {
    let Some(der) = first_der(chain_pem) else { return false };
    let Ok((_, certificate)) = X509Certificate::from_der(&der) else { return false };
    has_key(&der, key)
        && authority.has_signed(&certificate)
        && !is_old(&certificate)
        && name_of(&der).as_deref() == Some(name)
        && self::hosts(&certificate).is_some_and(|known| hosts.iter().all(|host| known.contains(host)))
}

fn is_old(certificate: &X509Certificate<'_>) -> bool {
    let (start, end) = (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
    let now = wall().0.div_euclid(1_000_000);
    now < start || (end - now) * 3 < end - start
}

fn has_key(der: &[u8], key: &KeyPair) -> bool {
    X509Certificate::from_der(der)
        .is_ok_and(|(_, certificate)| *certificate.public_key().subject_public_key.data == *key.public_key_raw())
}

/// The names and addresses in a certificate, as they are written in the settings.
fn hosts(certificate: &X509Certificate<'_>) -> Option<Vec<String>> {
    let names = certificate.subject_alternative_name().ok()??;
    let host = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let address = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = address.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            Some(address.ok()?.to_string())
        }
        _ => None,
    };
    Some(names.value.general_names.iter().filter_map(host).collect())
}

/// The first certificate of a chain.
pub(crate) fn first_der(pem: &str) -> Option<Vec<u8>> {
    let (_, block) = parse_x509_pem(pem.as_bytes()).ok()?;
    (block.label == "CERTIFICATE").then_some(block.contents)
}

/// How long a certificate of a service is good.
pub const SERVICE_LIFE: Duration = Duration::from_secs(90 * DAY.as_secs());
/// How long a certificate of a terminal, another system or an operator is good.
pub const CLIENT_LIFE: Duration = Duration::from_secs(366 * DAY.as_secs());

fn files(stem: &Path) -> io::Result<(&Path, String, String)> {
    let name = stem.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a credential has a file name"))?;
    let folder = stem.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((folder, format!("{name}.pem"), format!("{name}.key")))
}

/// Makes a folder that only its owner may enter. One that exists is left as it is.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Reads a file, or makes it whole; the first to give it its name has made it, and all read what stands there.
fn open_or_make(folder: &Path, name: &str, make: impl FnOnce() -> io::Result<String>) -> io::Result<String> {
    let path = folder.join(name);
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        text => return text,
    }
    let draft = draft(folder, name, &make()?)?;
    let named = match fs::hard_link(&draft, &path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        named => named,
    };
    let _ = fs::remove_file(draft);
    named?;
    sync(folder)?;
    fs::read_to_string(path)
}

/// Writes a file whole or not at all, for its owner alone.
pub fn write(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    fs::rename(draft(folder, name, text)?, folder.join(name))?;
    sync(folder)
}

fn draft(folder: &Path, name: &str, text: &str) -> io::Result<std::path::PathBuf> {
    let draft = folder.join(format!("{name}.{}.tmp", Uuid::new_v4().simple()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // What the superuser makes or renews beside the authority's key is still read by whose key it is.
    if let Ok(authority) = fs::metadata(folder.join(AUTHORITY_KEY)) {
        own_as(&authority, &draft)?;
    }
    Ok(draft)
}

fn sync(folder: &Path) -> io::Result<()> {
    // Only Unix can open a folder to do so.
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

fn bad(folder: &Path, name: &str, why: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", folder.join(name).display()))
}

#[cfg(test)]
mod tests;
