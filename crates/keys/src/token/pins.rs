//! Changing a token's PINs, when other custodians take over.

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::session::UserType;
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use super::login::{self, PinFlags};
use super::module::Module;
use super::{TokenConfig, TokenPins, code, slots};
use crate::error::KeyError;

/// Changes both PINs of a token that nobody has open in this process.
///
/// After an interruption the same call finishes it: a PIN that is the new one already stays.
pub(super) fn change(
    config: &TokenConfig,
    from: TokenPins<'_>,
    to: TokenPins<'_>,
) -> Result<(), KeyError> {
    let module = Module::load(&config.module)?;
    let mut starts = module.pause();
    module.start(&mut starts)?;
    let (slot, token) = slots::named(&module.context, &config.token_label)?;
    let refuse = |rule| KeyError::PinRefused { token: config.token_label.clone(), rule };
    if let Some(rule) = login::obstacle(PinFlags::from(&token)) {
        return Err(refuse(rule));
    }
    if token.so_pin_locked() || token.so_pin_final_try() {
        return Err(refuse("the PIN of the security officer is locked, or nearly"));
    }
    for (who, from, to) in [(UserType::User, from.user, to.user), (UserType::So, from.so, to.so)] {
        change_one(&module.context, slot, who, &AuthPin::from(from), &AuthPin::from(to)).map_err(
            |error| match login::refusal(&error) {
                Some(rule) => refuse(rule),
                None => KeyError::Token { action: "changing a PIN", code: code::name(&error) },
            },
        )?;
    }
    Ok(())
}

fn change_one(
    context: &Pkcs11,
    slot: Slot,
    who: UserType,
    from: &AuthPin,
    to: &AuthPin,
) -> Result<(), Error> {
    let session = context.open_rw_session(slot)?;
    match session.login(who, Some(from)) {
        Ok(()) => {
            session.set_pin(from, to)?;
            session.logout()
        }
        // One wrong try, which the right one clears at once.
        Err(error) if code::value(&error) == Some(RvError::PinIncorrect) => {
            session.login(who, Some(to))?;
            session.logout()
        }
        Err(error) => Err(error),
    }
}
