//! The status word of each refusal of the card.

use crate::error::CardError;
use crate::protocol::apdu::StatusWord;

/// The status word that says why the card refused.
pub(super) fn refusal(error: CardError) -> StatusWord {
    match error {
        CardError::SecretWrong { tries_left, .. } => StatusWord::tries(tries_left),
        CardError::SecretBlocked { .. } => StatusWord::AUTHENTICATION_METHOD_BLOCKED,
        CardError::AlgorithmRefused { .. }
        | CardError::KeyRefused { .. }
        | CardError::CertificateRefused { .. }
        | CardError::GroupsRefused(_)
        | CardError::SecretRefused(_) => StatusWord::WRONG_DATA,
        CardError::Destroyed(_)
        | CardError::LoadingAnother { .. }
        | CardError::NothingLoading { .. }
        | CardError::CertificatesMissing { .. }
        | CardError::NothingToDeliver(_)
        | CardError::SecretMissing { .. }
        | CardError::SecretUnwanted { .. }
        | CardError::AlreadyDelivered { .. }
        | CardError::NotDelivered { .. } => StatusWord::CONDITIONS_NOT_SATISFIED,
        CardError::SealBroken | CardError::Malformed(_) | CardError::Provider(_) => {
            StatusWord::NO_PRECISE_DIAGNOSIS
        }
    }
}
