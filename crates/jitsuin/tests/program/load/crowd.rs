//! Strangers at work until they leave, each with a connection that it opens again when it is cut.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::attacks::{Attack, Group, Says};

/// After a connection was cut or refused.
const COMES_AGAIN: Duration = Duration::from_millis(500);

pub(super) struct Crowd {
    leave: oneshot::Sender<()>,
    thread: JoinHandle<()>,
    counts: Arc<Counts>,
}

/// What became of it.
#[derive(Default)]
struct Counts {
    came: AtomicU64,
    asked: AtomicU64,
    answered: AtomicU64,
}

/// How many connections there were, how often something was said over them, and how many answers.
pub(super) struct Left {
    pub(super) came: u64,
    pub(super) asked: u64,
    pub(super) answered: u64,
}

/// The address of a stranger.
pub(super) fn address(number: usize) -> Ipv4Addr {
    let [.., low] = (number + 1).to_be_bytes();
    Ipv4Addr::new(127, 0, 1, low)
}

impl Crowd {
    /// So many times as many as there were then.
    pub(super) fn of(attack: &Attack, times: usize) -> Self {
        let groups = attack.groups.clone();
        let (leave, left) = oneshot::channel();
        let counts = Arc::new(Counts::default());
        let counted = counts.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let mut strangers = JoinSet::new();
                for group in groups {
                    let group = Arc::new(group);
                    for number in 0..group.then * times {
                        strangers.spawn(stay(group.clone(), number, counted.clone()));
                    }
                }
                let _ = left.await;
            });
        });
        Self { leave, thread, counts }
    }

    pub(super) fn leave(self) -> Left {
        let _ = self.leave.send(());
        self.thread.join().expect("the crowd");
        let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let Counts { came, asked, answered } = &*self.counts;
        Left { came: count(came), asked: count(asked), answered: count(answered) }
    }
}

async fn stay(group: Arc<Group>, number: usize, counts: Arc<Counts>) {
    loop {
        let _ = visit(&group, address(number % group.addresses), &counts).await;
        sleep(COMES_AGAIN).await;
    }
}

async fn visit(group: &Group, from: Ipv4Addr, counts: &Counts) -> io::Result<()> {
    let mut line = group.port.call(from).await?;
    counts.came.fetch_add(1, Ordering::Relaxed);
    match &group.says {
        Says::Nothing => {
            while !line.hear().await?.is_empty() {}
            Ok(())
        }
        Says::Slowly(octets) => {
            // However little it is, it may be answered: the directory does, where no request begins so.
            counts.asked.fetch_add(1, Ordering::Relaxed);
            for octet in octets.chunks(1) {
                line.say(octet).await?;
                sleep(group.pause).await;
            }
            Ok(())
        }
        Says::AsksAndGoes(question) => {
            counts.asked.fetch_add(1, Ordering::Relaxed);
            line.say(question).await?;
            sleep(group.pause).await;
            Ok(())
        }
        Says::Asks(question) => loop {
            counts.asked.fetch_add(1, Ordering::Relaxed);
            line.say(question).await?;
            if line.hear().await?.is_empty() {
                return Ok(());
            }
            counts.answered.fetch_add(1, Ordering::Relaxed);
            sleep(group.pause).await;
        },
    }
}
