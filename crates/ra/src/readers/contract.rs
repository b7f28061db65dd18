//! What all readers of the windows must do: one suite, run over each.

use std::thread;

use card::terminal::{CardMaster, CardReport, CardTerminal, Connection};
use card::{CardNumber, jpki};
use domain::act::Act;
use domain::id::{CardId, MunicipalityCode};

use super::{ReaderError, Readers, Wanted};

/// Readers under test, and what the suite plays beside them: a window, its master, and another town.
struct Bench<'a> {
    readers: &'a dyn Readers,
    master: &'a dyn CardMaster,
    /// The name of a reader, and whose it is.
    reader: &'a str,
    own: MunicipalityCode,
    other: MunicipalityCode,
    act: &'a Act,
}

/// Everything that the contract of [`Readers`] says of a drawer of emulated cards and of readers with names.
///
/// `master` holds the keys of the cards that are made; no card is there yet. The reader of this name is that
/// municipality's, and no card lies on it.
///
/// # Panics
/// At the first sentence of the contract that does not hold.
pub fn check(
    readers: &dyn Readers,
    master: &dyn CardMaster,
    (reader, own): (&str, MunicipalityCode),
    act: &Act,
) {
    let other = if own == code("11100") { code("13101") } else { code("11100") };
    let bench = Bench { readers, master, reader, own, other, act };
    bench.a_blank_card_is_made_for_whoever_wants_a_new_one_alone();
    bench.the_card_that_is_meant_answers();
    bench.what_there_is_not_is_refused_and_not_made();
    bench.a_reader_is_its_own_towns();
    bench.a_connection_is_alone_with_its_card();
    bench.of_many_who_connect_at_once_one_is_let_to_the_card();
    bench.a_card_is_powered_on_anew_and_keeps_what_it_holds();
}

impl Bench<'_> {
    fn a_blank_card_is_made_for_whoever_wants_a_new_one_alone(&self) {
        self.refused(&Wanted::default());
        let cards = [self.made(), self.made(), self.made()];
        assert!(cards[0] != cards[1] && cards[1] != cards[2] && cards[0] != cards[2], "{cards:?}");
        self.refused(&Wanted::default());
    }

    fn the_card_that_is_meant_answers(&self) {
        let cards = [self.made(), self.made()];
        for card in [&cards[0], &cards[1], &cards[0]] {
            let (id, report) = self.report_of(&Wanted::card(card, None));
            assert_eq!((&id, is_blank(&report)), (card, true));
            // Whatever else is wanted, it is this one.
            let also_new = Wanted { is_new: true, ..Wanted::card(card, None) };
            assert_eq!(&self.report_of(&also_new).0, card);
        }
    }

    fn what_there_is_not_is_refused_and_not_made(&self) {
        let strange = ["card-1", "1203", "card-00112233445566778899"];
        let nowhere = CardNumber([0xd0; 10]).id();
        for card in strange.map(|text| text.parse().expect("an id")).into_iter().chain([nowhere]) {
            let wanted = Wanted::card(&card, None);
            for _ in 0..2 {
                self.refused(&wanted);
                self.refused(&Wanted { is_new: true, ..wanted.clone() });
            }
        }
    }

    /// Whatever is wanted of it: nobody learns of another town's readers.
    fn a_reader_is_its_own_towns(&self) {
        let card = self.made();
        let there = |reader| [Wanted::card(&card, Some(reader)), Wanted::blank(Some(reader))];
        let told = |town, wanted: &Wanted| {
            self.readers.connect(town, wanted).map(drop).expect_err("no card lies there")
        };
        for (wanted, of_none) in there(self.reader).iter().zip(&there("no such reader")) {
            let none = told(self.own, of_none);
            assert!(matches!(none, ReaderError::Refused(_)), "{none}");
            assert_eq!(told(self.other, wanted), none);
            assert_eq!(told(self.other, of_none), none);
            assert_ne!(told(self.own, wanted), none, "its own is one");
        }
    }

    fn a_connection_is_alone_with_its_card(&self) {
        let (card, other) = (self.made(), self.made());
        let wanted = Wanted::card(&card, None);
        let connection = self.connect(&wanted);
        self.busy(&wanted);
        let terminal = CardTerminal::select(connection).expect("selected");
        self.busy(&wanted);
        let mut secured = terminal.authenticate(self.act, self.master).expect("a channel");
        self.busy(&wanted);
        secured.report().expect("nobody came between");
        assert_eq!(self.report_of(&Wanted::card(&other, None)).0, other, "each card for itself");
        drop(secured);
        assert_eq!(self.report_of(&wanted).0, card);
    }

    fn of_many_who_connect_at_once_one_is_let_to_the_card(&self) {
        let card = self.made();
        let (readers, own) = (self.readers, self.own);
        let tried: Vec<_> = thread::scope(|scope| {
            let wanted = Wanted::card(&card, None);
            let connect = move || readers.connect(own, &wanted);
            let begun: Vec<_> = (0..4).map(|_| scope.spawn(connect.clone())).collect();
            begun.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        assert_eq!(tried.iter().filter(|tried| tried.is_ok()).count(), 1);
        for refused in tried.iter().filter_map(|tried| tried.as_ref().err()) {
            assert!(matches!(refused, ReaderError::Busy(_)), "{refused}");
        }
    }

    /// What was verified, and a channel, belong to the selection, and that is gone. What was counted is not:
    /// the master lets no card in that was set back.
    fn a_card_is_powered_on_anew_and_keeps_what_it_holds(&self) {
        let card = self.made();
        let wanted = Wanted::card(&card, None);
        let [select, in_application] = [
            [&[0x00, 0xa4, 0x04, 0x0c, 0x0a], &jpki::AID[..]].concat(),
            [&[0x00, 0xa4, 0x02, 0x0c, 0x02], &jpki::file::AUTHENTICATION_PIN.to_be_bytes()[..]]
                .concat(),
        ];
        let answers_well = |connection: &mut Box<dyn Connection>, command: &[u8]| {
            connection.transmit(command).expect("an answer") == [0x90, 0x00]
        };
        let mut first = self.connect(&wanted);
        assert!(!answers_well(&mut first, &in_application), "it is new here");
        assert!(answers_well(&mut first, &select) && answers_well(&mut first, &in_application));
        drop(first);
        let mut second = self.connect(&wanted);
        assert!(!answers_well(&mut second, &in_application), "the selection outlived the power");
        drop(second);
        let before = self.report_of(&wanted);
        for _ in 0..3 {
            drop(self.connect(&wanted));
            assert_eq!(self.report_of(&wanted), before);
        }
    }
}

impl Bench<'_> {
    fn connect(&self, wanted: &Wanted) -> Box<dyn Connection> {
        self.readers.connect(self.own, wanted).expect("a card")
    }

    /// Which card answers, by its own proof, and what is on it.
    fn report_of(&self, wanted: &Wanted) -> (CardId, CardReport) {
        let terminal = CardTerminal::select(self.connect(wanted)).expect("selected");
        let mut card = terminal.authenticate(self.act, self.master).expect("a genuine card");
        let report = card.report().expect("a report");
        (card.id().clone(), report)
    }

    /// A blank card.
    fn made(&self) -> CardId {
        let (id, report) = self.report_of(&Wanted::blank(None));
        assert!(is_blank(&report), "{report:?}");
        id
    }

    #[track_caller]
    fn refused(&self, wanted: &Wanted) {
        let outcome = self.readers.connect(self.own, wanted).map(drop);
        assert!(matches!(outcome, Err(ReaderError::Refused(_))), "{wanted:?}: {outcome:?}");
    }

    #[track_caller]
    fn busy(&self, wanted: &Wanted) {
        let outcome = self.readers.connect(self.own, wanted).map(drop);
        assert!(matches!(outcome, Err(ReaderError::Busy(_))), "{wanted:?}: {outcome:?}");
    }
}

fn is_blank(report: &CardReport) -> bool {
    let slots = [&report.authentication, &report.signature];
    slots.iter().all(|slot| slot.delivered.is_none() && slot.loading.is_none())
}

fn code(digits: &str) -> MunicipalityCode {
    digits.parse().expect("a municipality")
}

#[cfg(test)]
mod tests {
    use card::terminal::memory::MemoryCardMaster;
    use card::{CardKeys, TransportKey};
    use domain::act::Actor;

    use super::super::memory::MemoryReaders;
    use super::*;

    #[test]
    fn c2_the_twin_of_the_readers_keeps_what_windows_rely_on() {
        let keys = |CardNumber(number)| CardKeys {
            encryption: [number[9]; 32].into(),
            mac: [2; 32].into(),
            data_encryption: [3; 32].into(),
            transport: TransportKey::new(&[4; 32]),
        };
        let own = code("11203");
        let readers = MemoryReaders::new(keys).with_reader("Reader 01", own);
        let actor = Actor::Staff("tester".parse().expect("an actor"));
        let at = "2026-04-01T03:00:00Z".parse().expect("a time");
        let act = Act::new(actor, at, "operation-1".parse().expect("an operation"));
        check(&readers, &MemoryCardMaster::new(keys), ("Reader 01", own), &act);
    }
}
