//! A server on the loopback interface, and the foreign programs that talk to it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::thread::JoinHandle;

use jiff::Timestamp;
use jitsuin_status::http::{HttpLimits, HttpServer, Services};
use jitsuin_status::known::Known;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A server on a current-thread runtime of its own, which ends with this value.
pub struct Running {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub fn start(services: Services, limits: HttpLimits) -> Self {
        Self::start_with(services, limits, Known::default())
    }

    /// The same, with addresses from which verifiers came in.
    pub fn start_with(services: Services, limits: HttpLimits, known: Known) -> Self {
        let (tell, told) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let server = HttpServer::new(services, limits, None, Arc::new(Timestamp::now));
                let server = server.with_known(known);
                let stopped = async { stopped.await.unwrap_or_default() };
                server.serve(listener, stopped).await;
            });
        });
        Self { address: told.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Runs a program in `directory`; the words are split at spaces.
pub fn run(directory: &Path, command: &str) -> Output {
    let mut words = command.split(' ');
    let program = words.next().unwrap();
    Command::new(program).args(words).current_dir(directory).output().unwrap()
}

/// What a program printed on both streams.
pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

pub fn write_pem(directory: &Path, file: &str, der: &[u8]) -> PathBuf {
    let path = directory.join(file);
    std::fs::write(&path, x509::pem::encode(x509::pem::CERTIFICATE, der).unwrap()).unwrap();
    path
}

/// A key and a self-signed certificate made by openssl: `<stem>.key`, `<stem>.pem`; its DER.
pub fn openssl_identity(directory: &Path, stem: &str) -> Vec<u8> {
    let command = format!(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout {stem}.key -out {stem}.pem \
         -days 30 -subj /CN={stem}"
    );
    let output = run(directory, &command);
    assert!(output.status.success(), "{}", text(&output));
    let pem = std::fs::read_to_string(directory.join(format!("{stem}.pem"))).unwrap();
    x509::pem::decode(x509::pem::CERTIFICATE, &pem).unwrap()
}
