//! Why a holder was refused: a stable code, the sentence a holder reads, the rule for the journal.

use x509::cms::CmsError;

use crate::authority::AuthorityError;
use crate::error::WindowError;

/// Why a holder did not get what they asked.
#[derive(Debug, thiserror::Error)]
pub enum HolderError {
    /// The holder's to mend; nothing was changed.
    #[error("{}: {}", .0.code(), .0.rule())]
    Refused(Refusal),
    /// Ours: the store or the CA.
    #[error(transparent)]
    Failed(WindowError),
    /// The machine's: no randomness.
    #[error("the random generator failed")]
    Random,
}

/// Declares the refusals: code, the holder's sentence, the journal's rule.
macro_rules! refusals {
    ($($(#[$meta:meta])* $variant:ident = $code:literal, $sentence:literal, $rule:literal;)+) => {
        /// A rule by which a holder is refused. The codes never change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Refusal { $($(#[$meta])* $variant,)+ }

        impl Refusal {
            /// Every refusal.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// What the holder reads, in Japanese.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)+ }
            }

            /// The rule, for the journal.
            pub fn rule(self) -> &'static str {
                match self { $(Self::$variant => $rule,)+ }
            }
        }
    };
}

refusals! {
    /// Something that is no certificate.
    CertificateUnreadable = "certificate-unreadable",
        "提示された電子証明書を読み取れません。",
        "the certificate cannot be read";
    /// Another issuer's.
    CertificateForeign = "certificate-foreign",
        "提示された電子証明書は、このシステムの認証局が発行したものではありません。",
        "it is not issued by a CA of this installation";
    /// It bears the name of a CA of ours and is none that it issued.
    CertificateAltered = "certificate-altered",
        "提示された電子証明書は、認証局が発行したものと一致しません。",
        "it is not, octet for octet, a certificate that its CA issued";
    /// It is no resident's.
    CertificateNotUsers = "certificate-not-users",
        "提示された電子証明書は、利用者の電子証明書ではありません。",
        "it is no user's certificate";
    /// The signature certificate, where somebody proves who they are.
    CertificateForSignatures = "certificate-for-signatures",
        "署名用電子証明書ではこのページを利用できません。利用者証明用電子証明書を提示してください。",
        "a signature certificate opens no page (keyUsage)";
    /// Any other certificate, where something is to be signed.
    CertificateNotForSignatures = "certificate-not-for-signatures",
        "申請書への署名には、署名用電子証明書を使用してください。",
        "it is no signature certificate: nonRepudiation is missing (A 3.4.1.1, S 4-4-2-2)";
    /// Its validity has not begun.
    CertificateNotYetValid = "certificate-not-yet-valid",
        "電子証明書の有効期間がまだ始まっていません。",
        "its validity has not begun";
    /// Its validity is over.
    CertificateExpired = "certificate-expired",
        "署名に使用された電子証明書は、有効期間が満了しています。",
        "the signer's certificate has expired";
    /// It was revoked.
    CertificateRevoked = "certificate-revoked",
        "署名に使用された電子証明書は、失効しています。",
        "the signer's certificate is revoked";
    /// It is held.
    CertificateHeld = "certificate-held",
        "署名に使用された電子証明書は、一時保留されています。",
        "the signer's certificate is held";
    /// It never reached its holder.
    CertificateUndelivered = "certificate-undelivered",
        "この電子証明書は、まだ交付されていません。",
        "the certificate was not delivered yet (A 4.4.1.1, S 4-3-1)";
    /// The message is too long.
    MessageTooLarge = "message-too-large",
        "送信されたデータが大きすぎます。",
        "the message is longer than 64 KiB";
    /// The message is no CMS SignedData.
    MessageUnreadable = "message-unreadable",
        "送信されたデータは、署名付きデータ（CMS SignedData）として読み取れません。",
        "the message is no CMS SignedData in BER, PEM or base64 (RFC 5652)";
    /// The signed text is not in the message.
    MessageDetached = "message-detached",
        "署名付きデータに申請書の本文が含まれていません。",
        "the content is detached (RFC 5652 5.2)";
    /// Not exactly one signer.
    MessageSigners = "message-signers",
        "署名者は一人でなければなりません。",
        "there is not exactly one signer";
    /// An algorithm that is not used here.
    MessageAlgorithm = "message-algorithm",
        "署名付きデータのアルゴリズムには対応していません。SHA-256を使用してください。",
        "the message uses an algorithm that is not supported here";
    /// The signed attributes are missing or wrong.
    MessageAttributes = "message-attributes",
        "署名付きデータの署名属性が正しくありません。",
        "the signed attributes are missing or do not say what they must (RFC 5652 5.3)";
    /// The signer's certificate is not in the message.
    MessageCertificate = "message-without-certificate",
        "署名付きデータに署名者の電子証明書が含まれていません。",
        "the signer's certificate is not included";
    /// The content is not the one that was signed.
    MessageAltered = "message-altered",
        "申請書の本文が署名の後に変更されています。",
        "the content differs from the signed digest (RFC 5652 5.4)";
    /// The signature is not by the key of the certificate.
    SignatureInvalid = "signature-invalid",
        "電子署名を検証できません。",
        "the signature does not verify (RFC 5652 5.6)";
    /// What was signed is no text of ours.
    ContentUnreadable = "content-unreadable",
        "署名された本文は、このシステムが作成した失効申請書ではありません。申請書をそのまま署名してください。",
        "what was signed is not a request text, octet for octet but for CRLF at its line ends";
    /// What was signed was not given out by this process.
    NonceForeign = "nonce-foreign",
        "申請書の一回限りの番号を確認できません。申請書をもう一度取得してください。",
        "the nonce was not given out here for this request";
    /// Too late.
    NonceExpired = "nonce-expired",
        "申請書の有効時間が過ぎています。申請書をもう一度取得してください。",
        "the nonce is too old";
    /// Signed twice.
    NonceUsed = "nonce-used",
        "この申請書は既に使用されています。申請書をもう一度取得してください。",
        "the nonce was used by another message";
    /// No such CA.
    CaUnknown = "ca-unknown",
        "指定された認証局はありません。",
        "there is no such CA";
    /// No serial number.
    SerialMalformed = "serial-malformed",
        "発行番号は、1桁から32桁までの16進数で指定してください。",
        "the serial is not 1 to 32 hexadecimal digits";
    /// Not to be asked for online.
    CauseNotOnline = "cause-not-online",
        "この事由による失効は、オンラインでは申請できません。住所地市区町村の窓口で申請してください。",
        "the policy has no such cause for holders online (A 4.9.3.1, S 4-4-2-2, 4-4-2-3)";
    /// Somebody else's certificate, or none at all: which of the two is not told.
    TargetNotOwn = "target-not-own",
        "申請された発行番号の電子証明書は、署名者のものではありません。",
        "the signer holds no such certificate";
    /// It has ended already.
    TargetEnded = "target-ended",
        "申請された電子証明書は、既に失効しているか、有効期間が満了しています。",
        "the certificate has ended already (A 4.9.5, S 4-4-2-4)";
    /// It is not the holder's yet.
    TargetUndelivered = "target-undelivered",
        "申請された電子証明書は、まだ交付されていません。",
        "the certificate was not delivered yet";
}

impl From<CmsError> for Refusal {
    fn from(error: CmsError) -> Self {
        match error {
            CmsError::TooLarge { .. } => Self::MessageTooLarge,
            CmsError::Detached => Self::MessageDetached,
            CmsError::Signers => Self::MessageSigners,
            CmsError::Algorithm(_) => Self::MessageAlgorithm,
            CmsError::Attributes(_) => Self::MessageAttributes,
            CmsError::NoCertificate => Self::MessageCertificate,
            CmsError::Altered => Self::MessageAltered,
            CmsError::BadSignature => Self::SignatureInvalid,
            _ => Self::MessageUnreadable,
        }
    }
}

impl From<Refusal> for HolderError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<CmsError> for HolderError {
    fn from(error: CmsError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<store::Error> for HolderError {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<AuthorityError> for HolderError {
    fn from(error: AuthorityError) -> Self {
        Self::Failed(error.into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn l7_every_refusal_has_a_code_of_its_own_and_a_sentence() {
        let codes: BTreeSet<_> = Refusal::ALL.iter().map(|one| one.code()).collect();
        assert_eq!(codes.len(), Refusal::ALL.len());
        for one in Refusal::ALL {
            assert!(one.sentence().ends_with('。') && !one.sentence().is_ascii(), "{one:?}");
            assert!(one.rule().is_ascii(), "{one:?}");
        }
    }
}
