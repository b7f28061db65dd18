//! Logging in: a wrong PIN is tried once, and never when one wrong try more would lock the token.

use cryptoki::error::{Error, RvError};
use cryptoki::slot::TokenInfo;

use super::code;

/// What a token says about its user PIN before it is tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four flags of CK_TOKEN_INFO")]
pub(super) struct PinFlags {
    /// CKF_USER_PIN_INITIALIZED.
    pub(super) initialized: bool,
    /// CKF_USER_PIN_FINAL_TRY.
    pub(super) final_try: bool,
    /// CKF_USER_PIN_LOCKED.
    pub(super) locked: bool,
    /// CKF_USER_PIN_TO_BE_CHANGED.
    pub(super) to_be_changed: bool,
}

impl From<&TokenInfo> for PinFlags {
    fn from(token: &TokenInfo) -> Self {
        Self {
            initialized: token.user_pin_initialized(),
            final_try: token.user_pin_final_try(),
            locked: token.user_pin_locked(),
            to_be_changed: token.user_pin_to_be_changed(),
        }
    }
}

/// Why no PIN is tried on this token, if so.
///
/// CKF_USER_PIN_COUNT_LOW alone does not stop a login: the right PIN is what clears it.
pub(super) fn obstacle(flags: PinFlags) -> Option<&'static str> {
    if !flags.initialized {
        Some("no user PIN was ever set")
    } else if flags.locked {
        Some("the user PIN is locked; the security officer has to set it anew")
    } else if flags.final_try {
        Some(
            "one wrong PIN more would lock it, so none is tried; log in with another program first",
        )
    } else if flags.to_be_changed {
        Some("its user PIN has to be changed first")
    } else {
        None
    }
}

/// What is wrong with a PIN that was refused, if it was the PIN.
pub(super) fn refusal(error: &Error) -> Option<&'static str> {
    match code::value(error)? {
        RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange => {
            Some("the PIN is wrong; it was tried once and is not tried again")
        }
        RvError::PinLocked => Some("the PIN is locked"),
        RvError::PinExpired => Some("the PIN has expired"),
        RvError::PinTooWeak => Some("the PIN is too weak for it"),
        RvError::UserPinNotInitialized => Some("no user PIN was ever set"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use cryptoki::context::Function;

    use super::*;

    #[test]
    fn k1_no_pin_is_tried_where_it_could_lock_the_token() {
        let good = PinFlags { initialized: true, ..PinFlags::default() };
        assert_eq!(obstacle(good), None);
        for (flags, expected) in [
            (PinFlags::default(), "no user PIN was ever set"),
            (PinFlags { locked: true, ..good }, "locked"),
            (PinFlags { final_try: true, ..good }, "one wrong PIN more would lock it"),
            (PinFlags { final_try: true, locked: true, ..good }, "is locked"),
            (PinFlags { to_be_changed: true, ..good }, "changed first"),
        ] {
            let rule = obstacle(flags).expect("an obstacle");
            assert!(rule.contains(expected), "{flags:?}: {rule}");
        }
    }

    #[test]
    fn k1_every_refusal_of_a_pin_is_known_as_one() {
        let refused = |value| refusal(&Error::Pkcs11(value, Function::Login));
        for value in [
            RvError::PinIncorrect,
            RvError::PinInvalid,
            RvError::PinLenRange,
            RvError::PinLocked,
            RvError::PinExpired,
            RvError::PinTooWeak,
            RvError::UserPinNotInitialized,
        ] {
            assert!(refused(value).is_some(), "{value:?}");
        }
        for value in [RvError::DeviceError, RvError::UserAlreadyLoggedIn, RvError::GeneralError] {
            assert_eq!(refused(value), None, "{value:?}");
        }
    }
}
