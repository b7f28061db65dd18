//! A program that is killed comes back with everything it had said.

use std::collections::BTreeMap;

use crate::client::Asker;
use crate::demo::Demo;
use crate::ocsp::statuses;

fn numbers(demo: &Demo) -> Vec<String> {
    let names = demo.ready.cas.iter().flat_map(|ca| &ca.crl_dns);
    names
        .map(|name| demo.says(&format!("openssl crl -noout -hash -in {}", demo.list(name))))
        .collect()
}

#[test]
fn e2_after_a_kill_everything_is_answered_as_before_and_the_journal_is_intact() {
    let mut demo = Demo::start();
    let told = |demo: &Demo| -> Vec<BTreeMap<String, String>> {
        ["jpki-auth", "saitama-sign"].map(|ca| statuses(demo, ca)).into()
    };
    let (statuses, lists) = (told(&demo), numbers(&demo));
    let index = demo.fetch("/ca/jpki-auth/1.cer", &Asker::Nobody);
    demo.restart_after_a_kill();
    assert!(told(&demo) == statuses, "the statuses are what they were");
    assert_eq!(numbers(&demo), lists);
    assert_eq!(demo.fetch("/ca/jpki-auth/1.cer", &Asker::Nobody), index);
    assert!(demo.stop().success());
    let key = demo.ready.audit_public_key.clone();
    let said = demo.jitsuin(&["audit", "verify", "demo/data/state.db", "--key", &key]);
    assert!(said.success && said.text.starts_with("intact: "), "{}", said.text);
}

#[test]
fn e1_queries_before_a_kill_are_sealed_by_the_next_start() {
    let mut demo = Demo::start();
    let good = demo.certificates("jpki-auth", "user", "good")[0].clone();
    assert!(demo.ask("jpki-auth", &[&good], Asker::Verifier, "").contains(": good"));
    demo.restart_after_a_kill();
    assert!(demo.stop().success());
    let said = demo.export();
    assert!(said.success, "{}", said.text);
    let journal = std::fs::read_to_string(demo.path().join("export")).unwrap();
    let mut found = 0;
    for file in std::fs::read_dir(demo.kept("data/queries")).unwrap() {
        let path = file.unwrap().path();
        let hash = demo.says(&format!("sha256sum {}", path.display()));
        assert!(journal.contains(hash.split(' ').next().unwrap()), "{} is sealed", path.display());
        found += usize::from(std::fs::read_to_string(path).unwrap().contains(&good.serial_hex));
    }
    assert_eq!(found, 1, "the query before the kill");
}
