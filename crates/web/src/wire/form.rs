//! The application form on the wire: what a clerk typed, field by field.

use ra::form::ReceivedForm;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Declares the form with the conversion, so that no field is forgotten in either.
macro_rules! form {
    ($($(#[$meta:meta])* $field:ident,)+) => {
        /// Takes an application in.
        ///
        /// The form is as it was typed; a field left out is one left open.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(default, deny_unknown_fields)]
        #[schema(as = FormBody)]
        pub struct ReceiveApplication {
            $($(#[$meta])* pub $field: String,)+
        }

        impl From<ReceiveApplication> for ReceivedForm {
            fn from(body: ReceiveApplication) -> Self {
                Self { $($field: body.$field,)+ }
            }
        }
    };
}

form! {
    /// issue-with-card, issue-on-card, renewal, revocation or hold-release.
    kind,
    /// The CA, by its id.
    ca,
    /// The municipality of the window: 5 digits, or 6 with the check digit.
    municipality,
    /// The number of the window, 0 to 99.
    window,
    /// The date of the application, YYYY-MM-DD.
    date,
    /// The resident's code, 11 digits.
    resident,
    /// The family name, or the whole name where it is recorded in one piece.
    family_name,
    /// The given name.
    given_name,
    /// The reading of the name, in kana.
    reading,
    /// The alias of a foreign resident.
    alias,
    /// The address, prefecture first.
    address,
    /// The date of birth, YYYY-MM-DD.
    birth_date,
    /// The gender: 1, 2 or 3; 男, 女 or 不明; male, female or unknown.
    gender,
    /// Substitutes chosen for the name: `position:character`, separated by spaces.
    name_substitutes,
    /// Substitutes chosen for the address, likewise.
    address_substitutes,
    /// Who stands at the window: resident (also when left open) or agent.
    applicant,
    /// The agent's name.
    agent_name,
    /// The agent's address.
    agent_address,
    /// Why a certificate is to end: use-ended, key-compromised or card-unusable.
    cause,
    /// The number of the card the applicant brought.
    card,
}
