//! Deadlines, passed on shorter: the next service must give up before the caller does, or its answer comes too late.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use kit::serve::timeout;

const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
/// What the way back takes.
const MARGIN: Duration = Duration::from_millis(5);

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
    fn a_missing_or_malformed_deadline_is_the_usual_one_or_none() {
        assert_eq!(passed(None, Some(60), 0).as_deref(), Some("59995000u"));
        assert_eq!(passed(None, None, 0).as_deref(), Some("none"));
        for bad in ["", "S", "1", "123456789S", "1x", "-1S", "1.5S"] {
            assert_eq!(passed(Some(bad), Some(60), 0).as_deref(), Some("59995000u"), "{bad}");
            assert_eq!(passed(Some(bad), None, 0).as_deref(), Some("none"), "{bad}");
        }
    }
}
