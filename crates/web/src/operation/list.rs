//! Every operation: one line for each group, which lists its own.

use axum::routing::MethodRouter;
use utoipa::openapi::OpenApi;

use super::{Command, Operation, Spec, command, describe, route};
use crate::api::Api;
use crate::desk::{
    applications, approvals, authorities, cards, ceremonies, certificates, check, credentials,
    journal, keys, lists, passkeys, people, progress, register, service_requests, weak_keys,
};

/// Every operation, in the order of the groups.
pub(crate) fn all() -> impl Iterator<Item = &'static Listed> {
    GROUPS.iter().copied().flatten()
}

const GROUPS: &[&[Listed]] = &[
    applications::OPERATIONS,
    cards::OPERATIONS,
    certificates::OPERATIONS,
    keys::OPERATIONS,
    weak_keys::OPERATIONS,
    authorities::OPERATIONS,
    lists::OPERATIONS,
    register::OPERATIONS,
    service_requests::OPERATIONS,
    journal::OPERATIONS,
    check::OPERATIONS,
    ceremonies::OPERATIONS,
    approvals::OPERATIONS,
    people::OPERATIONS,
    credentials::OPERATIONS,
    passkeys::OPERATIONS,
    progress::OPERATIONS,
];

/// An operation as the router and the documents need it.
pub(crate) struct Listed {
    pub(crate) spec: Spec,
    pub(crate) route: fn() -> MethodRouter<Api>,
    pub(crate) describe: fn(&mut OpenApi),
    pub(crate) commands: fn() -> Vec<Command>,
}

impl Listed {
    pub(crate) const fn of<O: Operation>() -> Self {
        let (route, describe, commands) = (route::<O>, describe::<O>, command::of::<O>);
        Self { spec: O::SPEC, route, describe, commands }
    }
}
