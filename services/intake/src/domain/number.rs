//! Case numbers: `410223-012-20160308-000017-X`. Gapless for each unit and day, never reused, without personal data,
//! with a check character (ISO 7064 MOD 11-2) that catches a wrong digit and two swapped ones.

use calendar::Date;
use kit::{id::Division, refusal::Refusal};

use super::identity::check_mod_11_2;

/// The counter that numbers the cases of one unit and day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    pub division: Division,
    /// `{unit}-{YYYYMMDD}`
    pub id: String,
    /// The last number given out.
    pub last: i64,
}

/// A day holds so many numbers for each unit.
const MOST: i64 = 999_999;

impl Counter {
    /// Its id.
    pub fn id_of(unit: &str, day: Date) -> String {
        format!("{unit}-{:04}{:02}{:02}", day.year(), day.month(), day.day())
    }

    /// A counter that has given out nothing.
    pub fn new(division: Division, id: &str) -> Counter {
        Counter { division, id: id.to_owned(), last: 0 }
    }

    /// Gives out the next number.
    pub fn give(&mut self) -> Result<String, Refusal> {
        if self.last >= MOST {
            let (zh, en) = ("该单位当日办件编号已用完", "the unit has used all case numbers of the day");
            return Err(Refusal::new(kit::refusal::Kind::Exhausted, "CASE_NUMBERS_USED_UP", zh, en));
        }
        self.last += 1;
        let body = format!("{}-{}-{:06}", self.division, self.id, self.last);
        let digits: Vec<u8> = body.bytes().filter(u8::is_ascii_digit).collect();
        Ok(format!("{body}-{}", check_mod_11_2(&digits) as char))
    }
}

/// Reads a number as a person types it, with or without hyphens; None where it is malformed or its check fails.
pub fn read(text: &str) -> Option<String> {
    let plain: Vec<u8> = text.bytes().filter(|b| *b != b'-' && *b != b' ').map(|b| b.to_ascii_uppercase()).collect();
    let (digits, check) = plain.split_at_checked(23)?;
    if !digits.iter().all(u8::is_ascii_digit) || check != [check_mod_11_2(digits)] {
        return None;
    }
    let text = String::from_utf8(plain).ok()?;
    Some(format!("{}-{}-{}-{}-{}", &text[..6], &text[6..9], &text[9..17], &text[17..23], &text[23..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter() -> Counter {
        Counter::new("410223".parse().expect("digits"), &Counter::id_of("012", "2016-03-08".parse().expect("date")))
    }

    #[test]
    fn numbers_follow_each_other_and_read_back() {
        let mut counter = counter();
        let (first, second) = (counter.give().expect("free"), counter.give().expect("free"));
        assert!(first.starts_with("410223-012-20160308-000001-"));
        assert!(second.starts_with("410223-012-20160308-000002-"));
        assert_eq!(read(&first.replace('-', "")).as_deref(), Some(first.as_str()));
        assert_eq!(read(&first.to_lowercase()).as_deref(), Some(first.as_str()));
    }

    #[test]
    fn a_wrong_digit_and_swapped_digits_are_caught() {
        let number = counter().give().expect("free");
        for i in (0..number.len()).filter(|i| number.as_bytes()[*i].is_ascii_digit()) {
            for digit in '0'..='9' {
                let mut wrong = number.clone();
                wrong.replace_range(i..=i, &digit.to_string());
                assert_eq!(read(&wrong).is_some(), wrong == number, "{wrong}");
            }
        }
        assert_eq!(read("410223-012-20160308-000017-é"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn a_day_s_numbers_can_run_out() {
        let mut counter = counter();
        counter.last = MOST;
        assert_eq!(counter.give().expect_err("used up").reason(), "CASE_NUMBERS_USED_UP");
    }
}
