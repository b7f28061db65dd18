//! The existence check, made by the system itself against the resident register (L5, W8).

use domain::policy::Policy;
use domain::resident::{BasicFour, Resident};
use domain::rule;
use domain::rule::Rule;
use domain::{municipality, text};

use crate::error::{Result, WindowError};
use crate::form::{Form, carries_attributes};
use crate::register::{RegisterError, ResidentRegister};

/// What speaks against the form in the register as it is now; nothing when it agrees.
///
/// The four attributes must be as recorded (S 3-1-9①), the record not removed, and kept by the
/// municipality of the window (住所地市区町村長; A 3.2.3.1).
///
/// # Errors
/// [`RegisterError::Unavailable`]: nobody can tell, so nothing goes on.
pub(super) fn existence_doubts(
    register: &dyn ResidentRegister,
    form: &Form,
    policy: &Policy,
) -> Result<Vec<Rule>> {
    let resident = match register.find(&form.resident) {
        Ok(resident) => resident,
        Err(RegisterError::NotFound(_)) => {
            return Ok(vec!["the resident is not registered (A 3.2.3.1, S 3-1-9)".into()]);
        }
        Err(down) => return Err(down.into()),
    };
    let home = municipality::find(resident.municipality).map(|known| known.code);
    if home != Some(form.municipality) {
        // Nothing of the record: a window asks about the residents of its own municipality.
        return Ok(vec!["the record is kept by another municipality (A 3.2.3.1, S 4-1-1)".into()]);
    }
    let (typed, recorded) = both_fours(form, &resident, carries_attributes(policy));
    let differs = typed.differences(&recorded);
    let doubts = differs.iter().map(|attribute| {
        rule!("the {} is not the one in the register (A 3.2.3.1, S 3-1-9)", attribute)
    });
    Ok(doubts.collect())
}

/// Refuses when the register no longer says what was checked.
///
/// # Errors
/// [`WindowError::Refused`] with the first doubt, and as
/// [`existence_doubts`].
pub(super) fn expect_existence(
    register: &dyn ResidentRegister,
    form: &Form,
    policy: &Policy,
) -> Result<()> {
    match existence_doubts(register, form, policy)?.first() {
        None => Ok(()),
        Some(doubt) => {
            Err(WindowError::refused("resident", rule!("since the check, {}", doubt.as_part())))
        }
    }
}

/// The attributes of form and record to compare. An alias counts where it is certified, and
/// wherever one was typed; A's form has none (A 4.1.2.1(4)).
fn both_fours(form: &Form, resident: &Resident, is_certified: bool) -> (BasicFour, BasicFour) {
    let with_alias = is_certified || form.alias.is_some();
    let name = text::joined_name(&form.family_name, &form.given_name);
    let typed = BasicFour {
        name: text::name_with_alias(&name, form.alias.as_deref()),
        address: form.address.clone(),
        birth_date: form.birth_date,
        gender: form.gender,
    };
    let name = if with_alias { resident.name_with_alias() } else { resident.name() };
    (typed, BasicFour { name, ..resident.basic_four() })
}
