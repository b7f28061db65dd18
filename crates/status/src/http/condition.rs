//! The conditions under which a client wants an answer (RFC 9110 13), for every answer that bears what
//! they compare.

use hyper::header::{
    HeaderMap, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE,
};
use jiff::Timestamp;

use super::reply::read_http_date;

/// The conditions of a request; a field that is given twice is one list (RFC 9110 5.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// If-Match: only what bears one of these tags.
    pub if_match: Option<String>,
    /// If-Unmodified-Since: only what was not changed after this.
    pub if_unmodified_since: Option<String>,
    /// If-None-Match: only what bears none of these tags.
    pub if_none_match: Option<String>,
    /// If-Modified-Since: only what was changed after this.
    pub if_modified_since: Option<String>,
}

/// What they are compared with: the tag and the time that the answer bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validators<'a> {
    pub(super) etag: Option<&'a str>,
    pub(super) modified: Option<Timestamp>,
}

/// What comes of the conditions of a GET or HEAD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The answer is sent.
    Holds,
    /// The client has it: 304.
    NotModified,
    /// It is not what the client wants it to be: 412.
    Failed,
}

impl Conditions {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self {
            if_match: listed(headers, IF_MATCH),
            if_unmodified_since: listed(headers, IF_UNMODIFIED_SINCE),
            if_none_match: listed(headers, IF_NONE_MATCH),
            if_modified_since: listed(headers, IF_MODIFIED_SINCE),
        }
    }

    /// What comes of them, in the order of RFC 9110 13.2.2: where a tag is asked for, the time beside it
    /// is not looked at.
    pub(super) fn judge(&self, found: Validators<'_>, now: Timestamp) -> Verdict {
        let stands = match &self.if_match {
            Some(tags) => is_among(tags, found.etag, Comparison::Strong),
            None => self.is_unmodified(found),
        };
        let is_had = match &self.if_none_match {
            Some(tags) => is_among(tags, found.etag, Comparison::Weak),
            None => self.is_known(found, now),
        };
        match (stands, is_had) {
            (false, _) => Verdict::Failed,
            (true, true) => Verdict::NotModified,
            (true, false) => Verdict::Holds,
        }
    }

    /// RFC 9110 13.1.4: what is no date, or has none to be compared with, is no condition.
    fn is_unmodified(&self, found: Validators<'_>) -> bool {
        let since = self.if_unmodified_since.as_deref().and_then(read_http_date);
        let both = found.modified.zip(since);
        both.is_none_or(|(modified, since)| modified.as_second() <= since.as_second())
    }

    /// RFC 9110 13.1.3. A moment that has not come tells of a clock that is wrong, and of nothing that the
    /// client has.
    fn is_known(&self, found: Validators<'_>, now: Timestamp) -> bool {
        let since = self.if_modified_since.as_deref().and_then(read_http_date);
        found.modified.zip(since).is_some_and(|(modified, since)| {
            modified.as_second() <= since.as_second() && since <= now
        })
    }
}

/// How tags are compared (RFC 9110 8.8.3.2); ours are all strong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

/// Whether the list names the tag; `*` names whatever there is.
fn is_among(tags: &str, etag: Option<&str>, comparison: Comparison) -> bool {
    let opaque = |tag: &str| match (tag.strip_prefix("W/"), comparison) {
        (Some(_), Comparison::Strong) => None,
        (Some(weak), Comparison::Weak) => Some(weak.to_owned()),
        (None, _) => Some(tag.to_owned()),
    };
    let named = |etag: &str| tags.split(',').any(|tag| opaque(tag.trim()).as_deref() == Some(etag));
    tags.trim() == "*" || etag.is_some_and(named)
}

/// A field's lines as one. What is no text stays as something that is no tag and no date, so that it is
/// not taken for a condition that was not made.
fn listed(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let lines = headers.get_all(name);
    let lines: Vec<_> = lines.iter().map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(of: impl FnOnce(&mut Conditions)) -> Verdict {
        let now = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(2);
        let modified = Some(Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_millis(3_600_900));
        let mut conditions = Conditions::default();
        of(&mut conditions);
        conditions.judge(Validators { etag: Some("\"a\""), modified }, now)
    }

    const BEFORE: &str = "Thu, 01 Jan 1970 00:59:59 GMT";
    const AT: &str = "Thu, 01 Jan 1970 01:00:00 GMT";
    const TO_COME: &str = "Thu, 01 Jan 1970 03:00:00 GMT";

    #[test]
    fn v8_conditions_are_judged_in_the_order_of_rfc_9110() {
        use Verdict::{Failed, Holds, NotModified};
        let of = |matching: &str, unmodified: &str, none: &str, modified: &str| {
            let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            judged(|conditions| {
                conditions.if_match = given(matching);
                conditions.if_unmodified_since = given(unmodified);
                conditions.if_none_match = given(none);
                conditions.if_modified_since = given(modified);
            })
        };
        for (matching, unmodified, none, modified, verdict) in [
            ("", "", "", "", Holds),
            ("\"a\"", "", "", "", Holds),
            ("*", "", "", "", Holds),
            ("\"b\", \"a\"", "", "", "", Holds),
            ("\"b\"", "", "", "", Failed),
            // The strong comparison: a weak tag matches nothing.
            ("W/\"a\"", "", "", "", Failed),
            ("a", "", "", "", Failed),
            ("", AT, "", "", Holds),
            ("", TO_COME, "", "", Holds),
            ("", BEFORE, "", "", Failed),
            ("", "yesterday", "", "", Holds),
            // With a tag the time is not looked at.
            ("\"a\"", BEFORE, "", "", Holds),
            ("\"b\"", AT, "", "", Failed),
            ("", "", "W/\"a\"", "", NotModified),
            ("", "", "*", "", NotModified),
            ("", "", "\"b\"", AT, Holds),
            ("", "", "", AT, NotModified),
            ("", "", "", BEFORE, Holds),
            ("", "", "", TO_COME, Holds),
            // What fails is told before what is had.
            ("\"b\"", "", "\"a\"", "", Failed),
            ("", BEFORE, "", AT, Failed),
            ("\"a\"", "", "\"a\"", "", NotModified),
            ("", AT, "", AT, NotModified),
        ] {
            let told = of(matching, unmodified, none, modified);
            assert_eq!(told, verdict, "{matching} {unmodified} {none} {modified}");
        }
    }

    #[test]
    fn v8_what_bears_no_tag_and_no_time_matches_none() {
        let bare = Validators { etag: None, modified: None };
        let given = |name: HeaderName, lines: &[&'static [u8]]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                let value = hyper::header::HeaderValue::from_bytes(line).expect("a value");
                headers.append(name.clone(), value);
            }
            Conditions::of(&headers)
        };
        let now = Timestamp::UNIX_EPOCH;
        let judged = |conditions: &Conditions| conditions.judge(bare, now);
        assert_eq!(judged(&given(IF_MATCH, &[b"\"a\""])), Verdict::Failed);
        assert_eq!(judged(&given(IF_MATCH, &[b"*"])), Verdict::Holds);
        assert_eq!(judged(&given(IF_UNMODIFIED_SINCE, &[BEFORE.as_bytes()])), Verdict::Holds);
        assert_eq!(judged(&given(IF_NONE_MATCH, &[b"\"a\""])), Verdict::Holds);
        assert_eq!(judged(&given(IF_NONE_MATCH, &[b"*"])), Verdict::NotModified);
        // Of two lines both count, and what is no text is a condition all the same.
        let tagged = Validators { etag: Some("\"a\""), modified: None };
        assert_eq!(given(IF_MATCH, &[b"\"b\"", b"\"a\""]).judge(tagged, now), Verdict::Holds);
        assert_eq!(given(IF_MATCH, &[b"\xff"]).judge(tagged, now), Verdict::Failed);
    }
}
