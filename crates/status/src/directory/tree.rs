//! Which entries there are: the names of CAs and distribution points, and all above them.

use std::collections::HashMap;

use domain::crl_series::Partition;
use domain::name::DistinguishedName;
use store::SeriesKey;

use super::CaEntry;
use crate::ldap::{DirectoryError, Dn, Scope};

/// What an entry holds beside its own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Only other entries.
    Nothing,
    /// A CA, by its place in the configuration.
    Authority(usize),
    /// Lists.
    Lists,
}

/// An entry's kind and the series whose lists it holds.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) holds: Holds,
    pub(super) series: Vec<SeriesKey>,
    /// Whether its lists tell of residents.
    pub(super) restricted: bool,
}

/// The tree, parents before children.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: HashMap<Dn, Node>,
    order: Vec<Dn>,
}

impl Tree {
    pub(super) fn new(cas: &[CaEntry], points: &[(SeriesKey, DistinguishedName)]) -> Self {
        let mut tree = Self::default();
        for (index, ca) in cas.iter().enumerate() {
            tree.node(&Dn::from(&ca.name)).holds = Holds::Authority(index);
        }
        for (series, name) in points {
            let point = tree.node(&Dn::from(name));
            if point.holds == Holds::Nothing {
                point.holds = Holds::Lists;
            }
            point.restricted |= matches!(series.partition, Partition::Municipality(_));
            point.add(series);
            // The CA's entry holds every ARL, also those with a point of their own.
            let ca = cas.iter().find(|ca| ca.ca == series.ca);
            if let Some(ca) = ca.filter(|_| series.partition.is_authority()) {
                tree.node(&Dn::from(&ca.name)).add(series);
            }
        }
        tree
    }

    /// The entries of `scope` at `base`, parents before children.
    pub(super) fn within(
        &self,
        base: &Dn,
        scope: Scope,
    ) -> Result<Vec<(&Dn, &Node)>, DirectoryError> {
        if !base.is_root() && !self.nodes.contains_key(base) {
            return Err(DirectoryError::NoSuchObject { matched: self.nearest_above(base) });
        }
        if scope == Scope::Base {
            return Ok(self.nodes.get_key_value(base).into_iter().collect());
        }
        let in_scope = |dn: &&Dn| match scope {
            Scope::Base => *dn == base,
            Scope::OneLevel => dn.is_child_of(base),
            Scope::Subtree => dn.is_within(base),
        };
        Ok(self
            .order
            .iter()
            .filter(in_scope)
            .filter_map(|dn| self.nodes.get_key_value(dn))
            .collect())
    }

    /// The names that nothing here lies above.
    pub(super) fn tops(&self) -> Vec<Dn> {
        self.order.iter().filter(|dn| dn.is_child_of(&Dn::root())).cloned().collect()
    }

    /// The node of a name, made with all above it if need be.
    fn node(&mut self, dn: &Dn) -> &mut Node {
        if !self.nodes.contains_key(dn) {
            if let Some(above) = dn.parent().filter(|above| !above.is_root()) {
                self.node(&above);
            }
            self.order.push(dn.clone());
        }
        let new = || Node { holds: Holds::Nothing, series: Vec::new(), restricted: false };
        self.nodes.entry(dn.clone()).or_insert_with(new)
    }

    fn nearest_above(&self, dn: &Dn) -> Dn {
        let mut above = dn.parent().unwrap_or_default();
        while !above.is_root() && !self.nodes.contains_key(&above) {
            above = above.parent().unwrap_or_default();
        }
        above
    }
}

impl Node {
    fn add(&mut self, series: &SeriesKey) {
        if !self.series.contains(series) {
            self.series.push(series.clone());
        }
    }
}
