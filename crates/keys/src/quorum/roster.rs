//! Who holds which share, sealed under the very secret that the shares give.
//!
//! Everything that the seal of a share binds is public, and its key is its holder's: so a holder can
//! seal their own share anew, under another's name. The roster says whom it was dealt to, and opens
//! with the secret alone: nobody writes another without a quorum.

use crate::error::KeyError;
use crate::quorum::custodian::CustodianId;
use crate::quorum::custody::CustodySet;
use crate::quorum::error::QuorumError;
use crate::quorum::secret::QuorumSecret;
use crate::seal::Sealed;

/// Seals the names of the holders, in the order of their shares.
pub(super) fn seal<'a>(
    secret: &QuorumSecret,
    holders: impl Iterator<Item = &'a CustodianId>,
    head: &[u8],
) -> Result<Sealed, KeyError> {
    secret.roster_key()?.seal(text(holders).as_bytes(), &context(head))
}

/// Refuses a record that names other holders than the shares were dealt to; the first of `here` whose
/// name it is that does not belong to their share, else the first of the record.
pub(super) fn check<'a>(
    set: &'a CustodySet,
    secret: &QuorumSecret,
    here: impl Iterator<Item = &'a CustodianId>,
) -> Result<(), QuorumError> {
    let opened = secret.roster_key()?.open(&set.roster, &context(&set.head()));
    let opened = opened.and_then(|octets| String::from_utf8(octets.to_vec()).ok());
    let dealt =
        opened.ok_or(QuorumError::Record("its list of holders is not that of the shares"))?;
    if dealt == text(set.custodians()) {
        return Ok(());
    }
    let dealt: Vec<&str> = dealt.lines().collect();
    for custodian in here.chain(set.custodians()) {
        let place = set.custodians().position(|one| one == custodian);
        let holder = place.and_then(|place| dealt.get(place).copied());
        if holder != Some(custodian.as_str()) {
            let holder = holder.unwrap_or("nobody").to_owned();
            return Err(QuorumError::OthersShare { custodian: custodian.clone(), holder });
        }
    }
    Err(QuorumError::Record("it leaves out a holder to whom a share was dealt"))
}

fn text<'a>(holders: impl Iterator<Item = &'a CustodianId>) -> String {
    holders.map(|holder| format!("{holder}\n")).collect()
}

fn context(head: &[u8]) -> Vec<u8> {
    [b"jitsuin custody roster 1".as_slice(), head].concat()
}
