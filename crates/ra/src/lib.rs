//! The windows and people: applications, identity checks, the register link.

pub mod register;
