//! The plan of the year: which case of which item takes which path on which days. Pure, and the same for the same seed.
//!
//! Totals are met by construction, never by chance: every whole is split by largest remainders.

use super::{
    county::{County, Item},
    days::Days,
    dice::Dice,
    open,
    script::{Path, Script, course, fits},
};

pub struct Plan {
    pub days: Days,
    pub scripts: Vec<Script>,
}

/// Purposes of the dice that are not the number of a case.
const ORDER: u64 = 1 << 40;
const SPREAD: u64 = 1 << 41;

/// Plans a year of so many accepted cases; refused ones come beside them.
pub fn plan(county: &County, cases: u32, seed: u64) -> anyhow::Result<Plan> {
    let days = Days::read(&county.year, seed)?;
    let mut scripts = open::scripts(county, &days, 0, seed)?;
    let places: Vec<usize> = scripts.iter().map(|script| usize::from(script.item)).collect();
    let weight =
        |(place, item): (usize, &Item)| item.weight - places.iter().filter(|open| **open == place).count() as u64;
    let weights: Vec<u64> = county.items.iter().enumerate().map(weight).collect();
    let accepted = apportion(u64::from(cases).saturating_sub(places.len() as u64), &weights);

    for (place, paths) in paths(county, &accepted, cases).into_iter().enumerate() {
        let mut paths: Vec<Path> =
            paths.into_iter().flat_map(|(path, count)| std::iter::repeat_n(path, count as usize)).collect();
        Dice::new(seed, ORDER + place as u64).shuffle(&mut paths);
        let count = paths.len() as u64;
        for (n, path) in paths.into_iter().enumerate() {
            let case = scripts.len() as u32;
            let mut dice = Dice::new(seed, u64::from(case));
            let course = course(path, &county.items[place], &mut dice);
            // All that is begun ends within the year: late in December only what is short is taken in.
            let last = days.count() - 1 - course.span() as u8;
            let within = Dice::new(seed, SPREAD + u64::from(case)).below(1_000) as u64;
            let received = days.spread(n as u64 * 1_000 + within, count * 1_000, last);
            scripts.push(course.script(case, place as u8, path, received, &days, &mut dice));
        }
    }
    let all = scripts.len() as u64;
    let fixed = portion(u64::from(cases), county.year.fixed_on_spot);
    for (n, script) in (0..).zip(&mut scripts) {
        // Evenly among all cases, and exactly so many.
        script.fixed = (n + 1) * fixed / all > n * fixed / all;
    }
    Ok(Plan { days, scripts })
}

/// How many cases of each item take each path.
fn paths(county: &County, accepted: &[u64], cases: u32) -> Vec<Vec<(Path, u64)>> {
    let shares = &county.year.shares;
    let promised: u64 =
        county.items.iter().zip(accepted).filter(|(item, _)| !item.instant).map(|(_, count)| count).sum();
    // Those that fit the fewest items first.
    let special = [
        (Path::LateLegal, shares.late_legal),
        (Path::Deemed, shares.deemed),
        (Path::Suspended, shares.suspended),
        (Path::LatePromised, shares.late_promised),
        (Path::Extended, shares.extended),
        (Path::Terminated, shares.terminated),
        (Path::Withdrawn, shares.withdrawn),
        (Path::Denied, shares.denied),
        (Path::Supplement, shares.supplement),
    ];
    let mut left = accepted.to_vec();
    let mut paths = vec![Vec::new(); county.items.len()];
    for (path, share) in special {
        let open_to = |(item, left): (&Item, &u64)| if fits(path, item) { *left } else { 0 };
        let room: Vec<u64> = county.items.iter().zip(&left).map(open_to).collect();
        // Even a small year shows each path once.
        let count = portion(promised, share).min(room.iter().sum());
        for (place, count) in apportion(count, &room).into_iter().enumerate() {
            paths[place].push((path, count));
            left[place] -= count;
        }
    }
    for (path, share) in [
        (Path::NotRequired, county.year.not_accepted.not_required),
        (Path::NotCompetent, county.year.not_accepted.not_competent),
    ] {
        for (place, count) in apportion(portion(u64::from(cases), share), accepted).into_iter().enumerate() {
            paths[place].push((path, count));
        }
    }
    for ((paths, item), left) in paths.iter_mut().zip(&county.items).zip(left) {
        paths.push((if item.instant { Path::Instant } else { Path::Ordinary }, left));
    }
    paths
}

/// So many in ten thousand, rounded, and at least one.
fn portion(of: u64, share: u64) -> u64 {
    ((of * share + 5_000) / 10_000).max(1)
}

/// Splits `whole` by weights so that the parts add up to it exactly (largest remainders; of equal ones the first).
fn apportion(whole: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let product = |place: usize| u128::from(whole) * u128::from(weights[place]);
    let mut parts: Vec<u64> = (0..weights.len()).map(|place| (product(place) / sum) as u64).collect();
    let mut places: Vec<usize> = (0..weights.len()).collect();
    places.sort_by_key(|place| std::cmp::Reverse(product(*place) % sum));
    let rest = (whole - parts.iter().sum::<u64>()) as usize;
    places[..rest].iter().for_each(|place| parts[*place] += 1);
    parts
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::demo::script::Act;

    fn year(cases: u32, seed: u64) -> (County, Plan) {
        let county = County::read().expect("a county");
        let plan = plan(&county, cases, seed).expect("a plan");
        (county, plan)
    }

    fn count(plan: &Plan, fits: impl Fn(&Script) -> bool) -> u64 {
        plan.scripts.iter().filter(|script| fits(script)).count() as u64
    }

    fn refused(script: &Script) -> bool {
        matches!(script.path, Path::NotRequired | Path::NotCompetent)
    }

    /// Whether the last act ends the case.
    fn ends(script: &Script) -> bool {
        let last = script.steps().last().expect("a step").act;
        matches!(last, Act::Issue | Act::Withdraw | Act::Terminate | Act::RefuseNotRequired | Act::RefuseNotCompetent)
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        assert_eq!(apportion(10, &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(apportion(7, &[3, 0, 4]), [3, 0, 4]);
        assert_eq!(apportion(5, &[]), Vec::<u64>::new());
        assert_eq!(apportion(5, &[0, 0]), [0, 0]);
    }

    #[test]
    fn totals_are_exact_for_the_whole_year_and_for_small_ones() {
        for cases in [131_565, 2_000, 1_500, 300] {
            let (_, plan) = year(cases, 2016);
            let accepted = count(&plan, |script| !refused(script));
            let complete = count(&plan, |script| !refused(script) && ends(script));
            assert_eq!((accepted, complete), (u64::from(cases), u64::from(cases) - 7));
        }
    }

    #[test]
    fn the_whole_year_holds_each_item_s_cases_and_each_share() {
        let (county, plan) = year(131_565, 2016);
        for (place, item) in county.items.iter().enumerate() {
            let held = count(&plan, |script| usize::from(script.item) == place && !refused(script));
            assert_eq!(held, item.weight, "{}", item.code);
        }
        let promised: u64 = county.items.iter().filter(|item| !item.instant).map(|item| item.weight).sum::<u64>() - 7;
        let shares = &county.year.shares;
        for (path, share) in [
            (Path::Supplement, shares.supplement),
            (Path::Suspended, shares.suspended),
            (Path::Extended, shares.extended),
            (Path::Denied, shares.denied),
            (Path::Withdrawn, shares.withdrawn),
            (Path::Terminated, shares.terminated),
            (Path::Deemed, shares.deemed),
            (Path::LatePromised, shares.late_promised),
            (Path::LateLegal, shares.late_legal),
        ] {
            assert_eq!(count(&plan, |script| script.path == path), portion(promised, share), "{path:?}");
        }
        assert_eq!(
            count(&plan, |script| script.path == Path::NotRequired),
            portion(131_565, county.year.not_accepted.not_required)
        );
        assert_eq!(
            count(&plan, |script| script.path == Path::NotCompetent),
            portion(131_565, county.year.not_accepted.not_competent)
        );
        assert_eq!(count(&plan, |script| script.fixed), portion(131_565, county.year.fixed_on_spot));
    }

    #[test]
    fn a_small_year_shows_every_path() {
        let (_, plan) = year(300, 2016);
        let mut seen: Vec<Path> = plan.scripts.iter().map(|script| script.path).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 13 + 7, "{seen:?}");
    }

    #[test]
    fn steps_follow_each_other_on_working_days_of_the_year() {
        for (cases, seed) in [(131_565, 2016), (2_000, 2016), (2_000, 7)] {
            let (_, plan) = year(cases, seed);
            for script in &plan.scripts {
                let ticks: Vec<_> = script.steps().map(|step| step.tick).collect();
                assert!(ticks.windows(2).all(|two| two[0] < two[1]), "{script:?}");
                assert!(
                    ticks.iter().all(|tick| tick.day < plan.days.count() && tick.slot < plan.days.slots()),
                    "{script:?}"
                );
            }
        }
    }

    #[test]
    fn every_day_takes_cases_in_and_february_the_fewest() {
        let (_, plan) = year(131_565, 2016);
        let mut by_day = vec![0_u32; usize::from(plan.days.count())];
        let mut by_month = [0_u32; 12];
        for script in &plan.scripts {
            let day = script.step(0).expect("a receipt").tick.day;
            by_day[usize::from(day)] += 1;
            by_month[plan.days.date(day).month().unsigned_abs() as usize - 1] += 1;
        }
        assert!(by_day.iter().all(|held| *held > 100), "{by_day:?}");
        assert_eq!(by_month.iter().min(), Some(&by_month[1]), "{by_month:?}");
    }

    #[test]
    fn a_seed_plans_the_same_year_again_and_another_seed_another() {
        let (first, again, other) = (year(2_000, 2016).1, year(2_000, 2016).1, year(2_000, 2017).1);
        assert_eq!(first.scripts, again.scripts);
        assert_ne!(first.scripts, other.scripts);
    }

    #[test]
    fn decisions_keep_or_miss_the_limits_as_their_path_says() {
        let (county, plan) = year(131_565, 2016);
        let mut seen: BTreeMap<Path, u32> = BTreeMap::new();
        for script in &plan.scripts {
            let item = &county.items[usize::from(script.item)];
            let day = |act| script.tick_of(act).map(|tick| u16::from(tick.day));
            let received = script.step(0).map(|step| u16::from(step.tick.day));
            let accepted = day(Act::Accept).or(received).expect("a receipt");
            let Some(decided) = day(Act::Grant).or(day(Act::Deny)) else { continue };
            let stopped = day(Act::Suspend).zip(day(Act::Resume)).map_or(0, |(first, last)| last - first + 1);
            let days = decided - accepted - stopped;
            *seen.entry(script.path).or_default() += 1;
            match script.path {
                Path::LatePromised => assert!(days > item.promised && days <= item.legal, "{script:?}"),
                Path::LateLegal => assert!(days > item.legal, "{script:?}"),
                Path::Extended => assert!(days > item.promised && days <= item.promised + item.extension, "{script:?}"),
                Path::Deemed => assert!(days > 5 && days <= item.promised, "{script:?}"),
                _ => assert!(days <= item.promised, "{script:?}"),
            }
        }
        assert!(seen.values().all(|held| *held > 0) && seen.len() >= 8, "{seen:?}");
    }

    #[test]
    fn a_planned_case_is_small() {
        assert!(size_of::<Script>() <= 40, "{}", size_of::<Script>());
    }
}
