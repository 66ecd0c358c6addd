//! The gateway's tables: facts of cases, the places they belong to, labels, and what is counted and listed from them; duties;
//! publications and how often they were looked at; figures that were stated, and how they are tallied; those who call.

pub mod caller;
pub mod cosigned;
pub mod duty;
pub mod fact;
pub mod figures;
pub mod label;
pub mod place;
pub mod publication;
pub mod statement;
pub mod tally;
pub mod view;

/// Rows are written by so many at once, or by the next lower power of two: so there are only a few different statements
/// to keep prepared, whatever comes.
const MOST_ROWS: usize = 256;

/// Cuts rows into runs of a power of two each.
fn runs<T>(mut rows: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    std::iter::from_fn(move || {
        let run = MOST_ROWS.min(rows.len().checked_ilog2().map(|log| 1 << log)?);
        let rest = rows.split_off(run);
        Some(std::mem::replace(&mut rows, rest))
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn rows_are_cut_into_powers_of_two_and_none_is_lost() {
        for n in [0, 1, 2, 3, 255, 256, 257, 500, 1000] {
            let runs: Vec<_> = super::runs((0..n).collect()).collect();
            assert!(runs.iter().all(|run| run.len().is_power_of_two() && run.len() <= 256));
            assert_eq!(runs.concat(), (0..n).collect::<Vec<_>>());
        }
    }
}
