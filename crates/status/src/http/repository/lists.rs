//! Revocation lists by address: the published one, or one by its number (V8).

use base64ct::{Base64, Encoding};
use domain::crl_series::Partition;
use domain::id::{CaId, VerifierId};
use store::{CrlKey, SeriesKey};

use super::{Fetch, Reply, Repository, as_revalidated, not_found, quoted};
use crate::ldap::ClearPasswords;
use crate::query_log::{Query, QueryRecord};
use crate::verifier_auth::{Attempt, AuthRefusal};

/// The address of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListPath {
    series: SeriesKey,
    /// `None` for the one that is published now.
    number: Option<u64>,
}

impl ListPath {
    /// Reads what follows `/crl/`.
    pub(super) fn parse(segments: &[&str]) -> Option<Self> {
        let (ca, generation, partition, number) = match segments {
            [ca, generation, file] => (ca, generation, file.strip_suffix(".crl")?, None),
            [ca, generation, partition, file] => {
                let number = file.strip_suffix(".crl")?.parse().ok()?;
                (ca, generation, *partition, Some(number))
            }
            _ => return None,
        };
        let ca: CaId = ca.parse().ok()?;
        let partition: Partition = partition.parse().ok()?;
        Some(Self {
            series: SeriesKey { ca, generation: generation.parse().ok()?, partition },
            number,
        })
    }

    /// Whether the list tells of residents (A 2.4, S 2-6-3).
    fn is_restricted(&self) -> bool {
        matches!(self.series.partition, Partition::Municipality(_))
    }
}

/// A caller, as far as the list asked for needs to know.
enum Caller {
    Anyone,
    Verifier(VerifierId),
    Refused(Reply),
}

impl Repository {
    /// A list, of which the query log hears first (E1).
    pub(super) fn recorded_list(
        &self,
        path: &ListPath,
        fetch: &Fetch,
    ) -> store::Result<(Reply, Option<VerifierId>)> {
        let (reply, verifier) = match self.caller(path, fetch)? {
            Caller::Refused(reply) => (reply, None),
            Caller::Anyone => (self.list(path, fetch)?, None),
            Caller::Verifier(id) => (self.list(path, fetch)?, Some(id)),
        };
        let query = Query::Web { path: fetch.path.clone(), status: reply.status };
        let record =
            QueryRecord { at: fetch.now, peer: fetch.peer, verifier: verifier.clone(), query };
        Ok(match self.log.record(&record) {
            Ok(()) => (reply, verifier),
            Err(failure) => (Reply::unrecorded(&failure), verifier),
        })
    }

    fn list(&self, path: &ListPath, fetch: &Fetch) -> store::Result<Reply> {
        let series = self.store.series(&path.series.ca)?;
        let row = series.into_iter().find(|row| row.key == path.series);
        let Some(published) = row.and_then(|row| row.published) else { return Ok(not_found()) };
        let number = path.number.unwrap_or(published);
        // A list that still waits at the gate, or was withheld there, is never given out.
        if self.store.crl_numbers(&path.series)?.binary_search(&number).is_err() {
            return Ok(not_found());
        }
        let key = CrlKey { series: path.series.clone(), number };
        let (Some(row), Some(content)) = (self.store.crl(&key)?, self.store.crl_content(&key)?)
        else {
            return Ok(not_found());
        };
        let reply = Reply::new(200, "application/pkix-crl", content);
        let etag = quoted(&row.sha256);
        let reply = as_revalidated(reply, &etag, row.this_update, row.as_of);
        Ok(reply.under(&fetch.conditions, fetch.now))
    }

    /// Who asks; told before anything is said about whether the list exists.
    fn caller(&self, path: &ListPath, fetch: &Fetch) -> store::Result<Caller> {
        if !path.is_restricted() {
            return Ok(Caller::Anyone);
        }
        if !fetch.encrypted && self.clear_passwords == ClearPasswords::Refused {
            let words = "lists of user certificates are read over https";
            return Ok(Caller::Refused(Reply::words(403, words)));
        }
        let credentials = fetch.authorization.as_deref().and_then(basic_credentials);
        let Some((id, password)) = credentials else { return Ok(Caller::Refused(challenge())) };
        let attempt = Attempt { from: fetch.peer.ip(), at: fetch.now };
        match self.verifiers.by_id(&id, &password, attempt) {
            Ok(row) if row.may_read_crl => Ok(Caller::Verifier(row.id)),
            Ok(_) => {
                let words = "this verifier may not read lists of user certificates";
                Ok(Caller::Refused(Reply::words(403, words)))
            }
            Err(AuthRefusal::InvalidCredentials) => Ok(Caller::Refused(challenge())),
            Err(AuthRefusal::Busy) => {
                let words = "too many passwords wait to be checked; try again shortly";
                let reply = Reply::words(503, words).header("retry-after", "5");
                Ok(Caller::Refused(reply))
            }
            Err(AuthRefusal::Unavailable(fault)) => Err(fault),
        }
    }
}

fn challenge() -> Reply {
    Reply::words(401, "lists of user certificates are for registered verifiers").header(
        "www-authenticate",
        "Basic realm=\"revocation lists of user certificates\", charset=\"UTF-8\"",
    )
}

/// Reads `Basic base64(id:password)` (RFC 7617 2).
fn basic_credentials(header: &str) -> Option<(String, Vec<u8>)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = Base64::decode_vec(encoded.trim()).ok()?;
    let colon = text.iter().position(|octet| *octet == b':')?;
    let id = String::from_utf8(text[..colon].to_vec()).ok()?;
    Some((id, text[colon + 1..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v8_only_whole_addresses_of_lists_are_read() {
        let parse = |path: &str| ListPath::parse(&path.split('/').collect::<Vec<_>>());
        let current = parse("jpki-auth/1/11203.crl").expect("an address");
        assert_eq!(current.number, None);
        assert!(current.is_restricted());
        let old = parse("jpki-auth/2/arl-link/17.crl").expect("an address");
        assert_eq!((old.number, old.series.generation), (Some(17), 2));
        assert!(!old.is_restricted());
        for broken in [
            "jpki-auth/1/11203",
            "jpki-auth/1/nowhere.crl",
            "jpki-auth/x/11203.crl",
            "jpki-auth/1/11203/-1.crl",
            "jpki-auth/1/11203/1.crl/",
            "a%20b/1/11203.crl",
            "",
        ] {
            assert_eq!(parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn v6_credentials_are_read_as_rfc_7617_writes_them() {
        let credentials = basic_credentials("Basic dmVyaWZpZXItMTphOmI=").expect("credentials");
        assert_eq!(credentials, ("verifier-1".to_owned(), b"a:b".to_vec()));
        for broken in ["", "Basic", "Bearer abc", "Basic !!!", "Basic YWJj"] {
            assert_eq!(basic_credentials(broken), None, "{broken}");
        }
    }
}
