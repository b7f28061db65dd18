//! Answers that are made and not sent: each is whole in memory until its client takes it.
//!
//! The place where an answer was made is free for others once it is made, whoever reads how slowly. So that
//! nobody has one large answer made after the other and takes none, whoever asked has a share of those that
//! are not sent, and strangers have so many together.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use domain::id::VerifierId;

use crate::crowd::{Crowd, Entered};
use crate::subscriber::Asker;

/// Octets up to which an answer takes no share: what the kernel keeps for a connection anyway.
const SMALL: usize = 64 << 10;

/// Large answers that one verifier, or one stranger's address, may have unsent.
const EACH: usize = 4;

/// Large answers that all strangers may have unsent. What is open to them is below a megabyte each, also
/// where a CA has a list for every municipality.
const STRANGERS: usize = 32;

/// Who gets large answers from a server.
#[derive(Debug)]
pub(crate) struct Unsent {
    strangers: Crowd,
    verifiers: Crowd,
}

/// So much is made for whoever asks, and not sent, that there is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMuch;

impl Unsent {
    /// Shares of which nobody has anything yet. Nobody waits for one: what they would wait with is made.
    pub(crate) fn new() -> Self {
        let strangers = Crowd::with_share(STRANGERS, EACH, Duration::ZERO);
        Self { strangers, verifiers: Crowd::of_shares(EACH, Duration::ZERO) }
    }

    /// The share that an answer of so many octets takes until it is sent; none where it is small.
    pub(crate) async fn share(
        &self,
        octets: usize,
        verifier: Option<&VerifierId>,
        from: IpAddr,
    ) -> Result<Option<Entered>, TooMuch> {
        if octets <= SMALL {
            return Ok(None);
        }
        let entered = match verifier {
            Some(id) => self.verifiers.enter(Asker::known(id.as_str())).await,
            None => self.strangers.enter(Asker::at(from)).await,
        };
        entered.map(Some).ok_or(TooMuch)
    }
}

/// Octets that keep their share until the last of them is sent.
pub(crate) fn held(octets: Bytes, share: Option<Entered>) -> Bytes {
    match share {
        Some(share) => Bytes::from_owner(Held { octets, _share: share }),
        None => octets,
    }
}

struct Held {
    octets: Bytes,
    _share: Entered,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One after the other, an address could once have as many lists in memory as it has connections, and
    /// take none of them.
    #[tokio::test]
    async fn v6_who_takes_no_answer_gets_no_more_and_strangers_have_a_bound_together() {
        let (unsent, large) = (Unsent::new(), SMALL + 1);
        let address = |last: u8| IpAddr::from([192, 0, 2, last]);
        let verifier: VerifierId = "verifier-1".parse().expect("an id");
        let mut held = Vec::new();
        for _ in 0..EACH {
            held.push(unsent.share(large, None, address(1)).await.expect("a share"));
        }
        assert!(held.iter().all(Option::is_some));
        assert_eq!(unsent.share(large, None, address(1)).await.err(), Some(TooMuch));
        assert!(unsent.share(SMALL, None, address(1)).await.expect("what is small").is_none());
        for other in 2..=(STRANGERS / EACH) as u8 {
            for _ in 0..EACH {
                held.push(unsent.share(large, None, address(other)).await.expect("a share"));
            }
        }
        assert_eq!(unsent.share(large, None, address(200)).await.err(), Some(TooMuch));
        // A verifier has its own, from wherever it comes.
        let mut of_verifier = Vec::new();
        for last in 1..=EACH as u8 {
            let share = unsent.share(large, Some(&verifier), address(last)).await;
            of_verifier.push(share.expect("a verifier's"));
        }
        let fifth = unsent.share(large, Some(&verifier), address(200)).await;
        assert_eq!(fifth.err(), Some(TooMuch));
        // What is read of an answer is in memory until the last of it is sent.
        let octets = super::held(Bytes::from_static(b"a list"), held.pop().flatten());
        let (part, rest) = (octets.slice(..2), octets.slice(2..));
        drop((octets, part));
        assert_eq!(unsent.share(large, None, address(200)).await.err(), Some(TooMuch));
        drop(rest);
        assert!(unsent.share(large, None, address(200)).await.is_ok());
    }
}
