//! Python's `euc_jp` codec, written by others from the standards, as the oracle of the repertoire.

use std::collections::BTreeSet;
use std::process::Command;

use jitsuin_domain::text::{Plane, Repertoire};

/// Prints every code point that the codec writes in two octets (JIS X 0208) or three (JIS X 0212).
const ORACLE: &str = r#"
for point in range(0x110000):
    if 0xD800 <= point < 0xE000:
        continue
    try:
        code = chr(point).encode("euc_jp")
    except UnicodeEncodeError:
        continue
    if len(code) == 2 and code[0] >= 0xA1:
        print("208 %x" % point)
    elif len(code) == 3 and code[0] == 0x8F:
        print("212 %x" % point)
# The tilde of JIS X 0212, cell 2-23, is that of ASCII, and so never written in three octets.
print("212 %x" % ord(b"\x8f\xa2\xb7".decode("euc_jp")))
"#;

#[test]
fn p8_the_repertoire_is_that_of_an_independent_codec_over_all_of_unicode() {
    let output = Command::new("python3").args(["-c", ORACLE]).output().expect("python3 is needed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected = String::from_utf8(output.stdout).expect("ASCII");

    let ours: BTreeSet<_> = ('\0'..=char::MAX)
        .filter_map(|c| Repertoire::standard().plane(c).map(|plane| (c, plane)))
        .map(|(c, plane)| match plane {
            Plane::JisX0208 => format!("208 {:x}", c as u32),
            Plane::JisX0212 => format!("212 {:x}", c as u32),
        })
        .collect();
    let expected: BTreeSet<_> = expected.lines().map(str::to_owned).collect();
    assert_eq!(expected.len(), 6_879 + 6_067);
    let difference: Vec<_> = ours.symmetric_difference(&expected).collect();
    assert!(difference.is_empty(), "{difference:?}");
}
