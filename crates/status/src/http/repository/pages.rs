//! The repository's pages, in Japanese, small and without scripts (V4).

use domain::certificate::{CertificateKind, CertificateState};
use domain::crl_series::Partition;
use domain::policy::Policy;
use domain::revocation::RevocationReason;
use domain::validity::civil_time;
use jiff::Timestamp;
use store::{NoticeRow, Sequence, SeriesRow};
use x509::fingerprint::{sha1_colon_hex, sha256_colon_hex};

use super::{AS_OF, CaCertificate, Publication, Reply};
use crate::html::{Text, link};

/// What is shown of one CA.
pub(super) struct Shown<'a> {
    pub publication: &'a Publication,
    pub certificates: Vec<CaCertificate>,
    /// What was posted, for example after a compromise (A 2.2, S 2-6-1).
    pub notices: Vec<NoticeRow>,
}

/// The page that lists everything.
pub(super) fn index(shown: &[Shown<'_>], now: Timestamp, as_of: Sequence) -> Reply {
    let sections: String = shown.iter().map(|one| section(one, now)).collect();
    page("公的個人認証サービス リポジトリ", &sections, as_of)
}

/// The CPS of a CA and the laws it rests on.
pub(super) fn cps(policy: &Policy, as_of: Sequence) -> Reply {
    let laws = policy.cps.laws.iter().map(|(title, uri)| format!("<li>{}</li>", link(uri, title)));
    let body = format!(
        "<h2>運用規程</h2><p>{}</p><p>この認証局の方針は{}から適用されています。</p>\
         <h2>関係法令</h2>{}",
        link(&policy.cps.uri, &policy.cps.title),
        Text(japanese_date(policy.effective_from)),
        list(laws, "定めはありません。"),
    );
    page(&policy.title, &body, as_of)
}

/// The revocation lists of a CA.
pub(super) fn lists(policy: &Policy, series: &[SeriesRow], as_of: Sequence) -> Reply {
    let published = series.iter().filter_map(|row| Some((row, row.published?)));
    let rows: String = published.map(|(row, number)| list_row(row, number)).collect();
    let table = if rows.is_empty() {
        "<p>公開されている失効リストはありません。</p>".to_owned()
    } else {
        format!(
            "<table><tr><th>世代</th><th>区分</th><th>最新の番号</th><th>閲覧</th></tr>{rows}</table>\
             <p>過去の失効リストは<code>/crl/認証局/世代/区分/番号.crl</code>で取得できます。</p>"
        )
    };
    page(&format!("{} 失効リスト", policy.title), &table, as_of)
}

/// The stylesheet of all pages.
pub(super) fn style() -> Reply {
    const STYLE: &str = "body{max-width:60rem;margin:1rem auto;padding:0 1rem;\
        font-family:sans-serif;line-height:1.7;color:#222}\
        table{border-collapse:collapse;width:100%}th,td{border:1px solid #999;padding:.3rem .5rem;\
        text-align:left;vertical-align:top}code{overflow-wrap:anywhere}\
        footer{margin-top:2rem;border-top:1px solid #999;font-size:.9rem}";
    Reply::new(200, "text/css; charset=utf-8", STYLE).header("cache-control", "max-age=3600")
}

fn section(shown: &Shown<'_>, now: Timestamp) -> String {
    let Shown { publication, certificates, notices: posted } = shown;
    let policy = &publication.policy;
    let ca = policy.ca.as_str();
    let test =
        if policy.test { "<p><strong>試験用の認証局です。</strong></p>" } else { "" };
    format!(
        "<section><h2>{}</h2>{test}<p>識別名: <code>{}</code></p><ul><li>{}</li><li>{}</li></ul>\
         <h3>認証局の証明書</h3>{}<h3>お知らせ</h3>{}<h3>相互認証</h3>{}</section>",
        Text(&policy.title),
        Text(&policy.issuer.name),
        link(&format!("/cps/{ca}"), "運用規程と関係法令"),
        link(&format!("/crl/{ca}"), "失効リスト"),
        certificate_table(ca, certificates, now),
        notices(posted, certificates),
        cross_certified(publication),
    )
}

fn certificate_table(ca: &str, certificates: &[CaCertificate], now: Timestamp) -> String {
    if certificates.is_empty() {
        return "<p>公開されている証明書はありません。</p>".to_owned();
    }
    let rows: String = certificates
        .iter()
        .map(|certificate| {
            format!(
                "<tr><td>{}<br>{}</td><td>{}</td>\
                 <td>SHA-1<br><code>{}</code><br>SHA-256<br><code>{}</code></td></tr>",
                Text(certificate_title(certificate)),
                link(&format!("/ca/{ca}/{}", certificate.file_name()), "証明書（DER）"),
                Text(standing(certificate, now)),
                sha1_colon_hex(&certificate.der),
                sha256_colon_hex(&certificate.der),
            )
        })
        .collect();
    format!("<table><tr><th>証明書</th><th>状態</th><th>フィンガープリント</th></tr>{rows}</table>")
}

fn notices(posted: &[NoticeRow], certificates: &[CaCertificate]) -> String {
    let revoked = certificates.iter().filter_map(|certificate| match certificate.state {
        CertificateState::Revoked { at, reason } => {
            let cause = match reason {
                RevocationReason::CaCompromise | RevocationReason::KeyCompromise => {
                    "秘密鍵の危殆化のため"
                }
                _ => "",
            };
            let (day, title) = (japanese_time(at), certificate_title(certificate));
            Some(format!("<li>{day}: {cause}{title}の証明書を失効しました。</li>"))
        }
        _ => None,
    });
    let given = posted
        .iter()
        .map(|notice| format!("<li>{}: {}</li>", japanese_time(notice.at), Text(&notice.text)));
    list(revoked.chain(given), "危殆化その他のお知らせはありません。")
}

fn cross_certified(publication: &Publication) -> String {
    let items = publication.cross_certified.iter().map(|other| {
        let since = japanese_date(other.since);
        let until = other.until.map(japanese_date).unwrap_or_default();
        format!("<li>{}（{since}から{until}）</li>", Text(&other.name))
    });
    list(items, "相互認証している、又はしていた認証局はありません。")
}

fn list_row(row: &SeriesRow, number: u64) -> String {
    let (generation, partition) = (row.key.generation, row.key.partition);
    let access = match partition {
        Partition::Municipality(_) => "登録された検証者のみ",
        _ => "制限なし",
    };
    let address = format!("/crl/{}/{generation}/{partition}.crl", row.key.ca);
    format!(
        "<tr><td>{generation}</td><td>{}</td><td>{number}</td><td>{access}</td></tr>",
        link(&address, &partition_title(partition)),
    )
}

fn partition_title(partition: Partition) -> String {
    match partition {
        Partition::Municipality(code) => match domain::municipality::find(code) {
            Some(municipality) => format!("{}（{code}）", municipality.name),
            None => code.to_string(),
        },
        Partition::Other => "サーバー等の証明書".to_owned(),
        Partition::ArlSelfSigned => "自己署名証明書（ARL）".to_owned(),
        Partition::ArlLink => "リンク証明書（ARL）".to_owned(),
        Partition::ArlCross => "相互認証証明書（ARL）".to_owned(),
    }
}

fn certificate_title(certificate: &CaCertificate) -> String {
    let generation = certificate.generation;
    let older = generation.saturating_sub(1);
    match certificate.kind {
        CertificateKind::LinkOldWithNew => {
            format!("リンク（第{older}世代の鍵を第{generation}世代の鍵で証明）")
        }
        CertificateKind::LinkNewWithOld => {
            format!("リンク（第{generation}世代の鍵を第{older}世代の鍵で証明）")
        }
        _ => format!("第{generation}世代"),
    }
}

fn standing(certificate: &CaCertificate, now: Timestamp) -> &'static str {
    match certificate.state {
        CertificateState::Good if certificate.ends < now => "有効期間満了",
        CertificateState::Good => "有効",
        CertificateState::Revoked { .. } => "失効",
        CertificateState::Held { .. } => "保留",
        CertificateState::Undelivered { .. } | CertificateState::Intended => "発行中",
    }
}

/// A list of ready items, or the sentence that there are none.
fn list(items: impl Iterator<Item = String>, none: &str) -> String {
    let items: String = items.collect();
    if items.is_empty() { format!("<p>{none}</p>") } else { format!("<ul>{items}</ul>") }
}

fn japanese_date(date: jiff::civil::Date) -> String {
    format!("{}年{}月{}日", date.year(), date.month(), date.day())
}

fn japanese_time(at: Timestamp) -> String {
    let at = civil_time(at);
    format!("{}{}時{:02}分", japanese_date(at.date()), at.hour(), at.minute())
}

fn page(title: &str, body: &str, as_of: Sequence) -> Reply {
    let title = Text(title);
    let html = format!(
        "<!DOCTYPE html><html lang=\"ja\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <link rel=\"stylesheet\" href=\"/style.css\"></head><body><header><h1>{title}</h1></header>\
         <main>{body}</main><footer>監査記録の第{as_of}番まで反映しています。</footer></body></html>"
    );
    Reply::new(200, "text/html; charset=utf-8", html)
        .header("cache-control", "no-cache")
        .header("content-security-policy", "default-src 'none'; style-src 'self'")
        .header("x-content-type-options", "nosniff")
        .header(AS_OF, as_of.to_string())
}
