//! Requests over bare sockets, as a client writes them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use jitsuin_status::http::{HttpLimits, Services};
use x509::ocsp::OcspResponse;

use super::World;
use super::foreign::Running;

pub fn serve(world: &World, limits: HttpLimits) -> Running {
    let ocsp = Some(Arc::new(world.responder()));
    Running::start(Services { ocsp, repository: None }, limits)
}

pub fn connect(server: &Running) -> TcpStream {
    let stream = TcpStream::connect(server.address).unwrap();
    // A server that hangs must fail the test instead of holding it up.
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// From this address of the loopback interface.
pub fn connect_from(server: &Running, last: u8) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let socket = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, last], 0).into()).unwrap();
        socket.connect(server.address).await.unwrap().into_std().unwrap()
    });
    socket.set_nonblocking(false).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket
}

/// Sends octets and reads until the server closes; the head and the body.
pub fn exchange(server: &Running, octets: &[u8]) -> (String, Vec<u8>) {
    let mut stream = connect(server);
    stream.write_all(octets).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    (head, answer.get(end + 4..).unwrap_or_default().to_vec())
}

pub fn request(method: &str, path: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: ocsp\r\nconnection: close\r\ncontent-type: {kind}\r\n\
         content-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

pub fn post(server: &Running, body: &[u8]) -> (String, Vec<u8>) {
    exchange(server, &request("POST", "/", "application/ocsp-request", body))
}

pub fn refused(body: &[u8]) -> u8 {
    match OcspResponse::parse(body).unwrap() {
        OcspResponse::Refused(status) => status,
        answer => panic!("{answer:?}"),
    }
}
