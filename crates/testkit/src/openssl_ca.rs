//! A certification authority that openssl runs, whose certificates and lists are none of ours.

use std::fs;
use std::path::{Path, PathBuf};

use crate::run;

/// The key of everything that it makes.
const EC: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

/// How openssl certifies, lists and revokes.
const SETTINGS: &str = "
[req]
distinguished_name = name
string_mask = STRINGS
[name]
[ca]
default_ca = this
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[user]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
authorityKeyIdentifier = keyid
[this]
database = %.index
crlnumber = %.number
certificate = %.pem
private_key = %.key
default_md = sha256
crl_extensions = list
[list]
authorityKeyIdentifier = keyid
";

/// One in files `<name>.…` of a directory.
pub struct OpensslCa<'a> {
    directory: &'a Path,
    name: &'a str,
}

impl<'a> OpensslCa<'a> {
    /// One that was made before.
    pub fn at(directory: &'a Path, name: &'a str) -> Self {
        Self { directory, name }
    }

    /// A self-signed one.
    pub fn root(directory: &'a Path, name: &'a str, subject: &str) -> Self {
        let this = Self::begun(directory, name, "utf8only");
        let more =
            ["-subj", subject, "-extensions", "authority", "-keyout", "%.key", "-out", "%.pem"];
        let ask = ["req", "-x509", "-nodes", "-days", "3000", "-config", "%.cnf"];
        this.openssl(&[&ask[..], &EC, &more].concat());
        this
    }

    /// One below `above`.
    pub fn below(above: &Self, name: &'a str) -> Self {
        let this = Self::begun(above.directory, name, "utf8only");
        above.certify(name, "authority");
        this
    }

    /// Another certificate of the same key as `other`, whose name is written otherwise.
    pub fn renamed(other: &Self, name: &'a str, subject: &str) -> Self {
        let this = Self::begun(other.directory, name, "nombstr");
        fs::copy(other.file("key"), this.file("key")).expect("a copy");
        let more = ["-key", "%.key", "-subj", subject, "-extensions", "authority", "-out", "%.pem"];
        this.openssl(&[&["req", "-x509", "-config", "%.cnf"][..], &more].concat());
        this
    }

    fn begun(directory: &'a Path, name: &'a str, strings: &str) -> Self {
        let this = Self { directory, name };
        let settings = SETTINGS.replace('%', name).replace("STRINGS", strings);
        for (kind, text) in [("cnf", &*settings), ("index", ""), ("number", "01")] {
            fs::write(this.file(kind), text).expect("written");
        }
        this
    }

    /// Makes the key `<user>.key` and the certificate `<user>.pem`, with the extensions of an `authority`
    /// or a `user`.
    pub fn certify(&self, user: &str, extensions: &str) {
        let [key, csr, pem] = ["key", "csr", "pem"].map(|kind| format!("{user}.{kind}"));
        let subject = format!("/CN={user}");
        let ask = ["-subj", &subject, "-keyout", &key, "-out", &csr];
        self.openssl(&[&["req", "-new", "-nodes"], &EC[..], &ask].concat());
        let sign = ["x509", "-req", "-in", &csr, "-CA", "%.pem", "-CAkey", "%.key", "-out", &pem];
        let with = ["-CAcreateserial", "-days", "100", "-extfile", "%.cnf", "-extensions"];
        self.openssl(&[&sign[..], &with, &[extensions]].concat());
    }

    /// Revokes `<user>.pem`, which the next list tells.
    pub fn revoke(&self, user: &str) {
        self.openssl(&["ca", "-config", "%.cnf", "-revoke", &format!("{user}.pem")]);
    }

    /// Its next list, of ten days.
    pub fn list(&self) -> String {
        self.openssl(&["ca", "-config", "%.cnf", "-gencrl", "-crldays", "10", "-out", "%.crl"]);
        fs::read_to_string(self.file("crl")).expect("a list")
    }

    /// Has openssl do something else; `%` stands for the name.
    pub fn openssl(&self, arguments: &[&str]) {
        let named: Vec<_> = arguments.iter().map(|word| word.replace('%', self.name)).collect();
        let named: Vec<_> = named.iter().map(String::as_str).collect();
        let said = run(self.directory, "openssl", &named);
        assert!(said.success, "openssl {named:?}: {}", said.text);
    }

    /// Its file of this kind.
    pub fn file(&self, kind: &str) -> PathBuf {
        self.directory.join(format!("{}.{kind}", self.name))
    }

    /// Its certificate.
    pub fn pem(&self) -> String {
        fs::read_to_string(self.file("pem")).expect("PEM")
    }
}
