//! The foreign clients as tests call them: openssl, OpenLDAP's tools, curl, certtool, Python.

use std::fs;
use std::path::{Path, PathBuf};

use testkit::{Output, run};

use crate::demo::{Certificate, Demo};

/// What a verifier adds to an OCSP request that it signs.
pub(crate) enum Asker {
    /// The registered verifier.
    Verifier,
    /// Nobody: the request is not signed.
    Nobody,
}

impl Demo {
    /// Runs a client whose arguments have no spaces, in the scratch directory.
    pub(crate) fn client(&self, line: &str) -> Output {
        let words: Vec<&str> = line.split_whitespace().collect();
        run(self.path(), words[0], &words[1..])
    }

    /// Runs a client that must succeed; returns what it said.
    pub(crate) fn says(&self, line: &str) -> String {
        let output = self.client(line);
        assert!(output.success, "{line}: {}", output.text);
        output.text
    }

    /// Asks about certificates of one CA with further options; returns all that openssl says.
    pub(crate) fn ask(
        &self,
        ca: &str,
        certificates: &[&Certificate],
        asker: Asker,
        options: &str,
    ) -> String {
        let named: Vec<String> =
            certificates.iter().map(|one| format!("-cert {}", one.certificate_pem)).collect();
        self.ask_for(ca, &named.join(" "), asker, options)
    }

    /// The same about what `named` names in openssl's words.
    pub(crate) fn ask_for(&self, ca: &str, named: &str, asker: Asker, options: &str) -> String {
        let verifier = &self.ready.verifier;
        let signed = match asker {
            Asker::Verifier => format!(
                "-signer {} -signkey {}",
                verifier.client_certificate_pem, verifier.client_key_pem
            ),
            Asker::Nobody => String::new(),
        };
        let (root, url) = (&self.ca(ca).certificate_pem, &self.ready.ocsp_url);
        self.client(&format!(
            "openssl ocsp {options} -issuer {root} -CAfile {root} {named} -url {url} {signed}"
        ))
        .text
    }

    /// Runs one of OpenLDAP's tools against `url`; TLS is checked with the demo's root.
    pub(crate) fn ldap(&self, tool: &str, url: &str, arguments: &[&str]) -> Output {
        let trusted = format!("LDAPTLS_CACERT={}", self.ready.tls_ca_pem);
        let first = [trusted.as_str(), tool, "-x", "-H", url];
        run(self.path(), "env", &[&first, arguments].concat())
    }

    /// The arguments that bind as the verifier.
    pub(crate) fn bound(&self) -> [&str; 4] {
        let verifier = &self.ready.verifier;
        ["-D", &verifier.bind_dn, "-w", &verifier.password]
    }

    /// The values of an attribute that the verifier gets with ldapsearch, each in a file of its own.
    pub(crate) fn ldap_values(&self, name: &str, attribute: &str) -> Vec<PathBuf> {
        let place = tempfile::tempdir_in(self.path()).unwrap().keep();
        let folder = place.to_str().unwrap();
        let asked = ["-t", "-T", folder, "-s", "base", "-b", name, "(objectClass=*)", attribute];
        let said =
            self.ldap("ldapsearch", &self.ready.ldap_url, &[&self.bound()[..], &asked].concat());
        assert!(said.success, "{name}: {}", said.text);
        let mut files: Vec<_> =
            fs::read_dir(&place).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        files
    }

    /// The user list of a distribution point, from the directory, as PEM.
    pub(crate) fn list(&self, name: &str) -> String {
        let values = self.ldap_values(name, "certificateRevocationList;binary");
        assert_eq!(values.len(), 1, "{name}");
        self.list_as_pem(&values[0])
    }

    /// Turns a DER list into PEM beside it.
    pub(crate) fn list_as_pem(&self, der: &Path) -> String {
        let pem = der.with_extension("pem").display().to_string();
        let (program, from) = ("openssl", der.to_str().unwrap());
        let arguments = ["crl", "-inform", "DER", "-in", from, "-out", &pem];
        let said = run(self.path(), program, &arguments);
        assert!(said.success, "{}: {}", der.display(), said.text);
        pem
    }

    /// Fetches a path of the repository with curl: status and body; as the verifier or as nobody.
    pub(crate) fn fetch(&self, path: &str, asker: &Asker) -> (String, Vec<u8>) {
        let verifier = &self.ready.verifier;
        let credentials = format!("{}:{}", verifier.id, verifier.password);
        let url = format!("{}{path}", self.ready.repository_url);
        let mut arguments = vec!["-sS", "-o", "fetched", "-w", "%{http_code}", &url];
        if matches!(asker, Asker::Verifier) {
            arguments.extend(["-u", &credentials]);
        }
        let said = run(self.path(), "curl", &arguments);
        assert!(said.success, "{path}: {}", said.text);
        (said.text, fs::read(self.path().join("fetched")).unwrap())
    }
}

/// The Python that has pkilint and ldap3.
pub(crate) fn python() -> PathBuf {
    let python = std::env::var_os("JITSUIN_PYTHON").expect(
        "JITSUIN_PYTHON must name a python that has pkilint and ldap3; `cargo xtask test` sets it",
    );
    python.into()
}

/// Every line that begins with `prefix`, without it.
pub(crate) fn after<'a>(text: &'a str, prefix: &'a str) -> Vec<&'a str> {
    text.lines().filter_map(|line| line.trim().strip_prefix(prefix)).map(str::trim).collect()
}
