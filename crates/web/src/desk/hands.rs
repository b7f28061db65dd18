//! What a desk is opened with. Each part takes what it needs of it, and none keeps it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ca::CertificationAuthority;
use domain::id::CaId;
use ra::holder::Holders;
use ra::register::ResidentRegister;
use ra::register::embedded::EmbeddedRegister;
use ra::window::Window;
use store::{RoomOnDisk, Store};
use x509::key_check::WeakKeys;

use super::check::Auditor;
use super::endings::Endings;
use super::health::Health;
use super::journal::Evidence;
use super::keys::Keyroom;
use super::workshop::Workshop;
use crate::acts::Clock;
use crate::entrance::foreign_issuers::ForeignIssuer;
use crate::origin::Hosts;

/// The windows with the register they look into. One process at a time may have them.
#[derive(Clone)]
pub struct Windows {
    /// The windows.
    pub window: Arc<Window>,
    /// The register.
    pub register: Arc<dyn ResidentRegister>,
    /// The same register where it is the embedded one, which takes commands.
    pub embedded: Option<Arc<EmbeddedRegister>>,
}

/// Everything that a desk is made with.
pub(super) struct Hands {
    pub(super) store: Arc<dyn Store>,
    pub(super) authorities: BTreeMap<CaId, Arc<CertificationAuthority>>,
    pub(super) foreign_issuers: Arc<[ForeignIssuer]>,
    pub(super) clock: Clock,
    pub(super) windows: Option<Windows>,
    pub(super) hosts: Hosts,
    pub(super) room_on_disk: RoomOnDisk,
    pub(super) keyroom: Option<Keyroom>,
    pub(super) endings: Option<Arc<dyn Endings>>,
    pub(super) holders: Option<Arc<Holders>>,
    pub(super) auditor: Option<Arc<dyn Auditor>>,
    pub(super) evidence: Option<Arc<dyn Evidence>>,
    pub(super) health: Arc<Health>,
    pub(super) weak_keys: Arc<WeakKeys>,
    pub(super) workshop: Option<Box<dyn Workshop>>,
}

impl Hands {
    /// A store, its CAs and the time, and nothing of what a desk may have beside.
    pub(super) fn new(
        store: Arc<dyn Store>,
        authorities: BTreeMap<CaId, Arc<CertificationAuthority>>,
        foreign_issuers: Arc<[ForeignIssuer]>,
        clock: Clock,
    ) -> Self {
        Self {
            store,
            authorities,
            foreign_issuers,
            clock,
            windows: None,
            hosts: Hosts::named([]),
            room_on_disk: RoomOnDisk::default(),
            keyroom: None,
            endings: None,
            holders: None,
            auditor: None,
            evidence: None,
            health: Arc::default(),
            weak_keys: Arc::default(),
            workshop: None,
        }
    }
}
