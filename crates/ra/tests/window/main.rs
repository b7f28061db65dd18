//! The window's operations from form to delivered card, through the public interface.

mod applications;
mod call_centre;
mod cards;
mod counter;
mod crashes;
mod fixture;
mod form;
mod guards;
mod identity;
mod issuance;
mod journal;
mod register_link;
mod register_lost;
mod register_moves;
mod revocation;
