//! Revocation lists and their publication, on the wire.

use serde::{Deserialize, Serialize};
use store::CrlRow;
use utoipa::ToSchema;
use x509::fingerprint::colon_hex;

/// The list series of a CA.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SeriesList {
    /// The series.
    pub series: Vec<SeriesBody>,
}

/// A list series with its newest published list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SeriesBody {
    /// The CA.
    pub ca: String,
    /// The generation of the key that signs the lists.
    pub generation: u32,
    /// The municipality's code, other, arl-self-signed, arl-link or arl-cross.
    pub partition: String,
    /// empty, built, published or withheld.
    pub state: String,
    /// The number of the newest list that was built.
    pub built: u64,
    /// The list that is published.
    pub published: Option<ListBody>,
}

/// What is known of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ListBody {
    /// The cRLNumber.
    pub number: u64,
    /// thisUpdate.
    pub this_update: String,
    /// nextUpdate.
    pub next_update: String,
    /// The next planned issue.
    pub next_publish: String,
    /// How many entries it has.
    pub entries: u64,
    /// SHA-256 of its octets, as OpenSSL prints it.
    pub sha256: String,
    /// The last journal entry it includes.
    pub as_of: u64,
}

/// What became of a round of lists.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PublicationBody {
    /// One for each list.
    pub lists: Vec<PublishedListBody>,
}

/// What became of one list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PublishedListBody {
    /// The CA.
    pub ca: String,
    /// The key's generation.
    pub generation: u32,
    /// The partition.
    pub partition: String,
    /// published, withheld or failed.
    pub outcome: String,
    /// The list's number, if one was built.
    pub number: Option<u64>,
    /// The list, if it was published.
    pub list: Option<ListBody>,
    /// Why it was withheld or failed.
    pub problems: Vec<String>,
}

impl From<&CrlRow> for ListBody {
    fn from(row: &CrlRow) -> Self {
        Self {
            number: row.key.number,
            this_update: row.this_update.to_string(),
            next_update: row.next_update.to_string(),
            next_publish: row.next_publish.to_string(),
            entries: row.entries,
            sha256: colon_hex(&row.sha256),
            as_of: row.as_of,
        }
    }
}
