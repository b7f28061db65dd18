//! An SNTP client (RFC 5905 14): one question, one answer that is checked in all that can be checked.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;
use crate::trusted_time::Monotonic;
use crate::trusted_time::source::{SntpError, TimeSource};

/// The error of an offset is at most half of the way there and back: so it stays below any limit.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The header without what may follow it (RFC 5905 7.3).
const LENGTH: usize = 48;

/// Leap indicator 0, version 4, mode 3: a client's question.
const QUESTION: u8 = 0b00_100_011;

/// 1900-01-01 to 1970-01-01, in seconds.
const NTP_TO_UNIX_SECONDS: i64 = 2_208_988_800;

/// Asks one server, over UDP.
pub(crate) struct SntpClient {
    server: String,
    wall: Clock,
    monotonic: Monotonic,
}

impl SntpClient {
    /// Will ask `server`, given as `host:port`, about `wall`.
    pub(crate) fn new(server: &str, wall: Clock, monotonic: Monotonic) -> Self {
        Self { server: server.to_owned(), wall, monotonic }
    }

    fn connect(&self) -> io::Result<UdpSocket> {
        let server = self.server.to_socket_addrs()?.next().ok_or(ErrorKind::NotFound)?;
        let own: SocketAddr = match server {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(own)?;
        // Connected, so that only the server's own address is heard.
        socket.connect(server)?;
        Ok(socket)
    }

    fn no_answer(&self, cause: io::Error) -> SntpError {
        SntpError::NoAnswer { server: self.server.clone(), cause }
    }

    fn failed(&self, refusal: Refusal) -> SntpError {
        let server = self.server.clone();
        match refusal {
            Refusal::SentAway => SntpError::SentAway { server },
            Refusal::Rule(rule) => SntpError::Refused { server, rule },
        }
    }

    /// Waits for the answer to this question; strangers' packets do not end the waiting.
    fn receive(&self, socket: &UdpSocket, question: &[u8; 8]) -> Result<ServerTime, SntpError> {
        let deadline = Instant::now() + TIMEOUT;
        let mut refused = None;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let silence = || self.no_answer(ErrorKind::TimedOut.into());
                return Err(refused.map_or_else(silence, |refusal| self.failed(refusal)));
            }
            socket.set_read_timeout(Some(left)).map_err(|cause| self.no_answer(cause))?;
            let mut packet = [0; LENGTH];
            match socket.recv(&mut packet) {
                Ok(length) => match read_answer(&packet[..length], question) {
                    Ok(answer) => return Ok(answer),
                    Err(refusal) => refused = Some(refusal),
                },
                Err(error) if is_timeout(&error) => {}
                Err(error) => return Err(self.no_answer(error)),
            }
        }
    }
}

impl TimeSource for SntpClient {
    fn offset(&self) -> Result<SignedDuration, SntpError> {
        let socket = self.connect().map_err(|cause| self.no_answer(cause))?;
        // A random text in place of our time (RFC 5905 8 asks for the echo alone): nobody
        // who does not see the question can answer it, and it tells nobody our clock.
        let mut question = [0; 8];
        aws_lc_rs::rand::fill(&mut question).map_err(|_| SntpError::NoRandomness)?;
        let mut packet = [0; LENGTH];
        packet[0] = QUESTION;
        packet[40..].copy_from_slice(&question);
        let (asked_at, started) = ((self.wall)(), (self.monotonic)());
        socket.send(&packet).map_err(|cause| self.no_answer(cause))?;
        let answer = self.receive(&socket, &question)?;
        // By the monotonic clock, so that a jump meanwhile does not count as the network's.
        let elapsed = (self.monotonic)().saturating_sub(started);
        Ok(offset(asked_at, elapsed, answer))
    }
}

/// The server's times, in NTP's 64 bits: seconds since 1900, and 2⁻³² of them.
#[derive(Clone, Copy)]
struct ServerTime {
    received: u64,
    sent: u64,
}

/// Why a packet is not the answer.
#[derive(Clone, Copy)]
enum Refusal {
    SentAway,
    Rule(&'static str),
}

/// The checks of a packet that RFC 5905 8 and 14 ask of a client, the echo first: only then did the server speak.
fn read_answer(packet: &[u8], question: &[u8; 8]) -> Result<ServerTime, Refusal> {
    let refuse = |rule| Err(Refusal::Rule(rule));
    let Some(packet) = packet.first_chunk::<LENGTH>() else {
        return refuse("it is shorter than 48 octets");
    };
    if packet[24..32] != *question {
        return refuse("it echoes another question");
    }
    let (leap, version, mode) = (packet[0] >> 6, packet[0] >> 3 & 7, packet[0] & 7);
    if mode != 4 {
        return refuse("its mode is not that of a server");
    }
    if version != 4 {
        return refuse("its version is not 4");
    }
    let stratum = packet[1];
    if stratum == 0 {
        return Err(Refusal::SentAway);
    }
    if leap == 3 || stratum > 15 {
        return refuse("the server is not synchronised itself");
    }
    // Root delay and dispersion, in 2⁻¹⁶ seconds: at least nothing, and below one second.
    if packet[4..6] != [0, 0] || packet[8..10] != [0, 0] {
        return refuse("the server is too far from its own source");
    }
    let answer = ServerTime { received: time_at(packet, 32), sent: time_at(packet, 40) };
    if answer.sent == 0 || answer.received == 0 {
        return refuse("it names no time");
    }
    if difference(answer.sent, answer.received) < 0 {
        return refuse("it was sent before the question came");
    }
    Ok(answer)
}

/// What has to be added to our clock to agree with the server's (RFC 5905 8).
fn offset(asked_at: Timestamp, elapsed: Duration, answer: ServerTime) -> SignedDuration {
    let nanoseconds = |ntp: i64| (i128::from(ntp) * 1_000_000_000) >> 32;
    let asked = ntp_of(asked_at);
    let elapsed = i128::try_from(elapsed.as_nanos()).unwrap_or(i128::MAX);
    let there = nanoseconds(difference(answer.received, asked));
    let back = nanoseconds(difference(answer.sent, asked)) - elapsed;
    // Two differences of at most 68 years each: their mean fits.
    SignedDuration::from_nanos_i128((there + back) / 2)
}

/// The difference of two times; it wraps, so that the turn of the era in 2036 is none (RFC 5905 6).
fn difference(later: u64, earlier: u64) -> i64 {
    later.wrapping_sub(earlier).cast_signed()
}

fn ntp_of(time: Timestamp) -> u64 {
    let (seconds, nanosecond) = (time.as_second(), i64::from(time.subsec_nanosecond()));
    let fraction = (nanosecond << 32) / 1_000_000_000;
    (((seconds + NTP_TO_UNIX_SECONDS) << 32) + fraction).cast_unsigned()
}

fn time_at(packet: &[u8; LENGTH], place: usize) -> u64 {
    packet[place..place + 8].iter().fold(0, |time, octet| time << 8 | u64::from(*octet))
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e9_offsets_are_those_of_the_rfc_over_the_turn_of_the_era() {
        // 2036-02-07T06:28:16Z is where NTP's seconds begin anew.
        for second in [1_800_000_000, 2_085_978_495, 2_085_978_496, 4_000_000_000] {
            let at = |millisecond: i64| {
                Timestamp::from_millisecond(second * 1000 + millisecond).expect("a time")
            };
            // 30 ms there, 10 ms at the server, 30 ms back; the server is 1500 ms ahead, or behind.
            for ahead in [1500, -1500] {
                let answer =
                    ServerTime { received: ntp_of(at(30 + ahead)), sent: ntp_of(at(40 + ahead)) };
                let offset = offset(at(0), Duration::from_millis(70), answer);
                assert!((offset.as_millis() - i128::from(ahead)).abs() <= 1, "{offset}");
            }
        }
    }
}
