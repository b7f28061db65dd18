//! What may be changed without anybody noticing, because nobody ever acts on it.

use super::change::Change;

/// A change that does no harm.
pub(super) struct Harmless {
    pub(super) table: &'static str,
    /// The change as it is printed.
    pub(super) change: &'static str,
    pub(super) reason: &'static str,
}

/// All of them. An entry that is found after all, or names nothing, makes the suite fail.
pub(super) const HARMLESS: &[Harmless] = &[
    Harmless {
        table: "meta",
        change: "row cloned",
        reason: "rows are read by the names that the program knows, and the new one is none",
    },
    Harmless {
        table: "state_digest",
        change: "row cloned",
        reason: "the one row is read by its key, which the new one cannot have",
    },
    Harmless {
        table: "state_verified",
        change: "row cloned",
        reason: "the one row is read by its key, which the new one cannot have",
    },
    Harmless {
        table: "state_verified",
        change: "row put back",
        reason: "a start goes on from an older place, and reads more",
    },
];

/// Tables that the suite's installation leaves empty, so that nothing but planting a row can be tried.
pub(super) const EMPTY: &[(&str, &str)] = &[
    (
        "holder_request",
        "a request takes a holder's card at a TLS client; the table's rows are proven as all others",
    ),
    (
        "former_certificate",
        "a verifier has one for the last month of a certificate's five years; the store's own suite of \
         changes has rows in it",
    ),
];

/// The entry for a change, if there is one.
pub(super) fn entry(table: &str, change: &Change) -> Option<&'static Harmless> {
    let change = change.to_string();
    HARMLESS.iter().find(|one| one.table == table && one.change == change)
}
