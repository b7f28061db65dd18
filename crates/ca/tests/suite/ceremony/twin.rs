//! A stage that remembers what it did, whose keys and certificates openssl made.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use ca::Renewal;
use ca::ceremony::*;
use domain::act::Act;
use domain::ceremony::RestoreTarget;
use domain::id::CaId;
use testkit::Scratch;
use x509::digest::sha256;
use x509::pem;
use x509::read::Certificate;

/// What outlives the program: how often each operation was asked for.
#[derive(Default)]
pub(super) struct Hardware {
    pub(super) calls: BTreeMap<String, usize>,
    pub(super) heard: Vec<Occurrence>,
}

/// Where the twin cuts the program off.
#[derive(Default)]
pub(super) struct Cut {
    /// The point at which it does; counted from 0.
    pub(super) at: Option<usize>,
    /// How many points were passed.
    pub(super) passed: usize,
}

/// The certificates of a CA over two generations.
#[derive(Clone)]
pub(super) struct Certificates(pub(super) BTreeMap<&'static str, Vec<u8>>);

/// A change of facts that makes them untrue.
pub(super) type Lie = fn(&mut StepFacts);

pub(super) struct Twin {
    pub(super) certificates: Certificates,
    pub(super) hardware: Rc<RefCell<Hardware>>,
    pub(super) cut: Cut,
    /// The step whose call fails, by operation id, as often as it says.
    pub(super) failing: Option<(String, &'static str)>,
    /// Changes the facts of the step of this number before they are handed over.
    pub(super) lie: Option<(usize, Lie)>,
    /// What happens while the step of this operation id's end is done.
    pub(super) meanwhile: Option<(String, Box<dyn FnOnce()>)>,
}

impl Twin {
    pub(super) fn new(certificates: &Certificates) -> Self {
        Self {
            certificates: certificates.clone(),
            hardware: Rc::default(),
            cut: Cut::default(),
            failing: None,
            lie: None,
            meanwhile: None,
        }
    }

    /// A point at which the program may be cut off, silently, as by a power failure.
    fn point(&mut self) {
        let here = self.cut.passed;
        self.cut.passed += 1;
        if self.cut.at == Some(here) {
            std::panic::resume_unwind(Box::new("cut off"));
        }
    }

    fn act(&mut self, act: &Act, mut facts: StepFacts) -> Result<StepFacts, StageError> {
        let operation = act.operation.to_string();
        if let Some((_, reason)) = self.failing.take_if(|(step, _)| operation.ends_with(&**step)) {
            return Err(StageError::new(reason));
        }
        if let Some((_, happens)) = self.meanwhile.take_if(|(step, _)| operation.ends_with(&**step))
        {
            happens();
        }
        self.point();
        *self.hardware.borrow_mut().calls.entry(operation.clone()).or_default() += 1;
        self.point();
        if let Some((step, lie)) = self.lie
            && operation.ends_with(&format!("-{step}"))
        {
            lie(&mut facts);
        }
        Ok(facts)
    }

    fn key(&self, label: &str, certificate: &str) -> KeyFact {
        let parsed = Certificate::parse(&self.certificates.0[certificate]).expect("a certificate");
        KeyFact {
            label: label.to_owned(),
            algorithm: "ecdsa-p256".to_owned(),
            spki_sha256: sha256(&parsed.tbs.subject_public_key_info),
        }
    }

    fn issued(&self, names: &[&str]) -> Vec<Vec<u8>> {
        names.iter().map(|name| self.certificates.0[name].clone()).collect()
    }
}

impl Stage for Twin {
    fn generate_ca_key(&mut self, act: &Act, ca: &CaId) -> Result<StepFacts, StageError> {
        let keys = vec![self.key(&format!("{ca}-ca-1"), "old")];
        self.act(act, StepFacts { keys, ..StepFacts::default() })
    }

    fn self_sign(&mut self, act: &Act, _: &CaId) -> Result<StepFacts, StageError> {
        let certificates = self.issued(&["old"]);
        self.act(act, StepFacts { certificates, ..StepFacts::default() })
    }

    fn responder_certificate(&mut self, act: &Act, ca: &CaId) -> Result<StepFacts, StageError> {
        let keys = vec![self.key(&format!("{ca}-ocsp-1"), "responder")];
        let certificates = self.issued(&["responder"]);
        self.act(act, StepFacts { keys, certificates, ..StepFacts::default() })
    }

    fn tls_certificate(
        &mut self,
        act: &Act,
        _: &CaId,
        request: &str,
    ) -> Result<StepFacts, StageError> {
        let files = vec![FileFact { path: request.to_owned(), sha256: [1; 32] }];
        let certificates = self.issued(&["responder"]);
        self.act(act, StepFacts { certificates, files, ..StepFacts::default() })
    }

    fn back_up(&mut self, act: &Act, directory: &str) -> Result<StepFacts, StageError> {
        let keys = vec![self.key("bridge-ca-1", "old")];
        let path = format!("{directory}/bridge-ca-1.json");
        let files = vec![FileFact { path, sha256: [2; 32] }];
        self.act(act, StepFacts { keys, files, ..StepFacts::default() })
    }

    fn restore(
        &mut self,
        act: &Act,
        _: &str,
        into: &RestoreTarget,
    ) -> Result<StepFacts, StageError> {
        let keys = vec![self.key("bridge-ca-1", "old")];
        let statements = vec![format!("signed a nonce in {into}")];
        self.act(act, StepFacts { keys, statements, ..StepFacts::default() })
    }

    fn renew_ca_key(&mut self, act: &Act, _: &CaId, _: &Renewal) -> Result<StepFacts, StageError> {
        let keys = vec![self.key("bridge-ca-2", "new")];
        let certificates = self.issued(&["new", "old-with-new", "new-with-old"]);
        self.act(act, StepFacts { keys, certificates, ..StepFacts::default() })
    }

    fn destroy_ca_key(
        &mut self,
        act: &Act,
        _: &CaId,
        _: u32,
        _: &BTreeMap<String, String>,
    ) -> Result<StepFacts, StageError> {
        let keys = vec![self.key("bridge-ca-1", "old")];
        let statements = vec!["the token does not know the label any more".to_owned()];
        self.act(act, StepFacts { keys, statements, ..StepFacts::default() })
    }

    fn record(&mut self, occurrence: &Occurrence) {
        self.hardware.borrow_mut().heard.push(occurrence.clone());
        self.point();
    }
}

/// Has openssl make two generations of a CA, their links, and a responder's certificate.
pub(super) fn certificates(scratch: &Scratch) -> Certificates {
    let openssl = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let output = testkit::run(scratch.path(), "openssl", &words);
        assert!(output.success, "{line}: {}", output.text);
    };
    for (name, subject) in
        [("old", "/C=JP/O=Bridge"), ("new", "/C=JP/O=Bridge"), ("responder", "/C=JP/CN=OCSP")]
    {
        openssl(&format!("ecparam -name prime256v1 -genkey -noout -out {name}.key"));
        openssl(&format!("req -new -key {name}.key -subj {subject} -out {name}.csr"));
    }
    for (name, request, issuer) in [
        ("old-with-new", "old", "new"),
        ("new-with-old", "new", "old"),
        ("responder", "responder", "old"),
    ] {
        for own in [request, issuer].iter().filter(|own| **own != "responder") {
            openssl(&format!("x509 -req -in {own}.csr -signkey {own}.key -out {own}.pem"));
        }
        openssl(&format!(
            "x509 -req -in {request}.csr -CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial -out {name}.pem"
        ));
    }
    let read = |name: &'static str| {
        let text = std::fs::read_to_string(scratch.path().join(format!("{name}.pem")));
        let der = pem::decode(pem::CERTIFICATE, &text.expect("a file")).expect("PEM");
        (name, der)
    };
    Certificates(["old", "new", "old-with-new", "new-with-old", "responder"].map(read).into())
}
