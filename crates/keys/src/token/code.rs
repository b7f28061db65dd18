//! What a return value of a token means for the one who called.

use cryptoki::error::{Error, RvError};

/// What can be done after a function of the token failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The session, the login, the token or the whole module was lost: connect again.
    Reconnect,
    /// A handle means nothing any more: look the object up again.
    LookUpAgain,
    /// Too many sessions are open: wait until another thread returns one.
    Wait,
    /// Nothing: say what happened.
    Report,
}

/// The return values that can be survived; all others are reported.
const SURVIVED: &[(RvError, Remedy)] = &[
    (RvError::SessionHandleInvalid, Remedy::Reconnect),
    (RvError::SessionClosed, Remedy::Reconnect),
    (RvError::UserNotLoggedIn, Remedy::Reconnect),
    (RvError::DeviceError, Remedy::Reconnect),
    (RvError::DeviceRemoved, Remedy::Reconnect),
    (RvError::DeviceMemory, Remedy::Reconnect),
    (RvError::TokenNotPresent, Remedy::Reconnect),
    (RvError::TokenNotRecognized, Remedy::Reconnect),
    (RvError::SlotIdInvalid, Remedy::Reconnect),
    (RvError::CryptokiNotInitialized, Remedy::Reconnect),
    // SoftHSM2 and network modules say this of a connection that broke.
    (RvError::GeneralError, Remedy::Reconnect),
    // Only a session that an earlier failure left in the middle of something says this.
    (RvError::OperationActive, Remedy::Reconnect),
    (RvError::ObjectHandleInvalid, Remedy::LookUpAgain),
    (RvError::KeyHandleInvalid, Remedy::LookUpAgain),
    (RvError::SessionCount, Remedy::Wait),
];

/// What can be done about a failure.
pub(super) fn remedy(error: &Error) -> Remedy {
    let Error::Pkcs11(value, _) = error else { return Remedy::Report };
    let known = SURVIVED.iter().find(|(survived, _)| survived == value);
    known.map_or(Remedy::Report, |(_, remedy)| *remedy)
}

/// The return value of a failure, if it has one.
pub(super) fn value(error: &Error) -> Option<RvError> {
    match error {
        Error::Pkcs11(value, _) => Some(*value),
        _ => None,
    }
}

/// The name of a failure as PKCS#11 writes it, such as `CKR_DEVICE_ERROR`.
pub(super) fn name(error: &Error) -> String {
    match error {
        Error::Pkcs11(RvError::VendorDefined(code), _) => {
            format!("CKR_VENDOR_DEFINED {code:#010x}")
        }
        Error::Pkcs11(RvError::UnknownErrorCode(code), _) => format!("return value {code:#010x}"),
        Error::Pkcs11(value, _) => screaming(&format!("{value:?}")),
        Error::NullFunctionPointer | Error::NotSupported => "CKR_FUNCTION_NOT_SUPPORTED".to_owned(),
        other => other.to_string(),
    }
}

/// The wrapper names `CKR_DEVICE_ERROR` `DeviceError`, and so with all of them.
fn screaming(camel: &str) -> String {
    let mut name = "CKR".to_owned();
    for letter in camel.chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use cryptoki::context::Function;

    use super::*;

    fn error(value: RvError) -> Error {
        Error::Pkcs11(value, Function::Sign)
    }

    #[test]
    fn k1_whatever_a_token_says_has_a_name_and_a_remedy() {
        for (value, expected, what) in [
            (RvError::SessionHandleInvalid, "CKR_SESSION_HANDLE_INVALID", Remedy::Reconnect),
            (RvError::SessionClosed, "CKR_SESSION_CLOSED", Remedy::Reconnect),
            (RvError::UserNotLoggedIn, "CKR_USER_NOT_LOGGED_IN", Remedy::Reconnect),
            (RvError::DeviceError, "CKR_DEVICE_ERROR", Remedy::Reconnect),
            (RvError::DeviceMemory, "CKR_DEVICE_MEMORY", Remedy::Reconnect),
            (RvError::DeviceRemoved, "CKR_DEVICE_REMOVED", Remedy::Reconnect),
            (RvError::TokenNotPresent, "CKR_TOKEN_NOT_PRESENT", Remedy::Reconnect),
            (RvError::TokenNotRecognized, "CKR_TOKEN_NOT_RECOGNIZED", Remedy::Reconnect),
            (RvError::SlotIdInvalid, "CKR_SLOT_ID_INVALID", Remedy::Reconnect),
            (RvError::CryptokiNotInitialized, "CKR_CRYPTOKI_NOT_INITIALIZED", Remedy::Reconnect),
            (RvError::GeneralError, "CKR_GENERAL_ERROR", Remedy::Reconnect),
            (RvError::OperationActive, "CKR_OPERATION_ACTIVE", Remedy::Reconnect),
            (RvError::ObjectHandleInvalid, "CKR_OBJECT_HANDLE_INVALID", Remedy::LookUpAgain),
            (RvError::KeyHandleInvalid, "CKR_KEY_HANDLE_INVALID", Remedy::LookUpAgain),
            (RvError::SessionCount, "CKR_SESSION_COUNT", Remedy::Wait),
            (RvError::PinIncorrect, "CKR_PIN_INCORRECT", Remedy::Report),
            (RvError::PinLocked, "CKR_PIN_LOCKED", Remedy::Report),
            (RvError::FunctionFailed, "CKR_FUNCTION_FAILED", Remedy::Report),
            (RvError::FunctionCanceled, "CKR_FUNCTION_CANCELED", Remedy::Report),
            (RvError::FipsSelfTestFailed, "CKR_FIPS_SELF_TEST_FAILED", Remedy::Report),
            (RvError::HostMemory, "CKR_HOST_MEMORY", Remedy::Report),
            (RvError::MechanismInvalid, "CKR_MECHANISM_INVALID", Remedy::Report),
            (RvError::KeyUnextractable, "CKR_KEY_UNEXTRACTABLE", Remedy::Report),
            (RvError::TokenWriteProtected, "CKR_TOKEN_WRITE_PROTECTED", Remedy::Report),
            (RvError::RandomNoRng, "CKR_RANDOM_NO_RNG", Remedy::Report),
            (RvError::Cancel, "CKR_CANCEL", Remedy::Report),
            (RvError::VendorDefined(0x8000_0102), "CKR_VENDOR_DEFINED 0x80000102", Remedy::Report),
            (RvError::UnknownErrorCode(0x999), "return value 0x00000999", Remedy::Report),
        ] {
            assert_eq!((name(&error(value)).as_str(), remedy(&error(value))), (expected, what));
        }
    }

    #[test]
    fn k1_what_is_no_return_value_is_reported() {
        assert_eq!(name(&Error::NullFunctionPointer), "CKR_FUNCTION_NOT_SUPPORTED");
        for other in [Error::InvalidValue, Error::NotSupported, Error::PinNotSet] {
            assert_eq!(remedy(&other), Remedy::Report, "{other}");
            assert_eq!(value(&other), None);
        }
    }
}
