//! People and organisations as they come in, and the sealing of what is personal.

use kit::{
    form::{Form, choice},
    id::Division,
    keys::Cipher,
    refusal::Refusal,
};
use proto::intake::v1 as pb;
use rand::RngCore;
use sha2::{Digest, Sha256};

use crate::domain::applicant::{Document, Party, Sealed};

/// Reads an applicant; a lowercase x of a citizen's number is taken as X.
pub fn applicant(applicant: Option<pb::Applicant>, form: &mut Form) -> Option<Party> {
    let Some(a) = applicant else {
        form.fault("applicant", "必填", "required");
        return None;
    };
    let document = form.take(document("applicant.document", a.document))?;
    let party = Party {
        name: a.display_name.trim().to_owned(),
        document,
        number: a.document_number.trim().to_ascii_uppercase(),
        phone: a.phone,
        address: a.address.trim().to_owned(),
        agent_name: a.agent_name.trim().to_owned(),
        agent_number: a.agent_document_number,
    };
    party.check(form, "applicant");
    Some(party)
}

/// Reads who collects.
pub fn recipient(field: &str, recipient: Option<pb::Recipient>, form: &mut Form) -> Option<Party> {
    let Some(r) = recipient else {
        form.fault(field, "必填", "required");
        return None;
    };
    let document = form.take(document(&format!("{field}.document"), r.document))?;
    let party = Party {
        name: r.display_name.trim().to_owned(),
        document,
        number: r.document_number.trim().to_ascii_uppercase(),
        phone: String::new(),
        address: String::new(),
        agent_name: String::new(),
        agent_number: String::new(),
    };
    party.check(form, field);
    Some(party)
}

/// Personal data ready to be kept: what is masked, what is sealed, and a commitment to it.
pub struct Kept {
    pub masked: Party,
    pub commitment: Vec<u8>,
    plain: Vec<u8>,
    salt: [u8; 32],
}

impl Kept {
    pub fn new(party: &Party) -> Kept {
        // A party is made of texts, which always have a JSON form.
        let plain = serde_json::to_vec(party).unwrap_or_default();
        let mut salt = [0; 32];
        rand::rng().fill_bytes(&mut salt);
        let commitment = Sha256::new().chain_update(salt).chain_update(&plain).finalize().to_vec();
        Kept { masked: party.masked(), commitment, plain, salt }
    }

    /// Seals it for the record `id`, and for no other.
    pub fn seal(&self, cipher: &Cipher, division: Division, id: String) -> Sealed {
        let sealed = cipher.seal(&self.plain, &belongs_to(division, &id));
        Sealed { division, id, sealed, salt: self.salt.to_vec() }
    }
}

/// The same, sealed by the newest key and the configured cipher; none where it does not open.
pub fn seal_anew(old: &Sealed, cipher: &Cipher) -> Option<Sealed> {
    let sealed = cipher.seal_anew(&old.sealed, &belongs_to(old.division, &old.id))?;
    Some(Sealed { sealed, ..old.clone() })
}

fn belongs_to(division: Division, id: &str) -> String {
    format!("{division}/{id}")
}

fn document(field: &str, value: i32) -> Result<Document, Refusal> {
    Ok(match choice::<pb::IdentityDocument>(field, value)? {
        pb::IdentityDocument::Uscc => Document::Uscc,
        pb::IdentityDocument::Passport => Document::Passport,
        pb::IdentityDocument::HmtPermit => Document::HmtPermit,
        pb::IdentityDocument::ForeignResident => Document::ForeignResident,
        pb::IdentityDocument::CitizenId | pb::IdentityDocument::Unspecified => Document::CitizenId,
    })
}

/// As in the contract.
pub fn document_code(document: Document) -> i32 {
    match document {
        Document::CitizenId => pb::IdentityDocument::CitizenId,
        Document::Uscc => pb::IdentityDocument::Uscc,
        Document::Passport => pb::IdentityDocument::Passport,
        Document::HmtPermit => pb::IdentityDocument::HmtPermit,
        Document::ForeignResident => pb::IdentityDocument::ForeignResident,
    }
    .into()
}
