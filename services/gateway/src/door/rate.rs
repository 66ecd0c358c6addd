//! How often one caller may call. Known callers are told apart by name, the public by address.

use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    time::Duration,
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use kit::{
    caller::{Caller, Role},
    refusal::{Kind, Refusal},
};

/// What somebody unknown could guess at: codes, passwords, signatures.
const GUARDED: [&str; 5] = [
    "/yizhan.intake.v1.CaseService/TrackCase",
    "/yizhan.directory.v1.CredentialService/SignIn",
    "/yizhan.directory.v1.CredentialService/EnrolTerminal",
    "/yizhan.directory.v1.CredentialService/ExchangeAssertion",
    "/yizhan.directory.v1.CredentialService/RefreshTokens",
];
/// Of those, calls a second, and how many at once.
const GUESSES: (NonZeroU32, NonZeroU32) = (many(5), many(20));
/// As many times what is allowed in a second may come at once.
const BURST: NonZeroU32 = many(10);

const fn many(n: u32) -> NonZeroU32 {
    match NonZeroU32::new(n) {
        Some(n) => n,
        None => NonZeroU32::MIN,
    }
}

/// The limits; none where none is configured.
pub struct Rate(Option<Limits>);

struct Limits {
    calls: DefaultKeyedRateLimiter<u64>,
    guesses: DefaultKeyedRateLimiter<u64>,
    /// Keys are hashes that nobody outside can aim at.
    hasher: RandomState,
}

impl Rate {
    /// So many calls of one caller in a second, ten times as many at once; 0 for no limit.
    pub fn of(calls: u32) -> Rate {
        Rate(NonZeroU32::new(calls).map(|calls| Limits {
            calls: RateLimiter::dashmap(Quota::per_second(calls).allow_burst(calls.saturating_mul(BURST))),
            guesses: RateLimiter::dashmap(Quota::per_second(GUESSES.0).allow_burst(GUESSES.1)),
            hasher: RandomState::new(),
        }))
    }

    /// Counts a call, and refuses it where there were too many.
    pub fn check(&self, path: &str, caller: Option<&Caller>, address: Option<IpAddr>) -> Result<(), Refusal> {
        let Some(limits) = &self.0 else { return Ok(()) };
        let known = caller.is_some_and(|caller| caller.role() != Role::Public);
        let key = match caller.map(Caller::name) {
            Some(name) if !name.is_empty() => limits.hasher.hash_one(name),
            // Where no address is known, all who have none share one.
            _ => limits.hasher.hash_one(address.map(network)),
        };
        let limit = if !known && GUARDED.contains(&path) { &limits.guesses } else { &limits.calls };
        limit.check_key(&key).map_err(|until| too_often(until.wait_time_from(DefaultClock::default().now())))
    }

    /// Forgets those who could come as often as anybody new.
    pub fn forget(&self) {
        if let Some(Limits { calls, guesses, .. }) = &self.0 {
            for limit in [calls, guesses] {
                limit.retain_recent();
                limit.shrink_to_fit();
            }
        }
    }
}

/// Who has one address of IPv6 has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        v4 => v4,
    }
}

fn too_often(wait: Duration) -> Refusal {
    let (zh, en) = ("请求过于频繁，请稍后重试", "too many calls in a short time; try again a little later");
    Refusal::new(Kind::Exhausted, "RATE_LIMITED", zh, en).again_in(wait.max(Duration::from_millis(10)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(rate: &Rate, path: &str, caller: Option<&Caller>, address: &str) -> usize {
        let address = address.parse().ok();
        (0..500).filter(|_| rate.check(path, caller, address).is_ok()).count()
    }

    #[test]
    fn a_caller_may_come_ten_times_a_seconds_number_at_once_and_others_go_on() {
        let rate = Rate::of(10);
        let clerk = Caller::service("intake");
        assert!((100..=105).contains(&through(&rate, "/a/b", Some(&clerk), "10.0.0.1")));
        assert!((100..=105).contains(&through(&rate, "/a/b", Some(&Caller::service("gateway")), "10.0.0.1")));
        assert!((100..=105).contains(&through(&rate, "/a/b", None, "10.0.0.1")));
        assert!((100..=105).contains(&through(&rate, "/a/b", None, "10.0.0.2")));
        let refusal = rate.check("/a/b", Some(&clerk), None).expect_err("refused");
        assert_eq!((refusal.reason(), refusal.kind()), ("RATE_LIMITED", Kind::Exhausted));
        assert!(refusal.again().is_some_and(|again| again < Duration::from_secs(1)));
    }

    #[test]
    fn neighbours_of_one_ipv6_network_share_and_an_ipv4_address_written_as_ipv6_is_itself() {
        let rate = Rate::of(10);
        assert!(through(&rate, "/a/b", None, "2001:db8::1") >= 100);
        assert!(through(&rate, "/a/b", None, "2001:db8::2:1") <= 5);
        assert!(through(&rate, "/a/b", None, "2001:db8:0:1::1") >= 100);
        assert!(through(&rate, "/a/b", None, "10.0.0.1") >= 100);
        assert!(through(&rate, "/a/b", None, "::ffff:10.0.0.1") <= 5);
    }

    #[test]
    fn what_can_be_guessed_at_is_guarded_more_closely_against_the_public_alone() {
        let rate = Rate::of(100);
        for path in GUARDED {
            assert!(proto::rule::of(path).is_some(), "{path}");
        }
        assert!((20..=22).contains(&through(&rate, GUARDED[0], None, "10.0.0.1")));
        assert!(through(&rate, "/a/b", None, "10.0.0.1") >= 500);
        assert!(through(&rate, GUARDED[0], Some(&Caller::service("intake")), "10.0.0.1") >= 500);
    }

    #[test]
    fn without_a_limit_nobody_is_refused_and_who_stays_away_is_forgotten() {
        assert_eq!(through(&Rate::of(0), GUARDED[0], None, "10.0.0.1"), 500);
        let rate = Rate::of(1_000);
        rate.check("/a/b", None, None).expect("the first");
        std::thread::sleep(Duration::from_millis(20));
        rate.forget();
        assert!(rate.0.is_some_and(|limits| limits.calls.is_empty()));
    }
}
