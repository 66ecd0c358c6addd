//! Deadlines, passed on shorter: the next service must give up before the caller does, or its answer comes too late.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use kit::{
    refusal::{Kind, Refusal},
    serve::{late, timeout},
};

const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
/// What the way back takes.
const MARGIN: Duration = Duration::from_millis(5);

/// In less nothing can be done, and who asks for it would only be too late everywhere.
const LEAST: Duration = Duration::from_millis(20);

/// Refuses a call whose deadline is as good as over, and one that must have a deadline and has none.
pub fn demand(headers: &HeaderMap, required: bool) -> Result<(), Refusal> {
    match timeout(headers) {
        Some(limit) if limit < LEAST => Err(late()),
        None if required => {
            let zh = "每次调用都须设定期限（元数据 grpc-timeout），例如 5 秒：超过期限的答复已无人等待";
            let en = "every call sets a deadline (metadata grpc-timeout), for example 5 seconds: `.set_timeout` in \
                tonic, `timeout=` in Python, `-max-time` in grpcurl";
            Err(Refusal::new(Kind::Invalid, "DEADLINE_REQUIRED", zh, en).at("grpc-timeout"))
        }
        _ => Ok(()),
    }
}

/// Sets what is left of the caller's deadline, or of `absent` where there is none; false where nothing is left.
pub fn shorten(headers: &mut HeaderMap, absent: Option<Duration>, elapsed: Duration) -> bool {
    let Some(limit) = timeout(headers).or(absent) else {
        // One that cannot be read is none.
        headers.remove(&TIMEOUT);
        return true;
    };
    let left = limit.saturating_sub(elapsed).saturating_sub(MARGIN);
    if left.is_zero() {
        return false;
    }
    if let Some(value) = write(left) {
        headers.insert(TIMEOUT, value);
    }
    true
}

/// In the finest unit that eight digits allow.
fn write(left: Duration) -> Option<HeaderValue> {
    let units = [
        (left.as_micros(), 'u'),
        (left.as_millis(), 'm'),
        (left.as_secs().into(), 'S'),
        (u128::from(left.as_secs() / 3_600), 'H'),
    ];
    let (number, unit) = units.into_iter().find(|(number, _)| *number <= 99_999_999)?;
    HeaderValue::try_from(format!("{number}{unit}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(given: Option<&str>, absent: Option<u64>, elapsed: u64) -> Option<String> {
        let mut headers = HeaderMap::new();
        if let Some(given) = given {
            headers.insert(TIMEOUT, given.parse().expect("a header"));
        }
        let left = shorten(&mut headers, absent.map(Duration::from_secs), Duration::from_millis(elapsed));
        left.then(|| headers.get(TIMEOUT).map_or("none", |value| value.to_str().expect("text")).to_owned())
    }

    #[test]
    fn what_is_left_of_a_deadline_is_passed_on() {
        assert_eq!(passed(Some("1S"), Some(60), 100).as_deref(), Some("895000u"));
        assert_eq!(passed(Some("30M"), None, 0).as_deref(), Some("1799995m"));
        assert_eq!(passed(Some("99999999H"), None, 0).as_deref(), Some("99999998H"));
        assert_eq!(passed(Some("4m"), Some(60), 0), None);
        assert_eq!(passed(Some("1S"), None, 2_000), None);
    }

    #[test]
    fn a_deadline_is_demanded_and_one_that_is_as_good_as_over_refused() {
        let demanded = |given: Option<&str>, required| {
            let mut headers = HeaderMap::new();
            if let Some(given) = given {
                headers.insert(TIMEOUT, given.parse().expect("a header"));
            }
            demand(&headers, required).err().map(|refusal| refusal.reason())
        };
        for required in [true, false] {
            assert_eq!(demanded(Some("20m"), required), None);
            assert_eq!(demanded(Some("19999u"), required), Some("DEADLINE_EXCEEDED"));
            assert_eq!(demanded(Some("0S"), required), Some("DEADLINE_EXCEEDED"));
        }
        for bad in [None, Some(""), Some("soon"), Some("1")] {
            assert_eq!(demanded(bad, true), Some("DEADLINE_REQUIRED"));
            assert_eq!(demanded(bad, false), None);
        }
    }

    #[test]
    fn a_missing_or_malformed_deadline_is_the_usual_one_or_none() {
        assert_eq!(passed(None, Some(60), 0).as_deref(), Some("59995000u"));
        assert_eq!(passed(None, None, 0).as_deref(), Some("none"));
        for bad in ["", "S", "1", "123456789S", "1x", "-1S", "1.5S"] {
            assert_eq!(passed(Some(bad), Some(60), 0).as_deref(), Some("59995000u"), "{bad}");
            assert_eq!(passed(Some(bad), None, 0).as_deref(), Some("none"), "{bad}");
        }
    }
}
