//! Everything that once took from those inside what it needed no proof for, and how many did it then.

use std::time::Duration;

use serde_json::{Value, json};

use super::line::Port;
use super::messages::{Scope, bind, http, ocsp, search};
use crate::installation::Server;

/// Some who do the same.
#[derive(Clone)]
pub(super) struct Group {
    /// How many did it when it had its effect.
    pub(super) then: usize,
    /// From how many addresses they come.
    pub(super) addresses: usize,
    pub(super) port: Port,
    pub(super) says: Says,
    /// Between an answer and the next question.
    pub(super) pause: Duration,
}

/// What somebody says who is connected.
#[derive(Clone)]
pub(super) enum Says {
    Nothing,
    /// The same again and again, once it is answered.
    Asks(Vec<u8>),
    /// Once, and is gone before it is answered.
    AsksAndGoes(Vec<u8>),
    /// One octet at a time.
    Slowly(Vec<u8>),
}

pub(super) struct Attack {
    pub(super) name: &'static str,
    pub(super) groups: Vec<Group>,
}

/// Addresses that strangers come from: more than can each have a quarter of anything.
const ADDRESSES: usize = 40;

/// Nobody waits for an answer in order to read it.
const AT_ONCE: Duration = Duration::from_millis(5);

/// A wrong password of the verifier's, as HTTP has it: `verifier-1:wrong`.
const WRONG: (&str, &str) = ("Authorization", "Basic dmVyaWZpZXItMTp3cm9uZw==");

/// The verifier's name in the directory.
pub(super) const VERIFIER: &str = "CN=verifier-1,OU=Verifiers,O=JPKI,C=JP";

/// Octets of a name that the directory was asked for.
const LONG_NAME: usize = 30_000;

/// The ports of a server, for strangers.
pub(super) struct Ports {
    pub(super) api: Port,
    pub(super) repository: Port,
    pub(super) directory: Port,
    pub(super) holders: Port,
}

impl Ports {
    pub(super) fn of(server: &Server) -> Self {
        let clear = |address| Port { address, tls: None };
        let encrypted = |address| Port { address, tls: Some(server.client.tls()) };
        Self {
            api: encrypted(server.api),
            repository: clear(server.repository),
            directory: clear(server.ldap),
            holders: encrypted(server.holder),
        }
    }
}

/// Every attack; `session` is one that somebody opened by a password, `question` one that anybody may ask by
/// OCSP and that no kept answer answers.
pub(super) fn all(ports: &Ports, session: &str, question: &[u8]) -> Vec<Attack> {
    let asks = |then: usize, port: &Port, says: Vec<u8>| Group {
        then,
        addresses: ADDRESSES,
        port: port.clone(),
        says: Says::Asks(says),
        pause: AT_ONCE,
    };
    let one = |name, group| Attack { name, groups: vec![group] };
    let login = json!({ "id": "nobody", "password": "a guess of somebody" });
    let logins = http("POST", "/api/v1/sessions", &[], &login);
    let bearer = format!("Bearer {session}");
    let other = json!({ "current": "a guess of a thief", "new": "what a thief would have" });
    let guesses = http("POST", "/api/v1/me/password", &[("Authorization", &bearer)], &other);
    let wrong = [("Authorization", "Bearer 0123456789abcdef0123456789abcdef")];
    let tokens = http("GET", "/api/v1/cas", &wrong, &Value::Null);
    let challenges = http("POST", "/api/v1/sessions/passkey-challenges", &[], &Value::Null);
    let list = http("GET", "/crl/jpki-auth/1/11100.crl", &[WRONG], &Value::Null);
    let long = search(Scope::Whole, &[b'a'; LONG_NAME]);
    vec![
        one("log-ins", asks(96, &ports.api, logins)),
        // A session is good at one address.
        one("guesses with a session", Group { addresses: 1, ..asks(16, &ports.api, guesses) }),
        one("challenges for passkeys", asks(1, &ports.api, challenges)),
        one("wrong tokens", asks(24, &ports.api, tokens.clone())),
        one("long searches", asks(24, &ports.directory, long)),
        one("binds", asks(48, &ports.directory, bind(VERIFIER, "wrong"))),
        one("passwords for lists", asks(48, &ports.repository, list)),
        one("OCSP questions", asks(48, &ports.repository, ocsp(question))),
        // From one address, whose share is two places: the others are dropped while they wait.
        one("OCSP questions of one who goes", going(&ports.repository, ocsp(question), 1)),
        one("OCSP questions of many who go", going(&ports.repository, ocsp(question), ADDRESSES)),
        Attack { name: "idle connections", groups: silent(ports, &Says::Nothing) },
        Attack { name: "slow first octets", groups: silent(ports, &Says::Slowly(vec![b'G'; 64])) },
        Attack {
            name: "descriptors",
            groups: [
                silent(ports, &Says::Nothing),
                vec![
                    asks(190, &ports.directory, search(Scope::Whole, b"cn")),
                    asks(188, &ports.api, tokens),
                ],
            ]
            .concat(),
        },
    ]
}

/// Who asks and does not wait for the answer.
fn going(port: &Port, question: Vec<u8>, addresses: usize) -> Group {
    let (port, says) = (port.clone(), Says::AsksAndGoes(question));
    Group { then: 80, addresses, port, says, pause: AT_ONCE }
}

/// Connections to every port over which no request comes. Who says a first octet slowly says it to the
/// bare socket.
fn silent(ports: &Ports, says: &Says) -> Vec<Group> {
    let all = [
        (&ports.repository, 330),
        (&ports.directory, 200),
        (&ports.holders, 64),
        (&ports.api, 192),
    ];
    let group = |(port, then): (&Port, usize)| {
        let tls = port.tls.clone().filter(|_| matches!(says, Says::Nothing));
        let port = Port { address: port.address, tls };
        let says = says.clone();
        Group { then, addresses: ADDRESSES, port, says, pause: Duration::from_secs(1) }
    };
    all.map(group).to_vec()
}
