//! The address of an operation: one handler for all of them.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use hyper::http::StatusCode;

use super::described::has_body;
use super::input::{Given, read};
use super::{Answer, Operation, Verb};
use crate::api::Api;
use crate::api::places::Served;
use crate::desk::{Desk, Principal, unproven};
use crate::problem::{Fault, Problem};

/// The handler of an operation, by its method.
pub(crate) fn route<O: Operation>() -> MethodRouter<Api> {
    let has_body = has_body::<O>();
    let handler = move |state, request| answer::<O>(state, request, has_body);
    match O::SPEC.verb {
        Verb::Get => get(handler),
        Verb::Post => post(handler),
    }
}

async fn answer<O: Operation>(
    State(api): State<Api>,
    request: Request,
    has_body: bool,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let served = Served::of(&parts, &api);
    // Whom the guard let in; without it nobody is.
    let act = parts.extensions.get::<Principal>().cloned();
    let act = act.ok_or_else(|| unproven("nobody was let in"))?;
    let given = Given::of(Request::from_parts(parts, body), has_body).await?;
    match read::<O>(&given) {
        Ok(asked) => {
            let answer = served.run(move |desk| desk.ask(&act, asked)).await?;
            let status = StatusCode::from_u16(O::SPEC.done.status).unwrap_or(StatusCode::OK);
            Ok((status, answer.respond()).into_response())
        }
        Err(problem) => {
            // A rule that is broken is an entry like every refusal.
            if problem.fault == Fault::Refused {
                let refused = problem.clone();
                let operation = O::SPEC.operation;
                let refuse =
                    move |desk: &Desk| desk.ledger().checked::<()>(&act, operation, Err(refused));
                served.run(refuse).await?;
            }
            Err(problem)
        }
    }
}
