//! The REST API under `/api/v1`: one thin handler for each operation of the desk.
//!
//! # Architecture invariant
//! Every route but [`HEALTH`] and [`LOGIN`] stands behind [`crate::access`]: who asks, and whether the
//! operation at the address is open to them, come before any body is read. Those two as well are for
//! requests alone that are meant for this site and that no page of another sent. A route that the
//! OpenAPI document does not have answers as if it were not there.
//! Handlers decide nothing: they hand what was sent to the desk, on a thread that may block.

mod document;
pub(crate) mod input;
pub(crate) mod places;
mod sessions;
pub(crate) mod strict;
mod unsent;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::MatchedPath;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::id::ActorId;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::http::StatusCode;
use hyper::http::request::Parts;
use status::room::Room;
use tokio::time::timeout;

use self::places::Places;
use crate::access;
use crate::desk::permission::Operation;
use crate::desk::{Desk, Door};
use crate::operation::{self, Listed};
use crate::problem::{Fault, Problem};
use crate::wire::ProblemBody;

pub use document::openapi;
pub(crate) use document::{Described, Operations};
pub use input::MAX_BODY;
pub(crate) use places::Asking;

/// The one address that is open to everybody: it says that somebody is there, and which conditions
/// stand, by their names alone.
pub const HEALTH: &str = "/api/v1/health";

/// The address where people log in, itself and below it for passkeys: open to everybody, who proves
/// there who they are.
pub const LOGIN: &str = "/api/v1/sessions";

/// Time for one operation: a key pair of a slow card takes seconds, a round of lists minutes.
const WORK: Duration = Duration::from_secs(300);

/// The same at the console: a CA's whole compromise is an hour's work.
const CONSOLE_WORK: Duration = Duration::from_secs(24 * 3600);

/// What every handler has.
#[derive(Clone)]
pub struct Api {
    desk: Arc<Desk>,
    places: Places,
    operations: Arc<Operations>,
    work: Duration,
}

impl Api {
    /// Over a desk.
    pub(crate) fn new(desk: Arc<Desk>) -> Self {
        let operations = Arc::new(Operations::described());
        Self { desk, places: Places::new(), operations, work: WORK }
    }

    /// What is asked for at an address, if the table of permissions has it.
    pub(crate) fn operation(&self, method: &Method, path: &str) -> Option<Operation> {
        match self.operations.at(method, path) {
            Some(Described::Permitted(operation)) => Some(operation),
            Some(Described::Open) | None => None,
        }
    }

    /// What a request asks for, if the table of permissions has it.
    pub(crate) fn asked_for(&self, parts: &Parts) -> Option<Operation> {
        let path = parts.extensions.get::<MatchedPath>()?;
        self.operation(&parts.method, path.as_str())
    }

    /// Whether everybody may ask at an address, as its description says.
    pub(crate) fn is_open(&self, method: &Method, path: &str) -> bool {
        matches!(self.operations.at(method, path), Some(Described::Open))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let desk = Arc::clone(&self.desk);
        let task = tokio::task::spawn_blocking(move || work(&desk));
        match timeout(self.work, task).await {
            Ok(Ok(result)) => result,
            Ok(Err(panicked)) => Err(Problem::broke(&panicked)),
            Err(late) => Err(Problem::at_work(&late)),
        }
    }

    /// Refuses a request that is not for this site.
    ///
    /// # Errors
    /// [`crate::Hosts`] says which.
    pub(crate) fn expect_ours(&self, parts: &Parts) -> Result<(), Problem> {
        self.desk.entrance().hosts().expect_ours(parts)
    }

    /// Has the journal note that whoever stands at `door` was turned away, and why.
    pub(crate) async fn turned_away(
        &self,
        asking: Asking,
        door: Door,
        problem: Problem,
    ) -> Problem {
        let turn_away = move |desk: &Desk| desk.entrance().turn_away::<()>(&door, Err(problem));
        let turned = self.run_for_stranger(&asking, turn_away).await;
        turned.err().unwrap_or_else(|| Problem::broke(&"somebody was let in who should not be"))
    }

    /// Notes that a person proved at an address who they are.
    pub(crate) fn note_home(&self, person: &ActorId, address: IpAddr) {
        self.desk.entrance().note_home(person, address);
    }
}

/// The API over a desk; connections bring their [`crate::peer::Peer`] as an extension.
pub fn router(desk: Arc<Desk>) -> Router {
    over(Api::new(desk))
}

/// The same with places of its own for the console, where people wait for as long as an operation takes.
pub fn console_router(desk: Arc<Desk>) -> Router {
    over(Api { work: CONSOLE_WORK, ..Api::new(desk) })
}

fn over(api: Api) -> Router {
    let guarded = Router::new()
        .route("/api/v1/openapi.json", get(document::show))
        .merge(listed())
        .fallback(nowhere)
        .layer(middleware::from_fn(unsent::until_sent))
        .layer(middleware::from_fn_with_state(api.clone(), access::guard))
        .with_state(api.clone());
    let login = Router::new()
        .route(LOGIN, post(sessions::open))
        .route("/api/v1/sessions/passkey-challenges", post(sessions::begin_passkey))
        .route("/api/v1/sessions/passkey", post(sessions::open_with_passkey))
        .route(HEALTH, get(document::health))
        .with_state(api.clone());
    login.fallback_service(guarded).layer(middleware::from_fn_with_state(api, access::expect_ours))
}

/// The places of the API's connections, of which a quarter is for whoever is known and for where they came
/// from lately.
pub fn room(desk: &Arc<Desk>, connections: usize) -> Room {
    let desk = Arc::clone(desk);
    Room::knowing(connections, move |address| desk.entrance().knows(address))
}

/// The operations of the list, each at the address that it names.
fn listed() -> Router<Api> {
    let add = |routes: Router<Api>, one: &Listed| routes.route(one.spec.path, (one.route)());
    operation::all().fold(Router::new(), add)
}

async fn nowhere() -> Problem {
    Problem::new(Fault::Unknown, "the API has no such address")
}

/// For a method that an address has not, and for a route that nobody described.
pub(crate) fn no_such_method() -> Problem {
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
            Fault::Unavailable | Fault::AtWork => {
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
    use status::crowd::Crowd;
    use store::PersonRow;
    use testkit::{Clock, Scratch, act, clerk};

    use super::places::{STRANGERS_AT_ONCE, Served};
    use super::*;
    use crate::desk::check::CheckConsistency;
    use crate::desk::{Principal, Proof};
    use crate::entrance::principal::Entrant;
    use crate::peer::Peer;
    use crate::wire::ReceiveApplication;

    fn api(scratch: &Scratch, clock: &Clock) -> Api {
        let told = clock.clone();
        let clock = Arc::new(move || told.now());
        let desk = Desk::builder(scratch.store.clone(), BTreeMap::new(), Arc::default(), clock);
        Api::new(Arc::new(desk.hosts(["localhost".to_owned()]).build()))
    }

    #[tokio::test]
    async fn a_panic_leaves_as_an_incident_and_takes_no_slot_with_it() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
        let api = api(&scratch, &clock);
        for _ in 0..20 {
            let somebody = asks(&api, &as_person("somebody"));
            let answer = somebody.run::<()>(|_| panic!("the inner words")).await;
            let problem = answer.expect_err("a panic is no answer");
            assert_eq!(problem.fault, Fault::Internal);
            assert!(problem.incident.is_some());
            assert!(!problem.to_string().contains("inner words"), "{problem}");
        }
    }

    /// A request of whoever comes from an address.
    fn from(address: IpAddr) -> Parts {
        let request = hyper::Request::get("/api/v1/cas").header("authorization", "Bearer lost");
        let (mut parts, ()) = request.body(()).expect("a request").into_parts();
        let peer = Peer {
            address: (address, 4711).into(),
            certificate: None,
            place: None,
            is_console: false,
        };
        parts.extensions.insert(peer);
        parts
    }

    /// A request of somebody who was let in.
    fn as_person(id: &str) -> Parts {
        let mut parts = from(address(1));
        parts.extensions.insert(served(&Clock::at("2026-11-22T03:00:00Z"), id));
        parts
    }

    fn asks(api: &Api, parts: &Parts) -> Served {
        Served::of(parts, api)
    }

    /// Whoever is at the places of one kind, from as many addresses as it takes to have all.
    struct AtAll {
        open: std::sync::mpsc::Sender<()>,
        here: tokio::task::JoinSet<Result<(), Problem>>,
    }

    impl AtAll {
        /// They are there when this returns, and stay.
        async fn of(crowd: &Crowd, api: &Api) -> Self {
            let (open, opened) = std::sync::mpsc::channel::<()>();
            let opened = Arc::new(std::sync::Mutex::new(opened));
            let mut here = tokio::task::JoinSet::new();
            let (came, mut coming) = tokio::sync::mpsc::channel(STRANGERS_AT_ONCE);
            for stranger in 0..STRANGERS_AT_ONCE {
                let (api, crowd, opened) = (api.clone(), crowd.clone(), Arc::clone(&opened));
                let asking = Asking::of(&from(address(stranger % 4)));
                let came = came.clone();
                here.spawn(async move {
                    let work = move |_: &Desk| {
                        came.blocking_send(()).expect("a test that waits");
                        let _ = opened.lock().expect("a lock").recv();
                        Ok(())
                    };
                    api.run_among(&crowd, &asking, work).await
                });
            }
            for _ in 0..STRANGERS_AT_ONCE {
                coming.recv().await.expect("somebody who comes");
            }
            Self { open, here }
        }

        async fn leave(self) {
            drop(self.open);
            for left in self.here.join_all().await {
                left.expect("an answer");
            }
        }
    }

    fn address(last: usize) -> IpAddr {
        IpAddr::from([192, 0, 2, last as u8])
    }

    /// Log-ins of two addresses once took all the places of those who were in; then passwords that
    /// somebody guessed shut out passkeys, and wrong hosts and tokens held up the staff.
    #[tokio::test]
    async fn v6_strangers_of_each_kind_have_places_of_their_own() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
        let api = api(&scratch, &clock);
        let crowds = &api.places;
        let alone = |last| Asking::of(&from(address(last)));
        let inside = asks(&api, &as_person("somebody"));
        let kinds = [&crowds.unknown, &crowds.passwords, &crowds.passkeys];
        for (taken, _) in kinds.iter().enumerate() {
            let others = AtAll::of(kinds[taken], &api).await;
            inside.run(|_| Ok(())).await.expect("who is in goes on");
            api.look_up(alone(0), |_| Ok(())).await.expect("and so does who has shown a token");
            for (free, _) in kinds.iter().enumerate().filter(|(free, _)| *free != taken) {
                api.run_among(kinds[free], &alone(0), |_| Ok(())).await.expect("a place");
            }
            others.leave().await;
            api.run_among(kinds[taken], &alone(9), |_| Ok(())).await.expect("there is room again");
        }
        // A passkey is asked for where no password waits.
        let others = AtAll::of(&crowds.passwords, &api).await;
        let door = Door { name: "POST /api/v1/sessions".to_owned(), from: address(0) };
        let begun =
            sessions::begin_passkey(asks(&api, &from(address(0))), access::ThisDoor(door)).await;
        let (status, _) = begun.expect("a challenge");
        assert_eq!(status, StatusCode::CREATED);
        others.leave().await;
    }

    /// Wrong tokens once stood in one queue with those of the staff.
    #[tokio::test]
    async fn v6_who_has_come_in_over_a_connection_waits_behind_nobody_at_the_door() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
        let api = api(&scratch, &clock);
        let others = AtAll::of(&api.places.unknown, &api).await;
        let room = status::room::Room::of(4);
        let asks = |is_proven: bool| {
            let place = Arc::new(room.admit(address(9)).expect("room"));
            if is_proven {
                place.proven("somebody");
            }
            let mut parts = from(address(9));
            let peer = Peer::of(&parts).expect("a peer").clone();
            parts.extensions.insert(Peer { place: Some(place), ..peer });
            let api = api.clone();
            tokio::spawn(async move { access::admit(&api, &parts).await.map(|_| ()) })
        };
        let stranger = asks(false);
        let refused = asks(true).await.expect("no panic").expect_err("nobody's token");
        assert_eq!(refused.fault, Fault::Unauthenticated);
        assert!(!stranger.is_finished(), "it waits with the others");
        others.leave().await;
        let refused = stranger.await.expect("no panic").expect_err("nobody's token");
        assert_eq!(refused.fault, Fault::Unauthenticated);
    }

    /// A crowd that waited to log in once had every connection that strangers may have, so that none of
    /// the staff came in anew.
    #[tokio::test]
    async fn v6_who_waits_to_be_heard_keeps_nobody_out() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
        let api = api(&scratch, &clock);
        let others = AtAll::of(&api.places.passwords, &api).await;
        let room = Room::of(16);
        let waits = |last: usize| {
            let place = Arc::new(room.admit(address(last)).expect("room"));
            let mut parts = from(address(last));
            let peer = Peer::of(&parts).expect("a peer").clone();
            parts.extensions.insert(Peer { place: Some(place.clone()), ..peer });
            let served = asks(&api, &parts);
            place.asked();
            (place, tokio::spawn(async move { served.log_in(|_| Ok(())).await }))
        };
        let crowd: Vec<_> = (0..12).map(|stranger| waits(stranger % 4)).collect();
        // Each has begun to wait before the next task has its turn.
        tokio::task::yield_now().await;
        let late = room.admit(address(9)).expect("in the place of one who waits");
        others.leave().await;
        for (_, waiting) in crowd {
            waiting.await.expect("no panic").expect("an answer");
        }
        drop(late);
    }

    /// A request for another host once took one of the places of those who were in.
    #[tokio::test]
    async fn v6_whom_nobody_lets_in_takes_no_place_of_who_is_in() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
        let api = api(&scratch, &clock);
        let work = Crowd::of(STRANGERS_AT_ONCE);
        let api = Api { places: Places { work: work.clone(), ..api.places }, ..api };
        let inside = AtAll::of(&work, &api).await;
        let door = Door { name: "GET /api/v1/cas".to_owned(), from: address(1) };
        let problem = Problem::new(Fault::Misdirected, "host: this server is another one");
        let asking = Asking::of(&from(address(1)));
        let told = api.turned_away(asking, door, problem).await;
        assert_eq!(told.fault, Fault::Misdirected);
        inside.leave().await;
    }

    /// A clerk, who stands in no registry here.
    fn served(clock: &Clock, id: &str) -> Principal {
        let person = PersonRow {
            id: id.parse().expect("an id"),
            name: "clerk".to_owned(),
            state: PersonState::Active,
            roles: vec![Role::WindowClerk],
            municipality: Some("11203".parse().expect("a code")),
            proposal: None,
            since: clock.now(),
        };
        let (proof, basis) = (Proof::Strong, domain::act::Basis::Nothing);
        Principal::person(
            clerk(clock, "11203"),
            Entrant { person, proof, basis, certificates: Vec::new() },
        )
    }

    /// A client that knows of it asks again, and waits for what is at work.
    #[tokio::test]
    async fn w3_what_takes_longer_than_an_answer_may_is_told_as_still_at_work() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
        let api = Api { work: Duration::from_millis(1), ..api(&scratch, &clock) };
        let (go_on, told) = std::sync::mpsc::channel::<()>();
        let late = api.blocking(move |_| Ok(told.recv().is_ok())).await.expect_err("late");
        assert!(late.fault == Fault::AtWork && !late.is_refusal(), "{late:?}");
        assert!(ProblemBody::from(late).is_at_work());
        go_on.send(()).expect("it goes on");
    }

    #[tokio::test]
    async fn a_desk_without_windows_says_so_and_still_does_the_rest() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
        let api = api(&scratch, &clock);
        let (clerk, staff) = (served(&clock, "clerk"), Principal::program(act(&clock)));
        let inside = asks(&api, &as_person("clerk"));
        let received =
            inside.run(move |desk| desk.ask(&clerk, ReceiveApplication::default())).await;
        assert_eq!(received.expect_err("no windows").fault, Fault::Unavailable);
        let report =
            inside.run(move |desk| desk.ask(&staff, CheckConsistency {})).await.expect("a report");
        assert!(report.consistent);
    }
}
