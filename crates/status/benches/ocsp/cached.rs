//! Repeated answers over HTTP, beside nginx that serves the same octets from a file.
//!
//! Both get the same load from the same generator, over connections that stay open. nginx is given
//! what makes it fast (one socket for each worker, cached descriptors, no log); this server does all
//! that it does for the world, the record of every query included.

use std::fs;
use std::net::TcpListener as StdListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::Timestamp;
use jitsuin_status::http::{HttpLimits, HttpServer, Services};
use testkit::{Aim, Rounds};
use tokio::net::TcpListener;
use tokio::sync::watch;
use x509::der_writer::DerWriter;

use super::cores;
use super::live::request_tbs;
use super::world::{PEER, World};

const CONNECTIONS: usize = 64;
const SECONDS: u64 = 4;

pub(crate) fn print(world: &World, rounds: usize) {
    if !["nginx", "wrk"].iter().all(|program| is_there(program)) {
        eprintln!("nginx and wrk are needed for the cached answers (Debian: nginx-light, wrk)");
        return;
    }
    let mut request = DerWriter::new();
    request.sequence(|w| w.raw(&request_tbs(&world.cert_id(0), None)));
    let request = request.into_bytes();
    let answer = world.responder.answer(&request, PEER, Timestamp::now());
    let directory = world.directory.path();
    fs::write(directory.join("request"), &request).unwrap();
    fs::write(directory.join("answer"), &answer.bytes).unwrap();
    let post = directory.join("post.lua");
    fs::write(&post, script(directory)).unwrap();

    let server = Server::start(world);
    let nginx = Nginx::start(directory);
    let ours = || load(&server.url(), Some(&post));
    let theirs = || load(&nginx.url(), None);
    Rounds::alternate(rounds, ours, theirs)
        .figure("OCSP answers repeated over HTTP", "answers/s", "nginx, the same octets as a file")
        .aim(Aim::AtLeast(1.3))
        .print();
}

fn script(directory: &Path) -> String {
    let request = directory.join("request");
    format!(
        "local file = io.open({request:?}, \"rb\")\n\
         wrk.method = \"POST\"\n\
         wrk.headers[\"Content-Type\"] = \"application/ocsp-request\"\n\
         wrk.body = file:read(\"*a\")\n"
    )
}

/// Answers a second, as the load generator counts them.
fn load(url: &str, script: Option<&Path>) -> f64 {
    let mut command = Command::new("wrk");
    command.args([format!("-t{}", cores()), format!("-c{CONNECTIONS}"), format!("-d{SECONDS}s")]);
    if let Some(script) = script {
        command.arg("-s").arg(script);
    }
    let output = command.arg(url).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("Non-2xx") && !text.contains("Socket errors"), "{text}");
    let line = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
    line.unwrap_or_else(|| panic!("{text}")).trim().parse().unwrap()
}

/// Our server as the program runs it: one runtime for each core, one listener for all.
struct Server {
    port: u16,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    fn start(world: &World) -> Self {
        let services = Services { ocsp: Some(world.responder.clone()), repository: None };
        let clock = Arc::new(Timestamp::now);
        let server = Arc::new(HttpServer::new(services, HttpLimits::default(), None, clock));
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopping) = watch::channel(false);
        let threads = (0..cores()).map(|_| {
            let (server, listener) = (server.clone(), listener.try_clone().unwrap());
            let mut stopping = stopping.clone();
            thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.unwrap().block_on(async {
                    let stopped = async { drop(stopping.wait_for(|stop| *stop).await) };
                    server.serve(TcpListener::from_std(listener).unwrap(), stopped).await;
                });
            })
        });
        Self { port, stop, threads: threads.collect() }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

struct Nginx {
    port: u16,
    process: Child,
}

impl Nginx {
    fn start(directory: &Path) -> Self {
        let port = StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let file = directory.join("nginx.conf");
        fs::write(&file, configuration(directory, port)).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-p").arg(directory).arg("-e").arg("stderr").arg("-c").arg(&file);
        let process = command.stdout(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(500));
        Self { port, process }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/answer", self.port)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master ends its workers only when it is asked to.
        let id = self.process.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.process.wait();
    }
}

fn configuration(directory: &Path, port: u16) -> String {
    let (cores, place) = (cores(), directory.display());
    format!(
        "daemon off; worker_processes {cores}; pid {place}/nginx.pid; user root;\n\
         error_log stderr; events {{ worker_connections 1024; }}\n\
         http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;\n\
         open_file_cache max=16; default_type application/ocsp-response;\n\
         server {{ listen 127.0.0.1:{port} reuseport; root {place}; }} }}\n"
    )
}

fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
