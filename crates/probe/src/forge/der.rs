//! As much of DER as a public key needs.

/// A sequence.
pub(crate) const SEQUENCE: u8 = 0x30;
/// A whole number.
pub(crate) const INTEGER: u8 = 0x02;
/// Bits, the first byte of which counts those that are left over.
pub(crate) const BITS: u8 = 0x03;
/// The version of a certificate.
const VERSION: u8 = 0xa0;

/// One element: tag, length, content.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let first = length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1);
    let length = length.get(first..).unwrap_or_default();
    let mut bytes = vec![tag];
    if content.len() >= 0x80 {
        // At most eight bytes of length.
        bytes.push(0x80 | u8::try_from(length.len()).unwrap_or_default());
    }
    bytes.extend_from_slice(length);
    bytes.extend_from_slice(content);
    bytes
}

/// A whole number that is not negative, from its bytes.
pub(crate) fn integer(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let digits = bytes.get(first..).unwrap_or_default();
    let sign = digits.first().is_none_or(|byte| *byte >= 0x80).then_some(0);
    element(INTEGER, &sign.into_iter().chain(digits.iter().copied()).collect::<Vec<u8>>())
}

/// What stands at the beginning of some bytes.
struct First<'a> {
    tag: u8,
    content: &'a [u8],
    /// Tag, length and content.
    whole: &'a [u8],
    /// What follows.
    after: &'a [u8],
}

fn first(bytes: &[u8]) -> Option<First<'_>> {
    let (tag, rest) = bytes.split_first()?;
    let (short, rest) = rest.split_first()?;
    let (length, rest) = match *short {
        short @ 0..=0x7f => (usize::from(short), rest),
        long => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let fits = digits.len() <= 4;
            let length = fits.then(|| digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)))?;
            (length, rest)
        }
    };
    let (content, after) = rest.split_at_checked(length)?;
    let whole = bytes.get(..bytes.len() - after.len())?;
    Some(First { tag: *tag, content, whole, after })
}

/// The contents of the elements in a sequence.
pub(crate) fn inside(sequence: &[u8]) -> Option<Vec<&[u8]>> {
    let sequence = first(sequence).filter(|element| element.tag == SEQUENCE)?;
    let mut rest = sequence.content;
    let mut contents = Vec::new();
    while !rest.is_empty() {
        let element = first(rest)?;
        contents.push(element.content);
        rest = element.after;
    }
    Some(contents)
}

/// The public key of a certificate (RFC 5280 section 4.1), as `SubjectPublicKeyInfo`.
pub(super) fn key_of_certificate(certificate: &[u8]) -> Option<Vec<u8>> {
    let mut rest = first(first(certificate)?.content)?.content;
    let has_version = first(rest)?.tag == VERSION;
    // The version, and then serial number, algorithm, issuer, validity, subject.
    for _ in 0..5 + usize::from(has_version) {
        rest = first(rest)?.after;
    }
    let key = first(rest).filter(|element| element.tag == SEQUENCE)?;
    Some(key.whole.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 70_000] {
            let content = vec![7; length];
            let sequence = element(SEQUENCE, &[element(INTEGER, &content), element(BITS, b"x")].concat());
            assert_eq!(inside(&sequence).unwrap(), [content.as_slice(), b"x"], "{length}");
        }
        assert_eq!(integer(&[0, 0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(integer(&[0, 1]), [2, 1, 1]);
        assert_eq!(integer(&[]), [2, 1, 0]);
    }

    #[test]
    fn what_makes_no_sense_is_not_read() {
        for bad in
            [b"".as_slice(), b"\x30", b"\x30\x05\x02", b"\x30\x89\x01\x01\x01\x01\x01\x01\x01\x01\x01", b"\x30\x80"]
        {
            assert_eq!(key_of_certificate(bad), None, "{bad:?}");
        }
        assert_eq!(inside(b"\x02\x01\x01"), None);
    }
}
