//! The parts of the suite, and the installation they all ask.

mod access_table;
mod approvals;
mod attendance;
mod authority;
mod client;
mod connections;
mod cuts;
mod document;
mod doors;
mod erasure;
mod flow;
mod holder;
mod input;
mod interleaved;
mod journal;
mod pages;
mod passkeys;
mod people;
mod progress;
mod repeated;
mod service_requests;
mod standing;
mod typed;
mod weak_keys;
mod windows;
mod world;
