//! A card in a virtual reader: the words about the power, commands, and both ends of the line.

mod fixture;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use fixture::office::{NUMBER, card_keys, octets};
use jitsuin_card::jpki::ATR;
use jitsuin_card::vpcd::{self, AttachError, Stay};
use jitsuin_card::{Cabinet, VaultKey};

const SELECT: &str = "00A4040C 0A D392F000260100000001";

#[test]
fn c2_a_card_in_a_virtual_reader_answers_until_the_reader_goes() {
    let ended = with_reader(&Stay::default(), |reader| {
        send(reader, &[0x04]);
        assert_eq!(receive(reader), ATR, "before it has power as well");
        send(reader, &[0x01]);
        send(reader, &octets(SELECT));
        assert_eq!(receive(reader), [0x90, 0x00]);
        send(reader, &octets("00A4020C 02 0006"));
        assert_eq!(receive(reader), [0x90, 0x00]);
        send(reader, &octets("00B0000000"));
        assert_eq!(receive(reader).len(), 162);
        // A command that comes octet by octet is still one.
        for octet in [0, 4, 0x00, 0xB0, 0xFF, 0x00] {
            reader.write_all(&[octet]).expect("sent");
        }
        assert_eq!(receive(reader), [0x6A, 0x86]);
    });
    ended.expect("it ends without an error");
}

#[test]
fn c2_reset_and_loss_of_power_forget_the_selection() {
    let ended = with_reader(&Stay::default(), |reader| {
        for words in [&[0x02_u8][..], &[0x00, 0x01]] {
            send(reader, &octets(SELECT));
            assert_eq!(receive(reader), [0x90, 0x00]);
            words.iter().for_each(|word| send(reader, &[*word]));
            send(reader, &octets("00A4020C 02 0006"));
            assert_eq!(receive(reader), [0x6D, 0x00]);
        }
        // Words that nobody knows, and empty messages, are no commands.
        send(reader, &[0x77]);
        send(reader, &[]);
        send(reader, &[0x04]);
        assert_eq!(receive(reader), ATR);
    });
    ended.expect("it ends without an error");
}

#[test]
fn c2_a_stay_that_is_over_takes_the_card_out() {
    let stay = Stay::default();
    let ended = with_reader(&stay, |reader| {
        send(reader, &[0x04]);
        assert_eq!(receive(reader), ATR);
        // The first half of a message does not hold it up either.
        reader.write_all(&[0x00]).expect("sent");
        stay.end();
        // What was not read yet turns the end of the line into a reset.
        match reader.read(&mut [0; 1]) {
            Ok(octets) => assert_eq!(octets, 0),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    });
    ended.expect("it ends without an error");
}

/// Lets a card into a reader of our own, and returns how the card's side ended.
fn with_reader(stay: &Stay, play: impl FnOnce(&mut TcpStream)) -> Result<(), AttachError> {
    let directory = tempfile::tempdir().expect("a directory");
    let cabinet = Cabinet::open(directory.path(), VaultKey::new(&[1; 32])).expect("a cabinet");
    cabinet.make(&NUMBER.id(), card_keys()).expect("made");
    let mut card = cabinet.insert(&NUMBER.id()).expect("inserted");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let stream = TcpStream::connect(listener.local_addr().expect("an address")).expect("connected");
    thread::scope(|scope| {
        let attached = scope.spawn(|| vpcd::attach(&mut card, stream, stay));
        let (mut reader, _) = listener.accept().expect("the card");
        play(&mut reader);
        drop(reader);
        attached.join().expect("no panic")
    })
}

fn send(reader: &mut TcpStream, message: &[u8]) {
    let length = u16::try_from(message.len()).expect("short").to_be_bytes();
    reader.write_all(&length).expect("sent");
    reader.write_all(message).expect("sent");
}

fn receive(reader: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 2];
    reader.read_exact(&mut length).expect("a length");
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    reader.read_exact(&mut message).expect("a message");
    message
}
