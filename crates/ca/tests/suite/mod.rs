//! One module for each part of the CA's work.

mod broken_off;
mod card_master;
mod ceremony;
mod compromise;
mod compromise_links;
mod crash;
mod custody;
mod faulty;
mod golden;
mod issuance;
mod journal;
mod key_ends;
mod keys;
mod life;
mod lists;
mod order;
mod possession;
mod renewal;
mod renewal_crash;
mod renewal_foreign;
mod request_cuts;
mod request_walk;
mod service_requests;
mod town;
mod vouched;
mod world;
