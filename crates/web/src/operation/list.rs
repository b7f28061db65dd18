//! Every operation: one line each.

use axum::routing::MethodRouter;
use utoipa::openapi::OpenApi;

use super::{Command, Operation, Spec, command, describe, route};
use crate::api::Api;
use crate::desk::applications::{
    ApproveApplication, CompleteApplication, DeliverApplication, DiscardApplication,
    IssueApplication, ListApplications, RefuseApplication, ShowApplication, VerifyApplication,
    WithdrawApplication,
};
use crate::desk::authorities::{ListAuthorities, ShowAuthority, ShowPolicy};
use crate::desk::cards::{
    ChangeCardSecret, EraseCard, MakeCard, ReadCard, ReconcileCard, ResetCardSecret,
};
use crate::desk::ceremonies::{AbandonCeremony, ShowCeremony};
use crate::desk::certificates::{ListCertificates, RevokeCertificate, ShowCertificate};
use crate::desk::check::CheckConsistency;
use crate::desk::credentials::{EndSession, MakeToken, RegisterCertificate, SetPassword};
use crate::desk::journal::ReadJournal;
use crate::desk::keys::{
    ActivateKeys, CompromiseKey, DeactivateKeys, PlanCompromise, RehearseRenewal, ShowKeys,
};
use crate::desk::lists::{FetchList, ListSeries, PublishAllLists, PublishDueLists};
use crate::desk::passkeys::{BeginPasskey, RegisterPasskey};
use crate::desk::people::{
    ConfirmProposal, ListPeople, ProposeChange, ProposePerson, RefuseProposal, ShowPerson,
    SuspendPerson,
};
use crate::desk::register::{
    ApplyRegisterEvents, EraseResident, GenerateResidents, RecordAddress, RecordDeath,
    RecordMoveOut, ShowResident,
};
use crate::desk::service_requests::{
    ApproveServiceRequest, ExamineServiceRequest, IssueServiceRequest, ListServiceRequests,
    ReceiveServiceRequest, RefuseServiceRequest, ReleaseServiceRequest, RevokeServiceRequest,
    ShowServiceRequest, WithdrawServiceRequest,
};
use crate::desk::weak_keys::FindWeakKeys;
use crate::desk::{ApproveOperation, AttendCeremony};
use crate::wire::{HoldCertificates, ReceiveApplication};

/// Every operation, in the order of the tables.
pub(crate) const ALL: &[Listed] = &[
    Listed::of::<ReceiveApplication>(),
    Listed::of::<VerifyApplication>(),
    Listed::of::<ApproveApplication>(),
    Listed::of::<IssueApplication>(),
    Listed::of::<DeliverApplication>(),
    Listed::of::<CompleteApplication>(),
    Listed::of::<DiscardApplication>(),
    Listed::of::<RefuseApplication>(),
    Listed::of::<WithdrawApplication>(),
    Listed::of::<ShowApplication>(),
    Listed::of::<ListApplications>(),
    Listed::of::<HoldCertificates>(),
    Listed::of::<MakeCard>(),
    Listed::of::<ReadCard>(),
    Listed::of::<ChangeCardSecret>(),
    Listed::of::<ResetCardSecret>(),
    Listed::of::<EraseCard>(),
    Listed::of::<ReconcileCard>(),
    Listed::of::<RevokeCertificate>(),
    Listed::of::<ShowCertificate>(),
    Listed::of::<ListCertificates>(),
    Listed::of::<ShowKeys>(),
    Listed::of::<ActivateKeys>(),
    Listed::of::<DeactivateKeys>(),
    Listed::of::<RehearseRenewal>(),
    Listed::of::<PlanCompromise>(),
    Listed::of::<CompromiseKey>(),
    Listed::of::<FindWeakKeys>(),
    Listed::of::<ListAuthorities>(),
    Listed::of::<ShowAuthority>(),
    Listed::of::<ShowPolicy>(),
    Listed::of::<ListSeries>(),
    Listed::of::<FetchList>(),
    Listed::of::<PublishDueLists>(),
    Listed::of::<PublishAllLists>(),
    Listed::of::<GenerateResidents>(),
    Listed::of::<ShowResident>(),
    Listed::of::<RecordDeath>(),
    Listed::of::<RecordAddress>(),
    Listed::of::<RecordMoveOut>(),
    Listed::of::<EraseResident>(),
    Listed::of::<ApplyRegisterEvents>(),
    Listed::of::<ReceiveServiceRequest>(),
    Listed::of::<ExamineServiceRequest>(),
    Listed::of::<ApproveServiceRequest>(),
    Listed::of::<ReleaseServiceRequest>(),
    Listed::of::<IssueServiceRequest>(),
    Listed::of::<RevokeServiceRequest>(),
    Listed::of::<RefuseServiceRequest>(),
    Listed::of::<WithdrawServiceRequest>(),
    Listed::of::<ShowServiceRequest>(),
    Listed::of::<ListServiceRequests>(),
    Listed::of::<ReadJournal>(),
    Listed::of::<CheckConsistency>(),
    Listed::of::<ShowCeremony>(),
    Listed::of::<AbandonCeremony>(),
    Listed::of::<AttendCeremony>(),
    Listed::of::<ApproveOperation>(),
    Listed::of::<ListPeople>(),
    Listed::of::<ShowPerson>(),
    Listed::of::<ProposePerson>(),
    Listed::of::<ProposeChange>(),
    Listed::of::<ConfirmProposal>(),
    Listed::of::<RefuseProposal>(),
    Listed::of::<SuspendPerson>(),
    Listed::of::<EndSession>(),
    Listed::of::<SetPassword>(),
    Listed::of::<RegisterCertificate>(),
    Listed::of::<MakeToken>(),
    Listed::of::<BeginPasskey>(),
    Listed::of::<RegisterPasskey>(),
];

/// An operation as the router and the documents need it.
pub(crate) struct Listed {
    pub(crate) spec: Spec,
    pub(crate) route: fn() -> MethodRouter<Api>,
    pub(crate) describe: fn(&mut OpenApi),
    pub(crate) commands: fn() -> Vec<Command>,
}

impl Listed {
    const fn of<O: Operation>() -> Self {
        let (route, describe, commands) = (route::<O>, describe::<O>, command::of::<O>);
        Self { spec: O::SPEC, route, describe, commands }
    }
}
