//! The account as it is stored: a shape of its own, read back as strictly as it was written.

use domain::ceremony::{CeremonyId, Seat};
use domain::id::InvalidId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::Sequence;
use x509::pem;

use super::account::{Happening, Occurrence, Present, corrupt};
use super::medium_fact::MediumFact;
use super::stage::{FileFact, KeyFact, StepFacts};
use crate::error::Result;
use domain::hexadecimal::hex;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredOccurrence {
    at: String,
    /// Absent in the last one: its entry gets its place in the commit that stores it.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<Sequence>,
    what: StoredHappening,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum StoredHappening {
    Begun { rehearsal: bool, present: Vec<(String, String)> },
    Resumed { present: Vec<(String, String)> },
    StepStarted { step: usize },
    StepDone { step: usize, facts: StoredFacts },
    Interrupted { reason: String },
    Completed,
    Abandoned { reason: String },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFacts {
    keys: Vec<StoredKey>,
    /// PEM.
    certificates: Vec<String>,
    files: Vec<StoredFile>,
    /// Absent in what was stored before media had an identity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    media: Vec<StoredMedium>,
    statements: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    label: String,
    algorithm: String,
    spki_sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFile {
    path: String,
    sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredMedium {
    id: String,
    place: String,
}

/// The bytes of an account with something new at its end.
pub(super) fn encode(account: &[Occurrence], at: Timestamp, new: &Happening) -> Result<Vec<u8>> {
    let before = account.iter().map(|one| stored(one.at, Some(one.sequence), &one.what));
    let all: Vec<StoredOccurrence> =
        before.chain([stored(at, None, new)]).collect::<Result<_>>()?;
    let encoded = serde_json::to_vec(&all);
    Ok(encoded.map_err(|e| store::Error::Unavailable(format!("encoding an account: {e}")))?)
}

/// The account, whose last entry has this place.
pub(super) fn decode(
    id: &CeremonyId,
    bytes: &[u8],
    last: Sequence,
) -> store::Result<Vec<Occurrence>> {
    let all: Vec<StoredOccurrence> =
        serde_json::from_slice(bytes).map_err(|error| corrupt(id, error))?;
    let count = all.len();
    let read = |(index, one): (usize, StoredOccurrence)| {
        let sequence = match one.sequence {
            Some(sequence) if index + 1 < count => sequence,
            None if index + 1 == count => last,
            _ => return Err("an occurrence without its journal entry".to_owned()),
        };
        let at = one.at.parse().map_err(|_| format!("{:?} is no time", one.at))?;
        Ok(Occurrence { at, sequence, what: happening(one.what)? })
    };
    all.into_iter()
        .enumerate()
        .map(read)
        .collect::<std::result::Result<_, _>>()
        .map_err(|reason| corrupt(id, reason))
}

fn stored(at: Timestamp, sequence: Option<Sequence>, what: &Happening) -> Result<StoredOccurrence> {
    let what = match what {
        Happening::Begun { rehearsal, present } => {
            StoredHappening::Begun { rehearsal: *rehearsal, present: stored_present(present) }
        }
        Happening::Resumed { present } => {
            StoredHappening::Resumed { present: stored_present(present) }
        }
        Happening::StepStarted { step } => StoredHappening::StepStarted { step: *step },
        Happening::StepDone { step, facts } => {
            StoredHappening::StepDone { step: *step, facts: stored_facts(facts)? }
        }
        Happening::Interrupted { reason } => {
            StoredHappening::Interrupted { reason: reason.clone() }
        }
        Happening::Completed => StoredHappening::Completed,
        Happening::Abandoned { reason } => StoredHappening::Abandoned { reason: reason.clone() },
    };
    Ok(StoredOccurrence { at: at.to_string(), sequence, what })
}

fn stored_present(present: &[Present]) -> Vec<(String, String)> {
    let pair = |one: &Present| (one.seat.name().to_owned(), one.person.to_string());
    present.iter().map(pair).collect()
}

fn stored_facts(facts: &StepFacts) -> Result<StoredFacts> {
    let key = |key: &KeyFact| StoredKey {
        label: key.label.clone(),
        algorithm: key.algorithm.clone(),
        spki_sha256: hex(&key.spki_sha256),
    };
    let file = |file: &FileFact| StoredFile { path: file.path.clone(), sha256: hex(&file.sha256) };
    let medium = |medium: &MediumFact| StoredMedium {
        id: medium.id.to_string(),
        place: medium.place.clone(),
    };
    let certificates = facts.certificates.iter().map(|der| pem::encode(pem::CERTIFICATE, der));
    Ok(StoredFacts {
        keys: facts.keys.iter().map(key).collect(),
        certificates: certificates.collect::<std::result::Result<_, _>>()?,
        files: facts.files.iter().map(file).collect(),
        media: facts.media.iter().map(medium).collect(),
        statements: facts.statements.clone(),
    })
}

type Read<T> = std::result::Result<T, String>;

fn happening(stored: StoredHappening) -> Read<Happening> {
    Ok(match stored {
        StoredHappening::Begun { rehearsal, present: list } => {
            Happening::Begun { rehearsal, present: present(list)? }
        }
        StoredHappening::Resumed { present: list } => {
            Happening::Resumed { present: present(list)? }
        }
        StoredHappening::StepStarted { step } => Happening::StepStarted { step },
        StoredHappening::StepDone { step, facts: stored } => {
            Happening::StepDone { step, facts: facts(stored)? }
        }
        StoredHappening::Interrupted { reason } => Happening::Interrupted { reason },
        StoredHappening::Completed => Happening::Completed,
        StoredHappening::Abandoned { reason } => Happening::Abandoned { reason },
    })
}

fn present(list: Vec<(String, String)>) -> Read<Vec<Present>> {
    let one = |(seat, person): (String, String)| {
        let seat = Seat::from_name(&seat).ok_or_else(|| format!("{seat:?} is no seat"))?;
        Ok(Present { seat, person: person.parse().map_err(|error: InvalidId| error.to_string())? })
    };
    list.into_iter().map(one).collect()
}

fn facts(stored: StoredFacts) -> Read<StepFacts> {
    let key = |key: StoredKey| {
        let spki_sha256 = digest(&key.spki_sha256)?;
        Ok(KeyFact { label: key.label, algorithm: key.algorithm, spki_sha256 })
    };
    let file = |file: StoredFile| {
        let sha256 = digest(&file.sha256)?;
        Ok(FileFact { path: file.path, sha256 })
    };
    let medium = |medium: StoredMedium| {
        let id = medium.id.parse().map_err(|error: InvalidId| error.to_string())?;
        Ok(MediumFact { id, place: medium.place })
    };
    let certificate =
        |text: &String| pem::decode(pem::CERTIFICATE, text).map_err(|error| error.to_string());
    Ok(StepFacts {
        keys: stored.keys.into_iter().map(key).collect::<Read<_>>()?,
        certificates: stored.certificates.iter().map(certificate).collect::<Read<_>>()?,
        files: stored.files.into_iter().map(file).collect::<Read<_>>()?,
        media: stored.media.into_iter().map(medium).collect::<Read<_>>()?,
        statements: stored.statements,
    })
}

fn digest(text: &str) -> Read<[u8; 32]> {
    let wrong = || format!("{text:?} is no SHA-256");
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    let mut octets = [0; 32];
    for (octet, place) in octets.iter_mut().zip((0..64).step_by(2)) {
        *octet = u8::from_str_radix(&text[place..place + 2], 16).map_err(|_| wrong())?;
    }
    Ok(octets)
}
