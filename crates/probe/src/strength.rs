//! How long a public key is, from its `SubjectPublicKeyInfo` (RFC 5280 section 4.1).

use crate::forge::der::inside;

/// `rsaEncryption` (RFC 8017), as an element of DER.
const RSA: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1];
/// `ecPublicKey` (RFC 5480), as an element of DER.
const CURVE: [u8; 9] = [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
/// Ed25519 and Ed448 (RFC 8410), as elements of DER.
const EDWARDS: [[u8; 5]; 2] = [[6, 3, 0x2b, 0x65, 0x70], [6, 3, 0x2b, 0x65, 0x71]];

/// A public key, by what breaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    /// A modulus of so many bits.
    Rsa(usize),
    /// A curve over a field of so many bits, in whole bytes.
    Curve(usize),
    /// A curve of RFC 8410: none of them is weak.
    Edwards,
}

impl Strength {
    /// Reads a key; none where it is of another kind.
    pub(crate) fn of(key: &[u8]) -> Option<Self> {
        let parts = inside(key)?;
        let [algorithm, bits] = parts.as_slice() else { return None };
        // The first byte counts bits that are left over; there are none in a key.
        let (_, bits) = bits.split_first()?;
        match () {
            () if algorithm.starts_with(&RSA) => {
                let modulus = *inside(bits)?.first()?;
                let first = modulus.iter().position(|byte| *byte != 0)?;
                let digits = modulus.get(first..)?;
                Some(Self::Rsa(digits.len() * 8 - digits.first()?.leading_zeros() as usize))
            }
            () if algorithm.starts_with(&CURVE) => {
                let (form, coordinates) = bits.split_first()?;
                // Four in front of both coordinates, two or three in front of one (SEC 1 section 2.3.3).
                let bytes = if *form == 4 { coordinates.len() / 2 } else { coordinates.len() };
                Some(Self::Curve(bytes * 8))
            }
            () if EDWARDS.iter().any(|known| algorithm.starts_with(known)) => Some(Self::Edwards),
            () => None,
        }
    }

    /// What is too short about it.
    pub(crate) fn weakness(self) -> Option<String> {
        match self {
            Self::Rsa(bits) if bits < 2048 => Some(format!("an RSA key of {bits} bits")),
            Self::Curve(bits) if bits < 256 => Some(format!("a key on a curve of {bits} bits")),
            Self::Rsa(_) | Self::Curve(_) | Self::Edwards => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::der::{BITS, SEQUENCE, element, integer};

    fn key(algorithm: &[u8], bits: &[u8]) -> Option<Strength> {
        let bits = element(BITS, &[&[0], bits].concat());
        Strength::of(&element(SEQUENCE, &[element(SEQUENCE, algorithm), bits].concat()))
    }

    fn rsa(bits: usize) -> Option<Strength> {
        let mut modulus = vec![0xff; bits.div_ceil(8)];
        modulus[0] = 0xff >> (modulus.len() * 8 - bits);
        key(&RSA, &element(SEQUENCE, &[integer(&modulus), integer(&[1, 0, 1])].concat()))
    }

    #[test]
    fn keys_are_as_long_as_they_are() {
        for bits in [1024, 2047, 2048, 4096] {
            assert_eq!(rsa(bits), Some(Strength::Rsa(bits)));
        }
        assert_eq!(key(&CURVE, &[[4].as_slice(), &[7; 64]].concat()), Some(Strength::Curve(256)));
        assert_eq!(key(&CURVE, &[[2].as_slice(), &[7; 28]].concat()), Some(Strength::Curve(224)));
        assert_eq!(key(&EDWARDS[0], &[7; 32]), Some(Strength::Edwards));
        assert_eq!((key(b"\x06\x01\x01", &[7; 32]), Strength::of(b"x")), (None, None));
    }

    #[test]
    fn short_ones_are_weak() {
        for (strength, weak) in [
            (Strength::Rsa(2047), true),
            (Strength::Rsa(2048), false),
            (Strength::Curve(224), true),
            (Strength::Curve(256), false),
            (Strength::Edwards, false),
        ] {
            assert_eq!(strength.weakness().is_some(), weak, "{strength:?}");
        }
    }
}
