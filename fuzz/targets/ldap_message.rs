//! LDAP: whatever a client sends over one connection, the session answers, refuses or closes.
#![no_main]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use status::ldap::{
    MAX_MESSAGE_BYTES, MemoryDirectory, MemoryQueryLog, Next, Service, Session, Settings, decode,
};

/// More requests than this on one connection teach the fuzzer nothing new.
const MAX_REQUESTS: usize = 16;

fuzz_target!(|octets: &[u8]| {
    let mut session = session();
    let mut rest = octets;
    for _ in 0..MAX_REQUESTS {
        let answer = match decode(rest) {
            Ok(None) => break,
            Ok(Some((message, length))) => {
                assert!(0 < length && length <= rest.len().min(MAX_MESSAGE_BYTES));
                rest = &rest[length..];
                session.handle(message)
            }
            Err(error) => {
                let answer = session.malformed(&error);
                assert_eq!(answer.next, Next::Close);
                answer
            }
        };
        let next = answer.next;
        for response in answer {
            assert_eq!(response.to_vec().len(), response.length());
        }
        if next == Next::Close {
            break;
        }
    }
});

fn session() -> Session {
    let directory = ["cn=a,o=JPKI,c=JP", "cn=b,o=JPKI,c=JP", "c=JP"]
        .iter()
        .filter_map(|name| name.parse().ok())
        .fold(MemoryDirectory::new(Timestamp::UNIX_EPOCH), |directory, name| {
            directory.publish(&name, &["top"], Vec::new(), &[])
        });
    let service = Service {
        directory: Arc::new(directory),
        log: Arc::new(MemoryQueryLog::default()),
        clock: Arc::new(|| Timestamp::UNIX_EPOCH),
        settings: Settings::default(),
        start_tls: true,
    };
    Session::new(Arc::new(service), SocketAddr::from((Ipv4Addr::LOCALHOST, 389)), false)
}
