//! Serial numbers and the random parts of names, from the provider's CSPRNG.

use aws_lc_rs::rand;
use domain::id::SerialNumber;

use crate::error::{Error, Result};

/// A new serial: 128 random bits, none masked (P6).
pub(crate) fn serial() -> Result<SerialNumber> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| Error::Random)?;
    // Zero means a broken generator (one chance in 2^128 otherwise): drawing again would hide it.
    SerialNumber::from_random(bytes).ok_or(Error::Random)
}

/// `count` characters of `[0-9A-Z]`, each equally likely.
pub(crate) fn letters_and_digits(count: u8) -> Result<String> {
    const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    // Bytes from 252 on would favour the first four characters, so they are dropped.
    const FAIR: u8 = 252;
    let mut text = String::with_capacity(usize::from(count));
    while text.len() < usize::from(count) {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).map_err(|_| Error::Random)?;
        let room = usize::from(count) - text.len();
        let fair = bytes.iter().filter(|byte| **byte < FAIR);
        text.extend(fair.take(room).map(|byte| char::from(ALPHABET[usize::from(byte % 36)])));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p6_every_bit_of_a_serial_takes_both_values() {
        let (mut ones, mut zeros) = ([0u8; 16], [0u8; 16]);
        for _ in 0..200 {
            let serial = serial().expect("randomness");
            for (index, byte) in serial.as_bytes().iter().enumerate() {
                ones[index] |= byte;
                zeros[index] |= !byte;
            }
        }
        assert_eq!((ones, zeros), ([0xff; 16], [0xff; 16]), "128 bits of entropy, the top bit too");
    }

    #[test]
    fn p6_a_random_name_uses_the_whole_alphabet() {
        let text: String = (0..200).map(|_| letters_and_digits(14).expect("randomness")).collect();
        assert_eq!(text.len(), 2800);
        assert_eq!(text.bytes().collect::<std::collections::BTreeSet<_>>().len(), 36);
    }
}
