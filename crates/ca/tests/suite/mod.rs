//! One module for each part of the CA's work.

mod ceremony;
mod compromise;
mod crash;
mod forgetful;
mod golden;
mod issuance;
mod journal;
mod keys;
mod life;
mod lists;
mod order;
mod request_cuts;
mod request_walk;
mod service_requests;
mod world;
