//! Closed sets with one name for each value, in the same words everywhere.

use std::fmt;

use crate::rule;
use crate::rule::{Closed, Rule, Several};

/// A closed set, whose values have names.
pub trait Named: Sized + 'static {
    /// Every name, in the order of the values.
    const NAMES: &'static [&'static str];
}

/// That a text is no name of a value of a closed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownName {
    /// The names that there are.
    pub names: &'static [&'static str],
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it must be one of {}", self.names.join(", "))
    }
}

impl std::error::Error for UnknownName {}

impl Closed for UnknownName {
    fn words(&self) -> Rule {
        rule!("it must be one of {}", Several(self.names.to_vec()))
    }
}

/// Declares an enum whose values have names: in policy files, commands, rows, messages.
///
/// It gets `ALL`, `name`, `from_name`, [`Named`], `FromStr` and `Display`, and compares in the order of its
/// values.
#[macro_export]
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$item:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$item])* $variant,)+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$variant,)+];

            /// The name of the value.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The value with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|value| value.name() == name)
            }
        }

        impl $crate::named::Named for $name {
            const NAMES: &'static [&'static str] = &[$($text,)+];
        }

        impl std::str::FromStr for $name {
            type Err = $crate::named::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let names = <Self as $crate::named::Named>::NAMES;
                Self::from_name(text).ok_or($crate::named::UnknownName { names })
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl $crate::rule::Closed for $name {
            fn words(&self) -> $crate::rule::Rule {
                $crate::rule::Closed::words(&$crate::rule::Plain(*self))
            }
        }
    };
}

pub(crate) use named;
