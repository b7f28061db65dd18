//! Named moments at which the program ends itself, for the suite that kills it: built by the feature
//! `torture` alone, which no release has.
//!
//! `JITSUIN_TORTURE=before:certificate-issued:3` ends the process, without tidying up, right before
//! the third transaction that has such an entry is committed; `after:` ends it once the transaction
//! is on stable storage and nobody has heard of it. With `hangs:` the process goes on, and the writer
//! stands still for ever right before that commit, as on a disk that answers no more. `seal` names the
//! sealing of the journal, whose checkpoint is with the sinks already. [`outside`] has the names of what
//! happens outside of the database.

#[cfg(feature = "torture")]
pub(super) use self::armed::Passing;
#[cfg(not(feature = "torture"))]
pub(super) use self::off::Passing;

/// Does something outside of the database, a key's end for example, that has a moment before and after it.
pub fn outside<T>(name: &'static str, act: impl FnOnce() -> T) -> T {
    let passing = Passing::outside(name);
    passing.reach(Side::Before);
    let done = act();
    passing.reach(Side::After);
    done
}

/// Where a transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Everything is applied, and nothing on stable storage.
    Before,
    /// It is on stable storage, and nobody was answered.
    After,
}

#[cfg(not(feature = "torture"))]
mod off {
    use super::Side;
    use crate::unit::Unit;

    /// Nothing, in a program that is not to be tortured.
    pub(in crate::sqlite) struct Passing;

    impl Passing {
        pub(in crate::sqlite) fn new() -> Self {
            Self
        }
        pub(in crate::sqlite) fn note(&mut self, _: &Unit) {}
        pub(in crate::sqlite) fn sealing() -> Self {
            Self
        }
        pub(in crate::sqlite) fn outside(_: &'static str) -> Self {
            Self
        }
        pub(in crate::sqlite) fn reach(&self, _: Side) {}
    }
}

#[cfg(feature = "torture")]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::Side;
    use crate::unit::Unit;

    /// The moment at which this process ends, or its writer stands still.
    struct Moment {
        side: Side,
        hangs: bool,
        kind: String,
        /// How often it is still passed by.
        left: AtomicU64,
    }

    /// What a transaction is about.
    pub(in crate::sqlite) struct Passing(Vec<String>);

    impl Passing {
        /// A transaction of no unit yet.
        pub(in crate::sqlite) fn new() -> Self {
            Self(Vec::new())
        }

        /// One more unit of the transaction.
        pub(in crate::sqlite) fn note(&mut self, unit: &Unit) {
            self.0.extend(unit.entries.iter().map(|entry| entry.kind.name().to_owned()));
        }

        /// The transaction of a sealing.
        pub(in crate::sqlite) fn sealing() -> Self {
            Self(vec!["seal".to_owned()])
        }

        /// Something of a name outside of the database.
        pub(in crate::sqlite) fn outside(name: &'static str) -> Self {
            Self(vec![name.to_owned()])
        }

        /// Ends the process, or this thread's work, if this is the moment.
        pub(in crate::sqlite) fn reach(&self, side: Side) {
            let Some(moment) = moment() else { return };
            if moment.side == side
                && self.0.contains(&moment.kind)
                && moment.left.fetch_sub(1, Ordering::SeqCst) == 1
            {
                if !moment.hangs {
                    std::process::abort();
                }
                loop {
                    std::thread::park();
                }
            }
        }
    }

    fn moment() -> Option<&'static Moment> {
        static MOMENT: OnceLock<Option<Moment>> = OnceLock::new();
        MOMENT.get_or_init(|| parse(&std::env::var("JITSUIN_TORTURE").ok()?)).as_ref()
    }

    fn parse(text: &str) -> Option<Moment> {
        let (side, rest) = text.split_once(':')?;
        let (kind, times) = rest.split_once(':')?;
        let (side, hangs) = match side {
            "before" => (Side::Before, false),
            "after" => (Side::After, false),
            "hangs" => (Side::Before, true),
            _ => return None,
        };
        let left = AtomicU64::new(times.parse().ok().filter(|times| *times > 0)?);
        Some(Moment { side, hangs, kind: kind.to_owned(), left })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_moment_is_a_side_a_kind_and_a_number() {
            let moment = parse("after:certificate-issued:3").expect("a moment");
            let told = (moment.side, moment.kind.as_str(), moment.left.into_inner());
            assert_eq!(told, (Side::After, "certificate-issued", 3));
            let moment = parse("hangs:seal:1").expect("a moment");
            assert!(moment.hangs && moment.side == Side::Before);
            for wrong in ["", "after", "after:seal", "during:seal:1", "after:seal:0"] {
                assert!(parse(wrong).is_none(), "{wrong}");
            }
        }
    }
}
