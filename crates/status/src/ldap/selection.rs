//! Which attributes a search asks for (RFC 4511 section 4.5.1.8).

use super::attribute::AttributeDescription;
use super::directory::{Attribute, Entry};

/// The attributes asked for.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    all_user: bool,
    all_operational: bool,
    named: Vec<AttributeDescription>,
}

impl Selection {
    /// Reads the list of a request: nothing or `*` is all user attributes, `+` all operational ones
    /// (RFC 3673), `1.1` alone none. What is not a description is ignored, as RFC 4511 says.
    pub(super) fn new(attributes: &[String]) -> Self {
        let has = |wanted: &str| attributes.iter().any(|name| name == wanted);
        Self {
            all_user: attributes.is_empty() || has("*"),
            all_operational: has("+"),
            named: attributes
                .iter()
                .filter(|name| *name != "1.1")
                .filter_map(|name| AttributeDescription::parse(name))
                .collect(),
        }
    }

    /// Whether `attribute` is asked for.
    pub(super) fn asks_for(&self, attribute: &Attribute) -> bool {
        let by_kind = match attribute.description.attribute_type() {
            Some(known) if known.operational => self.all_operational,
            _ => self.all_user,
        };
        by_kind || self.named.iter().any(|asked| attribute.description.is_asked_by(asked))
    }

    /// Whether everything asked for is withheld from the caller.
    pub(super) fn is_withheld_by(&self, entry: &Entry) -> bool {
        !self.all_user
            && !self.all_operational
            && !self.named.is_empty()
            && self.named.iter().all(|asked| entry.withholds(asked))
    }
}
