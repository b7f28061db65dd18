//! Finding a token by its label, and making one on a free slot.

use cryptoki::context::Pkcs11;
use cryptoki::error::Error;
use cryptoki::session::UserType;
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::AuthPin;

use super::{TokenConfig, code, login};
use crate::error::KeyError;
use crate::token::module::Module;

/// The slot whose token has this label. Slots are renumbered by restarts; labels stay.
pub(super) fn named(context: &Pkcs11, label: &str) -> Result<(Slot, TokenInfo), KeyError> {
    let refuse = |rule| KeyError::TokenRefused { token: label.to_owned(), rule };
    let mut found = with_label(context, label).map_err(|e| failed("listing the slots", &e))?;
    match (found.pop(), found.is_empty()) {
        (None, _) => Err(refuse("there is no token of this label")),
        (Some(_), false) => Err(refuse("there are several tokens of this label")),
        (Some(token), true) => Ok(token),
    }
}

/// Makes a token of this label, with its two PINs, on a slot whose token is not initialised.
///
/// What was cut off between the two PINs is taken up again.
pub(super) fn initialize(
    config: &TokenConfig,
    so_pin: &str,
    user_pin: &str,
) -> Result<(), KeyError> {
    let label = config.token_label.as_str();
    let refuse = |rule| KeyError::TokenRefused { token: label.to_owned(), rule };
    if label.is_empty() || label.len() > 32 || !label.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(refuse("a label has 1 to 32 ASCII characters and no space"));
    }
    let module = Module::load(&config.module)?;
    let _alone = module.pause();
    let (context, so_pin) = (&module.context, AuthPin::from(so_pin));
    let found = with_label(context, label).map_err(|e| failed("listing the slots", &e))?;
    match found.first() {
        Some((_, token)) if token.user_pin_initialized() => {
            return Err(refuse("there is a token of this label already"));
        }
        Some(_) => {}
        None => {
            let slot = free(context)
                .map_err(|e| failed("listing the slots", &e))?
                .ok_or_else(|| refuse("there is no free slot to make it on"))?;
            context
                .init_token(slot, &so_pin, label)
                .map_err(|e| pin_or_failed(label, "initialising the token", &e))?;
        }
    }
    let (slot, _) = named(context, label)?;
    set_user_pin(context, slot, &so_pin, &AuthPin::from(user_pin))
        .map_err(|e| pin_or_failed(label, "setting the user PIN", &e))
}

fn set_user_pin(
    context: &Pkcs11,
    slot: Slot,
    so_pin: &AuthPin,
    user_pin: &AuthPin,
) -> Result<(), Error> {
    let session = context.open_rw_session(slot)?;
    session.login(UserType::So, Some(so_pin))?;
    let set = session.init_pin(user_pin);
    session.logout()?;
    set
}

/// All tokens of a label; tokens that cannot be asked are not ours.
fn with_label(context: &Pkcs11, label: &str) -> Result<Vec<(Slot, TokenInfo)>, Error> {
    let mut found = Vec::new();
    for slot in context.get_slots_with_token()? {
        if let Ok(token) = context.get_token_info(slot)
            && token.token_initialized()
            && token.label() == label
        {
            found.push((slot, token));
        }
    }
    Ok(found)
}

fn free(context: &Pkcs11) -> Result<Option<Slot>, Error> {
    let is_free =
        |slot: &Slot| context.get_token_info(*slot).is_ok_and(|token| !token.token_initialized());
    Ok(context.get_slots_with_token()?.into_iter().find(is_free))
}

fn pin_or_failed(token: &str, action: &'static str, error: &Error) -> KeyError {
    match login::refusal(error) {
        Some(rule) => KeyError::PinRefused { token: token.to_owned(), rule },
        None => failed(action, error),
    }
}

fn failed(action: &'static str, error: &Error) -> KeyError {
    KeyError::Token { action, code: code::name(error) }
}
