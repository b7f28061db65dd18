//! The REST API: thin, no rules.
