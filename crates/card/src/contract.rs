//! What every card master must do: one suite, run over each.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use domain::act::Act;

use crate::emulator::{Card, Emulator};
use crate::protocol::apdu::{Command, Response, StatusWord};
use crate::protocol::card_keys::CardKeys;
use crate::protocol::card_number::CardNumber;
use crate::protocol::data_encryption::DataEncryptionKey;
use crate::protocol::jpki::{self, instruction};
use crate::protocol::scp03;
use crate::terminal::{
    CardMaster, CardMasterError, CardTerminal, Connection, ConnectionError, Handshake, SessionGrant,
};

/// A card master under test, and the keys of the cards that are made for it.
struct Bench<'a> {
    master: &'a dyn CardMaster,
    keys: &'a dyn Fn(CardNumber) -> CardKeys,
    act: &'a Act,
}

/// Everything that the contract of [`CardMaster`] says of sessions. Its journal is for who has one to look at.
///
/// Cards of any number get their keys from `keys`, as they are made; `master` knows none of them yet.
///
/// # Panics
/// At the first sentence of the contract that does not hold.
pub fn check(master: &dyn CardMaster, keys: &dyn Fn(CardNumber) -> CardKeys, act: &Act) {
    let bench = Bench { master, keys, act };
    bench.a_channel_opens_with_a_genuine_card_as_often_as_it_is_begun();
    bench.what_is_granted_is_of_one_session_and_one_card();
    bench.whoever_lacks_a_key_is_no_card_and_counts_nothing();
    bench.no_session_is_granted_twice_nor_an_older_one();
    bench.of_many_who_bring_one_session_one_is_granted_it();
}

/// A card on a reader of its own.
#[derive(Clone)]
struct OnReader(Arc<Mutex<Emulator>>);

impl Connection for OnReader {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ConnectionError> {
        Ok(self.0.lock().expect("no panic").transmit(command))
    }
}

impl OnReader {
    fn with(number: CardNumber, keys: CardKeys) -> Self {
        Self(Arc::new(Mutex::new(Emulator::new(Card::make(number, keys)))))
    }

    fn ask(&self, command: &Command) -> Vec<u8> {
        let answer = self.clone().transmit(&command.encode()).expect("a reader");
        let answer = Response::parse(&answer).expect("an answer");
        assert_eq!(answer.status, StatusWord::SUCCESS);
        answer.data
    }

    /// What the card says when the next channel is begun.
    fn handshake(&self) -> Handshake {
        let select = Command::new(0x00, instruction::SELECT, 0x04, 0).with_data(&jpki::AID);
        self.ask(&select.with_le(256));
        let host = [0x5c; 8];
        let begin = Command::new(0x80, instruction::INITIALIZE_UPDATE, scp03::KEY_VERSION, 0);
        let answer = self.ask(&begin.with_data(&host).with_le(256));
        Handshake::parse(host, &answer).expect("a handshake")
    }
}

impl Bench<'_> {
    fn a_channel_opens_with_a_genuine_card_as_often_as_it_is_begun(&self) {
        let reader = self.card(1);
        for _ in 0..3 {
            let terminal = CardTerminal::select(Box::new(reader.clone())).expect("selected");
            let mut card = terminal.authenticate(self.act, self.master).expect("a channel");
            assert_eq!(card.id(), &number(1).id());
            card.report().expect("a report");
        }
    }

    fn what_is_granted_is_of_one_session_and_one_card(&self) {
        let reader = self.card(2);
        let (first, second) = (reader.handshake(), reader.handshake());
        let proves = |grant: &SessionGrant, heard: &Handshake| {
            let (host, card) = (&heard.host_challenge, &heard.card_challenge);
            grant.keys.verify_card(host, card, &heard.card_cryptogram).is_ok()
        };
        let granted = [&first, &second].map(|heard| self.open(heard).expect("a session"));
        assert!(proves(&granted[0], &first) && proves(&granted[1], &second));
        assert!(!proves(&granted[0], &second) && !proves(&granted[1], &first));
        let wrapped = granted[0].dek.wrap(b"a key").expect("wrapped");
        let opens = |keys: &CardKeys| {
            DataEncryptionKey::new(&keys.data_encryption).unwrap(&wrapped).is_some()
        };
        let (own, others) = ((self.keys)(number(2)), (self.keys)(number(3)));
        assert!(opens(&own) && !opens(&others));
        assert!(own.transport.unwrap(&wrapped).is_none(), "the CA's own is no window's");
        let told = format!("{:?}", granted[0]);
        assert_eq!(told.matches("secret").count(), 2, "{told}");
    }

    fn whoever_lacks_a_key_is_no_card_and_counts_nothing(&self) {
        let genuine = self.card(4).handshake();
        let forge = |change: &dyn Fn(&mut Handshake)| {
            let mut forged = genuine.clone();
            change(&mut forged);
            forged
        };
        let own = (self.keys)(number(4));
        let without_mac = CardKeys { mac: [0x55; 32].into(), ..own.clone() };
        let without_encryption = CardKeys { encryption: [0x55; 32].into(), ..own };
        for forged in [
            forge(&|heard| heard.card_cryptogram[7] ^= 1),
            forge(&|heard| heard.card_challenge[0] ^= 1),
            forge(&|heard| heard.host_challenge[0] ^= 1),
            forge(&|heard| heard.sequence[2] += 1),
            forge(&|heard| heard.sequence = [0xff; 3]),
            forge(&|heard| heard.number = number(5)),
            OnReader::with(number(4), without_mac).handshake(),
            OnReader::with(number(4), without_encryption).handshake(),
        ] {
            let refused = self.open(&forged).map(drop);
            assert_eq!(refused, Err(CardMasterError::NotAuthentic), "{forged:?}");
        }
        self.open(&genuine).expect("a session");
        self.open(&self.card(5).handshake()).expect("nor did it count for the other");
    }

    fn no_session_is_granted_twice_nor_an_older_one(&self) {
        let reader = self.card(6);
        let begun: Vec<_> = (0..300).map(|_| reader.handshake()).collect();
        let set_back = |heard| {
            assert_eq!(self.open(heard).map(drop), Err(CardMasterError::SetBack), "{heard:?}");
        };
        for at in [1, 260] {
            self.open(&begun[at]).expect("newer than all before");
            [at, at - 1, 0].into_iter().for_each(|past| set_back(&begun[past]));
        }
        // A forgery of an old session is one all the same.
        let forged = Handshake { card_cryptogram: [0; 8], ..begun[0].clone() };
        assert_eq!(self.open(&forged).map(drop), Err(CardMasterError::NotAuthentic));
        self.open(&self.card(7).handshake()).expect("each card counts alone");
        self.open(&begun[261]).expect("the next");
    }

    fn of_many_who_bring_one_session_one_is_granted_it(&self) {
        let heard = self.card(8).handshake();
        let (granted, set_back) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (master, act) = (self.master, self.act);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let count = match master.open_session(act, &heard) {
                        Ok(_) => &granted,
                        Err(CardMasterError::SetBack) => &set_back,
                        Err(other) => panic!("{other}"),
                    };
                    count.fetch_add(1, Ordering::Relaxed);
                });
            }
        });
        assert_eq!((granted.into_inner(), set_back.into_inner()), (1, 3));
    }

    fn card(&self, digit: u8) -> OnReader {
        OnReader::with(number(digit), (self.keys)(number(digit)))
    }

    fn open(&self, heard: &Handshake) -> Result<SessionGrant, CardMasterError> {
        self.master.open_session(self.act, heard)
    }
}

fn number(digit: u8) -> CardNumber {
    CardNumber([0xc0, 0, 0, 0, 0, 0, 0, 0, 0, digit])
}

#[cfg(test)]
mod tests {
    use domain::act::Actor;

    use super::*;
    use crate::protocol::transport::TransportKey;
    use crate::terminal::memory::MemoryCardMaster;

    #[test]
    fn c4_the_twin_of_a_card_master_keeps_what_windows_rely_on() {
        let keys = |CardNumber(number)| {
            let key = |first| {
                let mut key = [first; 32];
                key[22..].copy_from_slice(&number);
                key
            };
            CardKeys {
                encryption: key(1).into(),
                mac: key(2).into(),
                data_encryption: key(3).into(),
                transport: TransportKey::new(&key(4)),
            }
        };
        let actor = Actor::Staff("tester".parse().expect("an actor"));
        let at = "2026-11-22T03:00:00Z".parse().expect("a time");
        let act = Act::new(actor, at, "operation-1".parse().expect("an operation"));
        check(&MemoryCardMaster::new(keys), &keys, &act);
    }
}
