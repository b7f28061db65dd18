//! What one types, by topic: the end of each topic's help.

/// Each topic with its examples: what it comes to, and what is typed for it after `jitsuin`.
const TOPICS: &[(&str, &[(&str, &str)])] = &[
    (
        "demo",
        &[
            ("Everything on this machine, with what to try", "demo"),
            ("One resident's story, step by step", "demo --once --dir story --base-port 0"),
        ],
    ),
    ("init", &[("An installation to try out", "init --to-try-out")]),
    ("serve", &[("Until Ctrl-C or SIGTERM", "--config /etc/jitsuin/jitsuin.toml serve")]),
    (
        "apply",
        &[
            ("What a clerk does, from the form on", "--as clerk.token apply receive form.json"),
            ("Who it is, by what they showed", "--as clerk.token apply verify AP-1 evidence.json"),
            ("The certificate, onto a card", "--as clerk.token apply issue AP-1"),
            (
                "The card, with the PIN of its holder",
                "--as clerk.token apply deliver AP-1 --secret pin",
            ),
            (
                "What waits for its second person",
                "--as supervisor.token apply list --state verified",
            ),
        ],
    ),
    (
        "card",
        &[
            ("Whose cards lie in which readers", "--as clerk.token card readers"),
            (
                "A PIN that its holder knows",
                "--as clerk.token card change-secret --slot authentication --present old --new new",
            ),
        ],
    ),
    (
        "cert",
        &[
            (
                "The certificates of a municipality on hold",
                "--as operator.token cert list jpki-auth --state held --partition 11203",
            ),
            (
                "One of them, however its serial is printed",
                "--as operator.token cert show jpki-auth 0x5f:2a:01",
            ),
        ],
    ),
    (
        "crl",
        &[
            (
                "The list of a municipality, for openssl",
                "--as operator.token crl show jpki-auth 11203",
            ),
            ("All lists of a CA, now", "--as operator.token crl publish --ca jpki-auth"),
        ],
    ),
    (
        "hold",
        &[(
            "By phone, with the four attributes",
            "--as agent.token hold --name 山田　花子 --address 埼玉県川口市青木２丁目１番１号 --birth-date 1990-05-01 --gender female",
        )],
    ),
    (
        "revoke",
        &[(
            "At once, by one person",
            "--as operator.token revoke jpki-auth 5f2a01 --cause key-compromised --requester holder",
        )],
    ),
    (
        "request",
        &[
            (
                "A server's certificate, from openssl's request",
                "--as intake.token request receive jpki-auth --applicant 情報システム課 --document 申請書 --kind tls-server --request server.csr",
            ),
            (
                "What the next of the five people do",
                "--as examiner.token request examine RQ-1 --findings none",
            ),
        ],
    ),
    (
        "key",
        &[
            ("Whether the keys are awake", "--as manager.token key status"),
            ("What a renewal would break", "--as manager.token key renew jpki-auth --dry-run"),
            (
                "The second person, and then the first",
                "--as operator.token key compromise jpki-auth --carry-out --approves op-worst-day",
            ),
            (
                "",
                "--as manager.token key compromise jpki-auth --carry-out --approver operator-1 --operation op-worst-day",
            ),
        ],
    ),
    (
        "ceremony",
        &[
            ("Whether a script can be held", "ceremony check script.toml"),
            ("Who witnesses it, before", "--as witness.token ceremony attend script.toml"),
            (
                "The ceremony, with two custodians",
                "--as operator.token ceremony run script.toml --custodian custodian-1=one --custodian custodian-2=two",
            ),
        ],
    ),
    (
        "staff",
        &[
            (
                "Somebody new, whom a second person confirms",
                "--as operator.token staff propose clerk-9 --name 試験花子 --role window-clerk --municipality 11203",
            ),
            (
                "Nobody can come in any more",
                "--custodian custodian-1=one --custodian custodian-2=two staff recover manager-1",
            ),
        ],
    ),
    (
        "register",
        &[
            (
                "A death, and what follows for certificates",
                "--as operator.token register died 10000000001",
            ),
            ("", "--as operator.token register apply"),
        ],
    ),
    (
        "audit",
        &[
            (
                "All that was done, from another machine",
                "--server https://ca.example:8440 --server-ca ca.pem --as auditor.token audit export journal.jsonl",
            ),
            (
                "Whether it is whole, by the public key alone",
                "audit verify journal.jsonl --key audit.pub --checkpoints witness",
            ),
        ],
    ),
    (
        "policy",
        &[
            ("Whether a file is one, and what is new in it", "policy check jpki-auth.toml"),
            ("", "policy diff jpki-auth.toml new.toml"),
        ],
    ),
    ("ca", &[("The CAs, as lines for a program", "--as operator.token --output jsonl ca list")]),
    (
        "check",
        &[("What does not agree, and exit 1 if anything", "--as auditor.token --json check")],
    ),
];

/// Adds to each topic its examples.
pub(super) fn add(root: clap::Command) -> clap::Command {
    TOPICS.iter().fold(root, |root, (topic, examples)| {
        root.mut_subcommand(topic, |command| command.after_help(told(examples)))
    })
}

fn told(examples: &[(&str, &str)]) -> String {
    let mut text = "Examples:".to_owned();
    for (about, typed) in examples {
        if !about.is_empty() {
            text += &format!("\n  {about}:");
        }
        text += &format!("\n    jitsuin {typed}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_topic_has_examples_and_each_is_a_command() {
        let (all, _) = Cli::all();
        let topics: BTreeSet<_> = all.get_subcommands().map(clap::Command::get_name).collect();
        let told: BTreeSet<_> = TOPICS.iter().map(|(topic, _)| *topic).collect();
        assert_eq!(topics, told);
        for (topic, examples) in TOPICS {
            for (_, typed) in *examples {
                let words = typed.split(' ').map(str::to_owned);
                let words: Vec<_> = std::iter::once("jitsuin".to_owned()).chain(words).collect();
                assert!(words.iter().any(|word| word == topic), "{topic}: {typed}");
                Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{typed}: {error}"));
            }
        }
    }
}
