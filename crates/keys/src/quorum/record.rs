//! What stands in `custody.json`: a shape of its own, read with every bound it must keep.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::hex;
use crate::quorum::custodian::CustodianId;
use crate::quorum::custody::{Cost, CustodySet, SealedShare, check_numbers};
use crate::quorum::error::QuorumError;
use crate::seal::Sealed;

/// The version of the format. The one before it did not bind the holders' names by the secret.
const VERSION: u32 = 2;

/// 32 custodians of 64 characters are about 18 KB.
const LONGEST_RECORD_BYTES: usize = 64 * 1024;

/// A forged record must not make a guess take all memory: four times what we write ourselves.
const MOST_MEMORY_KIB: u32 = 256 * 1024;
/// Nor all time.
const MOST_PASSES: u32 = 16;
/// As many lanes as the memory above is worth.
const MOST_LANES: u32 = 16;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CustodyRecord {
    version: u32,
    #[serde(with = "hex")]
    set: Vec<u8>,
    established_at: String,
    threshold: u8,
    argon2id: CostRecord,
    #[serde(with = "hex")]
    check: Vec<u8>,
    /// Whom the shares were dealt to, sealed under the secret that they give.
    holders: Sealed,
    custodians: Vec<ShareRecord>,
}

/// What every version begins with.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CostRecord {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShareRecord {
    custodian: String,
    /// The set the share was made for, so that a share put into another's record is told as such.
    #[serde(with = "hex")]
    set: Vec<u8>,
    index: u8,
    #[serde(with = "hex")]
    salt: Vec<u8>,
    share: Sealed,
}

/// The record as it is stored.
pub(super) fn to_json(set: &CustodySet) -> Result<Vec<u8>, QuorumError> {
    let share = |share: &SealedShare| ShareRecord {
        custodian: share.custodian.to_string(),
        set: set.set.to_vec(),
        index: share.index,
        salt: share.salt.to_vec(),
        share: share.sealed.clone(),
    };
    let Cost { memory_kib, passes, lanes } = set.cost;
    let record = CustodyRecord {
        version: VERSION,
        set: set.set.to_vec(),
        established_at: set.established_at.to_string(),
        threshold: set.threshold,
        argon2id: CostRecord { memory_kib, passes, lanes },
        check: set.check.to_vec(),
        holders: set.roster.clone(),
        custodians: set.shares.iter().map(share).collect(),
    };
    serde_json::to_vec_pretty(&record).map_err(|_| QuorumError::Record("it cannot be encoded"))
}

/// The set of a stored record.
pub(super) fn from_json(contents: &[u8]) -> Result<CustodySet, QuorumError> {
    if contents.len() > LONGEST_RECORD_BYTES {
        return Err(QuorumError::Record("it is longer than 64 KiB"));
    }
    let formless = |_| QuorumError::Record("it has not the form of one");
    match serde_json::from_slice::<Versioned>(contents).map_err(formless)?.version {
        VERSION => {}
        1 => {
            let rule = "an earlier program wrote it, which bound no holder to a share: set the \
                        installation up anew";
            return Err(QuorumError::Record(rule));
        }
        _ => return Err(QuorumError::Record("its version is not known")),
    }
    let record: CustodyRecord = serde_json::from_slice(contents).map_err(formless)?;
    check_numbers(record.threshold, record.custodians.len())?;
    let established_at = record.established_at.parse();
    let set = CustodySet {
        set: octets(&record.set, "the set's name has not 16 octets")?,
        established_at: established_at.map_err(|_| QuorumError::Record("its time is none"))?,
        threshold: record.threshold,
        cost: read_cost(&record.argon2id)?,
        check: octets(&record.check, "the check value has not 32 octets")?,
        roster: record.holders,
        shares: Vec::new(),
    };
    let shares = record.custodians.into_iter().map(|share| read_share(share, &set.set));
    let shares = shares.collect::<Result<Vec<_>, _>>()?;
    check_different(&shares)?;
    Ok(CustodySet { shares, ..set })
}

fn read_cost(record: &CostRecord) -> Result<Cost, QuorumError> {
    let CostRecord { memory_kib, passes, lanes } = *record;
    let lanes_fit = (1..=MOST_LANES).contains(&lanes);
    // Argon2 needs 8 KiB for each lane (RFC 9106 3.1).
    let memory_fits = memory_kib <= MOST_MEMORY_KIB && memory_kib / 8 >= lanes;
    if !(lanes_fit && memory_fits && (1..=MOST_PASSES).contains(&passes)) {
        return Err(QuorumError::Record("its Argon2id parameters are out of bounds"));
    }
    Ok(Cost { memory_kib, passes, lanes })
}

fn read_share(record: ShareRecord, set: &[u8; 16]) -> Result<SealedShare, QuorumError> {
    let custodian: CustodianId =
        record.custodian.parse().map_err(|_| QuorumError::Record("a custodian has no name"))?;
    if record.set != set {
        return Err(QuorumError::OtherCeremony(custodian));
    }
    let salt = octets(&record.salt, "a salt has not 16 octets")?;
    Ok(SealedShare { custodian, index: record.index, salt, sealed: record.share })
}

/// Every custodian once, and the shares numbered from 1 on.
fn check_different(shares: &[SealedShare]) -> Result<(), QuorumError> {
    let mut names = BTreeSet::new();
    for (share, index) in shares.iter().zip(1u8..) {
        if share.index != index {
            return Err(QuorumError::Record("its shares are not numbered from 1 on"));
        }
        if !names.insert(&share.custodian) {
            return Err(QuorumError::NamedTwice(share.custodian.clone()));
        }
    }
    Ok(())
}

fn octets<const N: usize>(text: &[u8], rule: &'static str) -> Result<[u8; N], QuorumError> {
    text.try_into().map_err(|_| QuorumError::Record(rule))
}
