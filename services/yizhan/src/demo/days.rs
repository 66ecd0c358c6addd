//! The working days of the year, the hours of a day, and how the year's cases spread over both.

use anyhow::{Context, ensure};
use calendar::{Calendar, Date, start_of_day};
use kit::clock::Moment;

use super::{county::Year, dice::Dice};

/// A working day of the year and an hour of the counter: when something is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick {
    /// 0 is the year's first working day.
    pub day: u8,
    /// 0 is the day's first hour.
    pub slot: u8,
}

pub struct Days {
    dates: Vec<Date>,
    /// What had come in by the end of each day, in parts of the last entry.
    volume: Vec<u64>,
    /// Start of each hour after midnight, and its part of the day's cases.
    slots: Vec<(i64, u64)>,
}

const MICROS_PER_MINUTE: i64 = 60_000_000;

impl Days {
    /// The working days of 2016. The seed makes one day differ from the next, by 15% at most.
    pub fn read(year: &Year, seed: u64) -> anyhow::Result<Days> {
        let calendar = Calendar::builtin();
        let first = Date::new(2016, 1, 1)?;
        let dates: Vec<Date> = first
            .series(jiff::ToSpan::days(1))
            .take_while(|date| date.year() == 2016)
            .filter(|date| calendar.is_workday(*date) == Some(true))
            .collect();
        ensure!(dates.len() <= usize::from(u8::MAX) + 1, "more working days than a tick can number");
        let mut dice = Dice::new(seed, u64::MAX);
        let month = |date: &Date| usize::from(date.month().unsigned_abs()) - 1;
        let mut held = [0; 12];
        dates.iter().for_each(|date| held[month(date)] += 1);
        let volume = dates.iter().scan(0, |sum, date| {
            *sum += year.month_shape[month(date)] * 10_000 / held[month(date)] * u64::from(dice.within(850..=1_150));
            Some(*sum)
        });
        let volume = volume.collect();
        let slots = year.hour_shape.iter().map(|(hour, part)| Ok((minutes(hour)? * MICROS_PER_MINUTE, *part)));
        Ok(Days { volume, dates, slots: slots.collect::<anyhow::Result<_>>().context("year-2016.json: hour_shape")? })
    }

    pub fn count(&self) -> u8 {
        self.dates.len() as u8
    }

    pub fn slots(&self) -> u8 {
        self.slots.len() as u8
    }

    pub fn date(&self, day: u8) -> Date {
        self.dates[usize::from(day)]
    }

    /// The number of a date; None where it is not worked.
    pub fn day(&self, date: Date) -> Option<u8> {
        self.dates.binary_search(&date).ok().map(|day| day as u8)
    }

    pub fn moment(&self, tick: Tick) -> Moment {
        Moment(start_of_day(self.date(tick.day)) + self.slots[usize::from(tick.slot)].0)
    }

    /// The day by which the part `at` of `of` had come in, of all that comes in through `last`.
    pub fn spread(&self, at: u64, of: u64, last: u8) -> u8 {
        let through = self.volume[usize::from(last)];
        let reached = (u128::from(through) * u128::from(at) / u128::from(of.max(1))) as u64;
        self.volume.partition_point(|volume| *volume <= reached).min(usize::from(last)) as u8
    }

    /// An hour from `first` to `last`, busy ones more often.
    pub fn slot(&self, first: u8, last: u8, dice: &mut Dice) -> u8 {
        let within = &self.slots[usize::from(first)..=usize::from(last)];
        first + dice.weighed(within.iter().map(|(_, part)| *part)) as u8
    }
}

/// Minutes after midnight of `09:00`.
fn minutes(hour: &str) -> anyhow::Result<i64> {
    let (hours, minutes) = hour.split_once(':').with_context(|| format!("{hour} is not an hour"))?;
    Ok(hours.parse::<i64>()? * 60 + minutes.parse::<i64>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::county::County;

    #[test]
    fn the_year_has_250_working_days_of_six_hours() {
        let days = Days::read(&County::read().expect("a county").year, 2016).expect("days");
        assert_eq!((days.count(), days.slots()), (250, 6));
        assert_eq!(days.date(249), Date::new(2016, 12, 30).expect("a date"));
        assert_eq!(days.moment(Tick { day: 0, slot: 3 }).shanghai(), "2016-01-04T14:30:00+08:00");
        assert_eq!(days.day(Date::new(2016, 2, 6).expect("a date")), Some(25), "a Saturday that is worked");
        assert_eq!(days.day(Date::new(2016, 1, 1).expect("a date")), None);
    }

    #[test]
    fn cases_spread_over_every_day_up_to_the_last() {
        let days = Days::read(&County::read().expect("a county").year, 2016).expect("days");
        for last in [0, 100, 249] {
            let mut held = vec![0; usize::from(last) + 1];
            (0..10_000).for_each(|at| held[usize::from(days.spread(at, 10_000, last))] += 1);
            assert!(held.iter().all(|held| *held > 0), "{last}");
        }
    }
}
