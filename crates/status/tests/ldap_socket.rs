//! Raw octets over a socket: what the server does with clients that split, pile up, lie or stay silent.
#![allow(clippy::unwrap_used)]

mod ldap_fixture;

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jitsuin_status::ldap::{
    Asked, BindRefusal, Directory, DirectoryError, Dn, Found, Identity, Limits, MemoryDirectory,
    Scope, Settings,
};
use jitsuin_status::verifier_auth::Attempt;
use ldap_fixture::{
    KAWAGUCHI, PASSWORD, Running, VERIFIER, any_entry, directory, request, results, search_of,
    serve, serve_from, settings,
};
use rasn_ldap::{AuthenticationChoice, BindRequest, ExtendedRequest, ProtocolOp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const UNBIND: [u8; 7] = [0x30, 5, 2, 1, 9, 0x42, 0];

async fn connect(server: &Running) -> TcpStream {
    TcpStream::connect(server.plain).await.unwrap()
}

/// Everything the server sends until it closes.
async fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut octets = Vec::new();
    // A reset after unread octets is a close too.
    let _ = stream.read_to_end(&mut octets).await;
    octets
}

async fn says(server: &Running, octets: &[u8]) -> Vec<(u32, Option<u8>)> {
    let mut stream = connect(server).await;
    stream.write_all(octets).await.unwrap();
    results(&rest(stream).await)
}

fn point(id: u32) -> Vec<u8> {
    request(id, search_of("c=jp", any_entry()))
}

#[tokio::test]
async fn several_requests_in_one_packet_are_answered_in_order() {
    let server = serve(settings()).await;
    let octets = [point(1), point(2), UNBIND.to_vec()].concat();
    assert_eq!(says(&server, &octets).await, [(1, None), (1, Some(0)), (2, None), (2, Some(0))]);
}

#[tokio::test]
async fn a_request_may_come_octet_by_octet() {
    let server = serve(settings()).await;
    let mut stream = connect(&server).await;
    stream.set_nodelay(true).unwrap();
    for octet in [point(1), UNBIND.to_vec()].concat() {
        stream.write_all(&[octet]).await.unwrap();
        stream.flush().await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(results(&rest(stream).await), [(1, None), (1, Some(0))]);
}

#[tokio::test]
async fn what_is_no_request_gets_a_notice_and_a_close() {
    let server = serve(settings()).await;
    let cases: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\n\r\n",
        &[0x30, 0x80, 2, 1, 1, 0x42, 0, 0, 0],
        &[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff],
        &[0x30, 5, 2, 1, 0, 0x42, 0],
        &[0x30, 5, 2, 1, 1, 0x42, 9],
    ];
    for octets in cases {
        assert_eq!(says(&server, octets).await, [(0, Some(2))], "{octets:x?}");
    }
    let recorded = server.log.queries();
    assert!(
        recorded.len() == 5
            && recorded.iter().all(|query| matches!(query.asked, Asked::Malformed(_)))
    );
}

#[tokio::test]
async fn the_session_survives_requests_without_meaning() {
    let server = serve(settings()).await;
    let empty_search = [0x30, 5, 2, 1, 1, 0x63, 0];
    let bomb = (0..500).fold(any_entry(), |inner, _| rasn_ldap::Filter::Not(Box::new(inner)));
    let abandon = [0x30, 6, 2, 1, 3, 0x50, 1, 2];
    let octets =
        [&empty_search[..], &request(2, search_of("", bomb)), &abandon, &point(4), &UNBIND]
            .concat();
    assert_eq!(
        says(&server, &octets).await,
        [(1, Some(2)), (2, Some(11)), (4, None), (4, Some(0))]
    );
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_costs_nothing() {
    let server = serve(settings()).await;
    let mut stream = connect(&server).await;
    stream.write_all(&point(1)[..10]).await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(rest(stream).await, [0_u8; 0]);
    assert_eq!(says(&server, &[point(1), UNBIND.to_vec()].concat()).await.len(), 2);
}

#[tokio::test]
async fn silent_and_slow_clients_are_left() {
    let limits = Limits {
        stranger_idle: Duration::from_millis(50),
        first: Duration::from_millis(50),
        request: Duration::from_millis(50),
        ..Limits::default()
    };
    let server = serve(Settings { limits, ..settings() }).await;
    assert_eq!(rest(connect(&server).await).await, [0_u8; 0]);
    assert_eq!(says(&server, &point(1)[..10]).await, []);
}

/// A directory whose password checks never end.
struct Guessed {
    directory: MemoryDirectory,
    came: Sender<()>,
    end: Mutex<Receiver<()>>,
}

impl Directory for Guessed {
    fn authenticate(&self, _: &Dn, _: &[u8], _: Attempt) -> Result<Identity, BindRefusal> {
        self.came.send(()).unwrap();
        let _ = self.end.lock().unwrap().recv();
        Err(BindRefusal::InvalidCredentials)
    }

    fn search(&self, base: &Dn, scope: Scope, caller: &Identity) -> Result<Found, DirectoryError> {
        self.directory.search(base, scope, caller)
    }

    fn naming_contexts(&self) -> Result<Vec<Dn>, DirectoryError> {
        self.directory.naming_contexts()
    }
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let limits = Limits { connections: 1, ..Limits::default() };
    let (server, mut coming, end) = guessed(limits).await;
    let mut first = connect(&server).await;
    first.write_all(&guess()).await.unwrap();
    // A thread works for it from here on.
    coming =
        tokio::task::spawn_blocking(move || coming.recv().map(|()| coming)).await.unwrap().unwrap();
    assert_eq!(results(&rest(connect(&server).await).await), [(0, Some(52))]);
    drop((end, coming));
}

/// A server of a directory that tells of each guess, and answers none before the end.
async fn guessed(limits: Limits) -> (Running, Receiver<()>, Sender<()>) {
    let (came, coming) = mpsc::channel();
    let (end, ended) = mpsc::channel();
    let directory = Guessed { directory: directory(), came, end: Mutex::new(ended) };
    let server = serve_from(Arc::new(directory), Settings { limits, ..settings() }).await;
    (server, coming, end)
}

fn guess() -> Vec<u8> {
    let password = AuthenticationChoice::Simple(b"a guess".to_vec().into());
    request(1, ProtocolOp::BindRequest(BindRequest::new(3, VERIFIER.into(), password)))
}

/// Passwords that wait to be hashed once held the places of whoever searched what is open.
#[tokio::test]
async fn v6_guesses_hold_no_place_of_who_searches() {
    let limits = Limits { strangers_at_once: 1, ..Limits::default() };
    let (server, coming, end) = guessed(limits).await;
    let mut guesser = connect(&server).await;
    guesser.write_all(&[guess(), UNBIND.to_vec()].concat()).await.unwrap();
    tokio::task::spawn_blocking(move || coming.recv()).await.unwrap().unwrap();
    let told = says(&server, &[point(2), UNBIND.to_vec()].concat()).await;
    assert_eq!(told, [(2, None), (2, Some(0))]);
    drop(end);
    assert_eq!(results(&rest(guesser).await), [(1, Some(49))]);
}

#[tokio::test]
async fn v6_a_session_that_only_waits_makes_room_for_one_that_asks() {
    let limits = Limits { connections: 4, ..Limits::default() };
    let server = serve(Settings { limits, ..settings() }).await;
    let mut first = connect(&server).await;
    first.write_all(&point(1)).await.unwrap();
    first.read_u8().await.unwrap();
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(connect(&server).await);
    }
    assert_eq!(says(&server, &[point(1), UNBIND.to_vec()].concat()).await.len(), 2);
    rest(first).await;
}

/// Sessions of three addresses that took nothing of what they were sent once shut the directory to
/// everybody else, for one new connection each half minute.
#[tokio::test]
async fn v6_sessions_that_take_nothing_of_their_answers_make_room_for_one_that_asks() {
    let limits = Limits { connections: 16, ..Limits::default() };
    let server = serve(Settings { limits, ..settings() }).await;
    let list = request(1, whole(KAWAGUCHI));
    let mut crowd = Vec::new();
    for at in 0..12 {
        let mut stream = connect_from(&server, [127, 0, 0, 2 + at % 3].into()).await;
        stream.write_all(&list.repeat(4)).await.unwrap();
        // The answer has begun, and is longer than what the sockets hold.
        stream.read_u8().await.unwrap();
        crowd.push(stream);
    }
    for from in 9..13 {
        let mut stream = connect_from(&server, [127, 0, 0, from].into()).await;
        stream.write_all(&[point(1), UNBIND.to_vec()].concat()).await.unwrap();
        assert_eq!(results(&rest(stream).await), [(1, None), (1, Some(0))], "{from}");
    }
}

/// A verifier from four addresses once held every place for five minutes at a time.
#[tokio::test]
async fn v6_one_verifier_has_a_quarter_of_the_sessions_from_wherever_it_comes() {
    let limits = Limits { connections: 16, ..Limits::default() };
    let server = serve(Settings { limits, ..settings() }).await;
    let password = AuthenticationChoice::Simple(PASSWORD.as_bytes().to_vec().into());
    let bind = BindRequest::new(3, VERIFIER.into(), password);
    let bind = request(1, ProtocolOp::BindRequest(bind));
    let mut bound = Vec::new();
    for at in 0..16 {
        let mut stream = connect_from(&server, [127, 0, 0, 2 + at % 4].into()).await;
        stream.write_all(&bind).await.unwrap();
        let mut answer = [0; 14];
        stream.read_exact(&mut answer).await.unwrap();
        bound.push(stream);
    }
    for from in 9..13 {
        let mut stream = connect_from(&server, [127, 0, 0, from].into()).await;
        stream.write_all(&[&bind[..], &UNBIND].concat()).await.unwrap();
        assert_eq!(results(&rest(stream).await), [(1, Some(0))], "{from}");
    }
    let mut open = 0;
    for mut stream in bound {
        let mut octet = [0];
        let read = tokio::time::timeout(Duration::from_millis(100), stream.read(&mut octet)).await;
        open += usize::from(read.is_err());
    }
    assert!(open <= 4, "{open} of one verifier");
}

async fn connect_from(server: &Running, from: std::net::IpAddr) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    // Small, so that what nobody takes is soon too much.
    socket.set_recv_buffer_size(4096).unwrap();
    socket.bind((from, 0).into()).unwrap();
    socket.connect(server.plain).await.unwrap()
}

/// Everything of one entry.
fn whole(base: &str) -> ProtocolOp {
    let ProtocolOp::SearchRequest(mut search) = search_of(base, any_entry()) else {
        panic!("it is a search");
    };
    search.attributes = vec!["*".into()];
    ProtocolOp::SearchRequest(search)
}

#[tokio::test]
async fn requests_smuggled_behind_start_tls_are_not_answered() {
    let server = serve(settings()).await;
    let start_tls = ExtendedRequest {
        request_name: b"1.3.6.1.4.1.1466.20037".to_vec().into(),
        request_value: None,
    };
    let octets = [request(1, ProtocolOp::ExtendedReq(start_tls)), point(2)].concat();
    assert_eq!(says(&server, &octets).await, [(1, Some(0))]);
}

#[tokio::test]
async fn a_stopping_server_says_goodbye() {
    let server = serve(settings()).await;
    let mut stream = connect(&server).await;
    stream.write_all(&point(1)).await.unwrap();
    stream.read_u8().await.unwrap();
    drop(server);
    let octets = [vec![0x30], rest(stream).await].concat();
    assert_eq!(results(&octets), [(1, None), (1, Some(0)), (0, Some(52))]);
}
