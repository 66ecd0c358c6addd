//! What the directory changes holds at the door within five seconds, for tokens and certificates that were given before it:
//! the real program over TLS.

mod house;
mod town;

use std::time::{Duration, Instant};

use house::centre::request_id;
use kit::{
    pki,
    testing::{TestDatabase, databases},
};
use proto::{
    directory::v1::{
        self as pb, credential_service_client::CredentialServiceClient,
        directory_service_client::DirectoryServiceClient,
    },
    rule,
};
use tonic::Code;
use town::{
    Town, Who,
    line::{Line, put},
};

const GET_CASE: &str = "/yizhan.intake.v1.CaseService/GetCase";
const RECEIVE_CASE: &str = "/yizhan.intake.v1.CaseService/ReceiveCase";
const EXTEND_CASE: &str = "/yizhan.intake.v1.CaseService/ExtendCase";
const LIST_PEOPLE: &str = "/yizhan.directory.v1.DirectoryService/ListPeople";

/// Why a call about this, at this window and in this name is not let in; none where it is, whatever becomes of it then.
async fn refusal(line: &Line, path: &str, about: &str, window: &str, actor: &str) -> Option<String> {
    let rule = rule::of(path).expect("a method");
    let mut message = Vec::new();
    for (field, text) in [(rule.resource, about), (rule.window, window), (rule.actor, actor)] {
        put(&mut message, field, text);
    }
    line.refusal(path, &message).await
}

fn case(unit: &str) -> String {
    format!("divisions/410223/cases/410223-{unit}-20160308-000017-X")
}

async fn reads(line: &Line, division: &str) -> Option<String> {
    refusal(line, LIST_PEOPLE, &format!("divisions/{division}"), "", "").await
}

/// Five seconds, and not one more, for what was changed to hold.
async fn soon(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(5), "does not hold after five seconds: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn change(town: &Town, name: &str, change: impl FnOnce(&mut pb::Person)) {
    let mut directory = DirectoryServiceClient::new(town.ring.clone());
    let get = pb::GetPersonRequest { name: name.to_owned() };
    let mut person = directory.get_person(get).await.expect("a person").into_inner();
    change(&mut person);
    let update = pb::UpdatePersonRequest { person: Some(person), request_id: request_id() };
    directory.update_person(update).await.expect("changed");
}

async fn sign_in(line: &Line, person: &str, password: &str) -> Result<Line, (Code, String)> {
    let request = pb::SignInRequest { person: person.to_owned(), password: password.to_owned() };
    let tokens = CredentialServiceClient::new(line.channel.clone()).sign_in(request).await;
    let tokens = tokens.map_err(|status| (status.code(), kit::status::reason(&status)))?.into_inner();
    let bearer = format!("Bearer {}", tokens.access_token).try_into().ok();
    Ok(Line { bearer, ..line.clone() })
}

async fn open(database: &TestDatabase) -> (Town, Vec<Who>) {
    let town = Town::open(database).await;
    let callers = town.callers().await;
    (town, callers)
}

fn find<'a>(callers: &'a [Who], label: &str, division: &str) -> &'a Who {
    let found = callers.iter().find(|who| who.label == label && who.division.is_none_or(|own| own == division));
    found.expect("a caller")
}

#[tokio::test(flavor = "multi_thread")]
async fn another_unit_rank_or_window_holds_for_the_token_that_somebody_has_and_the_session_goes_on() {
    for database in databases() {
        let (town, callers) = open(&database).await;
        let clerk = find(&callers, "a clerk of 012", "410223");
        let asks = async |unit: &str| refusal(&clerk.line, GET_CASE, &case(unit), "", "").await;
        assert_eq!((asks("012").await, asks("023").await), (None, Some("NOT_YOUR_UNIT".into())));
        change(&town, &clerk.name, |person| person.unit = "divisions/410223/units/023".into()).await;
        soon("another unit", async || asks("012").await.as_deref() == Some("NOT_YOUR_UNIT")).await;
        assert_eq!(asks("023").await, None);

        let head = find(&callers, "a head of 012", "410223");
        let extends = async || refusal(&head.line, EXTEND_CASE, &case("012"), "", &head.name).await;
        assert_eq!(extends().await, None);
        change(&town, &head.name, |person| person.rank = pb::Rank::Staff.into()).await;
        soon("another rank", async || extends().await.as_deref() == Some("ROLE_NOT_ALLOWED")).await;

        // In a browser somebody is at their usual window.
        let name = "divisions/410223/people/O012";
        let window = |code: &str| format!("divisions/410223/windows/{code}");
        change(&town, name, |person| person.window = window("A01")).await;
        let password = town.ring.password(name).await.expect("a password");
        let public = &find(&callers, "the public", "").line;
        let officer = sign_in(public, name, &password).await.expect("signed in");
        let receives =
            async |code: &str| refusal(&officer, RECEIVE_CASE, "divisions/410223", &window(code), name).await;
        assert_eq!((receives("A01").await, receives("B01").await), (None, Some("NOT_YOUR_WINDOW".into())));
        change(&town, name, |person| person.window = window("B01")).await;
        soon("another window", async || receives("A01").await.as_deref() == Some("NOT_YOUR_WINDOW")).await;
        assert_eq!(receives("B01").await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_division_or_window_was_deactivated_is_refused_for_reads_too() {
    for database in databases() {
        let (town, callers) = open(&database).await;
        let mut directory = DirectoryServiceClient::new(town.ring.clone());
        let refused =
            async |line: &Line, division: &str| reads(line, division).await.as_deref() == Some("CREDENTIAL_REVOKED");

        let (terminal, clerk) = (find(&callers, "a terminal", "410223"), find(&callers, "a clerk of 012", "410223"));
        assert_eq!(reads(&terminal.line, "410223").await, None);
        let name = "divisions/410223/windows/A01".to_owned();
        let end = pb::DeactivateWindowRequest { name, etag: String::new(), request_id: request_id() };
        directory.deactivate_window(end).await.expect("deactivated");
        soon("a window that is closed", async || refused(&terminal.line, "410223").await).await;
        assert!(refused(&clerk.line, "410223").await, "who works at it, with it");

        let name = "divisions/410224".to_owned();
        let end = pb::DeactivateDivisionRequest { name, etag: String::new(), request_id: request_id() };
        directory.deactivate_division(end).await.expect("deactivated");
        for label in ["a clerk of 012", "a head of 023", "a terminal", "another system"] {
            let who = find(&callers, label, "410224");
            soon(label, async || refused(&who.line, "410224").await).await;
        }
        for line in [&find(&callers, "the operator", "").line, &find(&callers, "another system", "410223").line] {
            assert_ne!(reads(line, "410223").await.as_deref(), Some("CREDENTIAL_REVOKED"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_was_lost_is_made_anew_under_its_name_and_the_lost_certificate_stays_out() {
    for database in databases() {
        let (town, callers) = open(&database).await;
        let lost = &find(&callers, "a terminal", "410223").line;
        let mut credentials = CredentialServiceClient::new(town.ring.clone());
        let list = pb::ListCredentialsRequest { parent: "divisions/410223".into(), ..Default::default() };
        let all = credentials.list_credentials(list).await.expect("listed").into_inner().credentials;
        let name = all.into_iter().find(|one| one.name.contains("/terminals/")).expect("a terminal").name;
        let revoke =
            pb::RevokeCredentialRequest { name: name.clone(), reason: "丢失".into(), request_id: request_id() };
        credentials.revoke_credential(revoke).await.expect("revoked");
        let create = pb::CreateTerminalRequest {
            parent: "divisions/410223".into(),
            terminal_id: name.rsplit('/').next().expect("a code").to_owned(),
            window: "divisions/410223/windows/B01".into(),
            request_id: request_id(),
        };
        let code = credentials.create_terminal(create).await.expect("made anew").into_inner().enrolment_code;
        let (key, signing_request_pem) = pki::signing_request().expect("a request");
        let enrol = pb::EnrolTerminalRequest { name, enrolment_code: code, signing_request_pem };
        let mut public = CredentialServiceClient::new(town.connect(None));
        let chain = public.enrol_terminal(enrol).await.expect("enrolled").into_inner().chain_pem;

        soon("the lost one is out", async || reads(lost, "410223").await.as_deref() == Some("CREDENTIAL_REVOKED"))
            .await;
        let new = Line { channel: town.connect(Some((chain, key))), bearer: None };
        soon("the new one is in", async || reads(&new, "410223").await.is_none()).await;
        // All that was told of it has been heard by now, and the lost one is out still.
        assert_eq!(reads(lost, "410223").await.as_deref(), Some("CREDENTIAL_REVOKED"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_at_the_public_door_locks_nobody_out_of_a_window() {
    for database in databases() {
        let (town, callers) = open(&database).await;
        let (public, window) = (&find(&callers, "the public", "").line, find(&callers, "a terminal", "410223"));
        let name = "divisions/410223/people/C023";
        let password = town.ring.password(name).await.expect("a password");
        let mut seen = Vec::new();
        for _ in 0..6 {
            seen.push(sign_in(public, name, "a wild guess").await.err().expect("wrong").1);
        }
        assert_eq!(seen, [["PASSWORD_WRONG"; 5].as_slice(), &["TOO_MANY_ATTEMPTS"]].concat());
        assert_eq!(sign_in(public, name, &password).await.err().expect("barred").1, "TOO_MANY_ATTEMPTS");
        sign_in(&window.line, name, &password).await.expect("signed in at the window");
    }
}
