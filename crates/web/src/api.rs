//! The REST API under `/api/v1`: one thin handler for each operation of the desk.
//!
//! # Architecture invariant
//! Every route but [`HEALTH`] and [`LOGIN`] stands behind [`crate::access`]: who asks, and whether the
//! operation at the address is open to them, come before any body is read. Those two as well are for
//! requests alone that are meant for this site and that no page of another sent.
//! Handlers decide nothing: they hand what was sent to the desk, on a thread that may block.

mod applications;
mod approvals;
mod authorities;
mod cards;
mod certificates;
mod document;
pub(crate) mod input;
mod journal;
mod keys;
mod lists;
mod people;
mod register;
mod service_requests;
mod sessions;
mod strict;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::http::StatusCode;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::access;
use crate::desk::permission::Operation;
use crate::desk::{Desk, Door};
use crate::problem::{Fault, Problem};
use crate::wire::ProblemBody;
use status::addresses::Addresses;

pub(crate) use document::Operations;
pub use document::openapi;
pub use input::MAX_BODY;

/// The one address that is open to everybody: it says that somebody is there, and which conditions
/// stand, by their names alone.
pub const HEALTH: &str = "/api/v1/health";

/// The address where people log in, itself and below it for passkeys: open to everybody, who proves
/// there who they are.
pub const LOGIN: &str = "/api/v1/sessions";

/// Operations at work at once. Each takes a thread, and the database puts writers in order anyway.
const AT_ONCE: usize = 64;

/// Requests at work at once of those who have not proven who they are: apart from the operations of
/// those who have, so that a crowd at the door holds up nobody inside. One address has a quarter.
const STRANGERS_AT_ONCE: usize = 16;

/// Requests whose token or certificate is looked up at once; a look-up takes less than a millisecond.
const LOOK_UPS_AT_ONCE: usize = 16;

/// Time for one operation: a key pair of a slow card takes seconds, a round of lists minutes.
const WORK: Duration = Duration::from_secs(300);

/// What every handler has.
#[derive(Clone)]
pub struct Api {
    desk: Arc<Desk>,
    slots: Arc<Semaphore>,
    look_ups: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    addresses: Addresses,
    operations: Arc<Operations>,
}

/// What a handler answers.
pub(crate) type Answer<T> = Result<Json<T>, Problem>;

impl Api {
    /// Over a desk, with so many operations at work at once.
    pub(crate) fn new(desk: Arc<Desk>, at_once: usize) -> Self {
        let operations = Arc::new(Operations::described());
        Self {
            desk,
            slots: Arc::new(Semaphore::new(at_once)),
            look_ups: Arc::new(Semaphore::new(LOOK_UPS_AT_ONCE)),
            strangers: Arc::new(Semaphore::new(STRANGERS_AT_ONCE)),
            addresses: Addresses::of(STRANGERS_AT_ONCE),
            operations,
        }
    }

    /// What is asked for at an address, if the API has it.
    pub(crate) fn operation(&self, method: &Method, path: &str) -> Option<Operation> {
        self.operations.at(method, path)
    }

    /// Has the desk do `work` on a thread that may block. A panic there becomes an incident.
    ///
    /// # Errors
    /// Those of the work, and 503 when it takes too long; it goes on then, and a repetition with
    /// the same operation id finds what it did.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.run_within(&self.slots, work).await
    }

    /// Has the desk find out who somebody is, beside the operations of those of whom it is known.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub(crate) async fn look_up<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.run_within(&self.look_ups, work).await
    }

    /// Has the desk do `work` for somebody who comes from `from` and has not proven who they are.
    ///
    /// # Errors
    /// As [`run`](Self::run); 503 at once where strangers, or this address, have all their places.
    async fn run_for_stranger<T: Send + 'static>(
        &self,
        from: IpAddr,
        work: impl FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let full =
            || Problem::new(Fault::Unavailable, "too many want to come in: try again shortly");
        let counted = self.addresses.admit(from).ok_or_else(full)?;
        let place = Arc::clone(&self.strangers).try_acquire_owned().map_err(|_| full())?;
        let work = move |desk: &Desk| {
            let _place = (place, counted);
            work(desk)
        };
        self.blocking(work).await
    }

    async fn run_within<T: Send + 'static>(
        &self,
        slots: &Arc<Semaphore>,
        work: impl FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let slot = Arc::clone(slots).acquire_owned().await;
        let slot = slot.map_err(|closed| Problem::unavailable("the desk", &closed))?;
        let work = move |desk: &Desk| {
            let _slot = slot;
            work(desk)
        };
        self.blocking(work).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let desk = Arc::clone(&self.desk);
        let task = tokio::task::spawn_blocking(move || work(&desk));
        match timeout(WORK, task).await {
            Ok(Ok(result)) => result,
            Ok(Err(panicked)) => Err(Problem::broke(&panicked)),
            Err(late) => Err(Problem::unavailable("the operation", &late)),
        }
    }

    /// Refuses a request that is not for this site.
    ///
    /// # Errors
    /// [`crate::Hosts`] says which.
    pub(crate) fn expect_ours(&self, parts: &hyper::http::request::Parts) -> Result<(), Problem> {
        self.desk.hosts().expect_ours(parts)
    }

    /// Has the journal note that whoever stands at `door` was turned away, and why.
    pub(crate) async fn turned_away(&self, door: Door, problem: Problem) -> Problem {
        let turned = self.run(move |desk| desk.turn_away::<()>(&door, Err(problem))).await;
        turned.err().unwrap_or_else(|| Problem::broke(&"somebody was let in who should not be"))
    }

    /// As [`run`](Self::run), answered in JSON.
    async fn answer<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Answer<T> {
        self.run(work).await.map(Json)
    }
}

/// The API over a desk; connections bring their [`access::Peer`] as an extension.
pub fn router(desk: Arc<Desk>) -> Router {
    let api = Api::new(desk, AT_ONCE);
    let guarded = Router::new()
        .merge(applications_routes())
        .merge(cards_routes())
        .merge(certificates_routes())
        .merge(requests_routes())
        .merge(register_routes())
        .merge(people_routes())
        .merge(keys_routes())
        .route("/api/v1/approvals", post(approvals::approve))
        .route("/api/v1/journal", get(journal::read))
        .route("/api/v1/check", get(journal::check))
        .route("/api/v1/openapi.json", get(document::show))
        .fallback(nowhere)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(api.clone(), access::guard))
        .with_state(api.clone());
    let login = Router::new()
        .route(LOGIN, post(sessions::open))
        .route("/api/v1/sessions/passkey-challenges", post(sessions::begin_passkey))
        .route("/api/v1/sessions/passkey", post(sessions::open_with_passkey))
        .route(HEALTH, get(document::health))
        .with_state(api.clone());
    let open = login.method_not_allowed_fallback(no_such_method);
    open.fallback_service(guarded).layer(middleware::from_fn_with_state(api, access::expect_ours))
}

fn applications_routes() -> Router<Api> {
    Router::new()
        .route("/api/v1/applications", post(applications::receive).get(applications::list))
        .route("/api/v1/applications/{id}", get(applications::show))
        .route("/api/v1/applications/{id}/verification", post(applications::verify))
        .route("/api/v1/applications/{id}/approval", post(applications::approve))
        .route("/api/v1/applications/{id}/issue", post(applications::issue))
        .route("/api/v1/applications/{id}/delivery", post(applications::deliver))
        .route("/api/v1/applications/{id}/completion", post(applications::complete))
        .route("/api/v1/applications/{id}/discard", post(applications::discard))
        .route("/api/v1/applications/{id}/refusal", post(applications::refuse))
        .route("/api/v1/applications/{id}/withdrawal", post(applications::withdraw))
        .route("/api/v1/holds", post(applications::hold))
}

fn cards_routes() -> Router<Api> {
    Router::new()
        .route("/api/v1/card-readings", post(cards::read))
        .route("/api/v1/card-secret-changes", post(cards::change_secret))
        .route("/api/v1/card-secret-resets", post(cards::reset_secret))
        .route("/api/v1/card-erasures", post(cards::erase))
        .route("/api/v1/card-reconciliations", post(cards::reconcile))
}

fn certificates_routes() -> Router<Api> {
    Router::new()
        .route("/api/v1/cas", get(authorities::list))
        .route("/api/v1/cas/{ca}", get(authorities::show))
        .route("/api/v1/cas/{ca}/policy", get(authorities::policy))
        .route("/api/v1/cas/{ca}/certificates", get(certificates::list))
        .route("/api/v1/cas/{ca}/certificates/{serial}", get(certificates::show))
        .route("/api/v1/cas/{ca}/certificates/{serial}/revocation", post(certificates::revoke))
        .route("/api/v1/cas/{ca}/lists", get(lists::series))
        .route("/api/v1/cas/{ca}/lists/{generation}/{partition}", get(lists::fetch))
        .route("/api/v1/cas/{ca}/publication", post(lists::publish_all))
        .route("/api/v1/publication", post(lists::publish_due))
}

fn keys_routes() -> Router<Api> {
    Router::new()
        .route("/api/v1/keys", get(keys::show))
        .route("/api/v1/keys/activation", post(keys::activate))
        .route("/api/v1/keys/deactivation", post(keys::deactivate))
        .route("/api/v1/cas/{ca}/renewal-rehearsal", get(keys::rehearse))
        .route(
            "/api/v1/cas/{ca}/generations/{generation}/compromise",
            get(keys::plan_compromise).post(keys::compromise),
        )
}

fn requests_routes() -> Router<Api> {
    Router::new()
        .route(
            "/api/v1/service-requests",
            post(service_requests::receive).get(service_requests::list),
        )
        .route("/api/v1/service-requests/{id}", get(service_requests::show))
        .route("/api/v1/service-requests/{id}/examination", post(service_requests::examine))
        .route("/api/v1/service-requests/{id}/approval", post(service_requests::approve))
        .route("/api/v1/service-requests/{id}/release", post(service_requests::release))
        .route("/api/v1/service-requests/{id}/issue", post(service_requests::issue))
        .route("/api/v1/service-requests/{id}/revocation", post(service_requests::revoke))
        .route("/api/v1/service-requests/{id}/refusal", post(service_requests::refuse))
        .route("/api/v1/service-requests/{id}/withdrawal", post(service_requests::withdraw))
}

fn register_routes() -> Router<Api> {
    Router::new()
        .route("/api/v1/residents/{code}", get(register::show))
        .route("/api/v1/residents/{code}/death", post(register::record_death))
        .route("/api/v1/residents/{code}/address", post(register::record_address))
        .route("/api/v1/residents/{code}/move-out", post(register::record_move_out))
        .route("/api/v1/residents/{code}/erasure", post(register::erase))
        .route("/api/v1/register-runs", post(register::apply_events))
}

fn people_routes() -> Router<Api> {
    Router::new()
        .route("/api/v1/people", get(people::list).post(people::propose))
        .route("/api/v1/people/{id}", get(people::show))
        .route("/api/v1/people/{id}/proposals", post(people::propose_change))
        .route("/api/v1/people/{id}/confirmation", post(people::confirm))
        .route("/api/v1/people/{id}/refusal", post(people::refuse))
        .route("/api/v1/people/{id}/suspension", post(people::suspend))
        .route("/api/v1/sessions/end", post(sessions::end))
        .route("/api/v1/me/password", post(sessions::set_password))
        .route("/api/v1/me/certificates", post(sessions::register_certificate))
        .route("/api/v1/me/tokens", post(sessions::make_token))
        .route("/api/v1/me/passkey-challenges", post(sessions::begin_own_passkey))
        .route("/api/v1/me/passkeys", post(sessions::register_passkey))
}

async fn nowhere() -> Problem {
    Problem::new(Fault::Unknown, "the API has no such address")
}

async fn no_such_method() -> Problem {
    Problem::new(Fault::NoSuchMethod, "the address is known, but not with this method")
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let fault = self.fault;
        let status = StatusCode::from_u16(fault.words().0);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(ProblemBody::from(self))).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match fault {
            Fault::Unauthenticated => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Fault::Unavailable => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::staff::{PersonState, Role};
    use store::PersonRow;
    use testkit::{Clock, Scratch, act, clerk};

    use super::*;
    use crate::desk::principal::Entrant;
    use crate::desk::{Principal, Proof};
    use crate::wire::FormBody;

    fn api(scratch: &Scratch, clock: &Clock) -> Api {
        let told = clock.clone();
        let clock = Arc::new(move || told.now());
        let desk = Desk::new(scratch.store.clone(), BTreeMap::new(), clock);
        Api::new(Arc::new(desk), 1)
    }

    #[tokio::test]
    async fn a_panic_leaves_as_an_incident_and_takes_no_slot_with_it() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
        let api = api(&scratch, &clock);
        for _ in 0..2 {
            let answer = api.run::<()>(|_| panic!("the inner words")).await;
            let problem = answer.expect_err("a panic is no answer");
            assert_eq!(problem.fault, Fault::Internal);
            assert!(problem.incident.is_some());
            assert!(!problem.to_string().contains("inner words"), "{problem}");
        }
    }

    /// Log-ins of two addresses once took all the places of those who were in.
    #[tokio::test]
    async fn v6_strangers_have_places_of_their_own_and_one_address_a_quarter() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
        let api = api(&scratch, &clock);
        let (open, opened) = std::sync::mpsc::channel::<()>();
        let opened = Arc::new(std::sync::Mutex::new(opened));
        let from = |address: usize| IpAddr::from([192, 0, 2, address as u8]);
        let mut waiting = tokio::task::JoinSet::new();
        let mut turned_away = 0;
        for stranger in 0..STRANGERS_AT_ONCE * 2 {
            // Two a quarter of the places each: one address asks twice as often as it may.
            let (api, opened) = (api.clone(), Arc::clone(&opened));
            let address = from(stranger / (STRANGERS_AT_ONCE / 2));
            let work = move |_: &Desk| {
                let _ = opened.lock().expect("a lock").recv();
                Ok(())
            };
            waiting.spawn(async move { api.run_for_stranger(address, work).await });
        }
        while let Some(turned) = waiting.join_next().await {
            let problem = turned.expect("no panic").expect_err("more than there is room for");
            assert_eq!((problem.fault, problem.incident), (Fault::Unavailable, None));
            turned_away += 1;
            if turned_away == STRANGERS_AT_ONCE {
                break;
            }
        }
        api.run(|_| Ok(())).await.expect("who is in goes on");
        api.look_up(|_| Ok(())).await.expect("and who shows a token comes in");
        let full = api.run_for_stranger(from(9), |_| Ok(())).await;
        assert_eq!(full.expect_err("no place").fault, Fault::Unavailable);
        drop(open);
        while let Some(let_in) = waiting.join_next().await {
            let_in.expect("no panic").expect("an answer");
        }
        api.run_for_stranger(from(9), |_| Ok(())).await.expect("there is room again");
    }

    /// A clerk, who stands in no registry here.
    fn served(clock: &Clock) -> Principal {
        let person = PersonRow {
            id: "clerk".parse().expect("an id"),
            name: "clerk".to_owned(),
            state: PersonState::Active,
            roles: vec![Role::WindowClerk],
            municipality: Some("11203".parse().expect("a code")),
            proposal: None,
            since: clock.now(),
        };
        let (proof, basis) = (Proof::Strong, domain::act::Basis::Nothing);
        Principal::person(clerk(clock, "11203"), Entrant { person, proof, basis })
    }

    #[tokio::test]
    async fn a_desk_without_windows_says_so_and_still_does_the_rest() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
        let api = api(&scratch, &clock);
        let (clerk, staff) = (served(&clock), Principal::program(act(&clock)));
        let received = api.run(move |desk| desk.receive(&clerk, FormBody::default())).await;
        assert_eq!(received.expect_err("no windows").fault, Fault::Unavailable);
        let report = api.run(move |desk| desk.check(&staff)).await.expect("a report");
        assert!(report.consistent);
    }
}
