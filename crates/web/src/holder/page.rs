//! The pages, in Japanese, small and without scripts (W9).

use domain::era::JapaneseMinute;
use domain::revocation::RevocationReason;
use ra::holder::{
    HolderReceipt, Outcome, Overview, OwnCertificate, Standing, VALID_MINUTES, cause_words,
};

use super::{REQUEST, REVOCATIONS, STYLE as STYLE_ADDRESS};
use crate::desk::Declined;
use status::html::Text;

/// The stylesheet of all pages.
pub(super) const STYLE: &str = "body{max-width:60rem;margin:1rem auto;padding:0 1rem;\
font-family:sans-serif;line-height:1.7;color:#222}table{border-collapse:collapse;width:100%}\
th,td{border:1px solid #999;padding:.3rem .5rem;text-align:left;vertical-align:top}\
code,pre{overflow-wrap:anywhere;white-space:pre-wrap}textarea{width:100%}\
footer{margin-top:2rem;border-top:1px solid #999;font-size:.9rem}";

/// How a holder's certificates stand.
pub(super) fn overview(overview: &Overview) -> String {
    let others = match overview.others.as_deref() {
        None => "<p>提示された電子証明書が有効ではないため、ほかの電子証明書は表示しません。</p>"
            .to_owned(),
        Some([]) => "<p>ほかの電子証明書はありません。</p>".to_owned(),
        Some(others) => table(others),
    };
    let as_of = overview.as_of.map(|entry| format!("監査記録の第{entry}番まで反映しています。"));
    let body = format!(
        "<h2>提示された電子証明書</h2>{}<h2>同じ方のほかの電子証明書</h2>{others}{}\
         <footer>{}現在。{}</footer>",
        table(std::slice::from_ref(&overview.shown)),
        sending(),
        JapaneseMinute(overview.at),
        as_of.unwrap_or_default(),
    );
    page("電子証明書の状態", &body)
}

/// A receipt.
pub(super) fn receipt(receipt: &HolderReceipt) -> String {
    let title = match receipt.outcome {
        Outcome::Revoked { .. } => "失効申請の受理",
        Outcome::Refused { .. } => "失効申請の不受理",
    };
    page(title, &format!("<pre>{}</pre>", Text(&receipt.text)))
}

/// Why somebody did not get what they asked, and how to come here.
pub(super) fn declined(declined: &Declined) -> String {
    let incident =
        declined.incident.as_ref().map(|id| format!("<p>障害番号 <code>{id}</code></p>"));
    let body = format!(
        "<p><strong>{}</strong></p><p>理由コード <code>{}</code></p>{}\
         <h2>ご利用の方法</h2><p>個人番号カードの利用者証明用電子証明書をブラウザで提示すると、\
         ご自分の電子証明書の状態を確認できます。</p>{}",
        Text(declined.sentence),
        declined.code,
        incident.unwrap_or_default(),
        sending(),
    );
    page("電子証明書の利用者のページ", &body)
}

fn table(certificates: &[OwnCertificate]) -> String {
    let rows: String = certificates.iter().map(row).collect();
    format!(
        "<table><tr><th>認証局</th><th>発行番号</th><th>状態</th><th>有効期間</th>\
         <th>失効の申請</th></tr>{rows}</table>"
    )
}

fn row(own: &OwnCertificate) -> String {
    let requests = own.online_causes.iter().map(|cause| {
        let address = format!("{REQUEST}?ca={}&serial={}&cause={cause}", own.ca, own.serial);
        format!("<a href=\"{}\">{}</a>", Text(address), cause_words(*cause))
    });
    format!(
        "<tr><td>{}</td><td><code>{}</code></td><td>{}</td><td>{}から<br>{}まで</td><td>{}</td></tr>",
        Text(&own.title),
        own.serial,
        standing(own.standing),
        JapaneseMinute(own.not_before),
        JapaneseMinute(own.not_after),
        requests.collect::<Vec<_>>().join("<br>"),
    )
}

/// What to do with the text of a request.
fn sending() -> String {
    format!(
        "<h2>オンラインによる失効の申請</h2><p>失効申請書を取得し、{VALID_MINUTES}分以内に\
         署名用電子証明書で署名して（CMS SignedData、本文を含む）送信してください。\
         秘密鍵の漏えい等の届出は、住所地市区町村の窓口で受け付けます。</p>\
         <form method=\"post\" action=\"{REVOCATIONS}\"><p><label>署名した申請書（PEM又はbase64）\
         <textarea name=\"signed\" rows=\"8\" required></textarea></label></p>\
         <p><button>申請する</button></p></form>"
    )
}

fn standing(standing: Standing) -> String {
    match standing {
        Standing::Good => "有効".to_owned(),
        Standing::Held { since } => format!("一時保留（{}から）", JapaneseMinute(since)),
        Standing::Revoked { at, reason } => {
            format!("失効（{}）<br>事由: {}", JapaneseMinute(at), reason_words(reason))
        }
        Standing::Expired => "有効期間満了".to_owned(),
        Standing::Undelivered { since } => format!("交付前（{}発行）", JapaneseMinute(since)),
    }
}

fn reason_words(reason: RevocationReason) -> &'static str {
    match reason {
        RevocationReason::Unspecified => "交付前の破棄",
        RevocationReason::KeyCompromise => "利用者の秘密鍵の危殆化",
        RevocationReason::CaCompromise => "認証局の秘密鍵の危殆化",
        RevocationReason::AffiliationChanged => "記載事項の変更",
        RevocationReason::Superseded => "更新",
        RevocationReason::CessationOfOperation => "利用の終了",
    }
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"ja\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <link rel=\"stylesheet\" href=\"{STYLE_ADDRESS}\"></head><body><header><h1>{title}</h1>\
         </header><main>{body}</main></body></html>"
    )
}
