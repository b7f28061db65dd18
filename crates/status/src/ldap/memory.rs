//! The in-memory twin of the directory: a tree built from a list of published entries.

use std::collections::HashMap;

use domain::id::VerifierId;
use jiff::Timestamp;
use subtle::ConstantTimeEq;

use super::attribute::AttributeDescription;
use super::directory::{Attribute, BindRefusal, Directory, DirectoryError, Entry, Found, Identity};
use super::dn::{Dn, NameValue};
use super::message::Scope;
use crate::verifier_auth::Attempt;

/// A directory held in memory. It adds the entries between what is published and the top of the tree.
///
/// Passwords are kept as given: for tests and rehearsals only.
#[derive(Debug)]
pub struct MemoryDirectory {
    as_of: Timestamp,
    entries: HashMap<Dn, Node>,
    /// Names in the order of insertion, parents before children.
    order: Vec<Dn>,
    verifiers: HashMap<Dn, (VerifierId, Vec<u8>)>,
}

#[derive(Debug)]
struct Node {
    attributes: Vec<Attribute>,
    verifiers_only: Vec<AttributeDescription>,
}

impl MemoryDirectory {
    /// A directory without entries, of the state committed at `as_of`.
    pub fn new(as_of: Timestamp) -> Self {
        Self { as_of, entries: HashMap::new(), order: Vec::new(), verifiers: HashMap::new() }
    }

    /// Publishes an entry: `classes` and `attributes` beside those of its own relative name.
    /// Attributes of the types in `verifiers_only` are read by verifiers alone.
    #[must_use]
    pub fn publish(
        mut self,
        dn: &Dn,
        classes: &[&str],
        attributes: Vec<Attribute>,
        verifiers_only: &[&str],
    ) -> Self {
        if let Some(above) = dn.parent() {
            self.add_glue(&above);
        }
        let mut all = named_attributes(dn, classes, self.as_of);
        all.extend(attributes);
        let verifiers_only =
            verifiers_only.iter().filter_map(|name| AttributeDescription::parse(name)).collect();
        self.insert(dn, Node { attributes: all, verifiers_only });
        self
    }

    /// Registers a verifier that may bind as `name`.
    #[must_use]
    pub fn register(mut self, name: Dn, id: VerifierId, password: &[u8]) -> Self {
        self.verifiers.insert(name, (id, password.to_vec()));
        self
    }

    fn add_glue(&mut self, dn: &Dn) {
        if dn.is_root() || self.entries.contains_key(dn) {
            return;
        }
        if let Some(above) = dn.parent() {
            self.add_glue(&above);
        }
        let attributes = named_attributes(dn, &["top", glue_class(dn)], self.as_of);
        self.insert(dn, Node { attributes, verifiers_only: Vec::new() });
    }

    fn insert(&mut self, dn: &Dn, node: Node) {
        if self.entries.insert(dn.clone(), node).is_none() {
            self.order.push(dn.clone());
        }
    }

    fn entry(&self, dn: &Dn, caller: &Identity) -> Option<Entry> {
        let node = self.entries.get(dn)?;
        let withheld = match caller {
            Identity::Anonymous => node.verifiers_only.clone(),
            Identity::Verifier { .. } => Vec::new(),
        };
        Some(Entry { dn: dn.clone(), attributes: node.attributes.clone(), withheld })
    }

    /// The lowest existing entry above `dn`, or the root.
    fn nearest_above(&self, dn: &Dn) -> Dn {
        let mut above = dn.parent().unwrap_or_default();
        while !above.is_root() && !self.entries.contains_key(&above) {
            above = above.parent().unwrap_or_default();
        }
        above
    }
}

impl Directory for MemoryDirectory {
    fn authenticate(
        &self,
        name: &Dn,
        password: &[u8],
        _attempt: Attempt,
    ) -> Result<Identity, BindRefusal> {
        match self.verifiers.get(name) {
            Some((id, known)) if bool::from(known.as_slice().ct_eq(password)) => {
                Ok(Identity::Verifier { id: id.clone(), name: name.clone() })
            }
            _ => Err(BindRefusal::InvalidCredentials),
        }
    }

    fn search(&self, base: &Dn, scope: Scope, caller: &Identity) -> Result<Found, DirectoryError> {
        if !base.is_root() && !self.entries.contains_key(base) {
            return Err(DirectoryError::NoSuchObject { matched: self.nearest_above(base) });
        }
        let in_scope = |dn: &&Dn| match scope {
            Scope::Base => *dn == base,
            Scope::OneLevel => dn.is_child_of(base),
            Scope::Subtree => dn.is_within(base),
        };
        let entries = self.order.iter().filter(in_scope).filter_map(|dn| self.entry(dn, caller));
        Ok(Found { as_of: self.as_of, entries: entries.collect() })
    }

    fn naming_contexts(&self) -> Result<Vec<Dn>, DirectoryError> {
        Ok(self.order.iter().filter(|dn| dn.is_child_of(&Dn::root())).cloned().collect())
    }
}

/// The structural class for an entry that only holds others, by the type of its name (RFC 4519 section 3).
fn glue_class(dn: &Dn) -> &'static str {
    let kind = dn.rdns().first().and_then(|rdn| rdn.attributes().first());
    match kind.map(|attribute| attribute.kind.as_str()) {
        Some("C") => "country",
        Some("O") => "organization",
        Some("OU") => "organizationalUnit",
        Some("L" | "ST") => "locality",
        _ => "organizationalRole",
    }
}

/// Object classes, the attributes of the relative name, and the time of the state.
fn named_attributes(dn: &Dn, classes: &[&str], as_of: Timestamp) -> Vec<Attribute> {
    let named = dn.rdns().first().into_iter().flat_map(|rdn| rdn.attributes());
    let named = named.filter_map(|attribute| match &attribute.value {
        NameValue::Text(text) => Attribute::text(&attribute.kind.to_lowercase(), [text.as_str()]),
        NameValue::Ber(_) => None,
    });
    let modified = as_of.strftime("%Y%m%d%H%M%SZ").to_string();
    let time = Attribute::text("modifyTimestamp", [modified.as_str()]);
    Attribute::text("objectClass", classes.iter().copied())
        .into_iter()
        .chain(named)
        .chain(time)
        .collect()
}
