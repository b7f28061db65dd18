//! Repeated answers over HTTP, beside nginx that serves the same octets from a file.
//!
//! Both get the same load from the same generator, over connections that stay open. nginx is given
//! what makes it fast (one socket for each worker, cached descriptors, no log); this server does all
//! that it does for the world, the record of every query included. What counts is the processor time of
//! each, as the kernel has it: how fast the generator came to its turn says nothing about a server.

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

/// Fewer than one address may have: beyond, the server closes those that wait longest.
const CONNECTIONS: usize = 32;
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
    let ours = || load(&server.url(), Some(&post), &[std::process::id()]);
    let theirs = || load(&nginx.url(), None, &nginx.processes());
    Rounds::alternate(rounds, ours, theirs)
        .figure(
            "OCSP answers repeated over HTTP",
            "answers/s of processor time",
            "nginx, the same octets as a file",
        )
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

/// Answers, as the load generator counts them, for each second of processor time of those who answer.
fn load(url: &str, script: Option<&Path>, processes: &[u32]) -> f64 {
    let before = processor_seconds(processes);
    let mut command = Command::new("wrk");
    command.args([format!("-t{}", cores()), format!("-c{CONNECTIONS}"), format!("-d{SECONDS}s")]);
    if let Some(script) = script {
        command.arg("-s").arg(script);
    }
    let output = command.arg(url).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("Non-2xx") && !text.contains("Socket errors"), "{text}");
    let line = text.lines().find_map(|line| line.split_once(" requests in "));
    let answers: f64 = line.unwrap_or_else(|| panic!("{text}")).0.trim().parse().unwrap();
    answers / (processor_seconds(processes) - before)
}

/// The time that processes had on a processor, their own and the kernel's for them (proc(5)).
pub(crate) fn processor_seconds(processes: &[u32]) -> f64 {
    const TICKS_PER_SECOND: f64 = 100.0;
    let ticks = processes.iter().map(|process| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        // The fields after the name, which may have spaces: utime and stime are the 12th and 13th.
        let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[11..13].iter().map(|field| field.parse::<f64>().unwrap()).sum::<f64>()
    });
    ticks.sum::<f64>() / TICKS_PER_SECOND
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

    /// Its workers, who alone answer.
    fn processes(&self) -> Vec<u32> {
        let master = self.process.id();
        let children =
            fs::read_to_string(format!("/proc/{master}/task/{master}/children")).unwrap();
        children.split_whitespace().map(|id| id.parse().unwrap()).collect()
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
