//! What can be read of the database, cut by who reads it.
//!
//! Each trait is a hand: whoever holds one reads what it names and nothing else. [`Store`](crate::Store) is all
//! of them, and commits. A `dyn Store` becomes a `dyn` of any of them by coercion; there is no way back.

mod authorities;
mod certificates;
mod generations;
mod head;
mod journal;
mod lists;
mod people;
mod proceedings;
mod revoked;
mod statuses;
mod verifiers;
mod windows;

pub use authorities::ReadAuthorities;
pub use certificates::ReadCertificates;
pub use generations::ReadGenerations;
pub use head::ReadHead;
pub use journal::{ReadJournal, Remembered};
pub use lists::ReadLists;
pub use people::ReadPeople;
pub use proceedings::ReadProceedings;
pub use revoked::{ReadRevoked, RevokedSnapshot};
pub use statuses::ReadStatuses;
pub use verifiers::{ReadAccess, ReadVerifiers};
pub use windows::ReadWindows;

/// What the services to the world read, and all that they can: OCSP, directory and web repository.
///
/// States of certificates, lists, the CAs with their certificates and notices, and what registered verifiers may
/// ask. No application, holder, person or journal entry can be read by it.
///
/// ```
/// # use jitsuin_store::{Published, Result, Sequence};
/// fn answer(published: &dyn Published) -> Result<Option<Sequence>> {
///     published.last_sequence()
/// }
/// ```
///
/// Nothing can be committed by it. By the whole store something can:
///
/// ```
/// # use jitsuin_store::{Result, Sequence, Store, Unit};
/// fn answer(whole: &dyn Store, unit: Unit) -> Result<Sequence> {
///     whole.commit(unit)
/// }
/// ```
/// ```compile_fail,E0599
/// # use jitsuin_store::{Published, Result, Sequence, Store, Unit};
/// fn answer(published: &dyn Published, unit: Unit) -> Result<Sequence> {
///     published.commit(unit)
/// }
/// ```
///
/// It is made of a store, and no store of it:
///
/// ```
/// # use std::sync::Arc;
/// # use jitsuin_store::{Published, Store};
/// fn narrowed(whole: Arc<dyn Store>) -> Arc<dyn Published> {
///     whole
/// }
/// ```
/// ```compile_fail,E0308
/// # use std::sync::Arc;
/// # use jitsuin_store::{Published, Store};
/// fn widened(published: Arc<dyn Published>) -> Arc<dyn Store> {
///     published
/// }
/// ```
///
/// Neither does it say what it is made of. Of what is [`Any`](std::any::Any), one finds out:
///
/// ```
/// # use std::any::Any;
/// # use std::sync::Arc;
/// # use jitsuin_store::Sqlite;
/// fn found_out(anything: Arc<dyn Any + Send + Sync>) -> Option<Arc<Sqlite>> {
///     anything.downcast().ok()
/// }
/// ```
/// ```compile_fail,E0599
/// # use std::sync::Arc;
/// # use jitsuin_store::{Published, Sqlite};
/// fn found_out(published: Arc<dyn Published>) -> Option<Arc<Sqlite>> {
///     published.downcast().ok()
/// }
/// ```
///
/// A certificate with its holder is in other hands as well:
///
/// ```
/// # use jitsuin_store::reads::ReadCertificates;
/// # use jitsuin_store::{CertificateRow, Result};
/// # use domain::id::{CaId, SerialNumber};
/// fn holder(all: &dyn ReadCertificates, ca: &CaId, serial: &SerialNumber) -> Result<Option<CertificateRow>> {
///     all.certificate(ca, serial)
/// }
/// ```
/// ```compile_fail,E0599
/// # use jitsuin_store::{CertificateRow, Published, Result};
/// # use domain::id::{CaId, SerialNumber};
/// fn holder(published: &dyn Published, ca: &CaId, serial: &SerialNumber) -> Result<Option<CertificateRow>> {
///     published.certificate(ca, serial)
/// }
/// ```
///
/// So is a verifier's password, of which only what compares it reads the hash:
///
/// ```
/// # use jitsuin_store::reads::ReadVerifiers;
/// # use jitsuin_store::{Result, VerifierRow};
/// # use domain::id::VerifierId;
/// fn known(verifiers: &dyn ReadVerifiers, id: &VerifierId) -> Result<Option<VerifierRow>> {
///     verifiers.verifier(id)
/// }
/// ```
/// ```compile_fail,E0599
/// # use jitsuin_store::reads::ReadVerifiers;
/// # use jitsuin_store::{Published, Result, VerifierRow};
/// # use domain::id::VerifierId;
/// fn known(published: &dyn Published, id: &VerifierId) -> Result<Option<VerifierRow>> {
///     published.verifier(id)
/// }
/// ```
/// ```compile_fail,E0609
/// # use jitsuin_store::{Published, Result};
/// # use domain::id::VerifierId;
/// fn hash(published: &dyn Published, id: &VerifierId) -> Result<Option<String>> {
///     Ok(published.access(id)?.map(|access| access.password_hash))
/// }
/// ```
pub trait Published: ReadHead + ReadAuthorities + ReadStatuses + ReadLists + ReadAccess {}

impl<T: ReadHead + ReadAuthorities + ReadStatuses + ReadLists + ReadAccess> Published for T {}
