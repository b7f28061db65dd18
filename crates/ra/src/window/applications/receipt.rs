//! The paper that tells an applicant that a revocation or release was carried out.

use domain::era::{JapaneseDate, JapaneseMinute};
use domain::id::{ApplicationId, SerialNumber};
use domain::municipality;
use domain::policy::Policy;
use domain::revocation::RevocationCause;
use jiff::Timestamp;

use super::super::application::Application;
use crate::form::asked_at_the_window;

/// A receipt to print (A 4.9.3.1(1), S 4-4-2-2②, 4-4-2-3②).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The application it belongs to.
    pub application: ApplicationId,
    /// The text in Japanese, line by line. It names no person: the clerk hands it over.
    pub text: String,
}

/// The text of the receipt for what was done at `at`.
pub(super) fn text(
    done: Done,
    application: &Application,
    policy: &Policy,
    serials: &[SerialNumber],
    at: Timestamp,
) -> String {
    let (title, what, done) = done.words();
    let place = municipality::find(application.municipality)
        .map_or_else(|| application.municipality.to_string(), |m| m.full_name());
    let mut lines = vec![
        title.to_owned(),
        String::new(),
        format!("受付番号　　{}", application.id),
        format!("申請年月日　{}", JapaneseDate(application.record.form.date)),
        format!("申請の内容　{what}"),
        format!("認証局　　　{}", policy.title),
    ];
    lines.extend(serials.iter().map(|serial| format!("電子証明書の発行番号　{serial}")));
    lines.extend([
        format!("処理完了日時　{}", JapaneseMinute(at)),
        String::new(),
        format!("上記の申請を受理し、{done}ことを通知します。"),
        String::new(),
        format!("{place}長"),
    ]);
    lines.join("\n")
}

/// What was done for an applicant, as the receipt tells it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Done {
    /// Certificates were revoked for this cause.
    Revoked(RevocationCause),
    /// A hold was released.
    Released,
}

impl Done {
    /// Title, content and what was done.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Revoked(cause) => (
                "電子証明書失効申請等受理通知書",
                asked_at_the_window(cause).unwrap_or("電子証明書の失効"),
                "電子証明書の失効処理を完了した",
            ),
            Self::Released => (
                "電子証明書一時保留解除届出受理通知書",
                "電子証明書の一時保留の解除",
                "電子証明書の一時保留を解除した",
            ),
        }
    }
}
