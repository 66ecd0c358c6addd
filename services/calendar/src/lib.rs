//! Working days and statutory clocks, exact and pure: no I/O, no clock, no guess.
//!
//! The State Council General Office publishes one [`Notice`] a year, saying which days are off and which weekends are
//! worked. A [`Calendar`] is a set of such notices. A [`Term`] is a period the law gives: the day of the event, a limit,
//! the suspensions and the extensions. [`Calendar::due`] answers with the last day of the term, and
//! [`Calendar::explain`] says of every day on the way why it counted or did not, with the article of law.
//!
//! All dates are civil dates in Asia/Shanghai. Where a day must be examined in a year that has no notice, no date is
//! given: the answer is [`Due::Provisional`].
//!
//! ```
//! use calendar::{Calendar, Due, Limit, Term};
//!
//! let received = "2026-02-09".parse()?; // a Monday; Saturday the 14th is worked
//! let term = Term::new(received, Limit::WorkingDays(5));
//! assert_eq!(Calendar::builtin().due(&term), Due::On("2026-02-14".parse()?));
//! # Ok::<(), jiff::Error>(())
//! ```

mod calendar;
mod civil;
mod explain;
mod notice;
mod problem;
mod term;
mod year;

pub use calendar::{Calendar, deemed_acceptance};
pub use civil::{end_of_day, shanghai_date, start_of_day};
pub use explain::{Day, Explanation, NoticeRef, Reason};
pub use jiff::civil::Date;
pub use notice::{Notice, NoticeError, Span, builtin_notices};
pub use problem::Problem;
pub use term::{Due, Limit, Suspension, Term, TermError};
pub use year::DayKind;
