//! Requests as this server understands them, and the result codes it answers with (RFC 4511).

use std::fmt;

use bytes::Bytes;

use super::attribute::AttributeDescription;

/// One request of a client (RFC 4511 section 4.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The client's number for it, never zero.
    pub id: u32,
    /// What is asked.
    pub request: Request,
    /// The controls sent with it.
    pub controls: Vec<Control>,
}

/// What a client can ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Section 4.2.
    Bind(BindRequest),
    /// Section 4.3.
    Unbind,
    /// Section 4.5.
    Search(Box<SearchRequest>),
    /// Section 4.10.
    Compare(CompareRequest),
    /// Section 4.11, with the id of the operation to abandon.
    Abandon(u32),
    /// Section 4.12.
    Extended {
        /// The dotted OID of the operation, as received.
        name: String,
        /// Whether a value came with it; no operation served here takes one.
        has_value: bool,
    },
    /// Any of sections 4.6 to 4.9: this directory is never written through LDAP.
    Write(Operation),
    /// Well-formed BER that is no valid request, answered in the form of the operation it claims to be.
    Refused {
        /// The operation its tag names.
        operation: Operation,
        /// The code to answer.
        code: ResultCode,
        /// What was wrong.
        reason: String,
    },
}

/// The operations that have a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// BindRequest.
    Bind,
    /// SearchRequest.
    Search,
    /// ModifyRequest.
    Modify,
    /// AddRequest.
    Add,
    /// DelRequest.
    Delete,
    /// ModifyDNRequest.
    ModifyDn,
    /// CompareRequest.
    Compare,
    /// ExtendedRequest.
    Extended,
}

impl Operation {
    /// The tag octet of the response that ends this operation.
    pub fn response_tag(self) -> u8 {
        match self {
            Self::Bind => 0x61,
            Self::Search => 0x65,
            Self::Modify => 0x67,
            Self::Add => 0x69,
            Self::Delete => 0x6b,
            Self::ModifyDn => 0x6d,
            Self::Compare => 0x6f,
            Self::Extended => 0x78,
        }
    }

    /// The operation whose request has this tag octet.
    pub fn of_request_tag(tag: u8) -> Option<Self> {
        Some(match tag {
            0x60 => Self::Bind,
            0x63 => Self::Search,
            0x66 => Self::Modify,
            0x68 => Self::Add,
            // A DelRequest is a bare name, so its encoding is primitive.
            0x4a => Self::Delete,
            0x6c => Self::ModifyDn,
            0x6e => Self::Compare,
            0x77 => Self::Extended,
            _ => return None,
        })
    }
}

/// A bind request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindRequest {
    /// The protocol version; only 3 is served.
    pub version: u8,
    /// The name to authenticate as, as received.
    pub name: String,
    /// How.
    pub authentication: Authentication,
}

/// How a client wants to be authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// A password, or nothing.
    Simple(Password),
    /// A SASL mechanism by name.
    Sasl(String),
}

/// A password as received; it does not show itself in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub Bytes);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(not shown)")
    }
}

/// A search request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRequest {
    /// The base name, as received.
    pub base: String,
    /// How far below the base to look.
    pub scope: Scope,
    /// The client's limit of entries; 0 for none.
    pub size_limit: u32,
    /// The client's limit of seconds; 0 for none.
    pub time_limit: u32,
    /// Whether only the attributes' names are wanted.
    pub types_only: bool,
    /// Which entries.
    pub filter: Filter,
    /// Which attributes, as received.
    pub attributes: Vec<String>,
}

/// How far below its base a search looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The base alone.
    Base,
    /// The entries one step below the base.
    OneLevel,
    /// The base and everything below.
    Subtree,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base => "base",
            Self::OneLevel => "one",
            Self::Subtree => "sub",
        })
    }
}

/// A condition on entries (RFC 4511 section 4.5.1.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All of these; true when empty (RFC 4526).
    And(Vec<Filter>),
    /// Any of these; false when empty (RFC 4526).
    Or(Vec<Filter>),
    /// The opposite.
    Not(Box<Filter>),
    /// The attribute is there.
    Present(AttributeDescription),
    /// A value is equal; an approximate match is served as this, as RFC 4511 allows.
    Equality(Assertion),
    /// A value matches a pattern.
    Substrings(SubstringPattern),
    /// A value is equal or comes later.
    GreaterOrEqual(Assertion),
    /// A value is equal or comes earlier.
    LessOrEqual(Assertion),
    /// A value matches by a rule that is named.
    Extensible(Extensible),
    /// A condition that cannot be evaluated here: an attribute description outside the grammar.
    Undefined,
}

/// A claim by a matching rule (RFC 4511 4.5.1.7.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extensible {
    /// The rule, by name or object identifier; without one, that for equality of the attribute.
    pub rule: Option<String>,
    /// The attribute; without one, every attribute that the rule is for.
    pub attribute: Option<AttributeDescription>,
    /// The octets asserted.
    pub value: Bytes,
    /// Whether the attributes in the entry's name count too.
    pub of_names: bool,
}

/// A claim about an attribute's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// The attribute.
    pub attribute: AttributeDescription,
    /// The octets asserted, of any encoding.
    pub value: Bytes,
}

/// A pattern of pieces that stand in a value in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubstringPattern {
    /// The attribute.
    pub attribute: AttributeDescription,
    /// The piece at the beginning.
    pub first: Option<Bytes>,
    /// The pieces between.
    pub middle: Vec<Bytes>,
    /// The piece at the end.
    pub last: Option<Bytes>,
}

/// A compare request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompareRequest {
    /// The entry's name, as received.
    pub entry: String,
    /// The attribute, as received.
    pub attribute: String,
    /// The octets asserted.
    pub value: Bytes,
}

/// A control sent with a request (RFC 4511 section 4.1.11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// The dotted OID, as received.
    pub oid: String,
    /// Whether the request must fail when the control cannot be honoured.
    pub critical: bool,
    /// The value.
    pub value: Option<Bytes>,
}

/// A result code (RFC 4511 appendix A), of those this server uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ResultCode {
    /// It was done.
    Success = 0,
    /// The operation does not fit the state of the session.
    OperationsError = 1,
    /// The request breaks the protocol.
    ProtocolError = 2,
    /// The search took longer than allowed.
    TimeLimitExceeded = 3,
    /// More entries match than may be returned.
    SizeLimitExceeded = 4,
    /// The assertion is false.
    CompareFalse = 5,
    /// The assertion is true.
    CompareTrue = 6,
    /// No such way to authenticate.
    AuthMethodNotSupported = 7,
    /// A limit of the server, other than entries and time.
    AdminLimitExceeded = 11,
    /// A critical control is unknown or out of place.
    UnavailableCriticalExtension = 12,
    /// TLS is needed first.
    ConfidentialityRequired = 13,
    /// The entry lacks the attribute.
    NoSuchAttribute = 16,
    /// The schema lacks the attribute type.
    UndefinedAttributeType = 17,
    /// The attribute type has no such rule.
    InappropriateMatching = 18,
    /// The value does not fit the attribute's syntax.
    InvalidAttributeSyntax = 21,
    /// There is no such entry.
    NoSuchObject = 32,
    /// The name is not a distinguished name.
    InvalidDnSyntax = 34,
    /// Name or password is wrong.
    InvalidCredentials = 49,
    /// The caller may not do this.
    InsufficientAccessRights = 50,
    /// The server has too much to do; the same may be asked shortly.
    Busy = 51,
    /// The server cannot answer now.
    Unavailable = 52,
    /// The server will not do this.
    UnwillingToPerform = 53,
}
