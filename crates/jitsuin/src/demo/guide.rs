//! What to try, in the order one would: commands that work when pasted, marked as the README marks them.

use std::path::Path;

use serde_json::Value;

/// The guide for what the ready file describes. No secret is in it: each is in a file of its own in
/// what was handed out, and so is what is to be pasted.
pub(super) fn text(ready: &Value, handed_out: &Path) -> String {
    let auth =
        ready["cas"].as_array().and_then(|cas| cas.iter().find(|ca| ca["id"] == "jpki-auth"));
    let (Some(auth), Some(good), Some(held), Some(revoked)) =
        (auth, user(ready, "good"), user(ready, "held"), user(ready, "revoked"))
    else {
        return "no certificates to show".to_owned();
    };
    let guide = Guide { ready, auth, handed_out };
    let mut steps = guide.status_steps(&good, &held, &revoked);
    steps.extend(guide.list_steps(&good));
    steps.extend(guide.page_steps(&good));
    steps.extend(card_steps(ready, handed_out));
    format!("\nTry these:\n\n{}\n", steps.join("\n\n"))
}

/// What the steps are about.
struct Guide<'a> {
    ready: &'a Value,
    /// The authentication CA.
    auth: &'a Value,
    /// What set-up handed out.
    handed_out: &'a Path,
}

impl Guide<'_> {
    /// A word of the ready file.
    fn text(&self, pointer: &str) -> &str {
        self.ready.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The status of certificates, for a verifier and for nobody.
    fn status_steps(&self, good: &Value, held: &Value, revoked: &Value) -> Vec<String> {
        let (ca, ocsp) = (word(self.auth, "certificate_pem"), self.text("/ocsp_url"));
        let signer = self.text("/verifier/client_certificate_pem");
        let key = self.text("/verifier/client_key_pem");
        let ask = |title: &str, certificate: &Value, said: &str| {
            format!(
                "# {title}\nopenssl ocsp -issuer {ca} -cert {} -url {ocsp} -signer {signer} -signkey {key} -CAfile {ca}     # => {said}",
                word(certificate, "certificate_pem")
            )
        };
        vec![
            format!(
                "# A CA certificate, and where it is published\nopenssl x509 -in {ca} -noout -subject -dates -ext subjectAltName,crlDistributionPoints\ncurl -s {}/",
                self.text("/repository_url")
            ),
            ask("Is this certificate good? Asked by the registered verifier", good, ": good"),
            ask("A certificate on hold", held, "certificateHold"),
            ask("A revoked certificate, with its reason", revoked, ": revoked … Reason"),
            format!(
                "# Without a verifier's signature there is no answer about a resident\nopenssl ocsp -issuer {ca} -cert {} -url {ocsp} -CAfile {ca}     # refused: sigrequired",
                word(good, "certificate_pem")
            ),
        ]
    }

    /// Revocation lists from the directory.
    fn list_steps(&self, good: &Value) -> Vec<String> {
        let ca = word(self.auth, "certificate_pem");
        vec![
            format!(
                "# The municipality's revocation list from the directory, one by each key of the CA, as the verifier; then openssl uses it\nldapsearch -LLL -o ldif-wrap=no -x -H {} -D '{}' -y {} -b '{}' -s base 'certificateRevocationList;binary' | sed -n 's/^certificateRevocationList;binary:: //p' | while read -r list; do echo $list | base64 -d | openssl crl -inform DER; done > /tmp/jitsuin-crl.pem\nopenssl crl -in /tmp/jitsuin-crl.pem -noout -text | sed -n 1,30p\nopenssl verify -crl_check -CAfile {ca} -CRLfile /tmp/jitsuin-crl.pem {}",
                self.text("/ldap_url"),
                self.text("/verifier/bind_dn"),
                self.text("/verifier/password_file"),
                word(good, "crl_dn"),
                word(good, "certificate_pem")
            ),
            format!(
                "# What anyone may read, over TLS\nLDAPTLS_CACERT={} ldapsearch -LLL -x -H {} -b '{}' -s base 'authorityRevocationList;binary' | sed -n 1,5p",
                self.text("/tls_ca_pem"),
                self.text("/ldaps_url"),
                word(self.auth, "arl_dn")
            ),
        ]
    }

    /// The holders' page and the API.
    fn page_steps(&self, good: &Value) -> Vec<String> {
        let is_senior = |one: &&Value| one["role"] == "senior-operator";
        let senior = self.ready["operators"].as_array().and_then(|all| all.iter().find(is_senior));
        let senior = senior.map(|senior| word(senior, "login")).unwrap_or_default();
        let header = self.handed_out.join(format!("{senior}.header"));
        let root = self.text("/tls_ca_pem");
        vec![
            format!(
                "# The holders' page, over TLS 1.2: the text by which a holder asks that a certificate ends\ncurl -s --cacert {root} '{}/revocation-request?ca=jpki-auth&serial={}&cause=use-ended'",
                self.text("/holder_url"),
                word(good, "serial_hex")
            ),
            format!(
                "# The API: the CAs\ncurl -s --cacert {root} -H @{} {}/api/v1/cas",
                header.display(),
                self.text("/web_url")
            ),
        ]
    }
}

fn word<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// The card in its reader, for OpenSC, ssh-keygen, curl and openssl; nothing without a reader.
fn card_steps(ready: &Value, handed_out: &Path) -> Vec<String> {
    let Some(card) = ready.get("card") else { return Vec::new() };
    let place = |name: &str| handed_out.join(name).display().to_string();
    let (pin, password) = (place("card-1.pin"), place("card-1.password"));
    let (url, root) = (word(ready, "holder_url"), word(ready, "tls_ca_pem"));
    let token = "pkcs11:token=JPKI%20%28User%20Authentication%20PIN%29;id=%01";
    vec![
        format!(
            "# A resident's card in a virtual reader, as OpenSC and ssh see it\nexport PCSCLITE_CSOCK_NAME={}\nopensc-tool --name; pkcs15-tool --dump\nssh-keygen -D $(ls /usr/lib/*/opensc-pkcs11.so)",
            word(card, "pcsc_socket")
        ),
        format!(
            "# It signs with either key, after its PIN (in {pin}) or password (in {password}); openssl verifies\necho hello > /tmp/jitsuin-text\nPIN=$(cat {pin}) pkcs11-tool --module opensc-pkcs11.so --token-label 'JPKI (User Authentication PIN)' --login --pin env:PIN --id 01 --sign --mechanism SHA256-RSA-PKCS -i /tmp/jitsuin-text -o /tmp/jitsuin-signature\nopenssl dgst -sha256 -verify <(openssl x509 -in {} -noout -pubkey) -signature /tmp/jitsuin-signature /tmp/jitsuin-text",
            word(card, "auth_certificate_pem")
        ),
        format!(
            "# The holder looks at home how the certificates stand, by the card (TLS 1.2)\ncurl -s --cacert {root} --engine pkcs11 --cert-type ENG --cert '{token};type=cert' --key-type ENG --key '{token};type=private;pin-source=file:{pin}' -H 'Accept: application/json' {url}/"
        ),
    ]
}

/// The first user certificate of the authentication CA in a state.
fn user(ready: &Value, status: &str) -> Option<Value> {
    ready["certificates"]
        .as_array()?
        .iter()
        .find(|certificate| {
            certificate["ca"] == "jpki-auth"
                && certificate["kind"] == "user"
                && certificate["status"] == status
        })
        .cloned()
}
