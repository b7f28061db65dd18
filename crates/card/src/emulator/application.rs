//! The card application as a reader sees it: commands in, answers out, nothing else.
//!
//! Sans-IO: no file, no socket, no clock, no randomness. Whoever holds the emulator keeps the card:
//! after [`receive`](Emulator::receive), and again after [`answer`](Emulator::answer) before the
//! answer leaves, what [`has_changed`](Emulator::has_changed) is stored.

mod channel;
mod files;
mod personalisation;
mod refusal;
mod secrets;
mod session;
mod signing;

use aws_lc_rs::digest::{Digest, SHA256, digest};

use crate::emulator::card::Card;
use crate::emulator::stored;
use crate::protocol::apdu::{Command, MalformedCommand, Response, StatusWord};
use crate::protocol::jpki::{self, AID, ATR, instruction, tag};
use crate::protocol::slot::CardSlot;

use session::Channel;

/// The most octets of command data that the emulator takes: a key and both certificates in one
/// command, with room to spare.
const MAX_COMMAND_DATA: u16 = 16 * 1024;

/// The data of a good answer, or the word that refuses.
type Performed = Result<Vec<u8>, StatusWord>;

/// A card with power.
#[derive(Debug)]
pub struct Emulator {
    card: Card,
    max_command_data: u16,
    selected: Option<Application>,
    received: Option<Received>,
    /// What GET RESPONSE has still to hand out.
    waiting: Option<Response>,
    /// The card as it was last stored.
    stored: Option<Digest>,
}

/// The selected application; all of it goes with the next selection, reset or loss of power.
#[derive(Debug, Default)]
struct Application {
    file: Option<u16>,
    verified: Verified,
    channel: Channel,
}

/// Whose secret was typed right in this selection.
#[derive(Debug, Default)]
struct Verified {
    authentication: bool,
    signature: bool,
}

/// A command before its answer.
#[derive(Debug)]
struct Received {
    command: Result<Command, MalformedCommand>,
    /// The slot whose secret the command compares; the try for it is spent.
    spent: Option<CardSlot>,
}

impl Emulator {
    /// The card with power, after its reset; it is taken to be stored as it is.
    pub fn new(card: Card) -> Self {
        Self::with_max_command_data(card, MAX_COMMAND_DATA)
    }

    /// The same with another bound on the data of a command; up to 255, the card knows no extended
    /// length.
    pub fn with_max_command_data(card: Card, max_command_data: u16) -> Self {
        let mut emulator = Self {
            card,
            max_command_data,
            selected: None,
            received: None,
            waiting: None,
            stored: None,
        };
        emulator.mark_stored();
        emulator
    }

    /// Takes the power away and gives it back: everything volatile is gone. Returns the ATR.
    pub fn reset(&mut self) -> Vec<u8> {
        self.selected = None;
        self.received = None;
        self.waiting = None;
        ATR.to_vec()
    }

    /// The card inside.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Whether the card differs from what was last stored.
    pub fn has_changed(&self) -> bool {
        // A card that cannot be encoded is never like the stored one.
        match (fingerprint(&self.card), &self.stored) {
            (Some(now), Some(stored)) => now.as_ref() != stored.as_ref(),
            _ => true,
        }
    }

    /// Notes that the card is stored as it is now.
    pub fn mark_stored(&mut self) {
        self.stored = fingerprint(&self.card);
    }

    /// Takes a command in, without performing it.
    ///
    /// The try that a comparison needs is spent here, so that it is stored before anybody can see
    /// what the comparison says.
    pub fn receive(&mut self, bytes: &[u8]) {
        let command = Command::parse(bytes);
        let compared = command.as_ref().ok().and_then(|command| self.compared_secret(command));
        let spent = compared.filter(|slot| self.card.spend_try(*slot).is_ok());
        self.received = Some(Received { command, spent });
    }

    /// Performs the command received and returns the answer; without one, 6F00.
    pub fn answer(&mut self) -> Vec<u8> {
        let Some(Received { command, spent }) = self.received.take() else {
            return Response::from(StatusWord::NO_PRECISE_DIAGNOSIS).encode();
        };
        // What waits is for the very next command, whatever that is.
        let waiting = self.waiting.take();
        if !command.as_ref().is_ok_and(is_of_channel) {
            self.give_blocks_up();
        }
        let response = match &command {
            Ok(command) if self.takes(command) => {
                let response = match waiting {
                    Some(waiting) if is_get_response(command) => waiting,
                    _ => self.perform(command, spent),
                };
                self.hand_out(response, command.le)
            }
            _ => StatusWord::WRONG_LENGTH.into(),
        };
        response.encode()
    }

    /// [`receive`](Self::receive) and [`answer`](Self::answer) in one, for who stores nothing.
    pub fn transmit(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.receive(bytes);
        self.answer()
    }

    fn takes(&self, command: &Command) -> bool {
        let knows_extended = self.max_command_data > 255;
        command.data.len() <= usize::from(self.max_command_data)
            && (knows_extended || !command.is_extended())
    }

    fn perform(&mut self, command: &Command, spent: Option<CardSlot>) -> Response {
        let selection = (command.cla, command.ins, command.p1);
        if selection == (0x00, instruction::SELECT, 0x04) {
            return respond(self.select_application(command));
        }
        if self.card.live().is_err() {
            return StatusWord::CONDITIONS_NOT_SATISFIED.into();
        }
        if self.selected.is_none() {
            return StatusWord::INSTRUCTION_NOT_SUPPORTED.into();
        }
        match (command.cla, command.ins) {
            _ if is_get_response(command) => StatusWord::CONDITIONS_NOT_SATISFIED.into(),
            (0x84, instruction::EXTERNAL_AUTHENTICATE) => {
                respond(self.external_authenticate(command))
            }
            (0x84, _) => self.perform_in_channel(command),
            _ => respond(self.perform_plain(command, spent)),
        }
    }

    fn perform_plain(&mut self, command: &Command, spent: Option<CardSlot>) -> Performed {
        match (command.cla, command.ins) {
            (0x00, instruction::SELECT) => self.select_file(command),
            (0x00, instruction::READ_BINARY) => self.read_binary(command),
            (0x00, instruction::VERIFY) => self.verify(command, spent),
            (0x00, instruction::CHANGE_REFERENCE_DATA) => self.change_secret(command),
            (0x80, instruction::PERFORM_SECURITY_OPERATION) => self.sign(command),
            (0x80, instruction::INITIALIZE_UPDATE) => self.initialize_update(command),
            (0x80, ins) if is_of_personalisation(ins) => {
                Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED)
            }
            (0x00 | 0x80, _) => Err(StatusWord::INSTRUCTION_NOT_SUPPORTED),
            _ => Err(StatusWord::CLASS_NOT_SUPPORTED),
        }
    }

    /// SELECT by name: all of the last selection is gone, also when the application is selected
    /// again. Another name leaves everything as it is (ISO/IEC 7816-4 7.1.1).
    fn select_application(&mut self, command: &Command) -> Performed {
        let wants_fci = match command.p2 {
            0x00 => true,
            0x0C => false,
            _ => return Err(StatusWord::INCORRECT_P1_P2),
        };
        if *command.data != AID {
            return Err(StatusWord::FILE_NOT_FOUND);
        }
        if self.card.live().is_err() {
            return Err(StatusWord::TERMINATED);
        }
        self.selected = Some(Application::default());
        Ok(if wants_fci { self.file_control_information() } else { Vec::new() })
    }

    fn file_control_information(&self) -> Vec<u8> {
        let longest = object(&tag::MAX_COMMAND_DATA, &self.max_command_data.to_be_bytes());
        let content = [object(&[tag::NAME], &AID), object(&[tag::PROPRIETARY], &longest)];
        object(&[tag::FCI], &content.concat())
    }

    /// As much of an answer as was asked for; the rest waits for the next command, if that is GET
    /// RESPONSE (ISO/IEC 7816-4 5.3.4).
    fn hand_out(&mut self, mut response: Response, le: Option<usize>) -> Response {
        // Readers that know no case 4 leave Le out (ISO/IEC 7816-3, T=0): they mean the most.
        let asked = le.unwrap_or(256);
        if response.data.len() > asked {
            let rest = response.data.split_off(asked);
            let status = StatusWord::more(rest.len());
            self.waiting = Some(Response { data: rest, status: response.status });
            response.status = status;
        }
        response
    }

    fn application(&mut self) -> Result<&mut Application, StatusWord> {
        self.selected.as_mut().ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)
    }

    fn is_verified(&self, slot: CardSlot) -> bool {
        self.selected.as_ref().is_some_and(|selected| selected.verified.is(slot))
    }
}

impl Verified {
    fn is(&self, slot: CardSlot) -> bool {
        match slot {
            CardSlot::Authentication => self.authentication,
            CardSlot::Signature => self.signature,
        }
    }

    fn set(&mut self, slot: CardSlot, verified: bool) {
        match slot {
            CardSlot::Authentication => self.authentication = verified,
            CardSlot::Signature => self.signature = verified,
        }
    }
}

/// GET RESPONSE: the next part of an answer longer than was asked for.
fn is_get_response(command: &Command) -> bool {
    matches!((command.cla, command.ins), (0x00 | 0x80, instruction::GET_RESPONSE))
}

/// A command in the channel, or the next part of the answer to one.
fn is_of_channel(command: &Command) -> bool {
    command.cla == 0x84 || is_get_response(command)
}

/// Whether an instruction is one that only the channel knows.
fn is_of_personalisation(ins: u8) -> bool {
    matches!(
        ins,
        instruction::GET_DATA
            | instruction::STORE_DATA
            | instruction::INTERNAL_AUTHENTICATE
            | instruction::SET_STATUS
            | instruction::RESET_RETRY_COUNTER
    )
}

fn respond(answer: Performed) -> Response {
    answer.map_or_else(Response::from, Response::success)
}

/// A data object whose value is shorter than 128 octets.
fn object(tag: &[u8], value: &[u8]) -> Vec<u8> {
    let [.., length] = value.len().to_be_bytes();
    [tag, &[length], value].concat()
}

fn fingerprint(card: &Card) -> Option<Digest> {
    stored::encode(card).ok().map(|encoded| digest(&SHA256, &encoded))
}

/// The slot of an octet that names one, or 6A86.
fn slot_of(octet: u8) -> Result<CardSlot, StatusWord> {
    jpki::slot(octet).ok_or(StatusWord::INCORRECT_P1_P2)
}
