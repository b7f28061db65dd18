//! One module for each part of the CA's work.

mod crash;
mod forgetful;
mod issuance;
mod life;
mod lists;
mod world;
