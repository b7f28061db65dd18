//! Fields that are written as text and are of a type of their own: ids, days, closed sets.

use std::any::type_name;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
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
use domain::named::{Named, UnknownName};
use domain::rule::{Closed, Rule};
use domain::{
    algorithm, application, ceremony, certificate, compromise, crl_series, identity, revocation,
    service_request, staff,
};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ArrayItems, Object, ObjectBuilder, OneOf, Schema, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

thread_local! {
    /// The rule that the last text broke on this thread. An error of serde carries text alone, and a rule
    /// must not be made of text.
    static BROKEN: RefCell<Option<Rule>> = const { RefCell::new(None) };
}

/// With what the name of a schema begins that stands where it is referred to.
const IN_PLACE: &str = "text ";

/// The name of a schema that stands where it is referred to.
pub(crate) fn in_place(name: &str) -> Cow<'static, str> {
    format!("{IN_PLACE}{name}").into()
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
        in_place(type_name::<T>())
    }
}

/// Declares types that are written as text, by the names that they have as fields. utoipa composes the
/// schemas of generic types by itself, so a field is of a name without parameters.
macro_rules! written {
    ($($(#[$meta:meta])* $name:ident = $type:ty, $names:expr;)+) => {
        $(
            $(#[$meta])*
            pub(crate) type $name = $crate::operation::text::Text<$type>;

            impl $crate::operation::text::Written for $type {
                const NAMES: Option<&'static [&'static str]> = $names;
            }
        )+
    };
}

written! {
    /// An application.
    Application = ApplicationId, None;
    /// A CA.
    Ca = CaId, None;
    /// A card.
    Card = CardId, None;
    /// A ceremony.
    Ceremony = CeremonyId, None;
    /// A day.
    Day = Date, None;
    /// A moment.
    Moment = Utc, None;
    /// A municipality, by its code.
    Municipality = MunicipalityCode, None;
    /// An operation, by the id under which it is asked for.
    Operation = OperationId, None;
    /// What a list covers.
    Partition = crl_series::Partition, None;
    /// A person.
    Person = ActorId, None;
    /// A request for a service's certificate.
    Request = ServiceRequestId, None;
    /// A resident, by the code.
    Resident = ResidentCode, None;
    /// A serial, in hexadecimal.
    Serial = SerialNumber, None;
    /// The state of an application.
    ApplicationState = application::ApplicationState, Some(<application::ApplicationState as Named>::NAMES);
    /// Why a certificate is revoked.
    Cause = revocation::RevocationCause, Some(<revocation::RevocationCause as Named>::NAMES);
    /// The state of a certificate.
    CertificateState = certificate::StateName, Some(<certificate::StateName as Named>::NAMES);
    /// The change of a person.
    Change = staff::ChangeKind, Some(<staff::ChangeKind as Named>::NAMES);
    /// The kind of a certificate.
    Kind = certificate::CertificateKind, Some(<certificate::CertificateKind as Named>::NAMES);
    /// What a request is for.
    Purpose = service_request::PurposeName, Some(<service_request::PurposeName as Named>::NAMES);
    /// The state of a request.
    RequestState = service_request::RequestState, Some(<service_request::RequestState as Named>::NAMES);
    /// Who asks for a revocation.
    Requester = revocation::Requester, Some(<revocation::Requester as Named>::NAMES);
    /// What lets a person in.
    CredentialKind = staff::CredentialKind, Some(<staff::CredentialKind as Named>::NAMES);
    /// Where a card is in its life.
    Life = LifeState, Some(<LifeState as Named>::NAMES);
    /// A role.
    Role = staff::Role, Some(<staff::Role as Named>::NAMES);
    /// Which signature keys a card takes.
    SignatureKeys = card::SignatureKeys, Some(<card::SignatureKeys as Named>::NAMES);
    /// A slot of a card.
    Slot = CardSlot, Some(<CardSlot as Named>::NAMES);
    /// Who stands at a window.
    Applicant = identity::Applicant, Some(<identity::Applicant as Named>::NAMES);
    /// What an application is for.
    ApplicationKind = application::ApplicationKind, Some(<application::ApplicationKind as Named>::NAMES);
    /// How far a ceremony came.
    CeremonyState = ceremony::State, Some(<ceremony::State as Named>::NAMES);
    /// What a script of a ceremony asks.
    CeremonyStep = ceremony::StepKind, Some(<ceremony::StepKind as Named>::NAMES);
    /// How far the procedure for a compromised key came.
    CompromiseState = compromise::CompromiseState, Some(<compromise::CompromiseState as Named>::NAMES);
    /// A step of an identity check.
    Evidence = identity::Evidence, Some(<identity::Evidence as Named>::NAMES);
    /// A key's algorithm.
    KeyAlgorithm = algorithm::KeyAlgorithm, Some(<algorithm::KeyAlgorithm as Named>::NAMES);
    /// Where a person stands.
    PersonState = staff::PersonState, Some(<staff::PersonState as Named>::NAMES);
    /// What is proposed of a person.
    Proposal = staff::ProposalKind, Some(<staff::ProposalKind as Named>::NAMES);
    /// Why a certificate was revoked (RFC 5280 5.3.1).
    Reason = revocation::RevocationReason, Some(<revocation::RevocationReason as Named>::NAMES);
    /// A step of a request.
    RequestStep = service_request::RequestStepName, Some(<service_request::RequestStepName as Named>::NAMES);
    /// Where a series of lists stands.
    SeriesState = crl_series::SeriesState, Some(<crl_series::SeriesState as Named>::NAMES);
    /// A signature's algorithm.
    SignatureAlgorithm = algorithm::SignatureAlgorithm, Some(<algorithm::SignatureAlgorithm as Named>::NAMES);
    /// Where a step of a ceremony stands.
    StepState = ceremony::StepState, Some(<ceremony::StepState as Named>::NAMES);
}

pub(crate) use written;

/// The schemas that stand where they are referred to, by the place that a reference names.
pub(crate) struct InPlace(BTreeMap<String, Object>);

impl InPlace {
    /// Those among `schemas`.
    pub(crate) fn among<'a>(
        schemas: impl IntoIterator<Item = (&'a String, &'a RefOr<Schema>)>,
    ) -> Self {
        let of_text = schemas.into_iter().filter(|(name, _)| Self::has(name));
        let objects = of_text.filter_map(|(name, schema)| match schema {
            RefOr::T(Schema::Object(object)) => {
                Some((Ref::from_schema_name(name).ref_location, object.clone()))
            }
            _ => None,
        });
        Self(objects.collect())
    }

    /// Whether a schema of this name is one of them.
    pub(crate) fn has(name: &str) -> bool {
        name.starts_with(IN_PLACE)
    }

    /// Puts them where they are referred to in `schema`.
    pub(crate) fn put(&self, schema: &mut RefOr<Schema>) {
        match schema {
            RefOr::Ref(reference) => {
                let object = self.0.get(&reference.ref_location).cloned();
                if let Some(mut object) = object {
                    let words = std::mem::take(&mut reference.description);
                    object.description = Some(words).filter(|words| !words.is_empty());
                    *schema = RefOr::T(Schema::Object(object));
                }
            }
            RefOr::T(Schema::Object(object)) => {
                object.properties.values_mut().for_each(|field| self.put(field));
            }
            RefOr::T(Schema::Array(array)) => {
                if let ArrayItems::RefOrSchema(items) = &mut array.items {
                    self.put(items);
                }
            }
            RefOr::T(Schema::OneOf(forms)) => {
                forms.items.iter_mut().for_each(|form| self.put(form));
                match or_null(forms) {
                    Some(text) => *schema = RefOr::T(Schema::Object(text)),
                    None => forms.description = forms.description.take().or_else(|| words(forms)),
                }
            }
            RefOr::T(_) => {}
        }
    }
}

/// Takes what the forms say of the field, of which they are forms.
fn words(forms: &mut OneOf) -> Option<String> {
    forms.items.iter_mut().find_map(|form| match form {
        RefOr::T(Schema::Object(object)) if object.enum_values.is_some() => {
            object.description.take()
        }
        _ => None,
    })
}

/// The plain text that may be null, where these forms are that.
fn or_null(forms: &OneOf) -> Option<Object> {
    let is_null = |form: &RefOr<Schema>| {
        let RefOr::T(Schema::Object(object)) = form else { return false };
        object.schema_type == SchemaType::Type(Type::Null)
    };
    let [one, other] = &forms.items[..] else { return None };
    let RefOr::T(Schema::Object(text)) = (if is_null(one) { other } else { one }) else {
        return None;
    };
    let is_text = text.schema_type == SchemaType::Type(Type::String) && text.enum_values.is_none();
    let both = is_text && (is_null(one) || is_null(other));
    both.then(|| {
        let mut text = text.clone();
        text.schema_type = SchemaType::Array(vec![Type::String, Type::Null]);
        text
    })
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
