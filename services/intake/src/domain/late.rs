//! When an application was handed in at the counter, where it is entered later: the line was cut, or it was on paper.

use kit::{clock::Moment, refusal::Refusal};

const MINUTES: i64 = 60 * 1_000_000;
/// What is entered later than this is of the class of late entries. As far may two machines' clocks differ.
const LATE: i64 = 5 * MINUTES;
/// Further back is nothing entered.
const FURTHEST: i64 = 7 * 24 * 60 * MINUTES;

/// The moment from which the clocks run: the one stated, where it can be believed.
pub fn handed_in(stated: Option<Moment>, now: Moment) -> Result<Moment, Refusal> {
    let Some(stated) = stated else { return Ok(now) };
    if stated.0 > now.0.saturating_add(LATE) {
        let (zh, en) = ("收件时间尚未到来，请核对本机时钟", "is still to come; look at this machine's clock");
        return Err(Refusal::field("received_at", zh, en));
    }
    if stated.0 < now.0.saturating_sub(FURTHEST) {
        let (zh, en) = ("收件时间早于七天前，不能补录", "lies more than seven days back");
        return Err(Refusal::field("received_at", zh, en));
    }
    Ok(not_ahead(stated, now))
}

/// The same, believed whatever it says: for what has to be looked up before the decision.
pub fn not_ahead(stated: Moment, now: Moment) -> Moment {
    stated.min(now)
}

/// Whether what was handed in then is entered late now.
pub fn is_late(handed_in: Moment, now: Moment) -> bool {
    now.0 - handed_in.0 > LATE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_within_seven_days_is_believed_and_one_to_come_is_not() {
        let now = Moment(1_000 * FURTHEST);
        let stated = |ago: i64| handed_in(Some(Moment(now.0 - ago)), now).map(|at| now.0 - at.0);
        assert_eq!(handed_in(None, now).expect("now"), now);
        // Another machine's clock may be ahead: nothing is received after it is entered.
        for (ago, believed) in [(FURTHEST, FURTHEST), (LATE, LATE), (-LATE, 0)] {
            assert_eq!(stated(ago).expect("believed"), believed);
        }
        for wrong in [FURTHEST + 1, -LATE - 1] {
            assert_eq!(stated(wrong).expect_err("refused").reason(), "FIELD_INVALID");
        }
        assert!(handed_in(Some(Moment(i64::MIN)), now).is_err() && handed_in(Some(Moment(i64::MAX)), now).is_err());
    }

    #[test]
    fn five_minutes_are_not_late() {
        assert!(!is_late(Moment(0), Moment(LATE)) && is_late(Moment(0), Moment(LATE + 1)));
    }
}
