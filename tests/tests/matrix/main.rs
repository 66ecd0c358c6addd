//! Every method of the contract × every caller × own and others' things × every state of a credential.
//!
//! Generated from the compiled contract: a new method is in it by itself. What is expected is worked out here a second
//! time, in the plainest way, from the rule's words; what is observed comes from the real program over TLS.

#[path = "../house/mod.rs"]
mod house;
mod people;
#[path = "../town/mod.rs"]
mod town;

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use kit::testing::databases;
use prost::Message;
use prost_types::FileDescriptorSet;
use proto::{
    identity::v1::{Role, Scope},
    rule::{self, Rule},
};
use town::{Town, Who, line::put};

/// What a call is about, seen from who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    /// The caller's division, unit and window, in the caller's name.
    Own,
    OtherWindow,
    OtherUnit,
    OtherDivision,
    /// All of the caller's, in somebody else's name.
    OtherActor,
}

const ABOUT: [About; 5] = [About::Own, About::OtherWindow, About::OtherUnit, About::OtherDivision, About::OtherActor];

/// What a request names.
struct Asked {
    division: String,
    unit: String,
    window: String,
    actor: String,
}

impl Asked {
    fn of(who: &Who, about: About) -> Asked {
        let (division, unit) = (who.division.unwrap_or("410223"), who.unit.unwrap_or("012"));
        let division = match (about, division) {
            (About::OtherDivision, "410223") => "410224",
            (About::OtherDivision, _) => "410223",
            (_, own) => own,
        };
        let unit = match (about, unit) {
            (About::OtherUnit, "012") => "023",
            (About::OtherUnit, _) => "012",
            (_, own) => own,
        };
        let window = match (about, who.window.unwrap_or("A01")) {
            (About::OtherWindow, "A01") => "B01",
            (About::OtherWindow, _) => "A01",
            (_, own) => own,
        };
        let actor = if who.is_person() && about != About::OtherActor {
            who.name.clone()
        } else {
            format!("divisions/{division}/people/SOMEBODY")
        };
        Asked { division: division.to_owned(), unit: unit.to_owned(), window: window.to_owned(), actor }
    }

    /// The request as bytes: only what the rule looks at, so that whoever is let in is refused by the next who reads it.
    fn message(&self, rule: &Rule) -> Vec<u8> {
        let mut message = Vec::new();
        put(&mut message, rule.resource, &self.resource(rule));
        put(&mut message, rule.window, &format!("divisions/{}/windows/{}", self.division, self.window));
        put(&mut message, rule.actor, &self.actor);
        message
    }

    /// A name from which the unit can be told where the rule asks for it.
    fn resource(&self, rule: &Rule) -> String {
        let Asked { division, unit, .. } = self;
        let by_unit = rule.grants.iter().any(|grant| grant.scope == Scope::OwnUnit);
        if !by_unit && !rule.path.ends_with("Case") {
            return format!("divisions/{division}");
        }
        if rule.path.contains("Inbox") || rule.path.ends_with("/CreatePublication") {
            return format!("divisions/{division}/units/{unit}");
        }
        if rule.path.ends_with("/ReceiveCase") {
            return format!("divisions/{division}");
        }
        format!("divisions/{division}/cases/{division}-{unit}-20260302-000001-X")
    }
}

/// What the rule says, read as a person reads it.
fn expected(rule: &Rule, who: &Who, about: About, asked: &Asked) -> Option<Vec<&'static str>> {
    if rule.grants.iter().any(|grant| grant.role == Role::Public) {
        return None;
    }
    if who.role == Role::Public {
        return Some(vec!["CREDENTIALS_REQUIRED"]);
    }
    let scopes: Vec<Scope> =
        rule.grants.iter().filter(|grant| grant.role == who.role).map(|grant| grant.scope).collect();
    if scopes.is_empty() {
        return Some(vec!["ROLE_NOT_ALLOWED"]);
    }
    let own_division = who.division == Some(asked.division.as_str());
    let fits = |scope: &Scope| match scope {
        Scope::Any => true,
        Scope::OwnDivision => own_division,
        Scope::OwnUnit => own_division && who.unit.is_none_or(|unit| unit == asked.unit),
        Scope::OwnWindow => own_division && who.window == Some(asked.window.as_str()),
        Scope::Unspecified => false,
    };
    if !scopes.iter().any(fits) {
        return Some(vec!["NOT_YOUR_DIVISION", "NOT_YOUR_UNIT", "NOT_YOUR_WINDOW"]);
    }
    let in_a_name = !rule.actor.is_empty() && who.is_person();
    (in_a_name && about == About::OtherActor).then(|| vec!["ACTOR_NOT_YOU"])
}

/// What is asked below is what the descriptors hold, and not what somebody thought of.
#[test]
fn every_method_of_the_compiled_contract_is_asked() {
    let set = FileDescriptorSet::decode(proto::DESCRIPTORS).expect("the descriptors");
    let ours = set.file.iter().filter(|file| file.package().starts_with("yizhan."));
    let services = ours.flat_map(|file| file.service.iter().map(move |service| (file.package(), service)));
    let methods: BTreeSet<String> = services
        .flat_map(|(package, service)| {
            service.method.iter().map(move |method| format!("/{package}.{}/{}", service.name(), method.name()))
        })
        .collect();
    let asked: BTreeSet<String> = rule::all().iter().map(|rule| rule.path.to_owned()).collect();
    assert_eq!(asked, methods);
    for package in ["directory", "disclosure", "gateway", "intake", "journal", "roster"] {
        assert!(asked.iter().any(|path| path.starts_with(&format!("/yizhan.{package}.v1."))), "nothing of {package}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_lets_in_whom_its_rule_names_and_nobody_else() {
    for database in databases() {
        let town = Town::open(&database).await;
        let (mut calls, mut wrong) = (0, Vec::new());
        let mut counted: BTreeMap<String, usize> = BTreeMap::new();
        let callers = town.callers().await;
        // Last, what ends the session of who is let in, and once.
        let (ends, goes_on): (Vec<_>, Vec<_>) = rule::all().iter().partition(|rule| rule.path.ends_with("/SignOut"));
        let asked = |rules: Vec<&'static Rule>, about: &'static [About]| {
            rules.into_iter().flat_map(move |rule| about.iter().map(move |about| (rule, *about)))
        };
        for (rule, about) in asked(goes_on, &ABOUT).chain(asked(ends, &[About::Own])) {
            for who in &callers {
                let asked = Asked::of(who, about);
                let seen = who.line.refusal(rule.path, &asked.message(rule)).await;
                let wanted = expected(rule, who, about, &asked);
                let right = match (&seen, &wanted) {
                    (None, None) => true,
                    (Some(seen), Some(wanted)) => wanted.contains(&seen.as_str()),
                    _ => false,
                };
                calls += 1;
                *counted.entry(seen.clone().unwrap_or_else(|| "let in".to_owned())).or_default() += 1;
                if !right {
                    wrong
                        .push(format!("{} as {} about {about:?}: {seen:?}, expected {wanted:?}", rule.path, who.label));
                }
            }
        }
        house::say(&format!("matrix on {}: {calls} calls, {counted:?}", database.engine()));
        let some: Vec<_> = wrong.iter().take(20).cloned().collect();
        assert!(wrong.is_empty(), "{} of {calls} are wrong\n{}", wrong.len(), some.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_is_not_good_opens_nothing_whatever_the_method() {
    for database in databases() {
        let town = Town::open(&database).await;
        let bad = town.bad_credentials().await;
        let asked = bad.iter().flat_map(|bad| rule::all().iter().map(move |rule| (bad, rule)));
        let seen = asked.map(|(bad, rule)| async move {
            let asked = Asked::of(&bad.as_who, About::Own);
            let seen = bad.line.refusal(rule.path, &asked.message(rule)).await;
            let right = seen.as_deref() == Some(bad.reason);
            (!right)
                .then(|| format!("{} as {} with a token that is {}: {seen:?}", rule.path, bad.as_who.label, bad.label))
        });
        // Side by side: a token under an unknown key waits a second for the key to become known.
        let seen: Vec<_> = stream::iter(seen).buffer_unordered(32).collect().await;
        let (calls, wrong): (usize, Vec<_>) = (seen.len(), seen.into_iter().flatten().collect());
        house::say(&format!("bad credentials on {}: {calls} calls", database.engine()));
        let some: Vec<_> = wrong.iter().take(20).cloned().collect();
        assert!(wrong.is_empty(), "{} of {calls} are wrong\n{}", wrong.len(), some.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_opens_nothing_within_five_seconds() {
    for database in databases() {
        Town::open(&database).await.revoke_each_and_wait().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_shows_a_clerk_the_cases_of_the_clerks_unit_and_no_other() {
    let database = kit::testing::TestDatabase::sqlite();
    let town = Town::open(&database).await;
    let units =
        |cases: Vec<String>| cases.into_iter().map(|unit| unit[unit.len() - 3..].to_owned()).collect::<Vec<_>>();
    let mut all = units(town.received_and_listed(None).await);
    all.sort();
    assert_eq!(all, ["012", "023"]);
    assert_eq!(units(town.received_and_listed(Some("C012")).await), ["012"]);
    assert_eq!(units(town.received_and_listed(Some("C023")).await), ["023"]);
}
