//! People, what is proposed for them, and what lets them in, on the wire.

use base64ct::{Base64UrlUnpadded, Encoding};
use domain::staff::{CredentialKind, PASSWORD_DAYS};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use store::{CredentialRow, PasswordRow, PersonRow, ProposalRow};
use utoipa::ToSchema;

use super::SecretText;
use crate::operation::text;
use crate::problem::Problem;

/// Somebody who logs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginBody {
    /// Their id.
    pub id: String,
    /// Their password, or the secret of their enrolment.
    pub password: SecretText,
}

/// An open session.
#[derive(Clone, Serialize, ToSchema)]
pub struct SessionBody {
    /// Whose.
    pub person: String,
    /// Their roles.
    pub roles: Vec<text::Role>,
    /// The bearer token.
    pub token: String,
    /// Whether they proved who they are by something they have.
    pub strong: bool,
    /// Whether nothing is open but the change of the password.
    pub must_change_password: bool,
    /// When it ends at the latest; 15 minutes without a request end it too.
    pub expires: String,
}

/// A person of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonBody {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// proposed, active, suspended or removed.
    pub state: text::PersonState,
    /// The roles.
    pub roles: Vec<text::Role>,
    /// The municipality of a window clerk or supervisor.
    pub municipality: Option<String>,
    /// Since when they stand there.
    pub since: String,
    /// What waits for its confirmation.
    pub proposal: Option<ProposedBody>,
    /// What lets them in; absent in lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<CredentialBody>,
}

/// What waits for its confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProposedBody {
    /// What.
    pub kind: text::Proposal,
    /// The roles from then on.
    pub roles: Vec<text::Role>,
    /// The municipality from then on.
    pub municipality: Option<String>,
    /// Who proposed it.
    pub by: String,
    /// When.
    pub at: String,
}

/// What lets a person in, never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CredentialBody {
    /// What it is.
    pub kind: text::CredentialKind,
    /// The console it is bound to.
    pub console: Option<String>,
    /// When it was made.
    pub made: String,
    /// From when on it lets nobody in.
    pub expires: Option<String>,
}

/// People.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PersonList {
    /// In the order of their ids.
    pub people: Vec<PersonBody>,
    /// The last of them (`after`), where others follow.
    pub next: Option<String>,
}

/// What was confirmed.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ConfirmationBody {
    /// The person from now on.
    pub person: PersonBody,
    /// The one-time secret with which they make their first credential, to be handed to them alone.
    pub enrolment_secret: Option<String>,
    /// Until when it must be used.
    pub enrolment_expires: Option<String>,
}

/// A challenge for a passkey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasskeyChallengeBody {
    /// The challenge: its octets are those of this text. It is good once, for five minutes.
    pub challenge: String,
    /// The relying party's id: the host to which passkeys belong.
    pub host: String,
}

/// Octets as the browser's interface has them, base64url without padding.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String)]
pub struct Base64Url(String);

/// A passkey's answer to a challenge.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyAnswerBody {
    /// The challenge that was given out.
    pub challenge: String,
    /// The passkey's id.
    #[schema(value_type = String)]
    pub id: Base64Url,
    /// clientDataJSON.
    #[schema(value_type = String)]
    pub client_data: Base64Url,
    /// authenticatorData.
    #[schema(value_type = String)]
    pub authenticator_data: Base64Url,
    /// The signature.
    #[schema(value_type = String)]
    pub signature: Base64Url,
}

/// A new token.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct TokenBody {
    /// Whose it is.
    pub person: String,
    /// The token.
    pub token: String,
    /// The console it is bound to.
    pub console: Option<String>,
    /// From when on it lets nobody in.
    pub expires: String,
}

/// That it was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangedBody {
    /// Whose credentials changed.
    pub person: String,
    /// What was set.
    pub kind: String,
    /// From when on it lets nobody in.
    pub expires: Option<String>,
}

impl Base64Url {
    /// The octets.
    pub(crate) fn octets(&self) -> Result<Vec<u8>, Problem> {
        Base64UrlUnpadded::decode_vec(&self.0)
            .map_err(|_| Problem::refused("passkey", "its parts are base64url without padding"))
    }
}

impl From<&PersonRow> for PersonBody {
    fn from(row: &PersonRow) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name.clone(),
            state: row.state.into(),
            roles: row.roles.iter().copied().map(Into::into).collect(),
            municipality: row.municipality.map(|code| code.to_string()),
            since: row.since.to_string(),
            proposal: row.proposal.as_ref().map(ProposedBody::from),
            credentials: Vec::new(),
        }
    }
}

impl From<&ProposalRow> for ProposedBody {
    fn from(row: &ProposalRow) -> Self {
        Self {
            kind: row.kind.into(),
            roles: row.roles.iter().copied().map(Into::into).collect(),
            municipality: row.municipality.map(|code| code.to_string()),
            by: row.by.to_string(),
            at: row.at.to_string(),
        }
    }
}

impl PersonBody {
    /// The same with what lets the person in.
    pub(crate) fn with(
        mut self,
        credentials: &[CredentialRow],
        password: Option<&PasswordRow>,
    ) -> Self {
        let body = |row: &CredentialRow| CredentialBody {
            kind: row.kind.into(),
            console: row.console.map(|address| address.to_string()),
            made: row.made.to_string(),
            expires: row.expires.map(|time| time.to_string()),
        };
        let of_password = |row: &PasswordRow| CredentialBody {
            kind: CredentialKind::Password.into(),
            console: None,
            made: row.set.to_string(),
            expires: row
                .set
                .checked_add(SignedDuration::from_hours(24 * PASSWORD_DAYS))
                .ok()
                .map(|time| time.to_string()),
        };
        self.credentials = credentials.iter().map(body).collect();
        self.credentials.extend(password.map(of_password));
        self
    }
}
