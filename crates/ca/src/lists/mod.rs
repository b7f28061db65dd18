//! The revocation list cycle: build, let the gate read it again, publish (V1, V2, V11).

mod before;
mod difference;
mod gate;
mod late;
mod lint;
mod publish;
mod reading;
mod series;
mod template;
#[cfg(test)]
mod tests;
mod time;
mod write;

pub use difference::Difference;
pub use late::LateList;
pub(crate) use lint::lint_list;
pub use publish::{ListOutcome, Lists};
pub use series::ListSeries;
pub(crate) use template::list_template;
pub use time::{CLOCK_SAID_RIGHT, clock_said_right};
pub(crate) use write::write_list;
