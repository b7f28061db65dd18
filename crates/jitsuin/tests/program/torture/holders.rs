//! A holder at home, whose card lies in a reader of their own: the card signs what the holder asks for,
//! and the request is sent again until it is answered, across as many lives as it takes.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use testkit::run;
use x509::digest::sha256;

use super::facts::CertificateId;
use super::world::{BrokenOff, World};
use crate::demo::PROGRAM;
use crate::installation::TIMEOUT;

/// The application of the card, and its files (`crates/card/README.md`).
const APPLICATION: [u8; 10] = [0xd3, 0x92, 0xf0, 0x00, 0x26, 0x01, 0x00, 0x00, 0x00, 0x01];
const CERTIFICATE: [u8; 2] = [0x00, 0x01];
const SIGNATURE_KEY: [u8; 2] = [0x00, 0x1a];
const SIGNATURE_PASSWORD: [u8; 2] = [0x00, 0x1b];
pub(super) const AUTHENTICATION_PIN: [u8; 2] = [0x00, 0x18];

/// DigestInfo of SHA-256 (RFC 8017 9.2, note 1), before the digest.
const DIGEST_INFO: &[u8] =
    b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

/// The identifiers of a SignedData (RFC 5652, RFC 5754), with their tags.
const SIGNED_DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
const CONTENT_TYPE: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03";
const MESSAGE_DIGEST: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04";
const SHA256: &[u8] = b"\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00";
const RSA: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";

/// A card in the holder's reader, as the protocol of virtual readers has it.
pub(super) struct OwnReader {
    line: TcpStream,
    inserted: Child,
}

impl OwnReader {
    /// The reader with this card in it.
    pub(super) fn with(place: &Path, card: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mut inserted = Command::new(PROGRAM)
            .args(["card", "insert", card, "--reader", &address])
            .current_dir(place)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        listener.set_nonblocking(true).unwrap();
        let begun = Instant::now();
        let line = loop {
            match listener.accept() {
                Ok((line, _)) => break line,
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
            if inserted.try_wait().unwrap().is_some() || begun.elapsed() > TIMEOUT {
                let _ = inserted.kill();
                let said = inserted.wait_with_output().unwrap();
                panic!("card {card}: {}", String::from_utf8_lossy(&said.stderr));
            }
        };
        line.set_nonblocking(false).unwrap();
        line.set_read_timeout(Some(TIMEOUT)).unwrap();
        let mut reader = Self { line, inserted };
        reader.send(&[1]);
        reader.select(&[0x04, 0x0c], &APPLICATION);
        reader
    }

    /// Whether the card takes this secret.
    pub(super) fn takes(&mut self, file: [u8; 2], secret: &str) -> bool {
        self.select(&[0x02, 0x0c], &file);
        let secret = secret.as_bytes();
        let command = [&[0x00, 0x20, 0x00, 0x80, octet(secret.len())], secret].concat();
        self.ask(&command).1 == 0x9000
    }

    /// The text signed by the holder, as a CMS SignedData with its certificate.
    fn signed(&mut self, text: &[u8], password: &str) -> Vec<u8> {
        assert!(self.takes(SIGNATURE_PASSWORD, password), "the password is the holder's");
        self.select(&[0x02, 0x0c], &CERTIFICATE);
        let certificate = self.read();
        let attributes = [
            sequence(&[CONTENT_TYPE, &tlv(0x31, DATA)].concat()),
            sequence(&[MESSAGE_DIGEST, &tlv(0x31, &tlv(0x04, &sha256(text)))].concat()),
        ]
        .concat();
        self.select(&[0x02, 0x0c], &SIGNATURE_KEY);
        let digest = [DIGEST_INFO, &sha256(&tlv(0x31, &attributes))].concat();
        let command = [&[0x80, 0x2a, 0x00, 0x80, octet(digest.len())], &digest[..], &[0]].concat();
        let (signature, status) = self.ask(&command);
        assert_eq!(status, 0x9000, "the card signs");
        signed_data(text, &certificate, &attributes, &signature)
    }

    /// The selected file, which is DER.
    fn read(&mut self) -> Vec<u8> {
        let mut octets: Vec<u8> = Vec::new();
        loop {
            let [high, low] = u16::try_from(octets.len()).unwrap().to_be_bytes();
            let (part, status) = self.ask(&[0x00, 0xb0, high, low, 0x00]);
            assert_eq!(status, 0x9000, "the file is read");
            octets.extend(part);
            // A certificate is longer than 255 octets, so its length takes two.
            let whole = 4 + usize::from(u16::from_be_bytes([octets[2], octets[3]]));
            if octets.len() >= whole {
                octets.truncate(whole);
                return octets;
            }
        }
    }

    fn select(&mut self, how: &[u8; 2], name: &[u8]) {
        let command = [&[0x00, 0xa4], &how[..], &[octet(name.len())], name].concat();
        assert_eq!(self.ask(&command).1, 0x9000, "{name:02x?} is selected");
    }

    /// The answer to a command, and its status word.
    fn ask(&mut self, command: &[u8]) -> (Vec<u8>, u16) {
        self.send(command);
        let mut length = [0; 2];
        self.line.read_exact(&mut length).unwrap();
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        self.line.read_exact(&mut answer).unwrap();
        let status = answer.split_off(answer.len() - 2);
        (answer, u16::from_be_bytes([status[0], status[1]]))
    }

    fn send(&mut self, message: &[u8]) {
        let length = u16::try_from(message.len()).unwrap().to_be_bytes();
        self.line.write_all(&[&length, message].concat()).unwrap();
    }
}

impl Drop for OwnReader {
    /// The reader goes away, and with it whoever left the card in it.
    fn drop(&mut self) {
        let _ = self.line.shutdown(std::net::Shutdown::Both);
        let _ = self.inserted.wait();
    }
}

/// Whoever asks from home.
pub(super) struct AtHome<'a> {
    pub(super) world: &'a World,
    pub(super) place: &'a Path,
    /// For the files of this one.
    pub(super) name: String,
}

impl AtHome<'_> {
    /// Asks that a certificate ends, signed by the signature key on the card.
    pub(super) fn revoke(
        &self,
        card: &str,
        password: &str,
        (ca, serial): &CertificateId,
    ) -> Result<(), BrokenOff> {
        let path = format!("/revocation-request?ca={ca}&serial={serial}&cause=use-ended");
        let file = format!("{}.der", self.name);
        let body = format!("@{file}");
        let send = ["-H", "Content-Type: application/pkcs7-mime", "--data-binary", &body];
        let text = self.asked(&path, &[])?;
        let message = OwnReader::with(self.place, card).signed(&text, password);
        fs::write(self.place.join(&file), message).unwrap();
        let receipt = self.asked("/revocations", &send)?;
        // The same octets have the same receipt, whatever died meanwhile.
        let again = self.asked("/revocations", &send)?;
        let told = String::from_utf8_lossy(&receipt);
        if again != receipt || !told.contains(serial) || !told.contains("\"revoked\"") {
            let again = String::from_utf8_lossy(&again);
            self.world.lose(format!("the receipt for {serial}: {told}, then {again}"));
            return Err(BrokenOff);
        }
        self.world.count(|figures| figures.from_home += 1);
        Ok(())
    }

    /// What the holders' page answers, asked again until it does; a refusal is a loss.
    fn asked(&self, path: &str, more: &[&str]) -> Result<Vec<u8>, BrokenOff> {
        let (begun, mut last) = (Instant::now(), String::from("no server"));
        let out = format!("{}.answer", self.name);
        let first = ["-s", "--cacert", "data/tls/ca.pem", "-H", "Accept: application/json"];
        let told = ["-o", &out, "-w", "%{http_code}"];
        while begun.elapsed() < TIMEOUT + TIMEOUT {
            if let Some(life) = self.world.life() {
                let url = format!("https://{}{path}", life.holder);
                let said = run(self.place, "curl", &[&first[..], &told, &[&url], more].concat());
                let answer = fs::read(self.place.join(&out)).unwrap_or_default();
                match said.text.trim() {
                    "200" => return Ok(answer),
                    "000" => self.world.count(|figures| figures.unanswered += 1),
                    status if status.starts_with('5') => {
                        self.world.count(|figures| figures.put_off += 1);
                    }
                    status => {
                        let told = String::from_utf8_lossy(&answer);
                        self.world.lose(format!("holder: {path}: {status} {told}"));
                        return Err(BrokenOff);
                    }
                }
                last = format!("{} {}", said.text, String::from_utf8_lossy(&answer));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        self.world.lose(format!("holder: {path} is stuck: {last}"));
        Err(BrokenOff)
    }
}

/// A SignedData of one signer, who is named by issuer and serial (RFC 5652 5).
fn signed_data(text: &[u8], certificate: &[u8], attributes: &[u8], signature: &[u8]) -> Vec<u8> {
    let content = sequence(&[DATA, &tlv(0xa0, &tlv(0x04, text))].concat());
    let signer = [
        &[0x02, 0x01, 0x01][..],
        &issuer_and_serial(certificate),
        SHA256,
        &tlv(0xa0, attributes),
        RSA,
        &tlv(0x04, signature),
    ];
    let data = [
        &[0x02, 0x01, 0x01][..],
        &tlv(0x31, SHA256),
        &content,
        &tlv(0xa0, certificate),
        &tlv(0x31, &sequence(&signer.concat())),
    ];
    sequence(&[SIGNED_DATA, &tlv(0xa0, &sequence(&data.concat()))].concat())
}

fn issuer_and_serial(certificate: &[u8]) -> Vec<u8> {
    let tbs = &certificate[content_at(certificate)..];
    let (_version, rest) = split(&tbs[content_at(tbs)..]);
    let (serial, rest) = split(rest);
    let (_algorithm, rest) = split(rest);
    let (issuer, _) = split(rest);
    sequence(&[issuer, serial].concat())
}

/// Where the content of an element begins.
fn content_at(der: &[u8]) -> usize {
    match der[1] {
        short if short < 0x80 => 2,
        long => 2 + usize::from(long & 0x7f),
    }
}

/// The first element, and what follows it.
fn split(der: &[u8]) -> (&[u8], &[u8]) {
    let at = content_at(der);
    let length = match at {
        2 => usize::from(der[1]),
        _ => der[2..at].iter().fold(0, |length, octet| length << 8 | usize::from(*octet)),
    };
    der.split_at(at + length)
}

fn sequence(content: &[u8]) -> Vec<u8> {
    tlv(0x30, content)
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let head = match length {
        0..0x80 => vec![tag, octet(content.len())],
        0x80..0x100 => vec![tag, 0x81, octet(content.len())],
        _ => [&[tag, 0x82], &length.to_be_bytes()[..]].concat(),
    };
    [&head, content].concat()
}

fn octet(length: usize) -> u8 {
    u8::try_from(length).unwrap()
}
