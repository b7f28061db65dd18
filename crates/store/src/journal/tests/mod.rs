//! Sealing and verifying over the SQLite store, and the tree against an oracle.

mod database;
mod exports;
mod merkle;
mod notes;
mod sealing;
mod sinks;

use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use domain::journal::EventKind;
use tempfile::TempDir;

use super::{Checkpoint, CheckpointSigner, PersonalDataKey, Sealer, VerifierKey, read_sink};
use crate::contract::fixtures::{at, entry};
use crate::reads::ReadHead;
use crate::{Options, Sqlite, StateKey, Store, Unit};

/// A signer whose key follows from a seed.
struct TestSigner(&'static str, Ed25519KeyPair);

impl TestSigner {
    fn new(seed: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a key pair");
        Self("journal.example/log", pair)
    }

    fn key(&self) -> VerifierKey {
        VerifierKey::new(self.name(), self.public_key()).expect("a key")
    }
}

impl CheckpointSigner for TestSigner {
    fn name(&self) -> &str {
        self.0
    }

    fn public_key(&self) -> [u8; 32] {
        self.1.public_key().as_ref().try_into().expect("32 octets")
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], String> {
        Ok(self.1.sign(message).as_ref().try_into().expect("64 octets"))
    }
}

/// A directory with a database and a sink.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(directory.path().join("sink")).expect("a sink");
        Self { directory }
    }

    fn database(&self) -> PathBuf {
        self.directory.path().join("jitsuin.db")
    }

    fn sink(&self) -> PathBuf {
        self.directory.path().join("sink")
    }

    fn open(&self) -> Sqlite {
        open(&self.database())
    }

    fn sealer(&self) -> Sealer {
        Sealer::new([self.sink()])
    }

    /// The complete checkpoints in the sink, and no others.
    fn in_sink(&self) -> Vec<Checkpoint> {
        let read = read_sink(&self.sink(), &TestSigner::new(1).key()).expect("read");
        assert_eq!(read.remarks, [""; 0]);
        read.checkpoints
    }

    /// Commits this many entries and seals them.
    fn grow(&self, store: &Sqlite, entries: usize) {
        commit(store, entries);
        let sealed = self.sealer().seal(store, &TestSigner::new(1), at(0)).expect("sealed");
        assert_eq!(sealed.map(|c| c.size), store.last_sequence().expect("read").map(|s| s + 1));
    }
}

fn open(path: &Path) -> Sqlite {
    Sqlite::open(path, options()).expect("a store")
}

fn options() -> Options {
    Options::new(PersonalDataKey::new([7; 32]), StateKey::new([6; 32]))
}

fn commit(store: &Sqlite, entries: usize) {
    for number in 0..entries {
        let told = entry(EventKind::RoomEntry).detail("number", number);
        store.commit(Unit::new(told)).expect("committed");
    }
}

/// Forty entries under checkpoints of size 10, 25 and 37; the last three are not sealed.
fn forty() -> Place {
    let place = Place::new();
    let store = place.open();
    place.grow(&store, 10);
    place.grow(&store, 15);
    place.grow(&store, 12);
    commit(&store, 3);
    drop(store);
    place
}
