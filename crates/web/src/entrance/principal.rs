//! Who stands at the desk: an act, with the roles of its actor and how they proved who they are.
//!
//! Nobody outside this crate can make one of a person but through [`super::Entrance::enter`], which
//! reads the registry; so roles cannot be claimed. A card's holder has none, and is known by a
//! certificate. The program itself is [`Principal::program`].

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use domain::act::{Act, Actor, Basis};
use domain::id::ActorId;
use domain::staff::Role;
use store::PersonRow;

use super::resting::{Certificates, Resting, own};

/// How somebody proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// By something they have: a client certificate, a passkey, a token bound to its console.
    Strong,
    /// By something that can be learnt: a password, or a program's token.
    Weak,
    /// By a password whose time is over.
    ExpiredPassword,
    /// By the one-time secret of an enrolment, by its SHA-256.
    Enrolment([u8; 32]),
}

/// Somebody who was found to be who they say.
#[derive(Debug, Clone)]
pub(crate) struct Entrant {
    /// As they stand in the registry.
    pub person: PersonRow,
    /// How they proved it.
    pub proof: Proof,
    /// What they were let in by, without which they are nobody.
    pub basis: Basis,
    /// The client certificates that this rests on.
    pub certificates: Certificates,
}

/// Who asks for what the desk does; it is its act wherever only that matters.
#[derive(Debug, Clone)]
pub struct Principal {
    act: Act,
    party: Party,
    proof: Proof,
    /// The client certificates that what they were let in by rests on.
    certificates: Certificates,
    /// The address they came from.
    from: Option<IpAddr>,
    /// The client certificate, DER, whose key the connection's handshake proved, whoever has it.
    handshake: Option<Arc<[u8]>>,
}

/// What the actor is to the table of permissions.
#[derive(Debug, Clone)]
enum Party {
    Program,
    Person(Box<PersonRow>),
    CertificateHolder,
}

impl Principal {
    /// The program itself, or a part of it.
    ///
    /// `danger`: nothing is proven here; whoever calls this is the program.
    pub fn program(act: Act) -> Self {
        Self::of(act, Party::Program, Proof::Strong, Vec::new())
    }

    /// A person of the registry who was let in; what they do rests on how they stand now.
    pub(crate) fn person(act: Act, entrant: Entrant) -> Self {
        let Entrant { person, proof, basis, certificates } = entrant;
        let standing = person.clone().standing(basis).resting_on(own(&certificates));
        let standing = Some(Arc::new(standing));
        let act = Act { standing, ..act };
        Self::of(act, Party::Person(Box::new(person)), proof, certificates)
    }

    /// The holder of a certificate who proved to hold its key, in a handshake or by a signature.
    pub(crate) fn certificate_holder(act: Act) -> Self {
        Self::of(act, Party::CertificateHolder, Proof::Strong, Vec::new())
    }

    fn of(act: Act, party: Party, proof: Proof, certificates: Certificates) -> Self {
        Self { act, party, proof, certificates, from: None, handshake: None }
    }

    /// The same, who came from an address.
    pub(crate) fn coming_from(self, address: IpAddr) -> Self {
        Self { from: Some(address), ..self }
    }

    /// The same, over a connection whose handshake proved the key of this client certificate (DER).
    pub(crate) fn having_proven(self, certificate: Option<Arc<[u8]>>) -> Self {
        Self { handshake: certificate, ..self }
    }

    /// The address they came from; the program comes from none.
    pub(crate) fn from(&self) -> Option<IpAddr> {
        self.from
    }

    /// The client certificate, DER, whose key the connection's handshake proved.
    pub(crate) fn handshake(&self) -> Option<&[u8]> {
        self.handshake.as_deref()
    }

    /// The client certificates that what they were let in by rests on: one that they showed, and those
    /// with which it, or a token, a passkey or a password, was made.
    pub(crate) fn certificates(&self) -> &[Resting] {
        &self.certificates
    }

    /// How they proved who they are.
    pub fn proof(&self) -> Proof {
        self.proof
    }

    /// Whether it is the program itself.
    pub fn is_program(&self) -> bool {
        matches!(self.party, Party::Program)
    }

    /// Whether it is the holder of a certificate.
    pub fn is_certificate_holder(&self) -> bool {
        matches!(self.party, Party::CertificateHolder)
    }

    /// The roles they hold; only people of the registry have some.
    pub fn roles(&self) -> &[Role] {
        self.registered().map_or(&[], |person| &person.roles)
    }

    /// Their id in the registry, if they are in it.
    pub fn id(&self) -> Option<&ActorId> {
        self.registered().map(|person| &person.id)
    }

    /// What they were let in by, if they are in the registry.
    pub(crate) fn basis(&self) -> Option<Basis> {
        self.act.standing.as_ref().map(|standing| standing.basis)
    }

    /// The person as they were registered when they came in.
    pub(crate) fn registered(&self) -> Option<&PersonRow> {
        match &self.party {
            Party::Program | Party::CertificateHolder => None,
            Party::Person(person) => Some(person),
        }
    }
}

impl Deref for Principal {
    type Target = Act;

    fn deref(&self) -> &Act {
        &self.act
    }
}

/// As whom a person acts, which is what the journal says.
pub(crate) fn actor_of(person: &PersonRow) -> Actor {
    let id = person.id.clone();
    match person.municipality {
        Some(municipality) => Actor::WindowClerk { id, municipality },
        None if person.roles.contains(&Role::CallCentreAgent) => Actor::CallCentreAgent(id),
        None => Actor::Staff(id),
    }
}
