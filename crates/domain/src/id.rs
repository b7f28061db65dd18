//! Identities: each is its own type, so that none can stand in for another.

use std::fmt;
use std::str::FromStr;

use crate::hexadecimal;
use crate::rule::Hex;

/// Why a text is not an identity of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {text:?} is not valid: {rule}")]
pub struct InvalidId {
    /// The kind of identity that was expected, in words.
    pub kind: &'static str,
    /// The text as it was received, cut to 64 characters.
    pub text: String,
    /// The rule it breaks.
    pub rule: &'static str,
}

impl InvalidId {
    pub(crate) fn new(kind: &'static str, text: &str, rule: &'static str) -> Self {
        let text = text.chars().take(64).collect();
        Self { kind, text, rule }
    }
}

/// Declares an identity that is a short ASCII text of letters, digits and hyphens.
macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident, $words:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The identity as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                check_text_id($words, text).map(|()| Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl crate::rule::Closed for $name {
            fn words(&self) -> crate::rule::Rule {
                crate::rule::Rule::leaf(self)
            }
        }
    };
}

text_id!(
    /// A certification authority, named by its policy file, for example `jpki-auth`.
    CaId, "CA id"
);
text_id!(
    /// An application made at a window.
    ApplicationId, "application id"
);
text_id!(
    /// A request of the staff about a certificate that is no resident's (A 4.1.2.2).
    ServiceRequestId, "service request id"
);
text_id!(
    /// One operation at a window or a console; repeating it with the same id has no further effect.
    /// ```
    /// use jitsuin_domain::id::{OperationId, SystemOperation};
    ///
    /// let own = OperationId::of_system(SystemOperation::KeyDestroyed, "jpki-auth-ca-1")?;
    /// assert!(own.forbids());
    /// // Nobody outside can name one of the system's own.
    /// assert!(own.as_str().parse::<OperationId>().is_err());
    /// # Ok::<(), jitsuin_domain::id::InvalidId>(())
    /// ```
    OperationId, "operation id"
);
/// What the system does once by itself, and notes under an operation id of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemOperation {
    /// The key of a label was destroyed.
    KeyDestroyed,
    /// The destruction of the key of a label was begun.
    DestructionBegun,
    /// The card master key of a label was made.
    CardMasterMade,
    /// The backup of a key was written.
    BackupWritten,
    /// The program made a key of its own TLS server.
    ServerKeyMade,
    /// A list of weak keys was first named.
    WeakKeysNamed,
    /// A second person approved the operation of an id.
    Approval,
    /// Somebody confirmed that they are present at a ceremony.
    Attendance,
    /// Something was made by somebody whom a client certificate had let in.
    Shown,
    /// An operation of several units was begun.
    Begun,
    /// An event of the resident register was applied.
    RegisterEvent,
    /// What was half done on a card was mended.
    Mending,
    /// A step of a ceremony was carried out.
    Ceremony,
    /// Shares of the CAs' keys were dealt.
    SharesDealt,
}

impl SystemOperation {
    /// Every one.
    const ALL: [Self; 14] = [
        Self::KeyDestroyed,
        Self::DestructionBegun,
        Self::CardMasterMade,
        Self::BackupWritten,
        Self::ServerKeyMade,
        Self::WeakKeysNamed,
        Self::Approval,
        Self::Attendance,
        Self::Shown,
        Self::Begun,
        Self::RegisterEvent,
        Self::Mending,
        Self::Ceremony,
        Self::SharesDealt,
    ];

    /// Whether what is noted under it forbids something for good. There are few of these, however many
    /// residents there are, so that one that was taken away is missed before anything is committed.
    fn forbids(self) -> bool {
        match self {
            Self::KeyDestroyed
            | Self::DestructionBegun
            | Self::CardMasterMade
            | Self::BackupWritten
            | Self::ServerKeyMade
            | Self::WeakKeysNamed
            | Self::Shown
            | Self::Ceremony
            | Self::SharesDealt => true,
            Self::Approval
            | Self::Attendance
            | Self::Begun
            | Self::RegisterEvent
            | Self::Mending => false,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::KeyDestroyed => "destroyed",
            Self::DestructionBegun => "destruction",
            Self::CardMasterMade => "made",
            Self::BackupWritten => "backup",
            Self::ServerKeyMade => "server-key",
            Self::WeakKeysNamed => "weak-keys",
            Self::Approval => "approval",
            Self::Attendance => "attendance",
            Self::Shown => "shown",
            Self::Begun => "begun",
            Self::RegisterEvent => "register-event",
            Self::Mending => "mend",
            Self::Ceremony => "ceremony",
            Self::SharesDealt => "shares",
        }
    }
}

impl OperationId {
    /// The id under which the system does something once, for example `destroyed:jpki-auth-ca-1`. No
    /// text that a caller gives is read as one: a colon is in none.
    ///
    /// # Errors
    /// [`InvalidId`] for a name that is no short text of letters, digits and hyphens.
    pub fn of_system(what: SystemOperation, name: &str) -> Result<Self, InvalidId> {
        check_text_id("operation id", name)?;
        Ok(Self(format!("{}:{name}", what.name())))
    }

    /// Whether what is noted under it forbids something for good: it is one of the few of the system's
    /// that do.
    pub fn forbids(&self) -> bool {
        let kind = self.0.split_once(':').map(|(kind, _)| kind);
        kind.is_some_and(|kind| {
            SystemOperation::ALL.iter().any(|what| what.name() == kind && what.forbids())
        })
    }
}

text_id!(
    /// A card, by the number printed on it.
    CardId, "card id"
);
text_id!(
    /// A registered verifier (利用者証明検証者, 署名検証者; A 1.3.4, S 1-3-1(9)).
    VerifierId, "verifier id"
);
text_id!(
    /// A person or program that acts on the system.
    ActorId, "actor id"
);

fn check_text_id(kind: &'static str, text: &str) -> Result<(), InvalidId> {
    // 64 characters hold every id the program makes itself, and keep log lines and keys short.
    if text.is_empty() || text.len() > 64 {
        return Err(InvalidId::new(kind, text, "1 to 64 characters"));
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(InvalidId::new(kind, text, "ASCII letters, digits and hyphens only"));
    }
    Ok(())
}

/// A resident's code in the Basic Resident Register (住民票コード), 11 digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResidentCode(String);

impl ResidentCode {
    /// The eleven digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whose something is whose holder was forgotten: no register gives anybody this code.
    pub fn nobody() -> Self {
        Self("0".repeat(11))
    }
}

impl FromStr for ResidentCode {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text.len() == 11 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId::new("resident code", text, "exactly 11 digits"))
        }
    }
}

impl fmt::Display for ResidentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A local-government code without its check digit (JIS X 0401 and 0402), 5 digits.
/// ```
/// use jitsuin_domain::id::MunicipalityCode;
///
/// let kawaguchi: MunicipalityCode = "112038".parse()?; // with the check digit
/// assert_eq!((kawaguchi.as_str(), kawaguchi.prefecture()), ("11203", "11"));
/// assert!("112039".parse::<MunicipalityCode>().is_err());
/// # Ok::<(), jitsuin_domain::id::InvalidId>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MunicipalityCode([u8; 5]);

impl MunicipalityCode {
    /// The five digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The two digits of the prefecture.
    pub fn prefecture(&self) -> &str {
        &self.as_str()[..2]
    }
}

impl FromStr for MunicipalityCode {
    type Err = InvalidId;

    /// Reads five digits, or six of which the last is the right check digit.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let refuse = |rule| InvalidId::new("municipality code", text, rule);
        if !matches!(text.len(), 5 | 6) || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(refuse("5 digits, or 6 with the check digit"));
        }
        let mut code = [0; 5];
        code.copy_from_slice(&text.as_bytes()[..5]);
        if let Some(given) = text.as_bytes().get(5)
            && *given != check_digit(&code)
        {
            return Err(refuse("the sixth digit must be the check digit"));
        }
        Ok(Self(code))
    }
}

impl fmt::Display for MunicipalityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The check digit of a local-government code: weights 6 to 2, modulus 11.
fn check_digit(code: &[u8; 5]) -> u8 {
    let sum: u32 = code.iter().zip([6, 5, 4, 3, 2]).map(|(d, w)| u32::from(d - b'0') * w).sum();
    let digit = if sum < 11 { 11 - sum } else { (11 - sum % 11) % 10 };
    b'0' + (digit % 10) as u8
}

/// A certificate's serial number: 128 random bits read as an unsigned, positive INTEGER.
///
/// All 128 bits are random (CA/Browser Forum and RFC 5280 4.1.2.2 ask for at least 64 and at most
/// 20 octets); nothing is masked or retried, so the entropy is what the generator gave.
/// ```
/// use jitsuin_domain::id::SerialNumber;
///
/// let serial: SerialNumber = "f8850d00000000000000000000000001".parse()?;
/// // In DER a first octet of 80 or more takes an octet for the sign, which other tools print as well.
/// assert_eq!(serial.to_integer()[..3], [0x00, 0xf8, 0x85]);
/// assert_eq!(SerialNumber::from_integer(&serial.to_integer()), Some(serial));
/// assert_eq!(SerialNumber::from_random([0; 16]), None);
/// # Ok::<(), jitsuin_domain::id::InvalidId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SerialNumber([u8; 16]);

impl SerialNumber {
    /// The serial made of `random` bytes, or `None` for zero, which is not positive.
    pub fn from_random(random: [u8; 16]) -> Option<Self> {
        (random != [0; 16]).then_some(Self(random))
    }

    /// The sixteen octets, most significant first, without the sign octet of DER.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The serial whose INTEGER content octets are `content` (RFC 5280 4.1.2.2), if this
    /// system could have issued it: positive, minimal, at most 128 bits.
    pub fn from_integer(content: &[u8]) -> Option<Self> {
        let magnitude = match content {
            [0, rest @ ..] if rest.first().is_some_and(|b| *b >= 0x80) => rest,
            [0, ..] | [] => return None,
            [first, ..] if *first >= 0x80 => return None,
            all => all,
        };
        let start = 16usize.checked_sub(magnitude.len())?;
        let mut bytes = [0; 16];
        bytes[start..].copy_from_slice(magnitude);
        Some(Self(bytes))
    }

    /// The content octets of the DER INTEGER: minimal, with a sign octet where needed.
    pub fn to_integer(&self) -> Vec<u8> {
        let magnitude = &self.0[self.0.iter().take_while(|b| **b == 0).count()..];
        let sign = magnitude.first().is_some_and(|b| *b >= 0x80).then_some(0);
        sign.into_iter().chain(magnitude.iter().copied()).collect()
    }
}

impl fmt::Display for SerialNumber {
    /// 32 hexadecimal digits, lower case.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerialNumber({self})")
    }
}

impl FromStr for SerialNumber {
    type Err = InvalidId;

    /// Reads hexadecimal digits in every form in which other tools print a serial
    /// ([`hexadecimal::digits`]), with zeros before them or without: whatever the form, it is the same
    /// serial.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let refuse = || {
            let rule =
                "1 to 32 hexadecimal digits, not zero (colons, 0x and zeros before them may stay)";
            InvalidId::new("serial number", text, rule)
        };
        let digits = hexadecimal::digits(text).ok_or_else(refuse)?;
        // More than 128 bits are no serial of ours; zeros before them are the sign octet of DER.
        let value = u128::from_str_radix(&digits, 16).map_err(|_| refuse())?;
        Self::from_random(value.to_be_bytes()).ok_or_else(refuse)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn p6_a_serial_survives_der_and_text() {
        for bytes in [[0xff; 16], [0x7f; 16], [1; 16], {
            let mut b = [0; 16];
            b[15] = 0x80;
            b
        }] {
            let serial = SerialNumber::from_random(bytes).expect("not zero");
            assert_eq!(SerialNumber::from_integer(&serial.to_integer()), Some(serial));
            assert_eq!(serial.to_string().parse(), Ok(serial));
        }
    }

    /// A leading `00` was refused, and so were colons: the forms of DER and of `openssl -text`.
    #[test]
    fn p6_a_serial_is_read_in_every_form_that_other_tools_print() {
        let serial = SerialNumber::from_random([0xf8; 16]).expect("not zero");
        let plain = "f8".repeat(16);
        let upper = plain.to_uppercase();
        for text in [
            plain.clone(),
            format!("00{plain}"),
            format!("0x{upper}"),
            format!("00:{}", ["f8"; 16].join(":")),
            ["F8"; 16].join(" "),
        ] {
            assert_eq!(text.parse(), Ok(serial), "{text}");
        }
        assert_eq!("a".parse::<SerialNumber>().map(|s| s.to_string()), Ok(format!("{:0>32}", "a")));
        for text in ["", "0", "00:00", "0x", &format!("1{plain}"), &format!("-{plain}"), "0a0g"] {
            assert!(text.parse::<SerialNumber>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn p6_however_a_serial_is_printed_it_is_read_as_the_same(
            octets: [u8; 16], zeros in 0usize..8, separator in "[: ]?", upper: bool, hex in "(0x)?",
        ) {
            let Some(serial) = SerialNumber::from_random(octets) else { return Ok(()) };
            let pairs = std::iter::repeat_n(0, zeros).chain(octets);
            let pairs: Vec<_> = pairs.map(|octet| format!("{octet:02x}")).collect();
            let text = hex + &pairs.join(&separator);
            let text = if upper { text.to_uppercase() } else { text };
            prop_assert_eq!(text.parse(), Ok(serial));
        }
    }

    #[test]
    fn p6_zero_negative_padded_and_long_serials_are_not_ours() {
        assert_eq!(SerialNumber::from_random([0; 16]), None);
        for content in [&[][..], &[0], &[0, 1], &[0x80], &[1; 17], &[0; 18]] {
            assert_eq!(SerialNumber::from_integer(content), None, "{content:?}");
        }
    }

    #[test]
    fn a_municipality_code_needs_its_check_digit() {
        assert_eq!("011002".parse::<MunicipalityCode>().map(|c| c.to_string()), Ok("01100".into()));
        assert!("011003".parse::<MunicipalityCode>().is_err());
        assert!("1100".parse::<MunicipalityCode>().is_err());
    }
}
