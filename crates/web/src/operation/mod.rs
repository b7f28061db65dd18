//! An operation as a value: what it is told, to whom it is open, what it does and answers.
//!
//! Each operation is a type of its own, in the file of its group under [`crate::desk`]. The router, the
//! OpenAPI document and the reading of requests are made from the type and its [`Spec`], so that nothing
//! is said of an operation twice.
//!
//! # Architecture invariant
//! Only [`Desk::ask`](crate::desk::Desk::ask) makes a [`Call`], after it has held the table of permissions
//! against whoever asks, and an operation does nothing but with a call. So forgetting to authorise does not
//! compile.

mod answer;
mod call;
mod command;
mod described;
pub(crate) mod in_place;
mod input;
mod list;
mod request;
mod route;
mod stream;
pub(crate) mod text;

use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::desk::permission;
use crate::problem::Problem;

pub use answer::{Answer, Form, Octets};
pub use call::Call;
pub(crate) use command::{Approved, Variant};
pub use command::{Argument, Command, Form as ArgumentForm, FromFile, SecondPerson, commands};
pub(crate) use described::describe;
pub(crate) use list::{Listed, all};
pub(crate) use request::Asked;
pub(crate) use route::route;
pub use stream::Streamed;

/// What somebody asks for.
///
/// Its fields are what it is told: by the path of its address, by the query, else by the body. By what
/// serde makes of them a repetition is known again, so a secret among them writes nothing of itself.
pub trait Operation: DeserializeOwned + Serialize + ToSchema + Send + 'static {
    /// What is said of it wherever it is offered.
    const SPEC: Spec;

    /// What it answers.
    type Answer: Answer;

    /// Does it, for whom [`Desk::ask`](crate::desk::Desk::ask) has let pass.
    ///
    /// # Errors
    /// A refusal, which is in the journal already; or a fault.
    fn run(self, call: &Call<'_>) -> Result<Self::Answer, Problem>;
}

/// What is said of an operation wherever it is offered.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// Its row of the table of permissions.
    pub operation: permission::Operation,
    pub(crate) verb: Verb,
    pub(crate) path: &'static str,
    /// The fields that the query tells; of what reads alone all that the path does not.
    pub(crate) query: &'static [&'static str],
    /// The group, which is the tag in the OpenAPI document.
    pub(crate) group: &'static str,
    pub(crate) done: Done,
    /// The fields that a command is told by their places, after those of the path.
    pub(crate) places: &'static [&'static str],
    /// The file that tells a command some of the fields.
    pub(crate) file: Option<FromFile>,
    /// Its commands, where there are several.
    pub(crate) variants: &'static [Variant],
    /// Where a second person approves it, by the same command.
    pub(crate) approved: Option<Approved>,
    /// What it needs opened of an installation.
    pub needs: Needs,
}

/// What an operation needs opened of an installation, by whoever does it where no server has it open. A
/// [`Call`] hands out no more than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// The windows and the resident register, of which there is one, and all below.
    Windows,
    /// The CAs, and the database.
    Authorities,
    /// The database alone: how people come in waits for no CA, as who adopts a policy comes in first.
    People,
}

/// How an operation that succeeded is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    pub(crate) status: u16,
    pub(crate) words: &'static str,
}

/// By which method an operation is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// It changes nothing.
    Get,
    /// It changes something, or reads what must not stand in an address.
    Post,
}

impl Spec {
    /// Of an operation that changes nothing; `words` describe the answer.
    pub(crate) const fn get(
        operation: permission::Operation,
        path: &'static str,
        group: &'static str,
        words: &'static str,
    ) -> Self {
        let done = Done { status: 200, words };
        let (query, places, variants) = (&[], &[], &[]);
        let (verb, file, approved, needs) = (Verb::Get, None, None, Needs::Authorities);
        Self { operation, verb, path, query, group, done, places, file, variants, approved, needs }
    }

    /// Of an operation that changes something; `words` describe the answer.
    pub(crate) const fn post(
        operation: permission::Operation,
        path: &'static str,
        group: &'static str,
        words: &'static str,
    ) -> Self {
        Self { verb: Verb::Post, ..Self::get(operation, path, group, words) }
    }

    /// The same, where the query tells these fields.
    pub(crate) const fn asked(self, query: &'static [&'static str]) -> Self {
        Self { query, ..self }
    }

    /// The same of an operation by which something comes into being.
    pub(crate) const fn creating(self) -> Self {
        Self { done: Done { status: 201, ..self.done }, ..self }
    }

    /// The same, where a command is told these fields by their places, after those of the path.
    pub(crate) const fn placed(self, places: &'static [&'static str]) -> Self {
        Self { places, ..self }
    }

    /// The same, where a file tells a command these fields, or all where there are none.
    pub(crate) const fn by_file(
        self,
        name: &'static str,
        about: &'static str,
        fields: &'static [&'static str],
    ) -> Self {
        Self { file: Some(FromFile { name, about, fields }), ..self }
    }

    /// The same of an operation for which there are several commands.
    pub(crate) const fn by(self, variants: &'static [Variant]) -> Self {
        Self { variants, ..self }
    }

    /// The same of an operation that a second person approves, as `what` and with its own name for a field.
    pub(crate) const fn approved(
        self,
        what: &'static str,
        renamed: Option<(&'static str, &'static str)>,
    ) -> Self {
        Self { approved: Some(Approved { what, renamed }), ..self }
    }

    /// The same of an operation that needs something else than the CAs.
    pub(crate) const fn needing(self, needs: Needs) -> Self {
        Self { needs, ..self }
    }

    /// The fields that the path tells, in its order.
    fn in_path(&self) -> impl Iterator<Item = &'static str> {
        let names = |part: &'static str| part.strip_prefix('{').and_then(|p| p.strip_suffix('}'));
        self.path.split('/').filter_map(names)
    }

    /// Whether the path or the query tells a field, and the body does not.
    fn is_in_address(&self, field: &str) -> bool {
        self.verb == Verb::Get || self.query.contains(&field) || self.in_path().any(|f| f == field)
    }
}
