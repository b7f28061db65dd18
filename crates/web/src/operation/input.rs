//! The input of an operation, read as one object: what path and query tell, then the members of the body.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, Query, RawPathParams, Request};
use domain::rule::Rule;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use serde::de::value::{MapDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::{Operation, Spec};
use crate::api::input::{self, body_of, expect_json, malformed};
use crate::problem::{Fault, Problem};

/// What a request tells, not read yet.
pub(super) struct Given {
    /// By path and query, in their order.
    address: Vec<(String, String)>,
    body: Option<Bytes>,
}

impl Given {
    /// Of a request for an operation that is told something by the body, or not.
    ///
    /// # Errors
    /// 400 for an address that cannot be read, 408, 413 or 415 for such a body.
    pub(super) async fn of(request: Request, has_body: bool) -> Result<Self, Problem> {
        if has_body {
            expect_json(&request)?;
        }
        let (mut parts, body) = request.into_parts();
        let address = in_address(&mut parts).await?;
        let body = match has_body {
            true => Some(body_of(Request::from_parts(parts, body)).await?),
            false => None,
        };
        Ok(Self { address, body })
    }
}

async fn in_address(parts: &mut Parts) -> Result<Vec<(String, String)>, Problem> {
    let unreadable = |field: &'static str, told: String| {
        Problem::new(Fault::Malformed, Rule::from(field).telling(told))
    };
    let path = RawPathParams::from_request_parts(parts, &()).await;
    let path = path.map_err(|error| unreadable("path", error.body_text()))?;
    let query = Query::<Vec<(String, String)>>::from_request_parts(parts, &()).await;
    let Query(query) = query.map_err(|error| unreadable("query", error.body_text()))?;
    let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(path.chain(query).collect())
}

/// Reads the operation: nothing else than its description has, in text of which everything is seen.
///
/// # Errors
/// 400 for what is not of its form; 422 for a text that breaks the rule of its field, and for one of
/// which nobody can see everything.
pub(super) fn read<O: Operation>(given: &Given) -> Result<O, Problem> {
    let mut body = given.body.as_deref().map(serde_json::Deserializer::from_slice);
    let told = Told { address: &given.address, spec: &O::SPEC, body: body.as_mut() };
    let asked = input::read(told)?;
    let end = body.as_mut().map_or(Ok(()), serde_json::Deserializer::end);
    end.map_err(|error| malformed(".", &error))?;
    Ok(asked)
}

type Body<'de> = serde_json::Deserializer<serde_json::de::SliceRead<'de>>;

/// What is told of an operation, as one object.
struct Told<'a, 'de> {
    address: &'de [(String, String)],
    spec: &'a Spec,
    body: Option<&'a mut Body<'de>>,
}

impl<'de> Deserializer<'de> for Told<'_, 'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let Self { address, spec, body } = self;
        match body {
            Some(body) => body.deserialize_map(Joined { address, spec, visitor }),
            None => visitor.visit_map(Members { address, spec, body: nothing(), value: None }),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The members of a body that there is not.
fn nothing<'de>() -> impl MapAccess<'de, Error = serde_json::Error> {
    MapDeserializer::new(std::iter::empty::<(&str, &str)>())
}

/// Visits the members of the body after those of the address.
struct Joined<'a, 'de, V> {
    address: &'de [(String, String)],
    spec: &'a Spec,
    visitor: V,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Joined<'_, 'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, body: A) -> Result<V::Value, A::Error> {
        let Self { address, spec, visitor } = self;
        visitor.visit_map(Members { address, spec, body, value: None })
    }
}

/// The members of the address and then those of the body, each where the operation is told it.
struct Members<'a, 'de, A> {
    address: &'de [(String, String)],
    spec: &'a Spec,
    body: A,
    value: Option<&'de str>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'_, 'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        if let Some(((name, value), rest)) = self.address.split_first() {
            (self.address, self.value) = (rest, Some(value.as_str()));
            expect(self.spec.is_in_address(name), name, "the address")?;
            return seed.deserialize(StrDeserializer::new(name)).map(Some);
        }
        let Some(name) = self.body.next_key::<String>()? else { return Ok(None) };
        expect(!self.spec.is_in_address(&name), &name, "the body")?;
        seed.deserialize(StrDeserializer::new(&name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        match self.value.take() {
            Some(text) => seed.deserialize(InAddress(text, PhantomData)),
            None => self.body.next_value_seed(seed),
        }
    }
}

fn expect<E: Error>(is_there: bool, name: &str, place: &str) -> Result<(), E> {
    match is_there {
        true => Ok(()),
        false => Err(E::custom(format_args!("unknown field `{name}` in {place}"))),
    }
}

/// A text of the address: what may be left out is there, and numbers and yes or no are written out.
struct InAddress<'de, E>(&'de str, PhantomData<E>);

/// Reads what is written out. What is none is handed on as the text that it is where that has more than
/// ASCII, so that whoever looks for what nobody can see comes to see it.
macro_rules! written_out {
    ($($read:ident $visit:ident)+) => {
        $(fn $read<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
            match self.0.parse() {
                Ok(value) => visitor.$visit(value),
                Err(error) if self.0.is_ascii() => Err(E::custom(error)),
                Err(_) => visitor.visit_borrowed_str(self.0),
            }
        })+
    };
}

impl<'de, E: Error> Deserializer<'de> for InAddress<'de, E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_some(self)
    }

    written_out! {
        deserialize_bool visit_bool
        deserialize_i8 visit_i8
        deserialize_i16 visit_i16
        deserialize_i32 visit_i32
        deserialize_i64 visit_i64
        deserialize_u8 visit_u8
        deserialize_u16 visit_u16
        deserialize_u32 visit_u32
        deserialize_u64 visit_u64
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        StrDeserializer::new(self.0).deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::certificates::{ListCertificates, RevokeCertificate};
    use crate::desk::keys::RehearseRenewal;
    use crate::desk::lists::FetchList;
    use crate::desk::register::RecordMoveOut;

    fn told<O: Operation>(address: &[(&str, &str)], body: Option<&str>) -> Result<O, Problem> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let address = address.iter().map(owned).collect();
        let body = body.map(|body| Bytes::copy_from_slice(body.as_bytes()));
        read(&Given { address, body })
    }

    const CA: (&str, &str) = ("ca", "jpki-auth");

    #[test]
    fn w3_what_nobody_can_see_is_refused_in_a_number_too() {
        let limit = |text: &str| {
            let page = told::<ListCertificates>(&[CA, ("limit", text)], None);
            page.map(|page| page.limit).map_err(|problem| problem.fault)
        };
        assert_eq!(limit("10"), Ok(10));
        assert_eq!(limit("ten"), Err(Fault::Malformed));
        assert_eq!(limit("1\u{200b}0"), Err(Fault::Refused));
    }

    #[test]
    fn path_query_and_body_are_read_as_one_object() {
        let address = [CA, ("generation", "1"), ("partition", "other"), ("number", "7")];
        let asked: FetchList = told(&address, None).expect("a list");
        assert_eq!((asked.ca.as_str(), asked.generation, asked.number), ("jpki-auth", 1, Some(7)));
        let page: ListCertificates = told(&[CA], None).expect("a page");
        assert_eq!((page.after, page.limit), (None, 100));
        let body = r#"{ "cause": "use-ended", "requester": "holder" }"#;
        let asked: RevokeCertificate =
            told(&[CA, ("serial", "0a")], Some(body)).expect("a revocation");
        assert_eq!(asked.serial.to_string(), format!("{:032x}", 10));
        assert_eq!(asked.approver, None);
    }

    #[test]
    fn w3_what_may_be_left_out_may_be_null_as_its_description_says() {
        let read = |approver: &str| {
            let rest = r#""cause": "use-ended", "requester": "holder""#;
            let body = format!(r#"{{ {rest}, "approver": {approver} }}"#);
            let asked: RevokeCertificate = told(&[CA, ("serial", "0a")], Some(&body))?;
            Ok::<_, Problem>(asked.approver.map(|id| id.to_string()))
        };
        assert_eq!(read("null"), Ok(None));
        assert_eq!(read("\"staff\""), Ok(Some("staff".to_owned())));
        for (wrong, fault) in [("7", Fault::Malformed), ("\"\"", Fault::Refused)] {
            assert_eq!(read(wrong).map_err(|problem| problem.fault), Err(fault), "{wrong}");
        }
    }

    #[test]
    fn w3_a_day_and_a_moment_are_refused_by_rules_of_their_own() {
        const CODE: (&str, &str) = ("code", "10000000001");
        let body = r#"{ "planned": "2026-02-30" }"#;
        let day = told::<RecordMoveOut>(&[CODE], Some(body)).expect_err("no such day");
        assert_eq!(day.detail, "planned: it must be a day, YYYY-MM-DD");
        let moment = told::<RehearseRenewal>(&[CA, ("issues_from", "2027-04-01")], None);
        let moment = moment.expect_err("no moment");
        assert_eq!(moment.detail, "issues_from: a moment as 2027-04-01T00:00:00Z");
        assert_eq!([day.fault, moment.fault], [Fault::Refused; 2]);
        let moment = ("issues_from", "2027-04-01T00:00:00Z");
        let asked: RehearseRenewal = told(&[CA, moment], None).expect("a rehearsal");
        assert_eq!(asked.issues_from.expect("a moment").to_string(), moment.1);
    }

    #[test]
    fn w3_what_is_wrong_is_told_with_its_field_and_no_rule_has_what_was_typed() {
        let serial = ("serial", "0a");
        let body = |cause: &str| format!(r#"{{ "cause": {cause}, "requester": "holder" }}"#);
        let revoke = |address: &[_], body: &str| {
            told::<RevokeCertificate>(address, Some(body)).expect_err("it is wrong")
        };
        for (address, body, fault, field) in [
            (&[("ca", "not an id"), serial][..], body("\"use-ended\""), Fault::Refused, "ca"),
            (&[CA, ("serial", "typed")], body("\"use-ended\""), Fault::Refused, "serial"),
            (&[CA, serial], body("\"typed\""), Fault::Refused, "cause"),
            (&[CA, serial], body("\"a\\u200bb\""), Fault::Refused, "cause"),
            (&[CA, serial], body("7"), Fault::Malformed, "cause"),
            (&[CA, serial], body("\"use-ended\", \"serial\": \"0b\""), Fault::Malformed, "body"),
            (&[CA, serial], body("\"use-ended\", \"typed\": 1"), Fault::Malformed, "typed"),
            (
                &[CA, serial, ("cause", "use-ended")],
                body("\"use-ended\""),
                Fault::Malformed,
                "body",
            ),
            (&[CA, serial, CA], body("\"use-ended\""), Fault::Malformed, "body"),
            (&[CA, serial], "{} {}".to_owned(), Fault::Malformed, "body"),
            (&[CA, serial], "[]".to_owned(), Fault::Malformed, "body"),
        ] {
            let problem = revoke(address, &body);
            assert_eq!(
                (problem.fault, problem.field.as_deref()),
                (fault, Some(field)),
                "{problem}"
            );
            assert!(!problem.rule.closed().contains("typed"), "{problem}");
        }
        let number = told::<FetchList>(&[CA, ("generation", "one"), ("partition", "other")], None);
        assert_eq!(number.expect_err("no number").fault, Fault::Malformed);
    }
}
