//! A ClientHello written by hand, because no TLS library that we use offers what nobody should accept.

use std::fmt;

use crate::error::ProbeError;
use crate::random;

/// An old version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// TLS 1.0 (RFC 2246).
    Tls10,
    /// TLS 1.1 (RFC 4346).
    Tls11,
}

impl Version {
    pub(crate) const ALL: [Self; 2] = [Self::Tls10, Self::Tls11];

    fn bytes(self) -> [u8; 2] {
        match self {
            Self::Tls10 => [3, 1],
            Self::Tls11 => [3, 2],
        }
    }

    /// What `openssl s_client` calls it.
    pub(crate) fn flag(self) -> &'static str {
        match self {
            Self::Tls10 => "-tls1",
            Self::Tls11 => "-tls1_1",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Tls10 => "TLS 1.0",
            Self::Tls11 => "TLS 1.1",
        })
    }
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// The server goes on with an old version.
    Accepted(Version),
    /// An alert, or nothing at all.
    Refused,
    /// No TLS, or a version that was not offered.
    Nonsense,
}

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;

/// Whether so much of an answer tells what it is: an alert, or a record header, a handshake header and a version.
pub(crate) fn is_enough(answer: &[u8]) -> bool {
    answer.len() >= if answer.first() == Some(&ALERT) { 7 } else { 11 }
}

/// Reads the beginning of an answer.
pub(crate) fn read(answer: &[u8]) -> Said {
    match answer {
        [] | [ALERT, 3, ..] => Said::Refused,
        [HANDSHAKE, 3, _, _, _, SERVER_HELLO, _, _, _, 3, minor, ..] => {
            let chosen = Version::ALL.into_iter().find(|version| version.bytes() == [3, *minor]);
            chosen.map_or(Said::Nonsense, Said::Accepted)
        }
        _ => Said::Nonsense,
    }
}

/// Suites that servers of the time knew: ECDHE, DHE and RSA with AES, 3DES and RC4, and the signal that asks for secure
/// renegotiation (RFC 5746).
const SUITES: [u16; 13] =
    [0xc00a, 0xc009, 0xc014, 0xc013, 0x0039, 0x0033, 0x0035, 0x002f, 0xc012, 0x000a, 0x0005, 0x0004, 0x00ff];

/// A ClientHello in one record.
pub(crate) fn hello(version: Version, name: Option<&str>) -> Result<Vec<u8>, ProbeError> {
    let suites: Vec<u8> = SUITES.iter().flat_map(|suite| suite.to_be_bytes()).collect();
    let body = [
        version.bytes().to_vec(),
        random::bytes::<32>()?.to_vec(),
        counted(1, &[]),
        counted(2, &suites),
        counted(1, &[0]),
        counted(2, &extensions(name)),
    ];
    let handshake = [vec![1], counted(3, &body.concat())].concat();
    Ok([vec![22, 3, 1], counted(2, &handshake)].concat())
}

fn extensions(name: Option<&str>) -> Vec<u8> {
    let server_name = name.map(|name| {
        let entry = [vec![0], counted(2, name.as_bytes())].concat();
        extension(0, &counted(2, &entry))
    });
    let groups = extension(10, &counted(2, &[0, 29, 0, 23, 0, 24, 0, 25]));
    let formats = extension(11, &counted(1, &[0]));
    [server_name.unwrap_or_default(), groups, formats].concat()
}

fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    [kind.to_be_bytes().to_vec(), counted(2, data)].concat()
}

/// Bytes behind their number, which takes `width` bytes itself.
fn counted(width: usize, bytes: &[u8]) -> Vec<u8> {
    let number = (bytes.len() as u64).to_be_bytes();
    let number = number.get(number.len().saturating_sub(width)..).unwrap_or_default();
    [number, bytes].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_what_follows() {
        let bytes = hello(Version::Tls11, Some("registry.example")).unwrap();
        assert_eq!(bytes[..3], [22, 3, 1]);
        assert_eq!(usize::from(u16::from_be_bytes([bytes[3], bytes[4]])), bytes.len() - 5);
        assert_eq!(u32::from_be_bytes([0, bytes[6], bytes[7], bytes[8]]) as usize, bytes.len() - 9);
        assert_eq!((bytes[5], &bytes[9..11]), (1, [3, 2].as_slice()));
        assert!(bytes.windows(16).any(|window| window == b"registry.example"));
        assert!(hello(Version::Tls10, None).unwrap().len() < bytes.len());
    }

    #[test]
    fn an_answer_tells_the_version() {
        for (answer, said) in [
            (&[22, 3, 1, 0, 74, 2, 0, 0, 70, 3, 1][..], Said::Accepted(Version::Tls10)),
            (&[22, 3, 2, 0, 74, 2, 0, 0, 70, 3, 2, 9, 9], Said::Accepted(Version::Tls11)),
            (&[22, 3, 3, 0, 74, 2, 0, 0, 70, 3, 3], Said::Nonsense),
            (&[21, 3, 1, 0, 2, 2, 70], Said::Refused),
            (&[], Said::Refused),
            (&[22, 3, 1], Said::Nonsense),
            (b"HTTP/1.1 400", Said::Nonsense),
        ] {
            assert_eq!(read(answer), said, "{answer:?}");
        }
    }
}
