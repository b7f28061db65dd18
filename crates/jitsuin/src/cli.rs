//! The command line: what can be asked, in the words people use.

mod apply;
mod card;
mod ceremony;
mod examples;
mod listed;
mod request;
mod staff;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub(crate) use self::apply::{ApplyCommand, HandoverArguments};
pub(crate) use self::card::{CardCommand, OnReader};
pub(crate) use self::listed::{Listed, Told};
pub(crate) use self::request::{IntakeArguments, RequestCommand};
use crate::answer::OutputForm;
use crate::custodians::Present;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use domain::certificate::CertificateKind;
use domain::id::{ActorId, OperationId};
use domain::named::Named;

pub(crate) use self::staff::{FirstPeople, StaffCommand};

pub(crate) use self::ceremony::CeremonyCommand;

/// The heading of what every command takes.
const EVERYWHERE: &str = "Options of every command";

/// The Japanese citizen PKI: certification authority, municipal windows, cards, status services.
#[derive(Debug, Parser)]
#[command(name = "jitsuin", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command is told.
#[derive(Debug, Args)]
pub(crate) struct Everywhere {
    /// The configuration file.
    #[arg(long, global = true, default_value = "jitsuin.toml", value_name = "FILE", help_heading = EVERYWHERE)]
    pub(crate) config: PathBuf,
    /// The form of the answer, and of an error.
    #[arg(
        long, global = true, value_enum, value_name = "FORM", default_value = "table",
        help_heading = EVERYWHERE,
    )]
    output: OutputForm,
    /// The same as --output json.
    #[arg(long, global = true, conflicts_with = "output", help_heading = EVERYWHERE)]
    json: bool,
    /// The API of an installation elsewhere, https://HOST:PORT, which is asked in place of the one here.
    #[arg(
        long, global = true, value_name = "URL", requires = "server_ca", conflicts_with = "custodians",
        help_heading = EVERYWHERE,
    )]
    pub(crate) server: Option<String>,
    /// The roots, in PEM, to one of which the certificate of that server must lead.
    #[arg(long, global = true, value_name = "FILE", requires = "server", help_heading = EVERYWHERE)]
    pub(crate) server_ca: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) person: Person,
}

impl Everywhere {
    /// The form of the answer, and of an error.
    pub(crate) fn form(&self) -> OutputForm {
        if self.json { OutputForm::Json } else { self.output }
    }
}

/// Who acts, and under which operation id a repetition is recognised.
#[derive(Debug, Args)]
pub(crate) struct Person {
    /// The file with the token, or the enrolment secret, of who acts.
    #[arg(long = "as", global = true, value_name = "FILE", help_heading = EVERYWHERE)]
    pub(crate) shown: Option<PathBuf>,
    /// Who acts, where FILE holds their password.
    #[arg(long, global = true, value_name = "ID", requires = "shown", help_heading = EVERYWHERE)]
    pub(crate) operator: Option<String>,
    /// A custodian who is present, with the file of the passphrase (- for standard input): enough
    /// of them activate the CAs' keys for this command.
    #[arg(long = "custodian", global = true, value_name = "ID=FILE", help_heading = EVERYWHERE)]
    pub(crate) custodians: Vec<Present>,
    /// The id of this operation; repeating a command with the same id has no further effect.
    #[arg(long, global = true, value_name = "ID", help_heading = EVERYWHERE)]
    pub(crate) operation: Option<String>,
}

impl Cli {
    /// What was asked for on the command line; else the program ends with what is wrong.
    pub(crate) fn parse() -> Self {
        let (mut all, made) = Self::all();
        let matches = all.get_matches_mut();
        Self::of(&matches, made).unwrap_or_else(|error| error.format(&mut all).exit())
    }

    /// The same of these words.
    #[cfg(test)]
    pub(crate) fn try_parse_from(words: Vec<String>) -> Result<Self, clap::Error> {
        let (all, made) = Self::all();
        Self::of(&all.try_get_matches_from(words)?, made)
    }

    /// Every command, and among them those that are made of the list of operations.
    fn all() -> (clap::Command, Vec<web::operation::Command>) {
        let written = <Self as CommandFactory>::command();
        let made = listed::made(&written);
        (examples::add(listed::add(written, &made)), made)
    }

    fn of(matches: &ArgMatches, made: Vec<web::operation::Command>) -> Result<Self, clap::Error> {
        match listed::asked(matches, made)? {
            None => Self::from_arg_matches(matches),
            Some(listed) => {
                let everywhere = Everywhere::from_arg_matches(matches)?;
                Ok(Self { everywhere, command: Command::Listed(Box::new(listed)) })
            }
        }
    }
}

impl std::ops::Deref for Cli {
    type Target = Everywhere;

    fn deref(&self) -> &Everywhere {
        &self.everywhere
    }
}

impl Person {
    /// The file of what the person shows.
    pub(crate) fn file(&self) -> Result<&Path> {
        let file = self.shown.as_deref();
        file.context("who acts: --as FILE is needed, with the token of a person")
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// One operation of the list.
    #[command(skip)]
    Listed(Box<Listed>),
    /// Set up and run everything on this machine, with invented residents, and say what to try.
    Demo(DemoArguments),
    /// Set an installation up: keys, CAs, the first two people, first lists.
    Init(InitArguments),
    /// Run the services of an installation until it is stopped.
    Serve,
    /// Applications at a window, from the form to the delivered card.
    #[command(subcommand)]
    Apply(ApplyCommand),
    /// Cards: read, unlocked, emptied, reconciled; and the emulated ones, put into readers.
    #[command(subcommand)]
    Card(CardCommand),
    /// Certificates that were issued.
    #[command(subcommand)]
    Cert(CertCommand),
    /// The CAs' keys: custody, renewal rehearsed, compromise; and weak keys of others.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Requests for servers' certificates and for their end, from the intake to the CA's key.
    #[command(subcommand)]
    Request(RequestCommand),
    /// Revocation lists.
    #[command(subcommand)]
    Crl(CrlCommand),
    /// Policy files.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Key ceremonies, from the script to the signed minutes.
    #[command(subcommand)]
    Ceremony(CeremonyCommand),
    /// The journal as evidence.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The registry of people, and one's own credentials.
    #[command(subcommand)]
    Staff(StaffCommand),
    /// Check that everything agrees with everything else.
    Check,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Where to set up; what is there is used again.
    #[arg(long, default_value = "demo-data", value_name = "D")]
    pub(crate) dir: PathBuf,
    /// The first of five ports; 0 lets the system choose.
    #[arg(long, default_value_t = 8440, value_name = "N", value_parser = clap::value_parser!(u16).range(..=65531))]
    pub(crate) base_port: u16,
    /// Write what is where into this file once everything answers.
    #[arg(long, value_name = "F")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Tell the whole story step by step, and exit.
    #[arg(long)]
    pub(crate) once: bool,
    /// Keep the CAs' keys in a token: softhsm is the one the demo sets up.
    #[arg(long, value_name = "TOKEN", value_parser = ["softhsm"])]
    pub(crate) hsm: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CertCommand {
    /// Show a certificate's state; write it as PEM with --pem.
    Show {
        /// The CA.
        ca: String,
        /// The serial number, hexadecimal.
        serial: String,
        /// Write the certificate itself.
        #[arg(long)]
        pem: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Rehearse the renewal of a CA's key: every path relying parties take, and what would break.
    Renew {
        /// The CA.
        ca: String,
        /// Only rehearse, which is all this command does: a key is renewed in a ceremony.
        #[arg(long)]
        dry_run: bool,
        /// When the new key would take over, RFC 3339; a day from now unless told.
        #[arg(long, value_name = "TIME")]
        issues_from: Option<String>,
    },
    /// Show what the compromise of a CA's key means; with --carry-out, declare it and carry it out.
    Compromise {
        /// The CA.
        ca: String,
        /// The generation of the key.
        #[arg(long, default_value_t = 1)]
        generation: u32,
        /// Stop issuance, revoke everything, publish all lists, post the notice, prepare the
        /// notification; broken off, the same command goes on.
        #[arg(long)]
        carry_out: bool,
        #[command(flatten)]
        second: Second,
    },
    /// Find the certificates whose key is on a list of weak keys.
    Weak {
        /// SHA-256 of the SubjectPublicKeyInfo, one a line; the configured list unless told.
        #[arg(long, value_name = "FILE")]
        list: Option<PathBuf>,
    },
}

/// What `init` is told.
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    #[command(flatten)]
    pub(crate) first: FirstPeople,
    /// A medium of the custodians for the backups of the CAs' keys, as the configuration names it
    /// that is made where there is none; several may be given.
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) backups: Vec<PathBuf>,
    /// Have them beside the data, to try the program out: whoever takes that disk has both.
    #[arg(long, conflicts_with = "backups")]
    pub(crate) to_try_out: bool,
    /// A name or address that the custodians want the server certified for; all of those of the
    /// configuration, where they are others than it was certified for before.
    #[arg(long, value_name = "NAME")]
    pub(crate) server_name: Vec<String>,
}

/// The second person of an operation that takes two. They approve it first, by a command of their own:
/// the same one with `--approves`.
#[derive(Debug, Default, Args)]
pub(crate) struct Second {
    /// Who has approved the operation of this --operation.
    #[arg(long, value_name = "PERSON", conflicts_with = "approves")]
    pub(crate) approver: Option<ActorId>,
    /// Approve, as the second person, what another asks for under this operation id, and do nothing.
    #[arg(long, value_name = "OPERATION")]
    pub(crate) approves: Option<OperationId>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CrlCommand {
    /// Publish the lists that are due; every list of a CA with --ca.
    Publish {
        /// Publish all lists of this CA, due or not.
        #[arg(long)]
        ca: Option<String>,
    },
    /// Write a list as PEM: the published one, or the one with this number.
    Show {
        /// The CA.
        ca: String,
        /// The municipality's code, other, arl-self-signed, arl-link or arl-cross.
        partition: String,
        /// The number.
        #[arg(long)]
        number: Option<u64>,
        /// The key generation.
        #[arg(long, default_value_t = 1)]
        generation: u32,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check a policy file.
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Show a policy, one fact a line with its clause.
    Show {
        /// The file.
        file: PathBuf,
        /// Only the profile of this kind.
        #[arg(long, value_parser = PossibleValuesParser::new(CertificateKind::NAMES).try_map(|name| name.parse::<CertificateKind>()))]
        profile: Option<CertificateKind>,
    },
    /// Adopt a policy for its CA with a second person; it takes effect at the next start.
    Adopt {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        second: Second,
    },
    /// Show what changes from one policy to another.
    Diff {
        /// The policy in effect.
        old: PathBuf,
        /// The policy to come.
        new: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Write the journal with its checkpoints into a file.
    Export {
        /// The file.
        file: PathBuf,
    },
    /// Verify an export, or a database file, with nothing but the public key.
    Verify {
        /// The export or the database.
        file: PathBuf,
        /// The public key of the checkpoints.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// A directory of checkpoints from outside, to be found in the journal again; more than one
        /// may be given.
        #[arg(long, value_name = "DIR")]
        checkpoints: Vec<PathBuf>,
    },
    /// Show why a start is refused (an older database, lost checkpoints, a clock that is wrong), and which
    /// query records are lost.
    Accept {
        /// Give up the query records that are lost as well, as what lies in their place is now.
        #[arg(long)]
        records: bool,
        /// Accept it where what is missing is lost for good, or the clock is right now; the journal has
        /// it. The custodians do (--custodian), without anybody's token; for the clock and for records two
        /// people may as well (--as, --approver).
        #[arg(long)]
        carry_out: bool,
        #[command(flatten)]
        second: Second,
    },
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use web::desk::permission::Operation;

    use super::*;

    /// What nobody needs a right for: set-up and service are the custodians', the others read files and
    /// readers, or throw away what they make.
    const OF_NOBODY: [&str; 12] = [
        "audit verify",
        "card insert",
        "card list",
        "card readers",
        "ceremony check",
        "ceremony rehearse",
        "ceremony verify",
        "demo",
        "policy check",
        "policy diff",
        "policy show",
        "serve",
    ];

    /// Every command, and every option.
    fn words(
        command: &clap::Command,
        before: &str,
        found: &mut (BTreeSet<String>, BTreeSet<String>),
    ) {
        found.1.extend(
            command.get_arguments().filter_map(|one| Some(format!("--{}", one.get_long()?))),
        );
        if !command.has_subcommands() {
            found.0.insert(before.to_owned());
        }
        for inner in command.get_subcommands() {
            words(inner, format!("{before} {}", inner.get_name()).trim_start(), found);
        }
    }

    #[test]
    fn l1_every_command_is_well_formed() {
        Cli::all().0.debug_assert();
    }

    #[test]
    fn w3_what_means_nothing_without_a_field_or_with_another_is_wrong_usage() {
        let is_taken = |line: &str| {
            let words = line.split(' ').map(ToOwned::to_owned).collect();
            Cli::try_parse_from(words).is_ok()
        };
        assert!(is_taken("jitsuin staff roles suzuki --role examiner --role approver"));
        for line in [
            "jitsuin staff roles suzuki",
            "jitsuin staff roles suzuki --role nobody",
            "jitsuin staff enrol suzuki --role examiner",
            "jitsuin register erase 10000000001",
            "jitsuin revoke jpki-auth 0a --cause use-ended",
            "jitsuin request list --state lost",
        ] {
            assert!(!is_taken(line), "{line}");
        }
    }

    /// Six operations once stood in the table with a command that there was not, and seven commands asked
    /// no table.
    #[test]
    fn w3_every_command_is_in_the_table_of_permissions_and_every_command_of_the_table_is_there() {
        let mut found = (BTreeSet::new(), BTreeSet::new());
        words(&Cli::all().0, "", &mut found);
        let (commands, options) = found;
        let named: BTreeSet<&str> =
            Operation::ALL.iter().flat_map(|one| one.commands()).copied().collect();
        let of_table = named.iter().filter(|name| !name.starts_with('-')).copied();
        let known: BTreeSet<String> = of_table.chain(OF_NOBODY).map(ToOwned::to_owned).collect();
        assert_eq!(commands, known);
        for option in named.iter().filter(|name| name.starts_with('-')) {
            assert!(options.contains(*option), "{option}");
        }
        assert!(OF_NOBODY.iter().all(|command| !named.contains(command)));
    }
}
