//! The SNTP client against servers of every kind, over UDP on this machine.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::*;

/// How a server answers.
#[derive(Clone, Copy, Debug)]
enum Answers {
    /// Right, but for its clock being so many milliseconds ahead.
    Ahead(i64),
    /// To another question.
    WrongEcho,
    /// To another question first, and then to this.
    WrongEchoThenRight,
    /// With one octet of a right answer replaced.
    With(usize, u8),
    /// With no time in it.
    WithoutTime,
    /// With the first octets of an answer only.
    Short,
    /// Not at all.
    Silent,
}

/// A server on this machine, until it is dropped.
struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(answers: Answers) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a time-out");
        let (address, stop) = (socket.local_addr().expect("an address"), Arc::default());
        let stopped: Arc<AtomicBool> = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::SeqCst) {
                let mut question = [0; 64];
                if let Ok((48, from)) = socket.recv_from(&mut question) {
                    for answer in packets(answers, &question[..48]) {
                        socket.send_to(&answer, from).expect("sent");
                    }
                }
            }
        });
        Self { address, stop, thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server ended");
        }
    }
}

fn packets(answers: Answers, question: &[u8]) -> Vec<Vec<u8>> {
    let right = right_answer(question, 0);
    let mut changed = right.clone();
    match answers {
        Answers::Ahead(milliseconds) => vec![right_answer(question, milliseconds)],
        Answers::WrongEcho => {
            changed[31] ^= 1;
            vec![changed]
        }
        Answers::WrongEchoThenRight => {
            changed[31] ^= 1;
            vec![changed, right]
        }
        Answers::With(place, octet) => {
            changed[place] = octet;
            vec![changed]
        }
        Answers::WithoutTime => {
            changed[40..].fill(0);
            vec![changed]
        }
        Answers::Short => vec![right[..47].to_vec()],
        Answers::Silent => Vec::new(),
    }
}

/// What a server of stratum 2 answers whose clock is ahead of this machine's.
fn right_answer(question: &[u8], ahead_ms: i64) -> Vec<u8> {
    assert_eq!(question[0], 0x23, "a client of version 4");
    assert!(question[1..40].iter().all(|octet| *octet == 0), "which tells nothing of itself");
    let ahead = SignedDuration::from_millis(ahead_ms);
    let now = Timestamp::now() + ahead;
    let seconds = u32::try_from((now.as_second() + 2_208_988_800) % (1 << 32)).expect("NTP time");
    let fraction = (i64::from(now.subsec_nanosecond()) << 32) / 1_000_000_000;
    let time = [seconds.to_be_bytes(), u32::try_from(fraction).expect("32 bits").to_be_bytes()];
    let mut answer = vec![0x24, 2, 6, 0xec, 0, 0, 0x10, 0, 0, 0, 0x08, 0, 127, 0, 0, 1];
    answer.extend(time.concat());
    answer.extend(&question[40..48]);
    answer.extend(time.concat());
    answer.extend(time.concat());
    answer
}

fn client(server: &Server) -> SntpClient {
    SntpClient::new(&server.address.to_string(), Arc::new(Timestamp::now), monotonic())
}

fn ask(answers: Answers) -> Result<SignedDuration, SntpError> {
    client(&Server::start(answers)).offset()
}

/// Far more than the way to this machine and back takes.
fn is_near(offset: SignedDuration, milliseconds: i64) -> bool {
    (offset - SignedDuration::from_millis(milliseconds)).abs() < SignedDuration::from_millis(900)
}

#[test]
fn e9_an_honest_server_agrees_and_a_drifting_one_is_measured() {
    for milliseconds in [0, 5_000, -5_000, 86_400_000] {
        let offset = ask(Answers::Ahead(milliseconds)).expect("an answer");
        assert!(is_near(offset, milliseconds), "{milliseconds}: {offset}");
    }
}

#[test]
fn e9_an_answer_to_another_question_is_none() {
    let error = ask(Answers::WrongEcho).expect_err("refused").to_string();
    assert!(error.ends_with("refused: it echoes another question"), "{error}");
    let offset = ask(Answers::WrongEchoThenRight).expect("the right one is waited for");
    assert!(is_near(offset, 0), "{offset}");
}

#[test]
fn e9_a_server_that_cannot_be_believed_is_refused() {
    let cases = [
        (Answers::With(0, 0x23), "its mode is not that of a server"),
        (Answers::With(0, 0x25), "its mode is not that of a server"),
        (Answers::With(0, 0x1c), "its version is not 4"),
        (Answers::With(0, 0xe4), "the server is not synchronised itself"),
        (Answers::With(1, 16), "the server is not synchronised itself"),
        (Answers::With(5, 1), "the server is too far from its own source"),
        (Answers::With(9, 1), "the server is too far from its own source"),
        (Answers::WithoutTime, "it names no time"),
        (Answers::Short, "it is shorter than 48 octets"),
    ];
    // Side by side: each waits to the end for a better answer.
    std::thread::scope(|scope| {
        for (answers, rule) in cases {
            scope.spawn(move || {
                let error = ask(answers).expect_err("refused").to_string();
                assert!(error.ends_with(rule), "{answers:?}: {error}");
            });
        }
    });
    assert!(matches!(ask(Answers::With(1, 0)), Err(SntpError::SentAway { .. })));
}

#[test]
fn e9_a_silent_server_is_no_answer() {
    assert!(matches!(ask(Answers::Silent), Err(SntpError::NoAnswer { .. })));
    let gone = client(&Server::start(Answers::Ahead(0)));
    assert!(matches!(gone.offset(), Err(SntpError::NoAnswer { .. })));
}

#[test]
fn e9_the_watch_over_the_network_stops_and_permits_signing() {
    for (answers, permitted) in
        [(Answers::Ahead(0), true), (Answers::Ahead(10_000), false), (Answers::Silent, false)]
    {
        let server = Server::start(answers);
        let wall: Clock = Arc::new(Timestamp::now);
        let source: Box<dyn TimeSource> = Box::new(client(&server));
        let config = TimeConfig::default();
        let watch = ClockWatch::new(&config, wall, monotonic(), Some(source), Box::new(|_| ()));
        watch.tick();
        assert_eq!(watch.permit().is_ok(), permitted, "{answers:?}");
    }
}
