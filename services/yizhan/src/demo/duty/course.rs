//! What becomes of each duty of the year, by the seed.

use super::super::dice::Dice;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// Came in time and stayed.
    Served,
    Late,
    Early,
    /// Went without signing out.
    Unsigned,
    /// Did not come.
    Absent,
    /// Did not come, and the unit contests it: in vain, or with a reason.
    Upheld,
    Pardoned,
    /// Served by another of the same unit's leadership.
    Substituted,
    /// Asked for a substitute, and was not given one.
    Kept,
    /// Two people serve each other's duty.
    Swapped,
    /// With a document nobody serves.
    Excused,
}

/// Of a thousand duties so many; the rest is served.
const SHARES: [(Course, usize); 10] = [
    (Course::Late, 20),
    (Course::Early, 12),
    (Course::Unsigned, 5),
    (Course::Absent, 6),
    (Course::Upheld, 3),
    (Course::Pardoned, 3),
    (Course::Substituted, 15),
    (Course::Kept, 2),
    (Course::Swapped, 8),
    (Course::Excused, 5),
];

/// Purpose of the dice, beside the number of the duty.
const COURSE: u64 = 1 << 46;

impl Course {
    /// Of the duty `number` of a month.
    pub fn draw(seed: u64, month: i8, number: usize) -> Course {
        let mut left = Dice::new(seed, COURSE + month as u64 * 1_000 + number as u64).below(1_000);
        for (course, share) in SHARES {
            match left.checked_sub(share) {
                Some(rest) => left = rest,
                None => return course,
            }
        }
        Course::Served
    }

    /// Whether something is asked for before the duty.
    pub fn asks(self) -> bool {
        matches!(self, Course::Substituted | Course::Kept | Course::Swapped | Course::Excused)
    }

    /// When somebody signs in, in minutes after midnight; None where nobody does.
    pub fn comes(self, afternoon: bool) -> Option<i64> {
        match self {
            Course::Absent | Course::Upheld | Course::Pardoned | Course::Excused => None,
            Course::Late => Some(if afternoon { 15 * 60 } else { 9 * 60 }),
            _ => Some(if afternoon { 14 * 60 + 30 } else { 8 * 60 + 25 }),
        }
    }

    /// When they sign out; None where nobody does.
    pub fn goes(self, afternoon: bool) -> Option<i64> {
        self.comes(afternoon)?;
        match self {
            Course::Unsigned => None,
            Course::Early => Some(if afternoon { 16 * 60 + 30 } else { 11 * 60 }),
            _ => Some(if afternoon { 17 * 60 + 30 } else { 12 * 60 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_has_each_course_and_most_duties_are_served() {
        for seed in [2016, 7] {
            let year = (1..=12).flat_map(|month| (0..126).map(move |number| Course::draw(seed, month, number)));
            let year: Vec<_> = year.collect();
            assert!(year.iter().filter(|course| **course == Course::Served).count() > year.len() * 85 / 100);
            let absent = |course: &&Course| matches!(course, Course::Absent | Course::Upheld | Course::Pardoned);
            assert!(year.iter().filter(absent).count() > 0);
        }
    }

    #[test]
    fn who_is_late_is_not_yet_absent_and_who_leaves_early_has_come() {
        for afternoon in [false, true] {
            let begins = if afternoon { 14 * 60 + 30 } else { 8 * 60 + 30 };
            let late = Course::Late.comes(afternoon).expect("comes") - begins;
            assert!((16..60).contains(&late));
            assert!(Course::Early.goes(afternoon) < Course::Served.goes(afternoon));
            assert_eq!((Course::Absent.goes(afternoon), Course::Unsigned.goes(afternoon)), (None, None));
        }
    }
}
