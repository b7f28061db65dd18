//! What follows when a CA's key counts as compromised: one way, each step once (A 5.7.3, S 4-14-2).

use std::sync::Arc;

use domain::act::Act;
use domain::certificate::{CertificateKind, CertificateState};
use domain::compromise::CompromiseState;
use domain::id::ActorId;
use domain::journal::EventKind;
use domain::policy::RevocationRule;
use domain::revocation::{Requester, RevocationCause};
use domain::rule;
use domain::rule::{ColonHex, Hex, Rule};
use store::{
    Along, CertificateRow, Change, CompromiseRow, Entry, NoticeRow, SeriesKey, StatusRow, Unit,
};
use x509::digest::sha256;
use x509::fingerprint::sha256_colon_hex;

use crate::adoption::PolicyInEffect;
use crate::error::{Error, Result};
use crate::generations::Generations;
use crate::hands::Hands;
use crate::ledger::Ledger;
use crate::life::{LifeCycle, RevocationOrder, event_of};
use crate::lists::{ListOutcome, ListSeries, Lists};

/// Certificates revoked in one unit: some hundredths of a second, so that nobody waits long behind
/// it, and few enough flushes to disk for a million.
const TOGETHER: usize = 1000;

/// How often in a row a unit may find that one of its certificates changed meanwhile.
const MOST_TRIES: u8 = 50;

/// What a declaration would set going, told before anything is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompromisePlan {
    /// The generation of the key.
    pub generation: u32,
    /// How many certificates would be revoked.
    pub certificates: u64,
    /// The lists that would be published: all of the CA, since each holds what every key certified.
    pub lists: Vec<SeriesKey>,
    /// Where the procedure stands, if it was declared before.
    pub state: Option<CompromiseState>,
}

/// The procedure after a key's compromise. It ends certificates and has lists published; it has no key.
pub struct Compromises {
    policy: Arc<PolicyInEffect>,
    ledger: Ledger,
    generations: Arc<Generations>,
    life: Arc<LifeCycle>,
    series: Arc<ListSeries>,
    lists: Arc<Lists>,
}

impl Compromises {
    pub(crate) fn new(
        hands: &Hands,
        life: &Arc<LifeCycle>,
        series: &Arc<ListSeries>,
        lists: &Arc<Lists>,
    ) -> Self {
        Self {
            policy: hands.policy.clone(),
            ledger: hands.ledger.clone(),
            generations: hands.generations.clone(),
            life: life.clone(),
            series: series.clone(),
            lists: lists.clone(),
        }
    }

    /// What a compromise of this generation's key would mean; changes nothing.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a generation that does not exist; [`Error::Store`].
    pub fn plan(&self, generation: u32) -> Result<CompromisePlan> {
        self.generations.numbered(generation)?;
        let mut certificates = 0;
        let mut from = 0;
        while let Some((next, rows)) = self.generations.unrevoked(generation, from, TOGETHER)? {
            certificates += rows.len() as u64;
            from = next;
        }
        let state = self.generations.compromise(generation)?.map(|row| row.state);
        certificates += self.links_of(generation)?.len() as u64;
        Ok(CompromisePlan { generation, certificates, lists: self.series.all()?, state })
    }

    /// Declares the key of a generation compromised: from this commit on nothing is issued under it.
    ///
    /// Declared before, it stays as it is.
    ///
    /// # Errors
    /// [`Error::Refused`] without a second person; [`Error::Unknown`]; journaled.
    pub fn declare<'a>(
        &self,
        act: impl Into<Along<'a, CompromiseRow>>,
        generation: u32,
        approver: &ActorId,
    ) -> Result<CompromiseRow> {
        let act = &act.into();
        let result = self.declare_unrecorded(act, generation, approver);
        self.ledger.recording(act, EventKind::KeyCompromised, generation, result)
    }

    fn declare_unrecorded(
        &self,
        act: &Along<'_, CompromiseRow>,
        generation: u32,
        approver: &ActorId,
    ) -> Result<CompromiseRow> {
        let key = self.generations.numbered(generation)?;
        let order = RevocationOrder {
            cause: RevocationCause::CaKeyCompromised,
            requester: Requester::Authority,
            approver: Some(approver.clone()),
        };
        for kind in [CertificateKind::SelfSigned, CertificateKind::User] {
            if self.policy.profiles.contains_key(&kind) {
                self.life.check_order(act, kind, &order)?;
            }
        }
        let entry = self.compromise_entry(act, generation, CompromiseState::Declared);
        if let Some(row) = self.generations.compromise(generation)? {
            self.ledger.commit(act.unit(Unit::new(entry.no_op()), &row)?)?;
            return Ok(row);
        }
        let row = CompromiseRow {
            ca: self.policy.id().clone(),
            generation,
            state: CompromiseState::Declared,
            declared_at: act.at,
            place: 0,
            revoked: 0,
        };
        let entry = entry
            .detail("approver", approver)
            .detail("spki_sha256", ColonHex(&sha256(key.key.as_der())));
        let unit = Unit::new(entry).change(Change::DeclareCompromise(row.clone()));
        self.ledger.commit(act.unit(unit, &row)?)?;
        Ok(row)
    }

    /// Carries the next step out, and says where the procedure stands then; broken off anywhere, it
    /// goes on from what is on disk.
    ///
    /// `told` hears how many certificates are revoked so far. The step after
    /// [`CompromiseState::Announced`] is [`complete`](Self::complete).
    ///
    /// # Errors
    /// [`Error::Refused`] where nothing was declared or a list could not be published: the step is
    /// not done, and may be tried again; [`Error::Store`].
    pub fn proceed(
        &self,
        act: &Act,
        generation: u32,
        told: &mut dyn FnMut(u64),
    ) -> Result<CompromiseRow> {
        let row = self.declared(generation)?;
        match row.state {
            CompromiseState::Declared => self.revoke_all(act, row, told),
            CompromiseState::Revoked => self.publish_all_of(act, &row),
            CompromiseState::Listed => self.announce(act, &row),
            CompromiseState::Announced | CompromiseState::Completed => Ok(row),
        }
    }

    /// Notes that the bridge CA's notification, of which this is the SHA-256, is prepared.
    ///
    /// # Errors
    /// [`Error::Refused`] before the notice was posted.
    pub fn complete(
        &self,
        act: &Act,
        generation: u32,
        notification_sha256: &[u8; 32],
    ) -> Result<CompromiseRow> {
        let row = self.declared(generation)?;
        match row.state {
            CompromiseState::Completed => Ok(row),
            CompromiseState::Announced => {
                let entry = self
                    .compromise_entry(act, generation, CompromiseState::Completed)
                    .detail("notification_sha256", Hex(notification_sha256));
                self.advance(&row, entry, Vec::new())
            }
            state => Err(Error::refused("compromise", rule!("first: {}", state.task()))),
        }
    }

    fn declared(&self, generation: u32) -> Result<CompromiseRow> {
        let none = || Error::refused("compromise", "it was not declared");
        self.generations.compromise(generation)?.ok_or_else(none)
    }

    fn revoke_all(
        &self,
        act: &Act,
        mut row: CompromiseRow,
        told: &mut dyn FnMut(u64),
    ) -> Result<CompromiseRow> {
        let mut tries = 0;
        while let Some((next, rows)) =
            self.generations.unrevoked(row.generation, row.place, TOGETHER)?
        {
            let revoked = row.revoked + rows.len() as u64;
            let further = CompromiseRow { place: next, revoked, ..row.clone() };
            match self.ledger.commit(self.revocation_unit(act, &row, &further, &rows)?) {
                Ok(_) => {
                    (row, tries) = (further, 0);
                    told(row.revoked);
                }
                // A delivery or a hold came between: these thousand are read again.
                Err(store::Error::Stale { .. }) if tries < MOST_TRIES => {
                    tries += 1;
                    row = self.declared(row.generation)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        for link in self.links_of(row.generation)? {
            // Another key still vouches for this one: that ends with it.
            self.life.end(act, &link, RevocationCause::CaKeyCompromised, None)?;
            row.revoked += 1;
        }
        let entry = self
            .compromise_entry(act, row.generation, CompromiseState::Revoked)
            .detail("revoked", row.revoked);
        self.advance(&row, entry, Vec::new())
    }

    /// One unit of revocations; its entry holds what it takes to find them again: where in the
    /// order of issue they end, how many they are, and the hash over their serials in that order.
    fn revocation_unit(
        &self,
        act: &Act,
        row: &CompromiseRow,
        further: &CompromiseRow,
        rows: &[StatusRow],
    ) -> Result<Unit> {
        let serials: Vec<u8> =
            rows.iter().flat_map(|row| row.serial.as_bytes().iter().copied()).collect();
        let entry = Entry::new(EventKind::CertificateRevoked, act)
            .ca(self.policy.id())
            .subject(rule!("generation {}", further.generation).as_part())
            .detail("cause", RevocationCause::CaKeyCompromised)
            .detail("count", rows.len())
            .detail("issued_before", further.place)
            .detail("serials_sha256", Hex(&sha256(&serials)));
        let advance =
            Change::AdvanceCompromise { from: (row.state, row.place), row: further.clone() };
        let mut unit = Unit::new(entry).change(advance);
        for row in rows {
            let to = row.state.after(event_of(self.compromise_rule(row.kind)?.reason), act.at)?;
            let (ca, serial, from) = (self.policy.id().clone(), row.serial, row.state);
            unit = unit.change(Change::SetCertificate { ca, serial, from, to });
        }
        Ok(unit)
    }

    /// The lists of every generation: each holds what all of them certified.
    fn publish_all_of(&self, act: &Act, row: &CompromiseRow) -> Result<CompromiseRow> {
        let mut lists = 0;
        for outcome in self.lists.publish_all(act, &self.series.at(act.at)?) {
            let refused = |what: Rule| Err(Error::refused("lists", what));
            match outcome {
                ListOutcome::Published(_) => lists += 1,
                ListOutcome::Withheld { key, differences } => {
                    let rule = rule!("{} was withheld", key.series.partition);
                    let first = differences.first();
                    return refused(first.map_or(rule.clone(), |first| rule.telling(first)));
                }
                ListOutcome::Failed { series, error } => {
                    return refused(rule!("{} failed", series.partition).telling(error));
                }
            }
        }
        let entry = self
            .compromise_entry(act, row.generation, CompromiseState::Listed)
            .detail("lists", lists);
        self.advance(row, entry, Vec::new())
    }

    fn announce(&self, act: &Act, row: &CompromiseRow) -> Result<CompromiseRow> {
        let key = self.generations.numbered(row.generation)?;
        let text = format!(
            "第{}世代の署名鍵（SHA-256 {}）が危殆化したため、この鍵による発行業務を停止し、\
             この鍵で署名したすべての証明書を失効しました。この鍵を信頼の起点から外してください。",
            row.generation,
            sha256_colon_hex(key.key.as_der()),
        );
        let notice = NoticeRow { ca: self.policy.id().clone(), at: row.declared_at, text };
        let entry = self.compromise_entry(act, row.generation, CompromiseState::Announced);
        self.advance(row, entry, vec![Change::AddNotice(notice)])
    }

    /// Commits the next state with its entry and whatever belongs to it.
    fn advance(
        &self,
        row: &CompromiseRow,
        entry: Entry,
        changes: Vec<Change>,
    ) -> Result<CompromiseRow> {
        let last = || Error::refused("compromise", "it is completed");
        let state = row.state.next().ok_or_else(last)?;
        let next = CompromiseRow { state, ..row.clone() };
        let change = Change::AdvanceCompromise { from: (row.state, row.place), row: next.clone() };
        let unit = changes.into_iter().fold(Unit::new(entry).change(change), Unit::change);
        self.ledger.commit(unit)?;
        Ok(next)
    }

    /// What other keys of the CA certified for this one, or were about to: links in both ways.
    fn links_of(&self, generation: u32) -> Result<Vec<CertificateRow>> {
        let key = self.generations.numbered(generation)?;
        let spki = key.key.spki_sha256();
        let mut rows = self.generations.self_issued(&key)?;
        rows.retain(|row| {
            row.intent.spki_sha256 == spki
                && row.intent.generation != generation
                && !matches!(row.state, CertificateState::Revoked { .. })
        });
        Ok(rows)
    }

    fn compromise_rule(&self, kind: CertificateKind) -> Result<&RevocationRule> {
        self.life.rule(kind, RevocationCause::CaKeyCompromised)
    }

    fn compromise_entry(&self, act: &Act, generation: u32, state: CompromiseState) -> Entry {
        Entry::new(EventKind::KeyCompromised, act)
            .ca(self.policy.id())
            .subject(rule!("generation {}", generation).as_part())
            .detail("state", state)
    }
}
