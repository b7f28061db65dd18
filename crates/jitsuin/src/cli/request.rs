//! `request`: requests for servers' certificates and for their end, in the words people use.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use domain::certificate::CertificateKind;
use domain::named::Named;
use domain::revocation::RevocationCause;

#[derive(Debug, Subcommand)]
pub(crate) enum RequestCommand {
    /// Take a request in, as an intake clerk (A 5.2.1.1(3)).
    Receive(Box<IntakeArguments>),
    /// Issue the certificate, as the second senior operator.
    Issue {
        /// The request.
        id: String,
    },
}

/// Without --renews and --revokes it is a request for a first certificate.
#[derive(Debug, Args)]
pub(crate) struct IntakeArguments {
    /// The CA.
    pub(crate) ca: String,
    /// Who asks: the organisation and the person who speaks for it.
    #[arg(long, value_name = "TEXT")]
    pub(crate) applicant: String,
    /// A document that was handed in and checked; may be repeated.
    #[arg(long = "document", value_name = "TEXT", required = true)]
    pub(crate) documents: Vec<String>,
    /// What the certificate is to be for.
    #[arg(long, required_unless_present = "revokes", requires = "request", value_parser = kinds())]
    pub(crate) kind: Option<String>,
    /// The PKCS#10 request, PEM.
    #[arg(long, value_name = "FILE", requires = "kind")]
    pub(crate) request: Option<PathBuf>,
    /// The common name; the first DNS name of the PKCS#10 request unless told.
    #[arg(long, value_name = "NAME", requires = "kind")]
    pub(crate) common_name: Option<String>,
    /// The certificate, by its serial number, in whose place another is wanted.
    #[arg(long, value_name = "SERIAL", requires = "kind")]
    pub(crate) renews: Option<String>,
    /// The certificate, by its serial number, that is to be revoked.
    #[arg(long, value_name = "SERIAL", conflicts_with = "kind", requires = "cause")]
    pub(crate) revokes: Option<String>,
    /// Why it is to be revoked: the event, as the policy's table names it.
    #[arg(long, requires = "revokes", value_parser = PossibleValuesParser::new(RevocationCause::NAMES))]
    pub(crate) cause: Option<String>,
}

/// The kinds that are issued by request.
fn kinds() -> PossibleValuesParser {
    let by_request = CertificateKind::ALL.into_iter().filter(|kind| kind.is_service());
    PossibleValuesParser::new(by_request.map(CertificateKind::name))
}
