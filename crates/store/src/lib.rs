//! The one database: state and journal in the same transaction.
