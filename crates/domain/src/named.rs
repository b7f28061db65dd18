//! Closed sets with one name for each value, in the same words everywhere.

/// Declares an enum whose values have names: in policy files, commands, rows, messages.
///
/// It gets `ALL`, `name`, `from_name` and `Display`, and compares in the order of its values.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$item:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$item])* $variant,)+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$variant,)+];

            /// The name of the value.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The value with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|value| value.name() == name)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl crate::rule::Closed for $name {
            fn words(&self) -> crate::rule::Rule {
                crate::rule::Rule::leaf(self)
            }
        }
    };
}

pub(crate) use named;
