//! The whole program, through its real binary and sockets, against clients nobody here wrote.
#![allow(clippy::unwrap_used)]

mod agreement;
mod api;
mod card_clients;
mod card_readers;
mod card_window;
mod ceremonies;
mod ceremony_keys;
mod ceremony_room;
mod ceremony_run;
mod client;
mod command_line;
mod custodians;
mod demo;
mod holder;
mod hsm;
mod journal;
mod keys_api;
mod keys_cli;
mod ldap;
mod lints;
mod lists;
mod ocsp;
mod ocsp_protocol;
mod people;
mod policies;
mod private_keys;
mod profiles;
mod ready_file;
mod repository;
mod restart;
mod service_requests;
mod signature_profile;
mod window_life;
mod workplace;
