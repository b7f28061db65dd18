//! The directory as Python's ldap3 sees it.
#![allow(clippy::unwrap_used)]

mod ldap_fixture;

use std::process::Command;

use ldap_fixture::{KAWAGUCHI, PASSWORD, POINTS, VERIFIER, large_list, said, serve};

const SCRIPT: &str = r#"
import ssl, sys
from ldap3 import ALL, BASE, LEVEL, SUBTREE, Connection, Server, Tls
port, tls_port, ca, name, password, point, points, out = sys.argv[1:]
tls = Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=ca, valid_names=['localhost'])
server = Server('localhost', port=int(port), get_info=ALL, tls=tls)

anonymous = Connection(server, auto_bind=True)
assert 'certificateRevocationList' in server.schema.attribute_types, 'schema'
assert 'pkiCA' in server.schema.object_classes, 'schema'
assert server.info.naming_contexts == ['C=JP'], server.info.naming_contexts
assert not anonymous.search(point, '(objectClass=*)', BASE, attributes=['certificateRevocationList;binary'])
assert anonymous.result['result'] == 50, anonymous.result
pages = anonymous.extend.standard.paged_search(points, '(objectClass=*)', LEVEL, attributes=['cn'], paged_size=2)
assert len(list(pages)) == 7
assert anonymous.search('c=jp', '(userCertificate;binary=\\30\\82\\ff)', SUBTREE) is False and anonymous.result['result'] == 0, anonymous.result
assert anonymous.search(point, '(objectClass=*)', BASE, attributes=['cn']), 'the session survives'

verifier = Connection(server, name, password)
assert verifier.start_tls() and verifier.bind(), verifier.result
assert verifier.extend.standard.who_am_i() == 'dn:' + name
assert verifier.compare(point, 'cn', 'KAWAGUCHI-SHI CRLDP')
assert not verifier.modify(point, {'cn': [('MODIFY_REPLACE', ['x'])]}) and verifier.result['result'] == 53

secure = Connection(Server('localhost', port=int(tls_port), use_ssl=True, tls=tls), name, password, auto_bind=True)
assert secure.search(point, '(objectClass=*)', BASE, attributes=['certificateRevocationList;binary'])
open(out, 'wb').write(secure.response[0]['raw_attributes']['certificateRevocationList;binary'][0])
assert not Connection(server, name, 'wrong').bind()
print('done')
"#;

#[tokio::test(flavor = "multi_thread")]
async fn v3_pythons_ldap3_reads_schema_pages_and_lists() {
    let python = std::env::var("JITSUIN_PYTHON").expect(
        "JITSUIN_PYTHON must name a python that has ldap3; `cargo xtask test` installs one and sets it",
    );
    let server = serve(ldap_fixture::settings()).await;
    let file = |name: &str| server.folder.path().join(name).to_string_lossy().into_owned();
    let (port, tls_port) = (server.plain.port().to_string(), server.tls.port().to_string());
    let mut command = Command::new(python);
    command.args([
        "-c",
        SCRIPT,
        &port,
        &tls_port,
        &file("ca.pem"),
        VERIFIER,
        PASSWORD,
        KAWAGUCHI,
        POINTS,
    ]);
    command.arg(file("list"));
    let said = said(command).await;
    assert_eq!((said.code, said.out.trim()), (0, "done"), "{said:?}");
    assert!(
        std::fs::read(file("list")).unwrap() == large_list(),
        "the list was changed on its way"
    );
}
