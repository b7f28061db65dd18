//! Revocation lists: their series, their publication, themselves.

use ca::{CertificationAuthority, ListOutcome};
use domain::hexadecimal::colon_hex;
use serde::{Deserialize, Serialize};
use store::{CrlKey, CrlRow, SeriesKey, SeriesRow};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};
use x509::pem;

use super::listed::series_rows;
use super::permission::Operation::{FetchList as Fetch, ListSeries as Series};
use super::permission::Operation::{PublishAllLists as PublishAll, PublishDueLists as PublishDue};
use super::{LAST_NUMBER, cut_to_page, usual_page};
use crate::operation::{Call, Form, Listed, Octets, Operation, Spec, text};
use crate::problem::Problem;

const GROUP: &str = "lists";

/// The operations of this group.
pub(crate) const OPERATIONS: &[Listed] = &[
    Listed::of::<ListSeries>(),
    Listed::of::<FetchList>(),
    Listed::of::<PublishDueLists>(),
    Listed::of::<PublishAllLists>(),
];

/// Lists the series of a CA with their published lists: all of them, or those in one state.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListSeries {
    /// The CA.
    pub ca: text::Ca,
    /// Only those in this state.
    pub state: Option<text::SeriesState>,
    /// The series after which the page begins, as 1/11100, from the answer before.
    pub after: Option<text::Series>,
    /// At most so many rows; 1 to 1000.
    #[serde(default = "usual_page")]
    pub limit: usize,
}

impl Operation for ListSeries {
    const SPEC: Spec = Spec::get(Series, "/api/v1/cas/{ca}/lists", GROUP, "A page of them.");

    type Answer = SeriesList;

    fn run(self, call: &Call<'_>) -> Result<SeriesList, Problem> {
        let authority = call.authority(&self.ca)?;
        let mut rows = series_rows(call.store(), authority)?;
        rows.retain(|row| self.wants(row));
        let next = cut_to_page(&mut rows, self.limit).map(|row| row.key.place().to_string());
        let body = |row: &SeriesRow| {
            let published = authority.list_series().published(&row.key)?;
            Ok(SeriesBody {
                ca: row.key.ca.to_string(),
                generation: row.key.generation,
                partition: row.key.partition.to_string(),
                state: row.state.into(),
                built: row.built,
                published: published.as_ref().map(ListBody::from),
            })
        };
        Ok(SeriesList { series: rows.iter().map(body).collect::<Result<_, Problem>>()?, next })
    }
}

impl ListSeries {
    fn wants(&self, row: &SeriesRow) -> bool {
        self.state.as_deref().is_none_or(|state| row.state == *state)
            && self.after.as_deref().is_none_or(|after| row.key.place() > *after)
    }
}

/// Publishes every list that is due.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishDueLists {}

impl Operation for PublishDueLists {
    const SPEC: Spec = Spec::post(PublishDue, "/api/v1/publication", GROUP, "What became of each.");

    type Answer = PublicationBody;

    fn run(self, call: &Call<'_>) -> Result<PublicationBody, Problem> {
        call.once(|| {
            let begun = call.begun_before()?;
            let mut lists = Vec::new();
            for authority in call.authorities()?.values() {
                let due = authority.list_series().due(call.act().at)?;
                lists.extend(published_since(begun, call, authority, &due)?);
            }
            Ok(PublicationBody { lists })
        })
    }
}

/// Publishes every list of a CA, due or not.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishAllLists {
    /// The CA.
    pub ca: text::Ca,
}

impl Operation for PublishAllLists {
    const SPEC: Spec =
        Spec::post(PublishAll, "/api/v1/cas/{ca}/publication", GROUP, "What became of each.");

    type Answer = PublicationBody;

    fn run(self, call: &Call<'_>) -> Result<PublicationBody, Problem> {
        let authority = call.authority(&self.ca)?;
        call.once(|| {
            let begun = call.begun_before()?;
            let all = authority.list_series().at(call.act().at)?;
            let lists = published_since(begun, call, authority, &all)?;
            Ok(PublicationBody { lists })
        })
    }
}

/// Hands a revocation list out.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FetchList {
    /// The CA.
    pub ca: text::Ca,
    /// The key's generation.
    pub generation: u32,
    /// A municipality's code, other or arl-….
    pub partition: text::Partition,
    /// The number; the published list when left out.
    pub number: Option<u64>,
    /// der or pem.
    #[serde(default)]
    #[schema(inline)]
    pub format: ListForm,
}

/// In which form a list is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ListForm {
    /// The octets (application/pkix-crl).
    #[default]
    Der,
    /// The text (RFC 7468).
    Pem,
}

impl Form for ListForm {
    fn all() -> Vec<(Self, RefOr<Schema>)> {
        vec![(Self::Der, Vec::<u8>::schema()), (Self::Pem, String::schema())]
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Der => "application/pkix-crl",
            Self::Pem => "application/x-pem-file",
        }
    }
}

impl Operation for FetchList {
    const SPEC: Spec =
        Spec::get(Fetch, "/api/v1/cas/{ca}/lists/{generation}/{partition}", GROUP, "The list.");

    type Answer = Octets<ListForm>;

    fn run(self, call: &Call<'_>) -> Result<Octets<ListForm>, Problem> {
        let Self { ca, generation, partition, number, format: form } = self;
        let authority = call.authority(&ca)?;
        let series = SeriesKey { ca: ca.0, generation, partition: *partition };
        let number = match number {
            Some(number) => Some(number.min(LAST_NUMBER)),
            None => authority.list_series().published(&series)?.map(|row| row.key.number),
        };
        let content = match number {
            Some(number) => call.store().crl_content(&CrlKey { series, number })?,
            None => None,
        };
        let der = call.checked(content.ok_or_else(|| Problem::unknown("list")))?;
        let octets = match form {
            ListForm::Der => der,
            ListForm::Pem => {
                pem::encode(pem::CRL, &der).map_err(|error| Problem::broke(&error))?.into_bytes()
            }
        };
        Ok(Octets { form, octets })
    }
}

/// Publishes lists, but for those that were published since an earlier try began: what is asked for is
/// in them.
fn published_since(
    begun: Option<i64>,
    call: &Call<'_>,
    authority: &CertificationAuthority,
    wanted: &[SeriesKey],
) -> Result<Vec<PublishedListBody>, Problem> {
    let (act, mut lists, mut left) = (call.act(), Vec::new(), Vec::new());
    for key in authority.list_series().at(act.at)? {
        let published = authority.list_series().published(&key)?;
        let is_new = |row: &CrlRow| begun.is_some_and(|begun| row.this_update.as_second() >= begun);
        match published.filter(is_new) {
            Some(row) => lists.push(outcome(ListOutcome::Published(row))),
            None if wanted.contains(&key) => left.push(key),
            None => {}
        }
    }
    let all = lists.len() + left.len();
    for published in authority.lists().publish_each(act, &left) {
        lists.push(outcome(published));
        call.tell(format!("{}: {} of {all} lists", authority.id(), lists.len()));
    }
    Ok(lists)
}

fn outcome(outcome: ListOutcome) -> PublishedListBody {
    let (series, name, number, list, problems) = match outcome {
        ListOutcome::Published(row) => {
            let list = ListBody::from(&row);
            (row.key.series, Became::Published, Some(row.key.number), Some(list), Vec::new())
        }
        ListOutcome::Withheld { key, differences } => {
            let found = differences.iter().map(ToString::to_string).collect();
            (key.series, Became::Withheld, Some(key.number), None, found)
        }
        ListOutcome::Failed { series, error } => {
            (series, Became::Failed, None, None, vec![Problem::from(error).to_string()])
        }
    };
    PublishedListBody {
        ca: series.ca.to_string(),
        generation: series.generation,
        partition: series.partition.to_string(),
        outcome: name.into(),
        number,
        list,
        problems,
    }
}

/// The list series of a CA.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SeriesList {
    /// In the order of their places.
    pub series: Vec<SeriesBody>,
    /// The last of them (`after`), where others follow.
    pub next: Option<String>,
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
    pub state: text::SeriesState,
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

domain::named! {
    /// What became of a list.
    Became {
        /// It is published.
        Published = "published",
        /// It did not agree with what is known, or with the list before.
        Withheld = "withheld",
        /// It could not be made.
        Failed = "failed",
    }
}

text::written! {
    closed
    /// What became of it, as text.
    BecameText = Became;
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
    pub outcome: BecameText,
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
