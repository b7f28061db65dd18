//! The REST API over real TLS, asked by curl: every route, every door, every kind of bad input.

mod suite;
