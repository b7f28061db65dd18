//! The rules of layering as tables, each with its reason.

/// Where a crate of ours stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the ring with this number, counted from the left.
    Ring(u8),
    /// Fixtures for tests: seen by tests only.
    Fixtures,
    /// This program: seen by nobody.
    Chores,
}

/// Every crate of the workspace, without the prefix `jitsuin-`.
pub(super) const PLACES: &[(&str, Place)] = &[
    ("domain", Place::Ring(0)),
    ("x509", Place::Ring(1)),
    ("keys", Place::Ring(1)),
    ("store", Place::Ring(1)),
    ("card", Place::Ring(1)),
    ("ca", Place::Ring(2)),
    ("ra", Place::Ring(2)),
    ("status", Place::Ring(2)),
    ("web", Place::Ring(3)),
    ("jitsuin", Place::Ring(4)),
    ("testkit", Place::Fixtures),
    ("xtask", Place::Chores),
];

/// A crate that must not be reached from one of ours, tests aside.
pub(super) struct NotReached {
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) reason: &'static str,
}

const PURE: &str = "domain has no I/O, clock, randomness or async";

/// Paths that must not exist.
pub(super) const NOT_REACHED: &[NotReached] = &[
    NotReached { from: "ra", to: "keys", reason: "a window can ask a CA, never hold its keys" },
    NotReached { from: "x509", to: "keys", reason: "x509 holds no key" },
    NotReached { from: "status", to: "ca", reason: "status answers, it never changes anything" },
    NotReached { from: "domain", to: "tokio", reason: PURE },
    NotReached { from: "domain", to: "hyper", reason: PURE },
    NotReached { from: "domain", to: "rusqlite", reason: PURE },
    NotReached { from: "domain", to: "getrandom", reason: PURE },
    NotReached { from: "domain", to: "aws-lc-rs", reason: PURE },
    NotReached { from: "domain", to: "der", reason: "domain has no wire format" },
    NotReached { from: "domain", to: "serde_json", reason: "domain has no wire format" },
];

/// A crate that only a few of ours may name.
pub(super) struct OnlyDirect {
    pub(super) what: &'static str,
    pub(super) by: &'static [&'static str],
    /// Whether the tests of the others may not name it either.
    pub(super) in_tests_too: bool,
    pub(super) reason: &'static str,
}

/// Dependencies kept to one place.
pub(super) const ONLY_DIRECT: &[OnlyDirect] = &[
    OnlyDirect {
        what: "rsa",
        by: &["card"],
        in_tests_too: true,
        reason: "not constant in time; only RSA-1024 of the window's generator needs it",
    },
    OnlyDirect {
        what: "rusqlite",
        by: &["store"],
        in_tests_too: false,
        reason: "the database is behind the Store trait",
    },
    OnlyDirect {
        what: "cryptoki",
        by: &["keys"],
        in_tests_too: false,
        reason: "the token is behind the KeyStore trait",
    },
    OnlyDirect {
        what: "axum",
        by: &["web"],
        in_tests_too: false,
        reason: "screens and API are in web alone",
    },
];

/// Crates that the program must not contain.
pub(super) const NOWHERE: &[(&str, &str)] = &[
    ("openssl", "the program is free of OpenSSL; it is the tests' foreign client"),
    ("openssl-sys", "the program is free of OpenSSL; it is the tests' foreign client"),
    ("ring", "one provider of cryptography, aws-lc-rs, is enough"),
    ("sharks", "its shares are biased (RUSTSEC-2024-0398)"),
];

/// A folder of a crate whose files must not name what another folder's declare.
pub(super) struct Room {
    /// The crate's directory.
    pub(super) within: &'static str,
    /// The folder, which is the module of its name too.
    pub(super) from: &'static str,
    /// The folder it does not look into.
    pub(super) to: &'static str,
    pub(super) reason: &'static str,
}

const ACROSS: &str = "the two sides of a card know of each other what crosses the reader";
const BETWEEN: &str = "what both sides of a card speak belongs to neither";

/// Walls inside crates.
pub(super) const ROOMS: &[Room] = &[
    Room { within: "crates/card", from: "terminal", to: "emulator", reason: ACROSS },
    Room { within: "crates/card", from: "emulator", to: "terminal", reason: ACROSS },
    Room { within: "crates/card", from: "protocol", to: "emulator", reason: BETWEEN },
    Room { within: "crates/card", from: "protocol", to: "terminal", reason: BETWEEN },
    Room { within: "crates/card", from: "private_key", to: "emulator", reason: "keys serve both" },
    Room { within: "crates/card", from: "private_key", to: "terminal", reason: "keys serve both" },
];

/// Crates of which the program holds one version.
pub(super) const ONE_VERSION: &[(&str, &str)] =
    &[("der", "two ASN.1 libraries mean two readings of the same bytes")];
