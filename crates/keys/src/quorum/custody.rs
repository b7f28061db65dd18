//! The public record of a quorum: who its custodians are, and a sealed share for each.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Params, Version};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::embedded::directory;
use crate::error::KeyError;
use crate::quorum::custodian::CustodianId;
use crate::quorum::error::QuorumError;
use crate::quorum::passphrase::Passphrase;
use crate::quorum::record;
use crate::quorum::roster;
use crate::quorum::secret::QuorumSecret;
use crate::quorum::shares::{self, Share};
use crate::seal::{MasterKey, Sealed};

/// The most custodians of one secret: a ceremony's room holds no more, and a record stays small.
pub const MAXIMUM_CUSTODIANS: usize = 32;

/// The shares of one secret, each sealed to its custodian; whoever reads it learns nothing.
///
/// A share is sealed with AES-256-GCM under a key that Argon2id derives from the custodian's
/// passphrase. The set, its threshold and custodian and index of the share are bound to it, so that
/// no share can stand in for another or be used with a smaller threshold. A holder who seals their
/// share anew, under another's name, is found when the shares come together: the list of holders is
/// sealed under the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustodySet {
    pub(crate) set: [u8; 16],
    pub(crate) established_at: Timestamp,
    pub(crate) threshold: u8,
    pub(crate) cost: Cost,
    pub(crate) check: [u8; 32],
    /// Whom the shares were dealt to, under the secret itself.
    pub(crate) roster: Sealed,
    pub(crate) shares: Vec<SealedShare>,
}

/// One custodian's share under their passphrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SealedShare {
    pub(crate) custodian: CustodianId,
    pub(crate) index: u8,
    pub(crate) salt: [u8; 16],
    pub(crate) sealed: Sealed,
}

/// What one guess at a passphrase costs (RFC 9106 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

impl Cost {
    /// The second recommendation of RFC 9106 section 4, for where memory is not plentiful.
    pub(crate) const STANDARD: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 };
}

impl CustodySet {
    /// Makes a new secret and shares it among custodians, of whom any `threshold` open it.
    ///
    /// The secret is handed to the ceremony, which makes the keys with it and lets go of it.
    ///
    /// # Errors
    /// [`QuorumError::NoQuorum`] unless 2 ≤ threshold ≤ custodians ≤ [`MAXIMUM_CUSTODIANS`],
    /// [`QuorumError::NamedTwice`], [`QuorumError::SamePassphrase`], [`QuorumError::Key`].
    pub fn establish(
        threshold: u8,
        custodians: &[(CustodianId, Passphrase)],
        at: Timestamp,
    ) -> Result<(Self, QuorumSecret), QuorumError> {
        Self::establish_at_cost(threshold, custodians, at, Cost::STANDARD)
    }

    /// As [`establish`](Self::establish), with another cost of a guess.
    pub(crate) fn establish_at_cost(
        threshold: u8,
        custodians: &[(CustodianId, Passphrase)],
        at: Timestamp,
        cost: Cost,
    ) -> Result<(Self, QuorumSecret), QuorumError> {
        check_quorum(threshold, custodians)?;
        let secret = QuorumSecret::generate()?;
        let set = Self::share_out(&secret, threshold, custodians, at, cost)?;
        Ok((set, secret))
    }

    /// Shares the same secret anew, when custodians change; the new record takes the place of this.
    ///
    /// New shares do not fit old ones. But the secret stays: who kept a copy of the old record still
    /// opens it with the old custodians' passphrases. When one of those is not trusted any more, a
    /// new secret has to be established and the store re-keyed with it
    /// ([`Opener::rekey`](crate::Opener::rekey)).
    ///
    /// # Errors
    /// [`QuorumError::WrongSecret`] when this is not the record of `secret`; as `establish`.
    pub fn renew(
        &self,
        secret: &QuorumSecret,
        threshold: u8,
        custodians: &[(CustodianId, Passphrase)],
        at: Timestamp,
    ) -> Result<Self, QuorumError> {
        check_quorum(threshold, custodians)?;
        if !self.is_of(secret) {
            return Err(QuorumError::WrongSecret);
        }
        Self::share_out(secret, threshold, custodians, at, self.cost)
    }

    /// How many custodians open the secret.
    pub fn threshold(&self) -> u8 {
        self.threshold
    }

    /// The custodians, in the order of their shares.
    pub fn custodians(&self) -> impl Iterator<Item = &CustodianId> {
        self.shares.iter().map(|share| &share.custodian)
    }

    /// When the shares were made.
    pub fn established_at(&self) -> Timestamp {
        self.established_at
    }

    /// The name of the set in hexadecimal, for the journal and minutes.
    pub fn id(&self) -> String {
        crate::hex::encode(&self.set)
    }

    /// The record as it is stored.
    ///
    /// # Errors
    /// [`QuorumError::Record`] when it cannot be encoded.
    pub fn to_json(&self) -> Result<Vec<u8>, QuorumError> {
        record::to_json(self)
    }

    /// Reads a stored record and checks all of it that needs no passphrase.
    ///
    /// # Errors
    /// [`QuorumError::OtherCeremony`] when it has a share of another set; [`QuorumError::Record`].
    pub fn from_json(contents: &[u8]) -> Result<Self, QuorumError> {
        record::from_json(contents)
    }

    /// Writes the record to its file, durably, in place of an older one.
    ///
    /// # Errors
    /// [`QuorumError::Key`] when it cannot be written; what was there before then stays.
    pub fn write_file(&self, path: &Path) -> Result<(), QuorumError> {
        Ok(directory::write_durably(path, &self.to_json()?)?)
    }

    /// Reads the record from its file.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json); [`QuorumError::Key`] when it cannot be read.
    pub fn read_file(path: &Path) -> Result<Self, QuorumError> {
        Self::from_json(&directory::read(path)?)
    }

    /// Whether the secret is the one this record was made for.
    pub(crate) fn is_of(&self, secret: &QuorumSecret) -> bool {
        secret.fits(&self.set, &self.check)
    }

    /// A custodian's share, or nothing when the passphrase does not open it.
    pub(crate) fn open_share(
        &self,
        custodian: &CustodianId,
        passphrase: &Passphrase,
    ) -> Result<Option<Share>, QuorumError> {
        let held = self.shares.iter().find(|share| share.custodian == *custodian);
        let held = held.ok_or_else(|| QuorumError::UnknownCustodian(custodian.clone()))?;
        let key = sealing_key(passphrase, &held.salt, self.cost)?;
        let opened = key.open(&held.sealed, &self.context(custodian, held.index));
        // The index is bound by the seal and is the share's first octet as well.
        Ok(opened.filter(|share| share.first() == Some(&held.index)))
    }

    fn share_out(
        secret: &QuorumSecret,
        threshold: u8,
        custodians: &[(CustodianId, Passphrase)],
        at: Timestamp,
        cost: Cost,
    ) -> Result<Self, QuorumError> {
        let number = u8::try_from(custodians.len())
            .map_err(|_| QuorumError::Record("it has too many custodians"))?;
        let set = random()?;
        let check = secret.check(&set);
        let holders = custodians.iter().map(|(custodian, _)| custodian);
        let roster = roster::seal(secret, holders, &head(&set, at, threshold, cost, &check))?;
        let shares = Vec::with_capacity(custodians.len());
        let mut made = Self { set, established_at: at, threshold, cost, check, roster, shares };
        let shares = shares::split(secret, threshold, number)?;
        for (((custodian, passphrase), share), index) in custodians.iter().zip(&shares).zip(1..) {
            let salt = random()?;
            let context = made.context(custodian, index);
            let sealed = sealing_key(passphrase, &salt, cost)?.seal(share, &context)?;
            made.shares.push(SealedShare { custodian: custodian.clone(), index, salt, sealed });
        }
        Ok(made)
    }

    /// What the seal of a share binds: parts of fixed length, and the custodian's name at the end.
    pub(super) fn context(&self, custodian: &CustodianId, index: u8) -> Vec<u8> {
        let head = self.head();
        [b"jitsuin custody share 2".as_slice(), &head, &[index], custodian.as_str().as_bytes()]
            .concat()
    }

    /// What every seal of the set binds.
    pub(super) fn head(&self) -> Vec<u8> {
        head(&self.set, self.established_at, self.threshold, self.cost, &self.check)
    }
}

/// Set, time, threshold, cost and check value, each of fixed length.
fn head(set: &[u8; 16], at: Timestamp, threshold: u8, cost: Cost, check: &[u8; 32]) -> Vec<u8> {
    let Cost { memory_kib, passes, lanes } = cost;
    [
        set.as_slice(),
        &at.as_nanosecond().to_be_bytes(),
        &[threshold],
        &[memory_kib, passes, lanes].map(u32::to_be_bytes).concat(),
        check,
    ]
    .concat()
}

/// Refuses what is no quorum of different people.
fn check_quorum(
    threshold: u8,
    custodians: &[(CustodianId, Passphrase)],
) -> Result<(), QuorumError> {
    check_numbers(threshold, custodians.len())?;
    for (place, (custodian, passphrase)) in custodians.iter().enumerate() {
        let later = &custodians[place + 1..];
        if later.iter().any(|(other, _)| other == custodian) {
            return Err(QuorumError::NamedTwice(custodian.clone()));
        }
        if later.iter().any(|(_, other)| other == passphrase) {
            return Err(QuorumError::SamePassphrase);
        }
    }
    Ok(())
}

/// Refuses a threshold that lets one person alone in, or that nobody can reach.
pub(crate) fn check_numbers(threshold: u8, number: usize) -> Result<(), QuorumError> {
    let refuse = |rule| Err(QuorumError::NoQuorum { threshold, number, rule });
    if threshold < 2 {
        return refuse("no one may open the keys alone (A 6.2.2)");
    }
    if number < usize::from(threshold) {
        return refuse("there are too few custodians");
    }
    if number > MAXIMUM_CUSTODIANS {
        return refuse("there may be 32 custodians at most");
    }
    Ok(())
}

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The key that seals a share, from its custodian's passphrase.
pub(crate) fn sealing_key(
    passphrase: &Passphrase,
    salt: &[u8; 16],
    cost: Cost,
) -> Result<MasterKey, KeyError> {
    let failed = |_| KeyError::Provider("deriving a key from a passphrase");
    let parameters =
        Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(failed)?;
    let mut key = Zeroizing::new([0; 32]);
    // One at a time in this process: each takes 64 MiB, whoever asks and however many come at once.
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
        .map_err(failed)?;
    Ok(MasterKey::new(&key))
}

/// A set's name or a salt: 128 random bits never come twice.
pub(crate) fn random() -> Result<[u8; 16], KeyError> {
    let mut octets = [0; 16];
    aws_lc_rs::rand::fill(&mut octets).map_err(|_| KeyError::Provider("drawing a salt"))?;
    Ok(octets)
}
