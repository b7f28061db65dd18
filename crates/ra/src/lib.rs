//! The windows and people: applications, identity checks, the register link.
//!
//! A [`Window`] takes an application from its [`form`] to the delivered card; [`register`] tells it who the resident is
//! and what became of them, [`readers`] where the card lies, [`authority`] who certifies. [`holder`] is for those who
//! come with their card instead.
//!
//! The window is its parts, each with no more than it needs:
//!
//! | part | for |
//! |---|---|
//! | [`applications`](Window::applications) | receipt, check, approval, completion on paper |
//! | [`card_counter`](Window::card_counter) | issue onto a card, delivery, the ends without one |
//! | [`card_service`](Window::card_service) | cards in their holders' hands |
//! | [`reconciler`](Window::reconciler) | cards held against office and CA |
//! | [`call_centre`](Window::call_centre) | holds by phone |
//! | [`register_link`](Window::register_link) | what follows from the register's events |
//! | [`disposal`](Window::disposal) | what the law lets go |
//!
//! ```
//! use domain::policy::Policy;
//! use jiff::civil::date;
//! use jitsuin_ra::form::{Form, ReceivedForm};
//!
//! let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../policy/saitama-sign.toml"))?;
//! let policy = Policy::from_toml(&text)?;
//! let typed = ReceivedForm {
//!     kind: "issue-on-card".into(),
//!     ca: "saitama-sign".into(),
//!     municipality: "11203".into(),
//!     window: "3".into(),
//!     date: "2026-04-01".into(),
//!     resident: "10000000001".into(),
//!     family_name: "髙橋".into(),
//!     given_name: "太郎".into(),
//!     reading: "タカハシ　タロウ".into(),
//!     address: "埼玉県川口市青木二丁目１番１号".into(),
//!     birth_date: "1980-01-02".into(),
//!     gender: "1".into(),
//!     card: "card-1".into(),
//!     ..ReceivedForm::default()
//! };
//! let parse = |form: &ReceivedForm| Form::parse(form, date(2026, 4, 1), &|_| Some(&policy));
//! // 髙 may not be certified: the resident chooses what stands for it.
//! assert!(parse(&typed).is_err());
//! let chosen = ReceivedForm { name_substitutes: "0:高".into(), ..typed };
//! let certified = parse(&chosen)?.certified.expect("the profile carries the name");
//! assert_eq!(certified.name_replacements[0].original, "髙");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Architecture invariant
//! Nothing here reads a clock, makes a certificate or holds a CA's key: what is needed of a CA
//! stands in [`authority::Authority`]. Every act comes with who, when and under which operation
//! id; every change is one unit of the store with its journal entry.

pub mod authority;
mod error;
pub mod form;
pub mod holder;
mod issued;
pub mod readers;
pub mod record;
pub mod register;
pub mod window;

pub use error::{Result, WindowError};
pub use issued::Issued;
pub use window::Window;
