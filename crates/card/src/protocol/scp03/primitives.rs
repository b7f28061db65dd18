//! AES as SCP03 uses it: CMAC, the key derivation over it, and CBC with its padding.

use aws_lc_rs::cipher::{
    AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::cmac;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

use super::error::ChannelError;

/// The octets of an AES-256 key, wiped when dropped.
pub(super) type Aes256Key = Zeroizing<[u8; 32]>;

/// The octets of an AES block.
pub(super) const BLOCK: usize = 16;

/// AES-CMAC over the parts, one after the other (NIST SP 800-38B).
pub(super) fn mac(key: &Aes256Key, parts: &[&[u8]]) -> Result<[u8; BLOCK], ChannelError> {
    let computed = || -> Result<[u8; BLOCK], Unspecified> {
        let mut context = cmac::Context::with_key(&cmac::Key::new(cmac::AES_256, key.as_slice())?);
        parts.iter().try_for_each(|part| context.update(part))?;
        context.sign()?.as_ref().try_into().map_err(|_| Unspecified)
    };
    computed().map_err(|_| ChannelError::Provider("computing a MAC"))
}

/// Derives `output.len()` octets for a purpose (Amendment D 4.1.5; NIST SP 800-108 in counter mode).
pub(super) fn derive(
    key: &Aes256Key,
    purpose: u8,
    context: &[&[u8]],
    output: &mut [u8],
) -> Result<(), ChannelError> {
    let mut label = [0; 12];
    label[11] = purpose;
    let failed = |_| ChannelError::Provider("deriving a key");
    let bits = u16::try_from(output.len() * 8).map_err(failed)?.to_be_bytes();
    for (counter, chunk) in (1u8..).zip(output.chunks_mut(BLOCK)) {
        let fixed: [&[u8]; 4] = [&label, &[0], &bits, &[counter]];
        let block = Zeroizing::new(mac(key, &[fixed.as_slice(), context].concat())?);
        chunk.copy_from_slice(&block[..chunk.len()]);
    }
    Ok(())
}

/// The initial chaining vector of the message with this number (Amendment D 6.2.6, 6.2.7).
pub(super) fn initial_vector(
    key: &Aes256Key,
    mut counter_block: [u8; BLOCK],
) -> Result<[u8; BLOCK], ChannelError> {
    // One block in CBC mode after a block of zeros is the block alone.
    encrypt(key, &[0; BLOCK], &mut counter_block)?;
    Ok(counter_block)
}

/// Encrypts whole blocks in place: AES-CBC.
pub(super) fn encrypt(
    key: &Aes256Key,
    initial: &[u8; BLOCK],
    blocks: &mut [u8],
) -> Result<(), ChannelError> {
    let context = EncryptionContext::Iv128(FixedLength::from(initial));
    UnboundCipherKey::new(&AES_256, key.as_slice())
        .and_then(EncryptingKey::cbc)
        // The vector is prescribed: encrypted from a counter, so neither repeated nor foreseeable.
        .and_then(|key| key.less_safe_encrypt(blocks, context))
        .map(drop)
        .map_err(|_| ChannelError::Provider("encrypting a message"))
}

/// Decrypts whole blocks in place: AES-CBC.
pub(super) fn decrypt(
    key: &Aes256Key,
    initial: &[u8; BLOCK],
    blocks: &mut [u8],
) -> Result<(), ChannelError> {
    let context = DecryptionContext::Iv128(FixedLength::from(initial));
    UnboundCipherKey::new(&AES_256, key.as_slice())
        .and_then(DecryptingKey::cbc)
        .and_then(|key| key.decrypt(blocks, context).map(drop))
        .map_err(|_| ChannelError::Provider("decrypting a message"))
}

/// The text with its padding: 80 and as many 00 as fill a block (ISO 9797-1, method 2).
pub(super) fn pad(text: &[u8]) -> Zeroizing<Vec<u8>> {
    // With its final capacity at once, no copy of the text is left behind by a move.
    let length = (text.len() / BLOCK + 1) * BLOCK;
    let mut padded = Zeroizing::new(Vec::with_capacity(length));
    padded.extend_from_slice(text);
    padded.push(0x80);
    padded.resize(length, 0);
    padded
}

/// The length of the text before its padding, or `None` where there is no padding.
pub(super) fn unpadded_length(padded: &[u8]) -> Option<usize> {
    let end = padded.iter().rposition(|octet| *octet != 0)?;
    (padded[end] == 0x80 && padded.len() - end <= BLOCK).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets<const N: usize>(text: &str) -> [u8; N] {
        let digit = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
        std::array::from_fn(|i| digit(2 * i))
    }

    #[test]
    fn cmac_is_that_of_nist_sp_800_38b_appendix_d3() {
        let key = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
        let key = Aes256Key::new(octets(key));
        let text: [u8; 40] = octets(
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411",
        );
        let empty = mac(&key, &[]).expect("a MAC");
        assert_eq!(empty, octets("028962f61b7bf89efc6b551f4667d983"));
        let one = mac(&key, &[&text[..16]]).expect("a MAC");
        assert_eq!(one, octets("28a7023f452e8f82bd4bf28d8c37c35c"));
        let in_parts = mac(&key, &[&text[..7], &text[7..]]).expect("a MAC");
        assert_eq!(in_parts, octets("aaf3d8f1de5640c232f5b169b9c911e6"));
    }

    #[test]
    fn cbc_is_that_of_nist_sp_800_38a_appendix_f25() {
        let key = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
        let key = Aes256Key::new(octets(key));
        let initial = octets("000102030405060708090a0b0c0d0e0f");
        let plain: [u8; 32] =
            octets("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
        let mut blocks = plain;
        encrypt(&key, &initial, &mut blocks).expect("encrypts");
        let expected = "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d";
        assert_eq!(blocks, octets(expected));
        decrypt(&key, &initial, &mut blocks).expect("decrypts");
        assert_eq!(blocks, plain);
    }

    #[test]
    fn padding_comes_off_as_it_went_on_and_nothing_else_does() {
        for length in 0..50 {
            let text: Vec<u8> = (1..=length).collect();
            let padded = pad(&text);
            assert_eq!(padded.len() % BLOCK, 0);
            assert_eq!(unpadded_length(&padded), Some(text.len()));
        }
        let mut far = vec![0; 2 * BLOCK];
        far[BLOCK - 1] = 0x80;
        for none in [&[][..], &[0; 16], &[0x81; 16], &far] {
            assert_eq!(unpadded_length(none), None, "{none:?}");
        }
    }
}
