//! The text that a holder signs: fixed lines, with a nonce that this installation gave out for it.
//!
//! The nonce is sixteen random octets and sixteen of a MAC over everything else in the text, so that
//! nothing is kept of a text that was given out: who asks for a million of them fills no memory.
//! That it is used once, the store sees to.

use aws_lc_rs::{constant_time, hmac, rand};
use domain::hexadecimal::hex;
use domain::id::{CaId, SerialNumber};
use domain::revocation::RevocationCause;
use jiff::{SignedDuration, Timestamp};
use store::reads::ReadWindows;

use super::{HolderError, Refusal, Result};

/// How long a text can be used: time to find the card and its password.
pub const VALID_MINUTES: i64 = 10;

const TITLE: &str = "電子証明書失効申請書";
const CA: &str = "認証局（ca）: ";
const SERIAL: &str = "発行番号（serial）: ";
const CAUSE: &str = "申請の事由（cause）: ";
const TIME: &str = "作成日時（time）: ";
const NONCE: &str = "一回限りの番号（nonce）: ";
const ASKED: &str = "上記の電子証明書の失効を申請します。";

/// Makes and recognises nonces: the installation's, so that a text outlives a restart.
pub(super) struct RequestKey(hmac::Key);

/// What a text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestText {
    pub(super) ca: CaId,
    pub(super) serial: SerialNumber,
    pub(super) cause: RevocationCause,
    pub(super) time: Timestamp,
    pub(super) nonce: [u8; 32],
}

impl RequestKey {
    /// The key of the installation that `store` is of, derived from one that is not in the database. No
    /// request has this mark: their parts come with their lengths.
    pub(super) fn of(store: &dyn ReadWindows) -> Result<Self> {
        Ok(Self::from_octets(store.request_mark(b"texts that holders sign")?))
    }

    fn from_octets(mut octets: [u8; 16]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &octets);
        octets.fill(0);
        Self(key)
    }

    /// The nonce for what `text` says, from its random half.
    fn nonce(&self, text: &RequestText, random: &[u8; 16]) -> [u8; 32] {
        let said = format!("{} {} {} {} ", text.ca, text.serial, text.cause, text.time);
        let tag = hmac::sign(&self.0, &[said.as_bytes(), random].concat());
        let mut nonce = zeroed();
        nonce[..16].copy_from_slice(random);
        nonce[16..].copy_from_slice(&tag.as_ref()[..16]);
        nonce
    }
}

impl RequestText {
    /// A new text, as it is given out.
    pub(super) fn draft(
        key: &RequestKey,
        ca: CaId,
        serial: SerialNumber,
        cause: RevocationCause,
        at: Timestamp,
    ) -> Result<String> {
        let time = Timestamp::from_second(at.as_second()).unwrap_or(at);
        let mut text = Self { ca, serial, cause, time, nonce: zeroed() };
        let mut random = [0; 16];
        rand::fill(&mut random).map_err(|_| HolderError::Random)?;
        text.nonce = key.nonce(&text, &random);
        Ok(text.written())
    }

    /// Reads what was signed, octet for octet a text that this process gave out not long before; or the
    /// same with every line ended by CRLF, as S/MIME signs text (RFC 8551 3.1.1).
    pub(super) fn read(key: &RequestKey, signed: &[u8], at: Timestamp) -> Result<Self> {
        let text = std::str::from_utf8(signed).ok().and_then(Self::parse);
        let text = text.filter(|text| {
            let given_out = text.written();
            let canonical = given_out.replace('\n', "\r\n");
            [given_out, canonical].iter().any(|whole| whole.as_bytes() == signed)
        });
        let text = text.ok_or(Refusal::ContentUnreadable)?;
        let mut random = [0; 16];
        random.copy_from_slice(&text.nonce[..16]);
        constant_time::verify_slices_are_equal(&key.nonce(&text, &random), &text.nonce)
            .map_err(|_| Refusal::NonceForeign)?;
        if at.duration_since(text.time).abs() > SignedDuration::from_mins(VALID_MINUTES) {
            return Err(Refusal::NonceExpired.into());
        }
        Ok(text)
    }

    fn parse(text: &str) -> Option<Self> {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        let cause = field(CAUSE)?.split('（').next()?;
        let (random, tag) = field(NONCE)?.split_at_checked(32)?;
        let mut nonce = zeroed();
        nonce[..16].copy_from_slice(&octets(random)?);
        nonce[16..].copy_from_slice(&octets(tag)?);
        Some(Self {
            ca: field(CA)?.parse().ok()?,
            serial: field(SERIAL)?.parse().ok()?,
            cause: RevocationCause::from_name(cause)?,
            time: field(TIME)?.parse().ok()?,
            nonce,
        })
    }

    fn written(&self) -> String {
        let Self { ca, serial, cause, time, nonce } = self;
        let (words, nonce) = (cause_words(*cause), hex(nonce));
        format!(
            "{TITLE}\n\n{CA}{ca}\n{SERIAL}{serial}\n{CAUSE}{cause}（{words}）\n{TIME}{time}\n\
             {NONCE}{nonce}\n\n{ASKED}\n"
        )
    }
}

/// A cause as a holder reads it.
pub fn cause_words(cause: RevocationCause) -> &'static str {
    match cause {
        RevocationCause::UseEnded => "サービスの利用の取りやめ",
        RevocationCause::KeyCompromised => "秘密鍵の漏えい、滅失又は毀損",
        RevocationCause::CardUnusable => "個人番号カードの使用不能又は廃止",
        // Nobody asks for the others at home; the text would still say which they are.
        RevocationCause::RecordRemoved => "住民票の消除",
        RevocationCause::AttributesChanged => "記載事項の変更",
        RevocationCause::NotMovedIn => "転入の未届",
        RevocationCause::RecordingError => "記録の誤り又は漏れ",
        RevocationCause::DoubleIssue => "二重発行",
        RevocationCause::Renewed => "更新",
        RevocationCause::CaKeyCompromised => "認証局の秘密鍵の危殆化",
        RevocationCause::DestroyedBeforeDelivery => "交付前の破棄",
    }
}

/// Sixteen octets from as many pairs of hexadecimal digits.
fn octets(text: &str) -> Option<[u8; 16]> {
    let plain = text.len() == 32 && text.bytes().all(|octet| octet.is_ascii_hexdigit());
    let number = plain.then(|| u128::from_str_radix(text, 16).ok())??;
    Some(number.to_be_bytes())
}

const fn zeroed() -> [u8; 32] {
    [0; 32]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(key: &RequestKey, at: Timestamp) -> String {
        let (ca, serial) = ("test-auth".parse().expect("an id"), "0a".parse().expect("a serial"));
        RequestText::draft(key, ca, serial, RevocationCause::UseEnded, at).expect("a text")
    }

    fn read_nonce(key: &RequestKey, text: &str, at: Timestamp) -> [u8; 32] {
        RequestText::read(key, text.as_bytes(), at).expect("as given out").nonce
    }

    fn refusal(result: Result<RequestText>) -> Refusal {
        match result {
            Err(HolderError::Refused(refusal)) => refusal,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn l7_a_text_outlives_a_restart() {
        let scratch = testkit::Scratch::new();
        let key = || RequestKey::of(&*scratch.store).expect("a key");
        let at: Timestamp = "2026-11-22T03:00:00Z".parse().expect("a time");
        let text = draft(&key(), at);
        RequestText::read(&key(), text.as_bytes(), at).expect("of the same installation");
    }

    #[test]
    fn l7_a_text_is_taken_back_octet_for_octet_and_for_some_minutes_only() {
        let key = RequestKey::from_octets([1; 16]);
        let at: Timestamp = "2026-11-22T03:00:00.5Z".parse().expect("a time");
        let text = draft(&key, at);
        let minutes = |minutes| at + SignedDuration::from_mins(minutes);
        let read = RequestText::read(&key, text.as_bytes(), minutes(VALID_MINUTES - 1));
        assert_eq!(read.expect("fresh").cause, RevocationCause::UseEnded);
        let canonical = RequestText::read(&key, text.replace('\n', "\r\n").as_bytes(), at);
        assert_eq!(canonical.expect("as S/MIME signs it").nonce, read_nonce(&key, &text, at));
        let late = RequestText::read(&key, text.as_bytes(), minutes(VALID_MINUTES + 1));
        assert_eq!(refusal(late), Refusal::NonceExpired);
        let other = RequestKey::from_octets([2; 16]);
        let foreign = RequestText::read(&other, text.as_bytes(), at);
        assert_eq!(refusal(foreign), Refusal::NonceForeign);
        for (from, to, expected) in [
            ("test-auth", "test-sign", Refusal::NonceForeign),
            ("use-ended", "key-compromised", Refusal::ContentUnreadable),
            ("申請書\n", "申請書\r\n", Refusal::ContentUnreadable),
            ("\n", "\r", Refusal::ContentUnreadable),
            ("\n", "\r\r\n", Refusal::ContentUnreadable),
            ("2026-11-22", "2026-11-23", Refusal::NonceForeign),
            ("申請します。\n", "申請します。\n\n", Refusal::ContentUnreadable),
        ] {
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{from}");
            assert_eq!(
                refusal(RequestText::read(&key, changed.as_bytes(), at)),
                expected,
                "{from}"
            );
        }
        assert_eq!(refusal(RequestText::read(&key, b"\xff", at)), Refusal::ContentUnreadable);
    }
}
