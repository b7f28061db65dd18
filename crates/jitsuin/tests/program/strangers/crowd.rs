//! A crowd of strangers: connections from many addresses to every port, more than a server may have,
//! each opened again as soon as it is closed.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Strangers at each port. All of them are more than any server here may open files.
const AT_EACH_PORT: u16 = 300;

/// Addresses that they come from: enough that none has more than its share.
const ADDRESSES: u16 = 30;

/// Between two acts of one stranger: the machine is for the server too.
const PAUSE: Duration = Duration::from_millis(50);

/// Strangers at work until they leave.
pub(super) struct Crowd {
    leave: oneshot::Sender<()>,
    thread: JoinHandle<()>,
    came: Arc<AtomicU64>,
}

impl Crowd {
    /// Strangers at the API, the repository, the directory and the holders' page: in the directory
    /// they search, elsewhere they say nothing. They are there when this returns.
    pub(super) fn at(ports: [SocketAddr; 4]) -> Self {
        let limit = getrlimit(Resource::Nofile);
        let all = Rlimit { current: limit.maximum, maximum: limit.maximum };
        setrlimit(Resource::Nofile, all).expect("this process needs as many sockets");
        let (leave, left) = oneshot::channel();
        let came = Arc::new(AtomicU64::new(0));
        let counter = came.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let mut strangers = JoinSet::new();
                for number in 0..AT_EACH_PORT {
                    let [.., low] = (number % ADDRESSES + 1).to_be_bytes();
                    let from = Ipv4Addr::new(127, 0, 1, low);
                    for (place, port) in ports.into_iter().enumerate() {
                        let says = if place == 2 { search() } else { Vec::new() };
                        strangers.spawn(stay(port, from, says, counter.clone()));
                    }
                }
                let _ = left.await;
            });
        });
        while came.load(Ordering::Relaxed) < u64::from(AT_EACH_PORT) * 4 {
            std::thread::sleep(PAUSE);
        }
        Self { leave, thread, came }
    }

    /// They go; how many connections there were.
    pub(super) fn leave(self) -> u64 {
        let _ = self.leave.send(());
        self.thread.join().expect("the crowd");
        self.came.load(Ordering::Relaxed)
    }
}

/// One stranger, who comes again whenever it is sent away.
async fn stay(port: SocketAddr, from: Ipv4Addr, says: Vec<u8>, came: Arc<AtomicU64>) {
    loop {
        let _ = visit(port, from, &says, &came).await;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn visit(port: SocketAddr, from: Ipv4Addr, says: &[u8], came: &AtomicU64) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::V4(SocketAddrV4::new(from, 0)))?;
    let mut stream = socket.connect(port).await?;
    came.fetch_add(1, Ordering::Relaxed);
    let mut answer = vec![0; 1 << 16];
    loop {
        stream.write_all(says).await?;
        if stream.read(&mut answer).await? == 0 {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// An anonymous search of the whole directory for everything's object classes (RFC 4511 4.5.1).
fn search() -> Vec<u8> {
    let element = |tag: u8, content: &[u8]| {
        let length = u8::try_from(content.len()).expect("short");
        assert!(length < 0x80, "the short form of a length");
        [&[tag, length], content].concat()
    };
    let (base, class) = (element(0x04, b"C=JP"), b"objectClass");
    let whole = [0x0a, 0x01, 0x02, 0x0a, 0x01, 0x00, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00];
    let values_too = [0x01, 0x01, 0x00];
    let (present, wanted) = (element(0x87, class), element(0x30, &element(0x04, class)));
    let request = [&base[..], &whole, &values_too, &present, &wanted].concat();
    element(0x30, &[&[0x02, 0x01, 0x01], &element(0x63, &request)[..]].concat())
}
