//! The dependency graph as `cargo metadata` resolved it, on every platform.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// Packages by cargo's id, with the edges between them.
pub(super) struct Graph {
    packages: BTreeMap<String, Package>,
}

/// A crate in one version.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Package {
    /// Its name as published.
    pub(super) name: String,
    /// Its version.
    pub(super) version: String,
    /// Whether it is one of ours.
    pub(super) member: bool,
    edges: Vec<Edge>,
}

/// A dependency.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    to: String,
    /// Whether tests alone need it.
    pub(super) tests_only: bool,
}

impl Graph {
    /// The graph of this workspace.
    ///
    /// # Errors
    /// `cargo metadata` fails or prints something else than it did.
    pub(super) fn of_workspace() -> Result<Self> {
        let text = process::output(process::cargo().args(["metadata", "--format-version", "1"]))?;
        let metadata: Value = serde_json::from_str(&text)?;
        Self::of_metadata(&metadata).context("cargo metadata has an unknown shape")
    }

    fn of_metadata(metadata: &Value) -> Option<Self> {
        let members: BTreeSet<&str> = texts(&metadata["workspace_members"]).collect();
        let mut manifests = BTreeMap::new();
        let mut packages = BTreeMap::new();
        for manifest in metadata["packages"].as_array()? {
            let id = manifest["id"].as_str()?;
            let name = manifest["name"].as_str()?.to_owned();
            let version = manifest["version"].as_str()?.to_owned();
            let member = members.contains(id);
            packages.insert(id.to_owned(), Package { name, version, member, edges: Vec::new() });
            manifests.insert(id, manifest);
        }
        for node in metadata["resolve"]["nodes"].as_array()? {
            let id = node["id"].as_str()?;
            let mut edges = Vec::new();
            for dependency in node["deps"].as_array()? {
                let edge = edge(dependency)?;
                if is_active(manifests.get(id)?, node, &packages.get(&edge.to)?.name) {
                    edges.push(edge);
                }
            }
            packages.get_mut(id)?.edges = edges;
        }
        Some(Self { packages })
    }

    /// Our own crates.
    pub(super) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.values().filter(|package| package.member)
    }

    /// What a package depends on directly, tests included.
    pub(super) fn dependencies<'a>(
        &'a self,
        from: &'a Package,
    ) -> impl Iterator<Item = (&'a Package, &'a Edge)> {
        from.edges.iter().filter_map(|edge| Some((self.packages.get(&edge.to)?, edge)))
    }

    /// The shortest way, tests aside, from a package to one that is wanted; the names on it.
    pub(super) fn path(
        &self,
        from: &Package,
        wanted: impl Fn(&Package) -> bool,
    ) -> Option<Vec<String>> {
        let mut seen = BTreeSet::from([from]);
        let mut queue = VecDeque::from([(from, vec![from.short_name().to_owned()])]);
        while let Some((package, way)) = queue.pop_front() {
            for next in self.built(package).filter(|next| seen.insert(next)) {
                let mut longer = way.clone();
                longer.push(next.short_name().to_owned());
                if wanted(next) {
                    return Some(longer);
                }
                queue.push_back((next, longer));
            }
        }
        None
    }

    /// Everything that our crates are built from, tests aside.
    pub(super) fn reached_from_members(&self) -> BTreeSet<&Package> {
        let mut reached: BTreeSet<&Package> = self.members().collect();
        let mut queue: Vec<&Package> = reached.iter().copied().collect();
        while let Some(package) = queue.pop() {
            queue.extend(self.built(package).filter(|next| reached.insert(next)));
        }
        reached
    }

    fn built<'a>(&'a self, from: &'a Package) -> impl Iterator<Item = &'a Package> {
        self.dependencies(from).filter(|(_, edge)| !edge.tests_only).map(|(to, _)| to)
    }
}

impl Package {
    /// The name without our prefix.
    pub(super) fn short_name(&self) -> &str {
        self.name.strip_prefix("jitsuin-").unwrap_or(&self.name)
    }
}

fn edge(dependency: &Value) -> Option<Edge> {
    let to = dependency["pkg"].as_str()?.to_owned();
    let kinds = dependency["dep_kinds"].as_array()?;
    Some(Edge { to, tests_only: kinds.iter().all(|kind| kind["kind"] == "dev") })
}

/// Whether a dependency is built at all.
///
/// The resolution that cargo prints has edges to optional crates that a weak feature (`crate?/…`)
/// merely mentions; such a crate is built only if some enabled feature asks for it.
fn is_active(manifest: &Value, node: &Value, name: &str) -> bool {
    let dependencies = manifest["dependencies"].as_array().into_iter().flatten();
    let enabled = |key: &str| {
        let entries = texts(&node["features"]).flat_map(|on| texts(&manifest["features"][on]));
        let (asked, with_feature) = (format!("dep:{key}"), format!("{key}/"));
        entries.into_iter().any(|entry| entry == asked || entry.starts_with(&with_feature))
    };
    dependencies.filter(|dependency| dependency["name"] == name).any(|dependency| {
        let key = dependency["rename"].as_str().unwrap_or(name);
        dependency["optional"] != true || enabled(key)
    })
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// A graph from lines `a -> b`, or `a ~> b` where tests alone need it; `name@version` is understood.
#[cfg(test)]
pub(super) fn of_lines(members: &[&str], lines: &[&str]) -> Graph {
    let mut packages = BTreeMap::new();
    for line in lines {
        let mut words = line.split(' ');
        let mut next = || words.next().expect("three words");
        let (from, arrow, to) = (next(), next(), next());
        for id in [from, to] {
            let (name, version) = id.split_once('@').unwrap_or((id, "1.0.0"));
            packages.entry(id.to_owned()).or_insert_with(|| Package {
                name: name.to_owned(),
                version: version.to_owned(),
                member: members.contains(&name),
                edges: Vec::new(),
            });
        }
        let edge = Edge { to: to.to_owned(), tests_only: arrow == "~>" };
        packages.get_mut(from).expect("just entered").edges.push(edge);
    }
    Graph { packages }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::is_active;

    #[test]
    fn an_optional_crate_is_active_only_where_an_enabled_feature_asks_for_it() {
        let manifest = json!({
            "dependencies": [
                { "name": "ring", "optional": true, "rename": null },
                { "name": "jitsuin-keys", "optional": true, "rename": "keys" },
                { "name": "plain", "optional": false, "rename": null },
            ],
            "features": {
                "alloc": ["ring?/alloc"],
                "ring": ["dep:ring"],
                "deep": ["keys/all"],
            },
        });
        let active =
            |features: &[&str], name| is_active(&manifest, &json!({ "features": features }), name);
        assert!(active(&[], "plain"));
        assert!(!active(&["alloc"], "ring"), "a weak mention builds nothing");
        assert!(active(&["alloc", "ring"], "ring"));
        assert!(!active(&["alloc"], "jitsuin-keys"));
        assert!(active(&["deep"], "jitsuin-keys"));
    }
}
