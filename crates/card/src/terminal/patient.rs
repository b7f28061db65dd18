//! A connection with a limit of time: whoever waits for a card that hangs gives it up.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::protocol::connection::{Connection, ConnectionError};

type Transmitted = Result<Vec<u8>, ConnectionError>;

/// A connection that lives in a thread of its own, because nothing below it knows a limit of time.
///
/// When the limit is over, the thread is left behind with whatever hangs in it: it ends, and gives
/// the card back, only when that returns, for example because the card is taken away.
pub(crate) struct Patient {
    /// `None` once the connection was given up.
    commands: Option<Sender<Zeroizing<Vec<u8>>>>,
    answers: Receiver<Transmitted>,
    timeout: Duration,
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum Unopened<E> {
    /// Opening it failed.
    Failed(E),
    /// Opening it took too long.
    TooSlow,
    /// The machine's fault: it has no thread to spare.
    NoThread,
}

impl Patient {
    /// Opens a connection, and waits so long for that and for every answer.
    pub(crate) fn open<C, E>(
        timeout: Duration,
        open: impl FnOnce() -> Result<C, E> + Send + 'static,
    ) -> Result<Self, Unopened<E>>
    where
        C: Connection,
        E: Send + 'static,
    {
        let (commands, asked) = channel();
        let (answering, answers) = channel();
        let (opening, opened) = channel();
        let run = move || match open() {
            Err(error) => drop(opening.send(Err(error))),
            Ok(card) => {
                if opening.send(Ok(())).is_ok() {
                    serve(card, &asked, &answering);
                }
            }
        };
        thread::Builder::new()
            .name("card".to_owned())
            .spawn(run)
            .map_err(|_| Unopened::NoThread)?;
        match opened.recv_timeout(timeout) {
            Ok(Ok(())) => Ok(Self { commands: Some(commands), answers, timeout }),
            Ok(Err(error)) => Err(Unopened::Failed(error)),
            Err(_) => Err(Unopened::TooSlow),
        }
    }
}

impl Connection for Patient {
    fn transmit(&mut self, command: &[u8]) -> Transmitted {
        let failed = |what: &str| Err(ConnectionError(what.to_owned()));
        let Some(commands) = &self.commands else {
            return failed("the card was given up; connect again");
        };
        if commands.send(Zeroizing::new(command.to_vec())).is_err() {
            return failed("the connection to the card ended");
        }
        match self.answers.recv_timeout(self.timeout) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Disconnected) => failed("the connection to the card ended"),
            Err(RecvTimeoutError::Timeout) => {
                // A late answer must never be taken for that to another command.
                self.commands = None;
                failed("the card does not answer; take it away and put it back")
            }
        }
    }
}

impl Drop for Patient {
    fn drop(&mut self) {
        let was_given_up = self.commands.take().is_none();
        if !was_given_up {
            // Whoever connects next must find the card free: the line ends after the card's.
            let _ended = self.answers.recv_timeout(self.timeout);
        }
    }
}

/// Answers commands until nobody asks any more; the card is given back before the line ends.
fn serve(
    mut card: impl Connection,
    asked: &Receiver<Zeroizing<Vec<u8>>>,
    answering: &Sender<Transmitted>,
) {
    while let Ok(command) = asked.recv() {
        if answering.send(card.transmit(&command)).is_err() {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, MutexGuard};

    use super::*;

    /// Long enough that no test waits for it.
    const LONG: Duration = Duration::from_secs(600);
    const SHORT: Duration = Duration::from_millis(20);

    /// Echoes; hangs at every command while the test holds the lock. Notes when it is given back.
    struct Echo {
        lock: Arc<Mutex<()>>,
        is_back: Arc<Mutex<bool>>,
    }

    impl Connection for Echo {
        fn transmit(&mut self, command: &[u8]) -> Transmitted {
            drop(held(&self.lock));
            Ok(command.to_vec())
        }
    }

    impl Drop for Echo {
        fn drop(&mut self) {
            *held(&self.is_back) = true;
        }
    }

    fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
        lock.lock().expect("nobody panics")
    }

    #[test]
    fn c2_a_patient_connection_answers_and_gives_the_card_back_when_it_is_dropped() {
        let (lock, is_back) = (Arc::default(), Arc::new(Mutex::new(false)));
        let echo = Echo { lock, is_back: Arc::clone(&is_back) };
        let mut card = Patient::open(LONG, || Ok::<_, ()>(echo)).expect("opened");
        for command in [b"1", b"2"] {
            assert_eq!(card.transmit(command), Ok(command.to_vec()));
        }
        assert!(!*held(&is_back));
        drop(card);
        assert!(*held(&is_back), "the next one finds the card free");
    }

    #[test]
    fn c2_a_card_that_hangs_is_given_up_and_its_late_answer_is_nobodys() {
        let lock = Arc::new(Mutex::new(()));
        let echo = Echo { lock: Arc::clone(&lock), is_back: Arc::default() };
        let hangs = held(&lock);
        let mut card = Patient::open(SHORT, || Ok::<_, ()>(echo)).expect("opened");
        assert!(card.transmit(b"1").is_err());
        drop(hangs);
        let late = card.transmit(b"2").expect_err("given up");
        assert_eq!(late.0, "the card was given up; connect again");
    }

    #[test]
    fn c2_opening_that_fails_or_hangs_is_no_connection() {
        let failed = Patient::open(LONG, || Err::<Echo, _>("no card"));
        assert!(matches!(failed, Err(Unopened::Failed("no card"))));
        let lock = Arc::new(Mutex::new(()));
        let hangs = held(&lock);
        let inner = Arc::clone(&lock);
        let open = move || {
            drop(held(&inner));
            Err::<Echo, _>("too late")
        };
        assert!(matches!(Patient::open(SHORT, open), Err(Unopened::TooSlow)));
        drop(hangs);
    }
}
