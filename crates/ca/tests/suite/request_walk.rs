//! A service request on its way through the hands of five people.

use ca::{CertificationAuthority, Result, certification};
use domain::act::{Act, Actor};
use domain::certificate::CertificateKind;
use domain::id::{SerialNumber, ServiceRequestId};
use domain::revocation::RevocationCause;
use domain::service_request::{Purpose, Request, RequestStepName};
use store::reads::{ReadCertificates, ReadHead, ReadJournal};
use testkit::{act, run};
use x509::pem;

use super::world::World;

/// Who does which step, in order; the last step is another one for a revocation.
pub(super) const HANDS: [(RequestStepName, &str); 5] = [
    (RequestStepName::Receive, "intake"),
    (RequestStepName::Examine, "examiner"),
    (RequestStepName::Approve, "approver"),
    (RequestStepName::Release, "operator-1"),
    (RequestStepName::Confirm, "operator-2"),
];

impl World {
    /// An act of a member of the staff.
    pub(super) fn staff(&self, person: &str) -> Act {
        Act { actor: Actor::Staff(person.parse().expect("an id")), ..act(&self.clock) }
    }

    /// The DER of a request that openssl makes for a key of its own.
    pub(super) fn pkcs10(&self, name: &str) -> Vec<u8> {
        let line = format!(
            "req -new -nodes -newkey rsa:2048 -keyout {name}.key -out {name}.csr \
             -subj /CN={name}.example -addext subjectAltName=DNS:{name}.example"
        );
        let words: Vec<_> = line.split_whitespace().collect();
        let made = run(self.scratch.path(), "openssl", &words);
        assert!(made.success, "{}", made.text);
        let text = std::fs::read_to_string(self.scratch.path().join(format!("{name}.csr")));
        pem::decode(pem::CERTIFICATE_REQUEST, &text.expect("PEM")).expect("a request")
    }

    /// A request of its own for a certificate to a TLS server.
    pub(super) fn for_server(&self, name: &str) -> Purpose {
        let wanted = certification(CertificateKind::TlsServer, self.pkcs10(name), None);
        Purpose::Issue(wanted.expect("a believable request"))
    }

    /// Takes a request in.
    pub(super) fn receive(&self, purpose: Purpose) -> Result<Request> {
        receive(&self.auth, &self.staff("intake"), purpose)
    }

    /// Takes a step as this person.
    pub(super) fn step(
        &self,
        id: &ServiceRequestId,
        step: RequestStepName,
        person: &str,
    ) -> Result<Request> {
        take(&self.auth, &self.staff(person), id, step)
    }

    /// Takes a request in and leads it up to `last`, each step by who is there for it.
    pub(super) fn walked(&self, purpose: Purpose, last: RequestStepName) -> Request {
        let mut request = self.receive(purpose).expect("received");
        let id = request.id().clone();
        for (step, person) in HANDS.into_iter().skip(1).take_while(|(step, _)| *step <= last) {
            request = self.step(&id, step, person).expect("the next hand");
        }
        request
    }

    /// A TLS server's certificate in force.
    pub(super) fn server(&self, name: &str) -> SerialNumber {
        let request = self.walked(self.for_server(name), RequestStepName::Confirm);
        request.serial().expect("a serial")
    }

    /// How many certificates there are, with intents.
    pub(super) fn certificates(&self) -> usize {
        self.scratch.store.certificates(self.auth.id(), None, 100).expect("a list").len()
    }

    /// The journal entries from `from` on, as text.
    pub(super) fn entries_from(&self, from: u64) -> Vec<String> {
        let rows = self.scratch.store.journal(from, 1000).expect("a journal");
        rows.into_iter().map(|(_, body)| String::from_utf8(body).expect("JSON")).collect()
    }

    /// The place of the next journal entry.
    pub(super) fn journal_end(&self) -> u64 {
        self.scratch.store.last_sequence().expect("a journal").map_or(0, |last| last + 1)
    }
}

/// The end of a certificate that is no longer needed.
pub(super) fn end_of(serial: SerialNumber) -> Purpose {
    Purpose::Revoke { serial, cause: RevocationCause::UseEnded }
}

pub(super) fn receive(
    authority: &CertificationAuthority,
    act: &Act,
    purpose: Purpose,
) -> Result<Request> {
    let documents = ["申請書".to_owned(), "担当者の身分証明書".to_owned()];
    authority.service_requests().receive(act, purpose, "情報システム課　試験担当", &documents)
}

/// Confirm is the second operator's act, whatever the request is for.
pub(super) fn take(
    authority: &CertificationAuthority,
    act: &Act,
    id: &ServiceRequestId,
    step: RequestStepName,
) -> Result<Request> {
    match step {
        RequestStepName::Examine => {
            authority.service_requests().examine(act, id, "the applicant is entitled")
        }
        RequestStepName::Approve => authority.service_requests().approve(act, id),
        RequestStepName::Release => authority.service_requests().release(act, id),
        RequestStepName::Confirm | RequestStepName::Issue => {
            authority.service_requests().issue(act, id)
        }
        RequestStepName::Revoke => authority.service_requests().revoke(act, id),
        RequestStepName::Refuse => {
            authority.service_requests().refuse(act, id, "the name is another's")
        }
        RequestStepName::Withdraw => authority.service_requests().withdraw(act, id),
        RequestStepName::Receive => panic!("a request is received once"),
    }
}
