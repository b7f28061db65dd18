//! What the process shares with others of the machine: no file, no memory; and what stays in it of what
//! it is done with: nothing.

use std::alloc::System;

use anyhow::{Context, Result};
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};
use zeroizing_alloc::ZeroAlloc;

/// Whatever the program frees is wiped, whoever held it: the octets of a request with a password or
/// PIN in them, what TLS and JSON made of them, a form with a resident's data. Secrets that we hold are
/// `Zeroizing` besides, in the crates that know them.
#[global_allocator]
static WIPED: ZeroAlloc<System> = ZeroAlloc(System);

/// Nothing that this process makes can be read by others, and no copy of its memory is left behind.
///
/// Before the first file is made: database, query records, register, logs and the ready file hold
/// residents' data, and are the owner's alone in whatever directory they come to lie. The memory holds
/// keys while they are awake, and secrets while they are typed.
///
/// # Errors
/// When the system refuses; then nothing is begun.
pub(crate) fn enter() -> Result<()> {
    umask(Mode::from_raw_mode(0o077));
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
        .context("no core dumps")?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .context("no reading of this process's memory")?;
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::FileExt;

    /// What the allocator writes for itself at the head of a freed block.
    const LINKS: u64 = 64;

    #[test]
    fn k2_nothing_stays_in_freed_memory() {
        let memory = File::open("/proc/self/mem").expect("this process's memory");
        let secret = "correct horse battery ".repeat(90);
        let at = secret.as_ptr().addr() as u64;
        let look = |octets: &mut [u8]| memory.read_exact_at(octets, at + LINKS).expect("a read");
        let mut found = vec![0; secret.len() - 2 * LINKS as usize];
        look(&mut found);
        assert!(
            secret.as_bytes().ends_with(b"battery ") && found.windows(7).any(|w| w == b"battery")
        );
        drop(secret);
        look(&mut found);
        assert!(!found.windows(7).any(|window| window == b"battery"), "it is still there");
    }
}
