//! Descriptors: how many there are, and who may have how many of them.
//!
//! A limit on connections means nothing if the database's readers take what is left. So the process
//! asks for all that it may have, and what it has is divided before anything answers.

use anyhow::{Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors of the database's readers: two for each of [`store::MOST_READERS`], and as many
/// for those who hold one and need another.
const READERS: usize = 4 * store::MOST_READERS;

/// Descriptors of everything else that must be opened at any time: the journal's sinks, segments, lists,
/// keys, the writer, the listeners, and connections that are told to leave and have not yet, of each
/// port [`status::room::MOST_LEAVING`], and commands of the machine's own.
const RESERVE: usize = 144 + web::local::CONNECTIONS + 2;

/// Descriptors of what runs once for each core: a runtime and its copy of a listener.
const EACH_CORE: usize = 5;

/// Connections of each port where there are descriptors enough.
const WISHED: Connections = Connections {
    repository: 320,
    ldap: 192,
    api: web::server::API_CONNECTIONS,
    holder: web::server::HOLDER_CONNECTIONS,
};

/// Of all ports together, with fewer connections than this a server is of no use.
const FEWEST: usize = 96;

/// How many connections each port has at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Connections {
    pub(super) repository: usize,
    pub(super) ldap: usize,
    pub(super) api: usize,
    pub(super) holder: usize,
}

/// Raises the limit of descriptors to what this process may have, and divides them.
///
/// # Errors
/// There are too few to serve.
pub(super) fn divide() -> Result<Connections> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Some systems refuse what they promise; what there is already may be enough.
    let _ = setrlimit(Resource::Nofile, raised);
    // No limit at all is told as nothing.
    let current = getrlimit(Resource::Nofile).current;
    let current = current.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    of(current, std::thread::available_parallelism().map_or(1, usize::from))
}

fn of(limit: usize, cores: usize) -> Result<Connections> {
    let others = READERS + RESERVE + EACH_CORE * cores;
    let wished = [WISHED.repository, WISHED.ldap, WISHED.api, WISHED.holder];
    let all: usize = wished.iter().sum();
    let left = limit.saturating_sub(others).min(all);
    if left < FEWEST {
        bail!(
            "this process may open {limit} files, and needs {} to serve, {} to serve all that it is \
             made for: raise the limit (`ulimit -Hn`, LimitNOFILE= of systemd)",
            others + FEWEST,
            others + all
        );
    }
    let [repository, ldap, api, holder] = wished.map(|each| each.min(each * left / all));
    Ok(Connections { repository, ldap, api, holder })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v5_what_is_divided_is_never_more_than_there_is() {
        for limit in [534, 600, 1024, 1206, 1207, 4096, 1 << 20, usize::MAX] {
            let Connections { repository, ldap, api, holder } = of(limit, 4).expect("enough");
            let ports = repository + ldap + api + holder;
            assert!(ports + READERS + RESERVE + 4 * EACH_CORE <= limit, "{limit}: {ports}");
            assert!([repository, ldap, api, holder].iter().all(|each| *each >= 7), "{limit}");
        }
        assert_eq!(of(4096, 64).expect("enough"), WISHED);
    }

    #[test]
    fn v5_a_server_with_too_few_descriptors_says_how_many_it_needs() {
        for limit in [0, 256, 533] {
            let error = of(limit, 4).expect_err("too few").to_string();
            assert!(error.contains("needs 534 to serve") && error.contains("ulimit"), "{error}");
        }
        let limit = divide().expect("a test may open enough");
        assert!(limit.api > 0);
        let raised = getrlimit(Resource::Nofile);
        assert_eq!(raised.current, raised.maximum, "all that it may have");
    }
}
