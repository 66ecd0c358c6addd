//! One witness, as it is asked for a cosignature (c2sp.org/tlog-witness).

use http::StatusCode;
use tlog::{
    Hash,
    note::{Note, Verifier},
    text,
};

use crate::fetch;

/// Type of a witness's key (c2sp.org/tlog-cosignature).
const COSIGNATURE: u8 = 0x04;
/// Content type of the size that a witness has cosigned.
const SIZE: &str = "text/x.tlog.size";
/// Of what a witness says so much is told again.
const MOST_CHARS: usize = 300;

/// Where a witness is, and by what its cosignatures are verified.
#[derive(Clone, Debug)]
pub struct Witness {
    address: String,
    pub key: Verifier,
}

/// What a witness answers.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// Its line, verified, and when it signed, in seconds since 1970.
    Cosigned(String, u64),
    /// It has cosigned so many entries, and wants the proof from there.
    Stale(u64),
    /// The proof does not lead from what it saw to this head.
    NotProven(String),
    /// It has seen another history.
    Alarmed(String),
}

impl Witness {
    /// Of a setting: address, space, key.
    pub fn read(setting: &str) -> Result<Witness, String> {
        let (address, key) = setting.split_once(' ').ok_or("an address, a space and a key are needed")?;
        let address = address.trim_end_matches('/');
        if !address.starts_with("https://") && !address.starts_with("http://") {
            return Err(format!("{address} is neither https:// nor http://"));
        }
        let key: Verifier = key.trim().parse().map_err(|malformed: tlog::Malformed| malformed.to_string())?;
        if key.bytes().first() != Some(&COSIGNATURE) {
            return Err(format!("{key} is no key of a witness"));
        }
        Ok(Witness { address: address.to_owned(), key })
    }

    pub fn name(&self) -> &str {
        self.key.name()
    }

    /// Asks it to cosign a head, given the proof from the size that it saw.
    pub async fn ask(&self, old: u64, proof: &[Hash], note: &Note) -> Result<Answer, String> {
        let proof: String = proof.iter().map(|hash| format!("{}\n", text::encode(hash))).collect();
        let body = format!("old {old}\n{proof}\n{note}");
        let answer = fetch::post(&format!("{}/add-checkpoint", self.address), body).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let told = String::from_utf8_lossy(&answer.body);
        match answer.status {
            StatusCode::OK => self.verified(note, &told),
            StatusCode::CONFLICT if answer.kind.trim() == SIZE => {
                text::number(told.trim_end()).map(Answer::Stale).map_err(|malformed| malformed.to_string())
            }
            StatusCode::CONFLICT => Ok(Answer::Alarmed(short(&told))),
            StatusCode::UNPROCESSABLE_ENTITY => Ok(Answer::NotProven(short(&told))),
            status => Err(format!("{status}: {}", short(&told))),
        }
    }

    fn verified(&self, note: &Note, told: &str) -> Result<Answer, String> {
        // Lines of other keys are passed over: a witness may sign with several.
        let lines = told.lines().take(tlog::note::MOST_SIGNATURES);
        lines
            .filter_map(|line| self.time(note, line).map(|time| Answer::Cosigned(line.to_owned(), time)))
            .next()
            .ok_or_else(|| "its cosignature does not verify".to_owned())
    }

    /// When it cosigned the head in a note, where the line says so and verifies.
    pub fn time(&self, note: &Note, line: &str) -> Option<u64> {
        let signed = Note { text: note.text.clone(), signatures: vec![line.parse().ok()?] };
        self.key.verifies(&signed)?.time
    }
}

fn short(told: &str) -> String {
    told.trim_end().chars().filter(|c| !c.is_control()).take(MOST_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use tlog::note::{Cosigner, Ed25519, Signer};

    use super::*;

    #[test]
    fn only_a_line_of_its_own_key_over_this_very_head_counts() {
        let cosigner = Cosigner::from_seed("audit", &[1; 32]).expect("a key");
        let witness = Witness::read(&format!("http://127.0.0.1:1/ {}", cosigner.verifier())).expect("a setting");
        assert_eq!(witness.address, "http://127.0.0.1:1");
        let log = Ed25519::from_seed("log", &[2; 32]).expect("a key");
        let [note, other] = ["log\n1\nA\n", "log\n2\nA\n"].map(|text| Note::sign(text, &[&log]));
        let line = cosigner.cosign(&note.text, 7).to_string();
        assert_eq!(witness.verified(&note, &format!("{line}\n")), Ok(Answer::Cosigned(line.clone(), 7)));
        assert!(witness.verified(&other, &line).is_err());
        let stranger = Cosigner::from_seed("audit", &[3; 32]).expect("a key").cosign(&note.text, 7);
        for wrong in ["", "nonsense", &stranger.to_string(), &note.signatures[0].to_string()] {
            assert!(witness.verified(&note, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_setting_without_address_or_key_is_refused() {
        let log = Ed25519::from_seed("log", &[2; 32]).expect("a key").verifier();
        let no_witness = format!("https://audit.example {log}");
        for wrong in
            ["", "https://audit.example", "https://audit.example key", "audit.example x+00000000+AA==", &no_witness]
        {
            assert!(Witness::read(wrong).is_err(), "{wrong}");
        }
    }
}
