//! A ClientHello written by hand, because no TLS library that we use offers what nobody should accept.

use crate::error::ProbeError;
use crate::random;

/// What a client offers, and nothing better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    /// What stands behind "nothing".
    pub(crate) what: &'static str,
    /// How `openssl s_client` offers the same.
    pub(crate) flags: &'static str,
    /// The second byte of the version: 1 for TLS 1.0 (RFC 2246), 2 for TLS 1.1 (RFC 4346), 3 for TLS 1.2 (RFC 5246).
    minor: u8,
    suites: &'static [u16],
}

/// Old versions, with suites that servers of the time knew: ECDHE, DHE and RSA with AES, 3DES and RC4, and the signal that
/// asks for secure renegotiation (RFC 5746).
pub(crate) const OLD: [Offer; 2] = [
    Offer { what: "above TLS 1.0", flags: "-tls1", minor: 1, suites: &ALL_OLD },
    Offer { what: "above TLS 1.1", flags: "-tls1_1", minor: 2, suites: &ALL_OLD },
];

const ALL_OLD: [u16; 13] =
    [0xc00a, 0xc009, 0xc014, 0xc013, 0x0039, 0x0033, 0x0035, 0x002f, 0xc012, 0x000a, 0x0005, 0x0004, 0x00ff];

/// Suites that nobody should accept, in the newest version that has them.
pub(crate) const WEAK: [Offer; 4] = [
    Offer {
        what: "but RC4",
        flags: "-tls1_2 -cipher RC4",
        minor: 3,
        suites: &[0xc011, 0xc007, 0x0005, 0x0004, 0x00ff],
    },
    Offer {
        what: "but 3DES",
        flags: "-tls1_2 -cipher 3DES",
        minor: 3,
        suites: &[0xc012, 0xc008, 0x0016, 0x000a, 0x00ff],
    },
    Offer {
        what: "but no encryption, or no certificate",
        flags: "-tls1_2 -cipher eNULL:aNULL",
        minor: 3,
        suites: &[0x003b, 0x0002, 0x0001, 0xc010, 0xc006, 0xc018, 0x00a6, 0x006c, 0x0034, 0x001b, 0x00ff],
    },
    Offer {
        what: "but keys for export",
        flags: "-tls1_2 -cipher EXPORT",
        minor: 3,
        suites: &[0x0003, 0x0006, 0x0008, 0x0014, 0x0017, 0x0019, 0x00ff],
    },
];

/// What is good in the last version in which a server demands certificates where everybody can read it.
pub(crate) const READABLE: Offer = Offer {
    what: "above TLS 1.2",
    flags: "-tls1_2",
    minor: 3,
    suites: &[0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0x00ff],
};

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// The server goes on with what was offered.
    Accepted,
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

/// Reads the beginning of an answer to an offer.
pub(crate) fn read(answer: &[u8], offer: &Offer) -> Said {
    match answer {
        [] | [ALERT, 3, ..] => Said::Refused,
        [HANDSHAKE, 3, _, _, _, SERVER_HELLO, _, _, _, 3, minor, ..] if (1..=offer.minor).contains(minor) => {
            Said::Accepted
        }
        _ => Said::Nonsense,
    }
}

/// What a server wants before it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A certificate of the client.
    Certificate,
    /// Nothing more than a key.
    Nothing,
    /// The server did not go so far: an alert, or the end.
    Refused,
}

const CERTIFICATE_REQUEST: u8 = 13;
const SERVER_HELLO_DONE: u8 = 14;

/// Whether so much of an answer tells what is wanted.
pub(crate) fn tells_wanted(answer: &[u8]) -> bool {
    answer.first().is_some_and(|kind| *kind != HANDSHAKE) || wanted(answer) != Wanted::Refused
}

/// Reads the messages of a server up to the last one that is sent in the clear (RFC 5246 section 7.3).
pub(crate) fn wanted(answer: &[u8]) -> Wanted {
    let messages = messages(answer);
    let mut rest = messages.as_slice();
    while let [kind, long, middle, short, after @ ..] = rest {
        match *kind {
            CERTIFICATE_REQUEST => return Wanted::Certificate,
            SERVER_HELLO_DONE => return Wanted::Nothing,
            _ => {}
        }
        let length = [long, middle, short].into_iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
        rest = after.get(length..).unwrap_or_default();
    }
    Wanted::Refused
}

/// What stands in the handshake records at the beginning of some bytes.
fn messages(answer: &[u8]) -> Vec<u8> {
    let (mut rest, mut messages) = (answer, Vec::new());
    while let [HANDSHAKE, 3, _, long, short, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*long, *short]));
        messages.extend_from_slice(after.get(..length).unwrap_or(after));
        rest = after.get(length..).unwrap_or_default();
    }
    messages
}

/// A ClientHello in one record.
pub(crate) fn hello(offer: &Offer, name: Option<&str>) -> Result<Vec<u8>, ProbeError> {
    let suites: Vec<u8> = offer.suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
    let body = [
        vec![3, offer.minor],
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
    // SHA-2 and SHA-1, with RSA and ECDSA: a server of TLS 1.2 signs its key exchange with one of them.
    let signatures = extension(13, &counted(2, &[4, 1, 4, 3, 5, 1, 5, 3, 6, 1, 6, 3, 2, 1, 2, 3]));
    [server_name.unwrap_or_default(), groups, formats, signatures].concat()
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
        let [_, tls11] = OLD;
        let bytes = hello(&tls11, Some("registry.example")).unwrap();
        assert_eq!(bytes[..3], [22, 3, 1]);
        assert_eq!(usize::from(u16::from_be_bytes([bytes[3], bytes[4]])), bytes.len() - 5);
        assert_eq!(u32::from_be_bytes([0, bytes[6], bytes[7], bytes[8]]) as usize, bytes.len() - 9);
        assert_eq!((bytes[5], &bytes[9..11]), (1, [3, 2].as_slice()));
        assert!(bytes.windows(16).any(|window| window == b"registry.example"));
        assert!(hello(&tls11, None).unwrap().len() < bytes.len());
    }

    #[test]
    fn an_answer_tells_the_version() {
        let [tls10, tls11] = OLD;
        for (answer, offer, said) in [
            (&[22, 3, 1, 0, 74, 2, 0, 0, 70, 3, 1][..], tls10, Said::Accepted),
            (&[22, 3, 1, 0, 74, 2, 0, 0, 70, 3, 1], tls11, Said::Accepted),
            (&[22, 3, 2, 0, 74, 2, 0, 0, 70, 3, 2, 9, 9], tls11, Said::Accepted),
            (&[22, 3, 2, 0, 74, 2, 0, 0, 70, 3, 2], tls10, Said::Nonsense),
            (&[22, 3, 3, 0, 74, 2, 0, 0, 70, 3, 3], tls11, Said::Nonsense),
            (&[22, 3, 3, 0, 74, 2, 0, 0, 70, 3, 3], WEAK[0], Said::Accepted),
            (&[21, 3, 1, 0, 2, 2, 70], tls10, Said::Refused),
            (&[], tls10, Said::Refused),
            (&[22, 3, 1], tls10, Said::Nonsense),
            (b"HTTP/1.1 400", tls10, Said::Nonsense),
        ] {
            assert_eq!(read(answer, &offer), said, "{answer:?}");
        }
    }

    #[test]
    fn an_answer_tells_what_is_wanted() {
        let message = |kind: u8, length: usize| [vec![kind], counted(3, &vec![7; length])].concat();
        let record = |bytes: &[u8]| [vec![22, 3, 3], counted(2, bytes)].concat();
        let (front, certificate, done) = (message(2, 70), message(13, 300), message(14, 0));
        let apart = [record(&front), record(&certificate), record(&done)].concat();
        let together = record(&[front.clone(), certificate, done.clone()].concat());
        let nothing = record(&[front.clone(), done].concat());
        // A message may go on in the next record.
        let split = [record(&nothing[5..40]), record(&nothing[40..])].concat();
        for (answer, said) in [
            (apart, Wanted::Certificate),
            (together, Wanted::Certificate),
            (nothing, Wanted::Nothing),
            (split, Wanted::Nothing),
            (record(&front), Wanted::Refused),
            (vec![21, 3, 3, 0, 2, 2, 70], Wanted::Refused),
            (Vec::new(), Wanted::Refused),
            (b"HTTP/1.1 400".to_vec(), Wanted::Refused),
        ] {
            assert_eq!(wanted(&answer), said, "{answer:?}");
            let ends = said != Wanted::Refused || answer.first().is_some_and(|kind| *kind != 22);
            assert_eq!(tells_wanted(&answer), ends, "{answer:?}");
        }
    }
}
