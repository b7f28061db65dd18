//! The rings: a crate sees only rings to its left, never a sibling; and the rooms inside a crate.

mod graph;
mod rooms;
mod rules;

use anyhow::{Result, bail};

use crate::workspace;
use graph::{Graph, Package};
use rules::{NOT_REACHED, NOWHERE, ONE_VERSION, ONLY_DIRECT, OnlyDirect, PLACES, Place, ROOMS};

/// Checks the dependency graph that cargo resolved, and the walls inside crates.
///
/// # Errors
/// Names every edge and path that breaks a rule, with the rule's reason.
pub(crate) fn run() -> Result<()> {
    let mut violations = violations(&Graph::of_workspace()?);
    violations.extend(rooms::violations(ROOMS, |file| workspace::read(file).ok()));
    if violations.is_empty() {
        return Ok(());
    }
    bail!("{} broken rules:\n  {}", violations.len(), violations.join("\n  "))
}

/// What breaks the rules, each as one line.
fn violations(graph: &Graph) -> Vec<String> {
    let mut found = Vec::new();
    for member in graph.members() {
        found.extend(ring_violations(graph, member));
        found.extend(direct_violations(graph, member));
    }
    found.extend(path_violations(graph));
    found.extend(banned_crates(graph));
    found.extend(doubled_crates(graph));
    found
}

/// Edges between our own crates that do not lead to the left.
fn ring_violations(graph: &Graph, from: &Package) -> Vec<String> {
    let Some(from_place) = place(from) else {
        return vec![format!("{} has no ring: give it one in the table", from.short_name())];
    };
    // A crate's tests may turn on what it has for tests alone: that edge leads nowhere.
    let ours = graph.dependencies(from).filter(|(to, _)| to.member && *to != from);
    ours.filter_map(|(to, edge)| {
        let to_place = place(to)?;
        let stands_on_us = || graph.path(to, |package| package == from).is_some();
        let circle = to_place == Place::Fixtures && stands_on_us();
        (circle || !may_see(from_place, to_place, edge.tests_only))
            .then(|| format!("{} must not see {}", from.short_name(), to.short_name()))
    })
    .collect()
}

fn may_see(from: Place, to: Place, tests_only: bool) -> bool {
    match (from, to) {
        (Place::Ring(from), Place::Ring(to)) => to < from,
        // Fixtures stand on crates of the first two rings; those cannot use them, others' tests can.
        (Place::Ring(from), Place::Fixtures) => tests_only && from > 0,
        (Place::Fixtures, Place::Ring(to)) => to <= 1,
        (Place::Chores, Place::Ring(to)) => to == 0,
        (_, Place::Chores) | (_, Place::Fixtures) => false,
    }
}

/// Direct dependencies that only a few crates may have.
fn direct_violations(graph: &Graph, from: &Package) -> Vec<String> {
    let breaks = |rule: &OnlyDirect| {
        let mut edges = graph.dependencies(from).filter(|(to, _)| to.name == rule.what);
        !rule.by.contains(&from.short_name())
            && edges.any(|(_, edge)| rule.in_tests_too || !edge.tests_only)
    };
    ONLY_DIRECT
        .iter()
        .filter(|rule| breaks(rule))
        .map(|rule| format!("{} must not use {}: {}", from.short_name(), rule.what, rule.reason))
        .collect()
}

/// Crates that must not be reached, over however many steps.
fn path_violations(graph: &Graph) -> Vec<String> {
    let mut found = Vec::new();
    for rule in NOT_REACHED {
        let Some(from) = graph.members().find(|p| p.short_name() == rule.from) else { continue };
        if let Some(path) = graph.path(from, |package| package.short_name() == rule.to) {
            found.push(format!("{}: {}", path.join(" → "), rule.reason));
        }
    }
    found
}

fn banned_crates(graph: &Graph) -> Vec<String> {
    let mut found = Vec::new();
    for (name, reason) in NOWHERE {
        let path = graph.members().find_map(|member| graph.path(member, |p| p.name == *name));
        found.extend(path.map(|path| format!("{}: {reason}", path.join(" → "))));
    }
    found
}

fn doubled_crates(graph: &Graph) -> Vec<String> {
    let reached = graph.reached_from_members();
    ONE_VERSION
        .iter()
        .filter_map(|(name, reason)| {
            let versions: Vec<&str> =
                reached.iter().filter(|p| p.name == *name).map(|p| p.version.as_str()).collect();
            (versions.len() > 1).then(|| format!("{name} {}: {reason}", versions.join(" and ")))
        })
        .collect()
}

fn place(package: &Package) -> Option<Place> {
    PLACES.iter().find(|(name, _)| *name == package.short_name()).map(|(_, place)| *place)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A graph from lines `a -> b`, `a ~> b` for an edge of tests only; `ours` are the members.
    fn graph(ours: &[&str], edges: &[&str]) -> Graph {
        graph::of_lines(ours, edges)
    }

    #[test]
    fn every_crate_sees_only_the_rings_to_its_left() {
        let graph = Graph::of_workspace().expect("cargo metadata");
        assert!(graph.members().count() > 10, "the whole workspace is looked at");
        assert_eq!(violations(&graph), Vec::<String>::new());
    }

    #[test]
    fn no_room_of_a_crate_looks_over_its_wall() {
        let found = rooms::violations(ROOMS, |file| workspace::read(file).ok());
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn an_edge_to_the_left_is_fine() {
        let edges = ["jitsuin-ca -> jitsuin-x509", "jitsuin-x509 -> jitsuin-domain"];
        let graph = graph(&["jitsuin-ca", "jitsuin-x509", "jitsuin-domain"], &edges);
        assert_eq!(violations(&graph), Vec::<String>::new());
    }

    #[rstest::rstest]
    #[case::to_the_right("jitsuin-x509 -> jitsuin-ca", "x509 must not see ca")]
    #[case::a_sibling("jitsuin-ra -> jitsuin-ca", "ra must not see ca")]
    #[case::a_sibling_in_tests("jitsuin-store ~> jitsuin-keys", "store must not see keys")]
    #[case::fixtures("jitsuin-ca -> jitsuin-testkit", "ca must not see testkit")]
    #[case::early_fixtures("jitsuin-domain ~> jitsuin-testkit", "domain must not see testkit")]
    #[case::chores("jitsuin -> xtask", "jitsuin must not see xtask")]
    #[case::no_ring("jitsuin-common -> jitsuin-domain", "common has no ring")]
    #[case::hidden("jitsuin-ra -> jitsuin-keys", "ra → keys")]
    #[case::rsa_in_tests("jitsuin-keys ~> rsa", "keys must not use rsa")]
    #[case::rsa("jitsuin-keys -> rsa", "keys must not use rsa")]
    #[case::ring("jitsuin-web -> ring", "web → ring")]
    #[case::clock("jitsuin-domain -> tokio", "domain → tokio")]
    fn a_broken_rule_is_named(#[case] edge: &str, #[case] expected: &str) {
        let ours: Vec<&str> = edge
            .split(" -> ")
            .flat_map(|part| part.split(" ~> "))
            .filter(|name| name.starts_with("jitsuin") || *name == "xtask")
            .collect();
        let found = violations(&graph(&ours, &[edge]));
        assert!(found.iter().any(|line| line.contains(expected)), "{found:?}");
    }

    #[test]
    fn tests_of_later_rings_may_use_the_fixtures() {
        let ours = ["jitsuin-ca", "jitsuin-testkit"];
        assert_eq!(
            violations(&graph(&ours, &["jitsuin-ca ~> jitsuin-testkit"])),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_crates_tests_may_turn_on_its_own_features() {
        let own = graph(&["jitsuin-ra"], &["jitsuin-ra ~> jitsuin-ra"]);
        assert_eq!(violations(&own), Vec::<String>::new());
    }

    #[test]
    fn what_the_fixtures_stand_on_may_not_use_them() {
        let ours = ["jitsuin-keys", "jitsuin-store", "jitsuin-testkit"];
        let stands = "jitsuin-testkit -> jitsuin-store";
        let fine = graph(&ours, &["jitsuin-keys ~> jitsuin-testkit", stands]);
        assert_eq!(violations(&fine), Vec::<String>::new());
        let circle = graph(&ours, &["jitsuin-store ~> jitsuin-testkit", stands]);
        assert_eq!(violations(&circle), ["store must not see testkit"]);
    }

    #[test]
    fn a_banned_crate_is_found_over_any_number_of_steps_but_not_through_tests() {
        let ours = ["jitsuin-web"];
        let far = graph(&ours, &["jitsuin-web -> a", "a -> b", "b -> openssl-sys"]);
        let found = violations(&far).join("\n");
        assert!(found.contains("web → a → b → openssl-sys"), "{found}");
        let tests = graph(&ours, &["jitsuin-web ~> a", "a -> openssl-sys"]);
        assert_eq!(violations(&tests), Vec::<String>::new());
    }

    #[test]
    fn two_versions_of_der_are_refused() {
        let edges = ["jitsuin-x509 -> der@0.8.3", "jitsuin-x509 -> old", "old -> der@0.7.9"];
        let found = violations(&graph(&["jitsuin-x509"], &edges)).join("\n");
        assert!(found.contains("der 0.7.9 and 0.8.3"), "{found}");
    }
}
