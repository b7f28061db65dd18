//! Records that were changed, mixed or made up, and what can be had of files alone.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::quorum::custody::sealing_key;
use crate::{EmbeddedKeyStore, MasterKey};

/// Something done to a record.
type Change = fn(&mut Value);

/// The record of `set` with something changed in it.
fn changed(set: &CustodySet, change: impl FnOnce(&mut Value)) -> Result<CustodySet, QuorumError> {
    let mut record = serde_json::from_slice(&set.to_json().expect("encodes")).expect("JSON");
    change(&mut record);
    CustodySet::from_json(&serde_json::to_vec(&record).expect("encodes"))
}

/// Whether every custodian's share opens in the record, and the shares give its secret.
fn is_whole(set: &CustodySet) -> bool {
    let open = |n| set.open_share(&id(n), &passphrase(n)).ok().flatten();
    let shares: Option<Vec<_>> = (1..=NUMBER).map(open).collect();
    let secret = shares.and_then(|shares| shares::combine(shares.iter()));
    secret.is_some_and(|secret| {
        set.is_of(&secret) && super::roster::check(set, &secret, [].iter()).is_ok()
    })
}

#[test]
fn k2_shares_of_different_ceremonies_do_not_mix() {
    let ((one, _), (other, _)) = (establish(), establish());
    let other_record: Value =
        serde_json::from_slice(&other.to_json().expect("encodes")).expect("JSON");
    let mixed =
        changed(&one, |record| record["custodians"][0] = other_record["custodians"][0].clone());
    let error = mixed.expect_err("refused");
    assert_eq!(error.to_string(), "the share of k-1 is of another ceremony");
    // Who renames the set of the share as well gets no further: the seal knows it.
    let forged = changed(&one, |record| {
        let set = record["set"].clone();
        record["custodians"][0] = other_record["custodians"][0].clone();
        record["custodians"][0]["set"] = set;
    });
    let refused = gathering(&forged.expect("reads")).contribute(&id(1), &passphrase(1), at(1));
    assert!(matches!(refused, Err(QuorumError::WrongPassphrase { .. })));
}

/// The record in which the holder of share `from` sealed it anew under the name of `to`: all that the
/// seal binds is public, and its key is their own.
fn renamed(set: &CustodySet, from: usize, to: usize) -> CustodySet {
    let share = set.open_share(&id(from), &passphrase(from)).expect("known").expect("opens");
    let mut forged = set.clone();
    forged.shares[to - 1].custodian = id(from);
    let mine = &mut forged.shares[from - 1];
    let key = sealing_key(&passphrase(from), &mine.salt, LIGHT).expect("a key");
    mine.sealed = key.seal(&share, &set.context(&id(to), mine.index)).expect("sealed");
    mine.custodian = id(to);
    CustodySet::from_json(&forged.to_json().expect("encodes")).expect("reads")
}

#[test]
fn k2_a_share_under_anothers_name_counts_for_nobody() {
    let (set, secret) = establish();
    let forged = renamed(&set, 3, 1);
    let mut gathering = gathering(&forged);
    // The passphrase of k-3, who left, under the name of k-1, who is in office.
    for (name, words) in [(1, 3), (2, 2)] {
        gathering.contribute(&id(name), &passphrase(words), at(1)).expect("opens");
    }
    let refused = gathering.contribute(&id(4), &passphrase(4), at(1)).expect_err("refused");
    let told = refused.to_string();
    assert!(told.contains("k-1 brings was dealt to k-3"), "{told}");
    // Nor do others, under their own names, complete a quorum by such a record.
    let others = [2, 4, 5].map(|number| (id(number), passphrase(number)));
    let last = others.map(|(who, words)| gathering.contribute(&who, &words, at(2))).into_iter();
    let refused = last.last().expect("three came").expect_err("refused").to_string();
    assert!(refused.contains("was dealt to"), "{refused}");
    // A list of holders of one's own needs the secret; that of another set does not open.
    let (other, _) = establish();
    let others_list = CustodySet { roster: other.roster, ..set.clone() };
    let refused = gather_all(&others_list, &[1, 2, 3]).expect_err("refused").to_string();
    assert!(refused.contains("its list of holders"), "{refused}");
    assert_eq!(gather(&set, &[1, 2, 4]).expect("the true record").octets(), secret.octets());
}

/// What comes of custodians who come one after the other.
fn gather_all(set: &CustodySet, subset: &[usize]) -> Result<Progress, QuorumError> {
    let mut gathering = gathering(set);
    let mut last = Err(QuorumError::WrongSecret);
    for number in subset {
        last = gathering.contribute(&id(*number), &passphrase(*number), at(1));
    }
    last
}

#[test]
fn k2_a_record_of_an_earlier_program_is_told_as_such() {
    let (set, _) = establish();
    let refused = changed(&set, |record| {
        record["version"] = json!(1);
        record.as_object_mut().expect("an object").remove("holders");
    });
    let told = refused.expect_err("refused").to_string();
    assert!(told.contains("set the installation up anew"), "{told}");
}

#[test]
fn k2_a_lowered_threshold_opens_no_share() {
    let (set, _) = establish();
    let lowered = changed(&set, |record| record["threshold"] = json!(2)).expect("reads");
    for number in 1..=NUMBER {
        let share = lowered.open_share(&id(number), &passphrase(number)).expect("known");
        assert!(share.is_none(), "{number}");
    }
    for threshold in [0, 1, 6] {
        let refused = changed(&set, |record| record["threshold"] = json!(threshold));
        assert!(matches!(refused, Err(QuorumError::NoQuorum { .. })), "{threshold}");
    }
}

#[test]
fn k2_a_forged_record_cannot_take_all_memory() {
    let (set, _) = establish();
    for (field, value) in [
        ("memory_kib", 262_145_u32),
        ("memory_kib", u32::MAX),
        ("memory_kib", 7),
        ("passes", 0),
        ("passes", 17),
        ("lanes", 0),
        ("lanes", 17),
    ] {
        let refused = changed(&set, |record| record["argon2id"][field] = json!(value));
        let error = refused.expect_err(field).to_string();
        assert!(
            error.contains("Argon2id parameters are out of bounds"),
            "{field} {value}: {error}"
        );
    }
    let long = vec![b' '; 64 * 1024 + 1];
    assert!(matches!(CustodySet::from_json(&long), Err(QuorumError::Record(_))));
}

#[test]
fn k2_a_record_of_another_form_is_refused() {
    let (set, _) = establish();
    let changes: [(&str, Change); 9] = [
        ("another version", |record| record["version"] = json!(3)),
        ("no list of holders", |record| record["holders"] = json!(null)),
        ("an unknown field", |record| record["note"] = json!("")),
        ("a short name", |record| record["set"] = json!("00")),
        ("a short check", |record| record["check"] = json!("00")),
        ("a short salt", |record| record["custodians"][0]["salt"] = json!("00")),
        ("no time", |record| record["established_at"] = json!("yesterday")),
        ("an index twice", |record| record["custodians"][1]["index"] = json!(1)),
        ("a custodian twice", |record| record["custodians"][1]["custodian"] = json!("k-1")),
    ];
    for (what, change) in changes {
        assert!(changed(&set, change).is_err(), "{what}");
    }
}

#[test]
fn k2_every_flipped_bit_of_the_record_is_noticed() {
    let (set, _) = establish();
    assert!(is_whole(&set));
    let record = set.to_json().expect("encodes");
    let mut read = 0;
    for place in 0..record.len() {
        for bit in 0..8 {
            let mut flipped = record.clone();
            flipped[place] ^= 1 << bit;
            let Ok(flipped) = CustodySet::from_json(&flipped) else { continue };
            // Blanks, and the case of hexadecimal digits, mean nothing.
            if flipped != set {
                assert!(!is_whole(&flipped), "bit {bit} of octet {place}");
                read += 1;
            }
        }
    }
    assert!(read > 100, "only {read} flips were left for the seals to notice");
}

#[test]
fn k2_the_files_alone_open_nothing() {
    let (set, secret) = establish();
    let directory = tempfile::tempdir().expect("a directory");
    let keys = directory.path().join("keys");
    let opener = EmbeddedOpener { directory: keys.clone() };
    let store = opener.create(&secret).expect("a store");
    store
        .generate(&"ca".parse().expect("a label"), domain::algorithm::KeyAlgorithm::EcP256)
        .expect("a key");
    set.write_file(&directory.path().join("custody.json")).expect("written");

    let files =
        [directory.path().join("custody.json"), keys.join("store.json"), keys.join("ca.key")];
    for path in &files {
        holds_no_secret(path, &set, &secret);
    }
    // Every 32 octets that stand in any of the files, each file alone and one after the other.
    let clear: Vec<Vec<u8>> = files.iter().flat_map(|path| octet_strings(path)).collect();
    let all = clear.concat();
    for candidate in clear.iter().map(Vec::as_slice).chain([all.as_slice()]) {
        for window in candidate.windows(32) {
            let key: [u8; 32] = window.try_into().expect("32 octets");
            let guessed = EmbeddedKeyStore::open(&keys, MasterKey::new(&key));
            assert!(matches!(guessed, Err(KeyError::WrongMasterKey(_))));
            let secret = QuorumSecret::from_octets(&key).expect("32 octets");
            assert!(!set.is_of(&secret));
            assert!(matches!(opener.open(&secret), Err(KeyError::WrongMasterKey(_))));
        }
    }
    sealed_shares_give_nothing(&set);
}

/// The file holds neither the secret, nor a share, nor anything derived, as octets or hexadecimal.
fn holds_no_secret(path: &Path, set: &CustodySet, secret: &QuorumSecret) {
    let contents = fs::read(path).expect("contents");
    let text = String::from_utf8_lossy(&contents).to_lowercase();
    let share = |n| set.open_share(&id(n), &passphrase(n)).expect("known").expect("opens");
    let mut secrets: Vec<Vec<u8>> = (1..=NUMBER).map(|n| share(n)[1..].to_vec()).collect();
    secrets.push(secret.octets().to_vec());
    secrets.push(secret.user_pin().expect("a PIN").as_bytes().to_vec());
    secrets.push(secret.so_pin().expect("a PIN").as_bytes().to_vec());
    for secret in secrets {
        assert!(!contents.windows(secret.len()).any(|window| window == secret));
        assert!(!text.contains(&crate::hex::encode(&secret)));
    }
}

/// The values in hexadecimal that stand in a JSON file.
fn octet_strings(path: &Path) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(path).expect("contents");
    text.split('"').filter_map(crate::hex::decode).filter(|octets| octets.len() >= 12).collect()
}

/// Ciphertexts taken for shares, in every subset.
fn sealed_shares_give_nothing(set: &CustodySet) {
    let record: Value = serde_json::from_slice(&set.to_json().expect("encodes")).expect("JSON");
    let sealed = |n: usize| {
        let text = record["custodians"][n - 1]["share"]["text"].as_str().expect("a text");
        let mut share = crate::hex::decode(text).expect("hexadecimal");
        share.truncate(33);
        share[0] = u8::try_from(n).expect("an index");
        zeroize::Zeroizing::new(share)
    };
    for subset in subsets() {
        let shares: Vec<_> = subset.iter().map(|n| sealed(*n)).collect();
        assert!(shares::combine(shares.iter()).is_none_or(|secret| !set.is_of(&secret)));
    }
}

proptest! {
    #[test]
    fn k2_reading_a_record_never_panics(contents in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = CustodySet::from_json(&contents);
    }

    #[test]
    fn k2_what_is_read_is_what_was_meant(
        threshold in any::<u8>(),
        lanes in any::<u32>(),
        index in any::<u8>(),
        name in ".{0,70}",
        hex in "[0-9a-f]{0,80}",
    ) {
        let (set, _) = establish();
        let read = changed(&set, |record| {
            record["threshold"] = json!(threshold);
            record["argon2id"]["lanes"] = json!(lanes);
            record["custodians"][0]["index"] = json!(index);
            record["custodians"][0]["custodian"] = json!(name);
            record["custodians"][0]["salt"] = json!(hex);
        });
        if let Ok(read) = read {
            prop_assert!(usize::from(read.threshold()) <= NUMBER && read.threshold() >= 2);
            prop_assert_eq!(read.custodians().next().map(CustodianId::as_str), Some(name.as_str()));
        }
    }
}
