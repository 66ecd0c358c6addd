//! Terminals on the wire: made with a code, enrolled by it.

use std::time::Duration;

use kit::{
    actor::RequestKey,
    caller::Caller,
    clock::{Moment, wall},
    form::Form,
    id,
    refusal::Refusal,
    store::{Desk, Key},
};
use proto::directory::v1 as pb;

use super::{
    certificate,
    credential::{Credentials, Held, put, show},
    finish,
};
use crate::domain::{
    credential::{CHANGED, CREATED, ENROLLED, Standing, revoked},
    division::{self, Division},
    person::is_code,
    reference::alive,
    terminal::{COLLECTION, Digest, Draft, Terminal, wrong},
    window::{self, Window},
};

const DAY: u64 = 24 * 3_600;
/// What a terminal's certificate lasts.
pub(super) const LIFE: Duration = Duration::from_secs(90 * DAY);
/// Of a code: Crockford's, without I, L, O and U.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl Held for Terminal {
    const COLLECTION: &'static str = COLLECTION;

    fn standing(&self) -> &Standing {
        &self.standing
    }

    fn show(&self) -> pb::Credential {
        let window = self.division.child("windows", &self.window);
        pb::Credential { window, ..show(self, pb::CredentialKind::Terminal, self.is_enrolled()) }
    }

    fn standing_mut(&mut self) -> &mut Standing {
        &mut self.standing
    }

    /// One that was made anew has none to renew: what it had before is refused.
    fn certify(&mut self, until: Moment) -> Result<(), Refusal> {
        if self.is_enrolled() { self.standing.certify(until) } else { Err(revoked()) }
    }
}

impl Credentials {
    pub(super) async fn make_terminal(
        &self,
        caller: &Caller,
        r: &pb::CreateTerminalRequest,
    ) -> Result<pb::CreateTerminalResponse, Refusal> {
        let mut form = Form::new();
        let request = form.take(RequestKey::of("CreateTerminal", r, &r.request_id));
        let division = form.take(id::division("parent", &r.parent));
        check_code(&mut form, "terminal_id", &r.terminal_id);
        let window = match division {
            Some(division) => form.take(id::child_of("window", &r.window, "windows", division)),
            None => form.take(id::child("window", &r.window, "windows").map(|(_, code)| code)),
        };
        let (request, (division, window)) = finish(form, request.zip(division.zip(window)))?;

        // Random to all who do not have the master key, and the same for the same request, so that its repeat tells it
        // again while it is good.
        let secret =
            self.keys.mac("enrolment code", &[r.parent.as_bytes(), r.terminal_id.as_bytes(), request.id.as_bytes()]);
        let code = spell(&secret);
        let digest = self.digest(&division.child(COLLECTION, &r.terminal_id), &code);
        let draft = Draft { division, code: r.terminal_id.clone(), window: window.to_owned(), digest };
        let keys = vec![
            Key::of::<Division>(division, division.as_str()),
            Key::of::<Window>(division, window),
            Key::of::<Terminal>(division, r.terminal_id.as_str()),
        ];
        let (actor, now) = (caller.actor().to_owned(), wall());
        let decide = move |desk: &mut Desk<'_>| {
            let state = desk.get::<Window>(&draft.window).map(|window| window.state);
            alive::<window::Facts>(&draft.window, state).map_err(|refusal| refusal.at("window"))?;
            let state = desk.get::<Division>(draft.division.as_str()).map(|division| division.state);
            alive::<division::Facts>(draft.division.as_str(), state).map_err(|refusal| refusal.at("parent"))?;
            let there = desk.get::<Terminal>(&draft.code);
            let event = if there.is_some() { CHANGED } else { CREATED };
            put(desk, event, &actor, Terminal::create(draft.clone(), there.as_deref(), now)?)
        };
        let terminal = self.writer.change::<Terminal>(division, keys, Some(request), decide).await?;
        let until = terminal.code_until(&digest);
        Ok(pb::CreateTerminalResponse {
            terminal: Some(terminal.show()),
            // Nothing of one that is used up.
            enrolment_code: until.map(|_| code).unwrap_or_default(),
            code_expires_at: until.map(Moment::timestamp),
        })
    }

    pub(super) async fn enrol(&self, r: &pb::EnrolTerminalRequest) -> Result<pb::Certificate, Refusal> {
        let mut form = Form::new();
        let named = form.take(id::child("name", &r.name, COLLECTION));
        let given = form.text("enrolment_code", &r.enrolment_code, 1..=64);
        form.require(!r.signing_request_pem.is_empty(), "signing_request_pem", "必填", "required");
        let (division, code) = finish(form, named)?;
        let digest = self.digest(&r.name, &read(&given));

        // Nobody counts: to guess 128 bits is hopeless, and who did would bar the terminal from its own code.
        let now = wall();
        let terminal = self.terminals.get(division, code).await?.ok_or_else(wrong)?;
        terminal.check(&digest, now)?;
        tokio::time::sleep(terminal.standing.until_certifiable(now)).await;
        // Before the code is used up: a request that cannot be signed may be mended.
        let issued = self.authority.sign(&r.signing_request_pem, &r.name, LIFE)?;
        let (noun, actor, key, until) = (code.to_owned(), r.name.clone(), issued.key, issued.expires_at);
        let decide = move |desk: &mut Desk<'_>| {
            let mut terminal = desk.take::<Terminal>(&noun, wrong)?;
            let event = if terminal.is_enrolled() { CHANGED } else { ENROLLED };
            terminal.enrol(&digest, key, until, now)?;
            put(desk, event, &actor, terminal)
        };
        self.writer.change::<Terminal>(division, vec![Key::of::<Terminal>(division, code)], None, decide).await?;
        Ok(certificate::show(&r.name, issued))
    }

    fn digest(&self, name: &str, code: &str) -> Digest {
        self.keys.mac("enrolment", &[name.as_bytes(), code.as_bytes()])
    }
}

pub(super) fn check_code(form: &mut Form, field: &str, code: &str) {
    form.require(is_code(code), field, "须为1至20位大写字母、数字或连字符", "must be 1 to 20 of A-Z, 0-9 and hyphen");
}

/// 128 bits in groups that a person can type.
fn spell(secret: &[u8; 32]) -> String {
    let mut bits = secret.iter().flat_map(|byte| (0..8).rev().map(move |i| usize::from(byte >> i & 1)));
    let mut text = String::new();
    for i in 0..26 {
        if i > 0 && i % 5 == 0 && i < 25 {
            text.push('-');
        }
        let letter = bits.by_ref().take(5).fold(0, |letter, bit| letter << 1 | bit);
        text.push(char::from(LETTERS[letter]));
    }
    text
}

/// A code as it was told, however it was typed.
fn read(typed: &str) -> String {
    let letters: Vec<char> = typed
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        })
        .collect();
    let mut text = String::new();
    for (i, letter) in letters.into_iter().enumerate() {
        if i > 0 && i % 5 == 0 && i < 25 {
            text.push('-');
        }
        text.push(letter);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_was_typed() {
        let mut secret = [0; 32];
        (0..32).for_each(|i| secret[i] = (i * 37 + 11) as u8);
        let code = spell(&secret);
        assert_eq!(code.len(), 26 + 4, "{code}");
        let typed = [
            code.clone(),
            code.to_lowercase(),
            code.replace('-', ""),
            code.replace('-', " "),
            code.replace('0', "o").replace('1', "l"),
        ];
        for typed in typed {
            assert_eq!(read(&typed), code, "{typed}");
        }
        assert_ne!(spell(&[1; 32]), code);
    }
}
