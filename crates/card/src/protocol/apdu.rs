//! Commands and responses as they cross the reader (ISO/IEC 7816-4), and the status words.

use std::fmt;

use zeroize::Zeroizing;

/// A command (C-APDU).
///
/// It may carry a PIN or a key: its data is wiped when it is dropped and never printed.
/// ```
/// use jitsuin_card::apdu::Command;
///
/// let verify = Command::new(0x00, 0x20, 0x00, 0x80).with_data(b"1234");
/// assert_eq!(*verify.encode(), [0x00, 0x20, 0x00, 0x80, 4, b'1', b'2', b'3', b'4']);
/// assert_eq!(format!("{verify:?}"), "Command(00 20 00 80, 4 octets)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    /// The class octet.
    pub cla: u8,
    /// The instruction octet.
    pub ins: u8,
    /// The first parameter.
    pub p1: u8,
    /// The second parameter.
    pub p2: u8,
    /// The data field, at most 65535 octets.
    pub data: Zeroizing<Vec<u8>>,
    /// How many octets of answer are expected at most, 1 to 65536 (Ne); `None` without Le.
    pub le: Option<usize>,
}

/// Why bytes are not a command; the card answers [`StatusWord::WRONG_LENGTH`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a command: its length fields do not fit its length")]
pub struct MalformedCommand;

/// Why bytes are not a response: they are shorter than a status word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a response: shorter than its status word")]
pub struct MalformedResponse;

impl Command {
    /// A command without data that expects no answer but a status word.
    pub fn new(cla: u8, ins: u8, p1: u8, p2: u8) -> Self {
        Self { cla, ins, p1, p2, data: Zeroizing::default(), le: None }
    }

    /// The same command with this data, which is at most 65535 octets long.
    #[must_use]
    pub fn with_data(mut self, data: &[u8]) -> Self {
        self.data = Zeroizing::new(data.to_vec());
        self
    }

    /// The same command, expecting at most `le` octets of answer, 1 to 65536.
    #[must_use]
    pub fn with_le(mut self, le: usize) -> Self {
        self.le = Some(le);
        self
    }

    /// Reads a command in the short or the extended form (ISO/IEC 7816-4 5.2).
    ///
    /// # Errors
    /// [`MalformedCommand`].
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedCommand> {
        let (&[cla, ins, p1, p2], body) = bytes.split_first_chunk().ok_or(MalformedCommand)?;
        let (data, le) = match body {
            [] => (body, None),
            [le] => (&body[..0], Some(short_le(*le))),
            [0, high, low] => (&body[..0], Some(extended_le(*high, *low))),
            [0, high, low, rest @ ..] => split_extended(*high, *low, rest)?,
            [lc, rest @ ..] => split_short(*lc, rest)?,
        };
        Ok(Self { cla, ins, p1, p2, data: Zeroizing::new(data.to_vec()), le })
    }

    /// The command in the short form when that can carry it, else in the extended form.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.data.len() + 9));
        bytes.extend_from_slice(&[self.cla, self.ins, self.p1, self.p2]);
        if self.is_extended() {
            // The length fields share one leading zero.
            bytes.push(0);
            if !self.data.is_empty() {
                bytes.extend_from_slice(&low_octets(self.data.len()));
                bytes.extend_from_slice(&self.data);
            }
            bytes.extend(self.le.map(low_octets).into_iter().flatten());
        } else {
            if !self.data.is_empty() {
                bytes.push(low_octets(self.data.len())[1]);
                bytes.extend_from_slice(&self.data);
            }
            bytes.extend(self.le.map(|le| low_octets(le)[1]));
        }
        bytes
    }

    /// Whether only the extended form can carry it.
    pub fn is_extended(&self) -> bool {
        self.data.len() > 255 || self.le.is_some_and(|le| le > 256)
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cla, ins, p1, p2, data, le } = self;
        write!(f, "Command({cla:02X} {ins:02X} {p1:02X} {p2:02X}, {} octets", data.len())?;
        match le {
            Some(le) => write!(f, ", le {le})"),
            None => f.write_str(")"),
        }
    }
}

fn split_short(lc: u8, rest: &[u8]) -> Result<(&[u8], Option<usize>), MalformedCommand> {
    let (data, le) = rest.split_at_checked(usize::from(lc)).ok_or(MalformedCommand)?;
    match le {
        // An Lc of zero is no length field of the short form.
        _ if lc == 0 => Err(MalformedCommand),
        [] => Ok((data, None)),
        [le] => Ok((data, Some(short_le(*le)))),
        _ => Err(MalformedCommand),
    }
}

fn split_extended(
    high: u8,
    low: u8,
    rest: &[u8],
) -> Result<(&[u8], Option<usize>), MalformedCommand> {
    let lc = usize::from(u16::from_be_bytes([high, low]));
    let (data, le) = rest.split_at_checked(lc).ok_or(MalformedCommand)?;
    match le {
        _ if lc == 0 => Err(MalformedCommand),
        [] => Ok((data, None)),
        [high, low] => Ok((data, Some(extended_le(*high, *low)))),
        _ => Err(MalformedCommand),
    }
}

/// Zero stands for the largest value of the form.
fn short_le(le: u8) -> usize {
    if le == 0 { 256 } else { usize::from(le) }
}

fn extended_le(high: u8, low: u8) -> usize {
    match u16::from_be_bytes([high, low]) {
        0 => 65536,
        le => usize::from(le),
    }
}

fn low_octets(length: usize) -> [u8; 2] {
    let [.., high, low] = length.to_be_bytes();
    [high, low]
}

/// A response (R-APDU).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The data field.
    pub data: Vec<u8>,
    /// The status word.
    pub status: StatusWord,
}

impl Response {
    /// Data with the word for success.
    pub fn success(data: Vec<u8>) -> Self {
        Self { data, status: StatusWord::SUCCESS }
    }

    /// Reads a response.
    ///
    /// # Errors
    /// [`MalformedResponse`].
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedResponse> {
        let (data, status) = bytes.split_last_chunk().ok_or(MalformedResponse)?;
        Ok(Self { data: data.to_vec(), status: StatusWord(u16::from_be_bytes(*status)) })
    }

    /// The response as the card sends it.
    pub fn encode(&self) -> Vec<u8> {
        [self.data.as_slice(), &self.status.0.to_be_bytes()].concat()
    }
}

impl From<StatusWord> for Response {
    fn from(status: StatusWord) -> Self {
        Self { data: Vec::new(), status }
    }
}

/// SW1 and SW2 of a response (ISO/IEC 7816-4 5.6).
/// ```
/// use jitsuin_card::apdu::{Response, StatusWord};
///
/// let answer = Response::parse(&[0x63, 0xc2])?;
/// assert_eq!(answer.status.tries_left(), Some(2));
/// assert_eq!(StatusWord::more(300).to_string(), "6100 (more octets are waiting)");
/// assert!(Response::parse(&[0x90]).is_err(), "half a status word");
/// # Ok::<(), jitsuin_card::apdu::MalformedResponse>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusWord(pub u16);

impl StatusWord {
    /// 9000: done.
    pub const SUCCESS: Self = Self(0x9000);
    /// 6285: what was selected is terminated, and does nothing any more (ISO/IEC 7816-9).
    pub const TERMINATED: Self = Self(0x6285);
    /// 6700: the length is wrong.
    pub const WRONG_LENGTH: Self = Self(0x6700);
    /// 6982: the access condition is not fulfilled, or a message of the channel is not authentic.
    pub const SECURITY_STATUS_NOT_SATISFIED: Self = Self(0x6982);
    /// 6983: the secret is blocked.
    pub const AUTHENTICATION_METHOD_BLOCKED: Self = Self(0x6983);
    /// 6985: not in this state.
    pub const CONDITIONS_NOT_SATISFIED: Self = Self(0x6985);
    /// 6986: no file is selected, or one of another kind.
    pub const COMMAND_NOT_ALLOWED: Self = Self(0x6986);
    /// 6300: the cryptogram is wrong.
    pub const AUTHENTICATION_FAILED: Self = Self(0x6300);
    /// 6A80: the data field is not what the command takes.
    pub const WRONG_DATA: Self = Self(0x6A80);
    /// 6A82: no such file or application.
    pub const FILE_NOT_FOUND: Self = Self(0x6A82);
    /// 6A84: more than the card has room for.
    pub const NOT_ENOUGH_MEMORY: Self = Self(0x6A84);
    /// 6A86: P1 or P2 is wrong.
    pub const INCORRECT_P1_P2: Self = Self(0x6A86);
    /// 6A88: no such data object or key.
    pub const REFERENCED_DATA_NOT_FOUND: Self = Self(0x6A88);
    /// 6B00: the offset lies beyond the file.
    pub const WRONG_P1_P2: Self = Self(0x6B00);
    /// 6D00: no such instruction.
    pub const INSTRUCTION_NOT_SUPPORTED: Self = Self(0x6D00);
    /// 6E00: no such class.
    pub const CLASS_NOT_SUPPORTED: Self = Self(0x6E00);
    /// 6F00: the card itself failed.
    pub const NO_PRECISE_DIAGNOSIS: Self = Self(0x6F00);

    /// 63Cx: the secret is wrong, or is asked about; `tries` are left, at most 15.
    pub fn tries(tries: u8) -> Self {
        Self(0x63C0 | u16::from(tries.min(15)))
    }

    /// 61xx: `octets` more octets, or at least 256, wait for GET RESPONSE.
    pub fn more(octets: usize) -> Self {
        Self(0x6100 | u16::try_from(octets).ok().filter(|count| *count < 256).unwrap_or(0))
    }

    /// How many tries are left, of a 63Cx.
    pub fn tries_left(self) -> Option<u8> {
        let [high, low] = self.0.to_be_bytes();
        (high == 0x63 && low & 0xf0 == 0xc0).then_some(low & 0x0f)
    }

    /// How many octets to ask GET RESPONSE for, of a 61xx: 1 to 256.
    pub fn waiting(self) -> Option<usize> {
        let [high, low] = self.0.to_be_bytes();
        (high == 0x61).then(|| short_le(low))
    }

    /// What it says in words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::SUCCESS => "done",
            Self::WRONG_LENGTH => "wrong length",
            Self::TERMINATED => "the card is destroyed",
            Self::SECURITY_STATUS_NOT_SATISFIED => "security status not satisfied",
            Self::AUTHENTICATION_METHOD_BLOCKED => "secret blocked",
            Self::CONDITIONS_NOT_SATISFIED => "conditions of use not satisfied",
            Self::COMMAND_NOT_ALLOWED => "no fitting file selected",
            Self::AUTHENTICATION_FAILED => "authentication failed",
            Self::WRONG_DATA => "wrong data",
            Self::FILE_NOT_FOUND => "file or application not found",
            Self::NOT_ENOUGH_MEMORY => "not enough memory",
            Self::INCORRECT_P1_P2 => "incorrect P1 or P2",
            Self::REFERENCED_DATA_NOT_FOUND => "referenced data not found",
            Self::WRONG_P1_P2 => "offset beyond the file",
            Self::INSTRUCTION_NOT_SUPPORTED => "instruction not supported",
            Self::CLASS_NOT_SUPPORTED => "class not supported",
            Self::NO_PRECISE_DIAGNOSIS => "the card failed",
            _ if self.tries_left().is_some() => "wrong secret, or tries left",
            _ if self.waiting().is_some() => "more octets are waiting",
            _ => "no status word of this application",
        }
    }
}

impl fmt::Display for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X} ({})", self.0, self.meaning())
    }
}

impl fmt::Debug for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatusWord({:04X})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_command_is_read_and_written_back() {
        let long = vec![7; 300];
        let lengths = [
            (Command::new(0, 1, 2, 3), 4),
            (Command::new(0, 1, 2, 3).with_le(256), 5),
            (Command::new(0, 1, 2, 3).with_data(&[0; 255]), 4 + 1 + 255),
            (Command::new(0, 1, 2, 3).with_data(&[9]).with_le(1), 4 + 1 + 1 + 1),
            (Command::new(0, 1, 2, 3).with_le(257), 7),
            (Command::new(0, 1, 2, 3).with_le(65536), 7),
            (Command::new(0, 1, 2, 3).with_data(&long), 4 + 3 + 300),
            (Command::new(0, 1, 2, 3).with_data(&long).with_le(256), 4 + 3 + 300 + 2),
            (Command::new(0, 1, 2, 3).with_data(&[9]).with_le(65536), 4 + 3 + 1 + 2),
        ];
        for (command, octets) in lengths {
            let bytes = command.encode();
            assert_eq!(bytes.len(), octets, "{command:?}");
            assert_eq!(Command::parse(&bytes), Ok(command));
        }
    }

    #[test]
    fn a_command_whose_lengths_do_not_fit_is_refused() {
        let cases: [&[u8]; 9] = [
            b"",
            &[0, 0xb0, 0],
            &[0, 1, 2, 3, 2, 9],
            &[0, 1, 2, 3, 1, 9, 0, 0],
            &[0, 1, 2, 3, 0, 0],
            &[0, 1, 2, 3, 0, 0, 0, 9],
            &[0, 1, 2, 3, 0, 0, 2, 9],
            &[0, 1, 2, 3, 0, 0, 1, 9, 0],
            &[0, 1, 2, 3, 0, 0, 1, 9, 0, 0, 0],
        ];
        for bytes in cases {
            assert_eq!(Command::parse(bytes), Err(MalformedCommand), "{bytes:?}");
        }
    }

    #[test]
    fn a_command_does_not_print_its_data() {
        let command = Command::new(0, 0x20, 0, 0x80).with_data(b"1234").with_le(1);
        assert_eq!(format!("{command:?}"), "Command(00 20 00 80, 4 octets, le 1)");
    }

    #[test]
    fn status_words_say_what_they_count() {
        assert_eq!(StatusWord::tries(3).tries_left(), Some(3));
        assert_eq!(StatusWord::AUTHENTICATION_FAILED.tries_left(), None);
        assert_eq!(StatusWord::more(5), StatusWord(0x6105));
        assert_eq!(StatusWord::more(256), StatusWord(0x6100));
        assert_eq!(StatusWord::more(300).waiting(), Some(256));
        assert_eq!(StatusWord::tries(0).to_string(), "63C0 (wrong secret, or tries left)");
        let response = Response::success(vec![1, 2]);
        assert_eq!(Response::parse(&response.encode()), Ok(response));
        assert_eq!(Response::parse(&[0x90]), Err(MalformedResponse));
    }
}
