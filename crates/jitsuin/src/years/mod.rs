//! The program over years, with a clock that the tests move: what ends, and every way back.

mod certificates;
mod client_issuers;
mod decade;
pub(crate) mod place;
mod records;
mod served;
mod verifiers;
mod ways_in;
