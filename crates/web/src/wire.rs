//! The shapes in which operations are asked and answered: of their own, never the domain's.
//!
//! Every shape refuses fields it does not know, so that a misspelt one is not silently left out.

mod application;
mod approval;
mod certificate;
mod evidence;
mod form;
mod holder;
mod keys;
mod people;
mod problem;
mod register;
mod secret;

pub use application::{
    ApplicationBody, ApplicationPage, CertifiedBody, CheckBody, ReplacementBody, StageBody,
};
pub use approval::{ApprovalBody, ApprovedBody};
pub use certificate::{CertificateIdBody, HoldBody, HoldOutcomeBody, RefusedHoldBody};
pub use evidence::{DeliveryBody, DocumentBody, EvidenceBody, HandoverBody, RefusalBody};
pub use form::FormBody;
pub use holder::{HolderProblemBody, HolderReceiptBody, OverviewBody, OwnCertificateBody};
pub use keys::{
    CompromiseBody, CompromiseOutcomeBody, CompromisePlanBody, ContributionBody, CustodyBody,
    RehearsalBody,
};
pub use people::{
    Base64Url, ChangedBody, ClientCertificateBody, ConfirmationBody, CredentialBody, LoginBody,
    NewPersonBody, PasskeyAnswerBody, PasskeyBody, PasskeyChallengeBody, PasswordBody, PersonBody,
    PersonList, ProposalBody, ProposedBody, SessionBody, TokenBody, TokenWishBody,
};
pub use problem::ProblemBody;
pub use register::{
    AddressBody, ErasurePermitBody, EventFailureBody, ForgottenBody, MoveOutBody,
    RegisterCommandBody, RegisterRunBody, ResidentBody,
};
pub use secret::SecretText;
