//! The shapes in which operations are asked and answered: of their own, never the domain's.
//!
//! Every shape refuses fields it does not know, so that a misspelt one is not silently left out.

mod application;
mod approval;
mod certificate;
mod evidence;
mod form;
mod holder;
mod people;
mod problem;
mod secret;

pub use application::{
    ApplicationBody, ApplicationPage, CertifiedBody, CheckBody, ReplacementBody, StageBody,
};
pub use approval::ApprovalBody;
pub use certificate::{CertificateIdBody, HoldCertificates, HoldOutcomeBody, RefusedHoldBody};
pub(crate) use evidence::holder_secrets;
pub use evidence::{DocumentBody, HandoverBody};
pub use form::ReceiveApplication;
pub use holder::{HolderProblemBody, HolderReceiptBody, OverviewBody, OwnCertificateBody};
pub use people::{
    Base64Url, ChangedBody, ConfirmationBody, CredentialBody, LoginBody, PasskeyAnswerBody,
    PasskeyChallengeBody, PersonBody, PersonList, ProposedBody, SessionBody, TokenBody,
};
pub use problem::ProblemBody;
pub use secret::SecretText;
