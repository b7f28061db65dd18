//! From the parser's types to ours, refusing what has no meaning here.

use bytes::Bytes;
use rasn::types::OctetString;
use rasn_ldap::{
    AttributeValueAssertion, AuthenticationChoice, Controls, LdapMessage, MatchingRuleAssertion,
    ProtocolOp, SearchRequestScope, SubstringChoice, SubstringFilter,
};

use super::super::attribute::AttributeDescription;
use super::super::message::{
    Assertion, Authentication, BindRequest, CompareRequest, Control, Extensible, Filter, Message,
    Operation, Password, Request, ResultCode, Scope, SearchRequest, SubstringPattern,
};
use super::limits::{MAX_CONTROLS, MAX_FILTER_DEPTH};

/// Why a well-formed message is not served.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: ResultCode,
    pub(super) reason: String,
}

/// Parses one complete message whose structure was checked.
pub(super) fn message(octets: &[u8]) -> Result<Message, Refusal> {
    let parsed: LdapMessage = rasn::ber::decode(octets)
        .map_err(|_| protocol_error("the request does not follow RFC 4511"))?;
    let controls = controls(parsed.controls)?;
    Ok(Message { id: parsed.message_id, request: request(parsed.protocol_op)?, controls })
}

fn request(operation: ProtocolOp) -> Result<Request, Refusal> {
    Ok(match operation {
        ProtocolOp::BindRequest(bind) => Request::Bind(bind_request(bind)?),
        ProtocolOp::SearchRequest(search) => Request::Search(Box::new(search_request(search)?)),
        ProtocolOp::CompareRequest(compare) => Request::Compare(CompareRequest {
            entry: compare.entry.0,
            attribute: compare.ava.attribute_desc.0,
            value: octets(&compare.ava.assertion_value),
        }),
        ProtocolOp::ExtendedReq(extended) => Request::Extended {
            name: String::from_utf8_lossy(&extended.request_name).into_owned(),
            has_value: extended.request_value.is_some(),
        },
        ProtocolOp::ModifyRequest(_) => Request::Write(Operation::Modify),
        ProtocolOp::AddRequest(_) => Request::Write(Operation::Add),
        ProtocolOp::DelRequest(_) => Request::Write(Operation::Delete),
        ProtocolOp::ModDnRequest(_) => Request::Write(Operation::ModifyDn),
        _ => return Err(protocol_error("this operation is not a request")),
    })
}

fn bind_request(bind: rasn_ldap::BindRequest) -> Result<BindRequest, Refusal> {
    let authentication = match bind.authentication {
        AuthenticationChoice::Simple(password) => {
            Authentication::Simple(Password(octets(&password)))
        }
        AuthenticationChoice::Sasl(sasl) => Authentication::Sasl(sasl.mechanism.0),
        _ => return Err(protocol_error("this way to authenticate is unknown")),
    };
    Ok(BindRequest { version: bind.version, name: bind.name.0, authentication })
}

fn search_request(search: rasn_ldap::SearchRequest) -> Result<SearchRequest, Refusal> {
    let scope = match search.scope {
        SearchRequestScope::BaseObject => Scope::Base,
        SearchRequestScope::SingleLevel => Scope::OneLevel,
        SearchRequestScope::WholeSubtree => Scope::Subtree,
        _ => return Err(protocol_error("this search scope is unknown")),
    };
    Ok(SearchRequest {
        base: search.base_object.0,
        scope,
        size_limit: search.size_limit,
        time_limit: search.time_limit,
        types_only: search.types_only,
        filter: filter(search.filter, MAX_FILTER_DEPTH)?,
        attributes: search.attributes.into_iter().map(|name| name.0).collect(),
    })
}

/// Translates a filter that may nest `levels` deep.
fn filter(received: rasn_ldap::Filter, levels: usize) -> Result<Filter, Refusal> {
    let below = levels.checked_sub(1).ok_or_else(|| Refusal {
        code: ResultCode::AdminLimitExceeded,
        reason: format!("filters nest deeper than {MAX_FILTER_DEPTH} levels"),
    })?;
    let all = |set: rasn::types::SetOf<rasn_ldap::Filter>| {
        set.into_vec().into_iter().map(|item| filter(item, below)).collect::<Result<Vec<_>, _>>()
    };
    Ok(match received {
        rasn_ldap::Filter::And(set) => Filter::And(all(set)?),
        rasn_ldap::Filter::Or(set) => Filter::Or(all(set)?),
        rasn_ldap::Filter::Not(inner) => Filter::Not(Box::new(filter(*inner, below)?)),
        rasn_ldap::Filter::EqualityMatch(claim) | rasn_ldap::Filter::ApproxMatch(claim) => {
            asserted(claim, Filter::Equality)
        }
        rasn_ldap::Filter::GreaterOrEqual(claim) => asserted(claim, Filter::GreaterOrEqual),
        rasn_ldap::Filter::LessOrEqual(claim) => asserted(claim, Filter::LessOrEqual),
        rasn_ldap::Filter::Present(name) => {
            AttributeDescription::parse(&name).map_or(Filter::Undefined, Filter::Present)
        }
        rasn_ldap::Filter::Substrings(substrings) => substring_pattern(substrings)?,
        rasn_ldap::Filter::ExtensibleMatch(rule) => extensible(rule),
        _ => return Err(protocol_error("this kind of filter is unknown")),
    })
}

fn asserted(claim: AttributeValueAssertion, filter: impl Fn(Assertion) -> Filter) -> Filter {
    match AttributeDescription::parse(&claim.attribute_desc) {
        Some(attribute) => filter(Assertion { attribute, value: octets(&claim.assertion_value) }),
        None => Filter::Undefined,
    }
}

/// RFC 4511 section 4.5.1.7.2: at least one piece, `initial` only first, `final` only last.
fn substring_pattern(received: SubstringFilter) -> Result<Filter, Refusal> {
    let count = received.substrings.len();
    let (mut first, mut middle, mut last) = (None, Vec::new(), None);
    for (index, piece) in received.substrings.iter().enumerate() {
        match piece {
            SubstringChoice::Initial(value) if index == 0 => first = Some(octets(value)),
            SubstringChoice::Any(value) => middle.push(octets(value)),
            SubstringChoice::Final(value) if index + 1 == count => last = Some(octets(value)),
            _ => return Err(protocol_error("the pieces of a substring filter are out of order")),
        }
    }
    if count == 0 {
        return Err(protocol_error("a substring filter has no piece"));
    }
    Ok(AttributeDescription::parse(&received.r#type).map_or(Filter::Undefined, |attribute| {
        Filter::Substrings(SubstringPattern { attribute, first, middle, last })
    }))
}

fn extensible(rule: MatchingRuleAssertion) -> Filter {
    let attribute = rule.r#type.map(|name| AttributeDescription::parse(&name));
    // A type outside the grammar is not the absence of one.
    if let Some(None) = attribute {
        return Filter::Undefined;
    }
    Filter::Extensible(Extensible {
        rule: rule.matching_rule.map(|name| name.0),
        attribute: attribute.flatten(),
        value: octets(&rule.match_value),
        of_names: rule.dn_attributes,
    })
}

fn controls(received: Option<Controls>) -> Result<Vec<Control>, Refusal> {
    let received = received.unwrap_or_default();
    if received.len() > MAX_CONTROLS {
        let reason = format!("a request may have {MAX_CONTROLS} controls");
        return Err(Refusal { code: ResultCode::AdminLimitExceeded, reason });
    }
    let control = |control: rasn_ldap::Control| Control {
        oid: String::from_utf8_lossy(&control.control_type).into_owned(),
        critical: control.criticality,
        value: control.control_value.as_ref().map(octets),
    };
    Ok(received.into_iter().map(control).collect())
}

fn octets(value: &OctetString) -> Bytes {
    Bytes::copy_from_slice(value)
}

fn protocol_error(reason: &str) -> Refusal {
    Refusal { code: ResultCode::ProtocolError, reason: reason.to_owned() }
}
