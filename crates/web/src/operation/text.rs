//! Fields that are written as text and are of a type of their own: ids, days, closed sets.

use std::any::type_name;
use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::fmt::Display;
use std::ops::Deref;
use std::str::FromStr;

use card::{CardSlot, LifeState};
use domain::ceremony::CeremonyId;
use domain::id::{
    ActorId, ApplicationId, CaId, CardId, InvalidId, MunicipalityCode, OperationId, ResidentCode,
    SerialNumber, ServiceRequestId,
};
use domain::named::UnknownName;
use domain::rule::{Closed, Rule};
use domain::{
    algorithm, application, ceremony, certificate, compromise, crl_series, identity, revocation,
    service_request, staff,
};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::in_place::InPlace;

thread_local! {
    /// The rule that the last text broke on this thread. An error of serde carries text alone, and a rule
    /// must not be made of text.
    static BROKEN: RefCell<Option<Rule>> = const { RefCell::new(None) };
}

/// A field that is written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text<T>(pub T);

impl<T> Deref for Text<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for Text<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: FromStr> FromStr for Text<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        text.parse().map(Self)
    }
}

impl<T: Display> Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Closed> Closed for Text<T> {
    fn words(&self) -> Rule {
        self.0.words()
    }
}

impl<T: Default> Default for Text<T> {
    fn default() -> Self {
        Self(T::default())
    }
}

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: Unfit>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parsed = String::deserialize(deserializer)?.parse();
        parsed.map(Self).map_err(|error: T::Err| {
            BROKEN.set(error.rule());
            D::Error::custom(error)
        })
    }
}

/// What the OpenAPI document says of a type whose values are written as text.
pub trait Written: 'static {
    /// The names of its values, where it is a closed set.
    const NAMES: Option<&'static [&'static str]>;
}

impl<T: Written> PartialSchema for Text<T> {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        text.enum_values(T::NAMES.map(|names| names.iter().copied())).into()
    }
}

impl<T: Written> ToSchema for Text<T> {
    fn name() -> Cow<'static, str> {
        InPlace::name(type_name::<T>())
    }
}

/// Declares types that are written as text, by the names that they have as fields: those of free texts within
/// a grammar, and closed sets. utoipa composes the schemas of generic types by itself, so a field is of a name
/// without parameters.
macro_rules! written {
    (closed $($(#[$meta:meta])* $name:ident = $type:ty;)+) => {
        $crate::operation::text::written! {
            @each $($(#[$meta])* $name = $type, Some(<$type as domain::named::Named>::NAMES);)+
        }
    };
    (@each $($(#[$meta:meta])* $name:ident = $type:ty, $names:expr;)+) => {
        $(
            $(#[$meta])*
            pub(crate) type $name = $crate::operation::text::Text<$type>;

            impl $crate::operation::text::Written for $type {
                const NAMES: Option<&'static [&'static str]> = $names;
            }
        )+
    };
    (free $($(#[$meta:meta])* $name:ident = $type:ty;)+) => {
        $crate::operation::text::written! { @each $($(#[$meta])* $name = $type, None;)+ }
    };
}

pub(crate) use written;

written! {
    free
    /// An application.
    Application = ApplicationId;
    /// A CA.
    Ca = CaId;
    /// A card.
    Card = CardId;
    /// A ceremony.
    Ceremony = CeremonyId;
    /// A day.
    Day = Date;
    /// A moment.
    Moment = Utc;
    /// A municipality, by its code.
    Municipality = MunicipalityCode;
    /// An operation, by the id under which it is asked for.
    Operation = OperationId;
    /// What a list covers.
    Partition = crl_series::Partition;
    /// A person.
    Person = ActorId;
    /// A request for a service's certificate.
    Request = ServiceRequestId;
    /// A resident, by the code.
    Resident = ResidentCode;
    /// A serial, in hexadecimal.
    Serial = SerialNumber;
    /// A series of lists, among those of its CA.
    Series = crl_series::SeriesPlace;
}

written! {
    closed
    /// Who stands at a window.
    Applicant = identity::Applicant;
    /// What an application is for.
    ApplicationKind = application::ApplicationKind;
    /// The state of an application.
    ApplicationState = application::ApplicationState;
    /// Why a certificate is revoked.
    Cause = revocation::RevocationCause;
    /// How far a ceremony came.
    CeremonyState = ceremony::State;
    /// What a script of a ceremony asks.
    CeremonyStep = ceremony::StepKind;
    /// The state of a certificate.
    CertificateState = certificate::StateName;
    /// The change of a person.
    Change = staff::ChangeKind;
    /// How far the procedure for a compromised key came.
    CompromiseState = compromise::CompromiseState;
    /// What lets a person in.
    CredentialKind = staff::CredentialKind;
    /// A step of an identity check.
    Evidence = identity::Evidence;
    /// A key's algorithm.
    KeyAlgorithm = algorithm::KeyAlgorithm;
    /// The kind of a certificate.
    Kind = certificate::CertificateKind;
    /// Where a card is in its life.
    Life = LifeState;
    /// Where a person stands.
    PersonState = staff::PersonState;
    /// What is proposed of a person.
    Proposal = staff::ProposalKind;
    /// What a request is for.
    Purpose = service_request::PurposeName;
    /// Why a certificate was revoked (RFC 5280 5.3.1).
    Reason = revocation::RevocationReason;
    /// The state of a request.
    RequestState = service_request::RequestState;
    /// A step of a request.
    RequestStep = service_request::RequestStepName;
    /// Who asks for a revocation.
    Requester = revocation::Requester;
    /// A role.
    Role = staff::Role;
    /// Where a series of lists stands.
    SeriesState = crl_series::SeriesState;
    /// A signature's algorithm.
    SignatureAlgorithm = algorithm::SignatureAlgorithm;
    /// A step of an identity check that somebody does.
    Shown = identity::Shown;
    /// Which signature keys a card takes.
    SignatureKeys = card::SignatureKeys;
    /// A slot of a card.
    Slot = CardSlot;
    /// Where a step of a ceremony stands.
    StepState = ceremony::StepState;
}

/// A moment, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Utc(pub Timestamp);

/// That a text is no moment.
#[derive(Debug)]
pub struct NoMoment;

impl NoMoment {
    const RULE: &str = "a moment as 2027-04-01T00:00:00Z";
}

impl Display for NoMoment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::RULE)
    }
}

impl std::error::Error for NoMoment {}

impl FromStr for Utc {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        text.parse().map(Self).map_err(|_| NoMoment)
    }
}

impl Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Unfit for NoMoment {
    fn rule(&self) -> Option<Rule> {
        Some(Rule::from(Self::RULE))
    }
}

/// Why a text is not what it should be.
pub(crate) trait Unfit: Display {
    /// The rule that it breaks, if it is of the right form.
    fn rule(&self) -> Option<Rule>;
}

impl Unfit for InvalidId {
    fn rule(&self) -> Option<Rule> {
        Some(Rule::from(self.rule))
    }
}

impl Unfit for UnknownName {
    fn rule(&self) -> Option<Rule> {
        Some(Rule::of(self))
    }
}

/// Of a day: a moment, whose error is the same, is of a type of its own.
impl Unfit for jiff::Error {
    fn rule(&self) -> Option<Rule> {
        Some(Rule::from("it must be a day, YYYY-MM-DD"))
    }
}

/// The rule that broke the reading off since the last time this was asked, if one did.
pub(crate) fn broken() -> Option<Rule> {
    BROKEN.take()
}

/// Writes that there is nothing, of a field by which no repetition is known.
///
/// # Errors
/// Those of the serializer.
pub(crate) fn nothing<T, S: Serializer>(_: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_none()
}
