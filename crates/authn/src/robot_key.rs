//! The text of a robot key: `pgk_<12>_<49>`.
//!
//! All digits are base62, `0-9A-Za-z` in the order of their bytes, the highest digit first. Twelve random ones name the
//! key; 43 carry a random number of 256 bits; the last six are the CRC-32 (ISO-HDLC, as in zlib) of the 60 characters
//! before them, as a number. The form is fixed, so scanners find it with `\bpgk_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}\b`.

use std::fmt;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use protocol::Secret;

/// What every robot key begins with.
pub(crate) const PREFIX: &str = "pgk_";
const ID: usize = 12;
const SECRET: usize = 43;
const CHECK: usize = 6;
const LENGTH: usize = PREFIX.len() + ID + 1 + SECRET + CHECK;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A key in the clear, whose form and checksum are right.
#[derive(Clone)]
pub struct RobotKeyText {
    text: Secret,
    id: String,
}

/// Not a robot key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RobotKeyFault {
    /// It does not have the form of one.
    #[error("not a robot key: `pgk_`, 12 letters and digits, `_`, 49 letters and digits")]
    Form,
    /// It has the form, and a character is wrong.
    #[error("a robot key with a wrong character: its checksum does not match")]
    Checksum,
}

impl RobotKeyText {
    /// A new key.
    ///
    /// # Errors
    /// Where the system gives no random numbers.
    pub fn generate() -> Result<Self, Unspecified> {
        // Large enough from the start: a string that grows leaves copies of the key behind.
        let mut text = String::with_capacity(LENGTH);
        text.push_str(PREFIX);
        let id: String = random_digits::<16, ID>()?.map(char::from).iter().collect();
        text.push_str(&id);
        text.push('_');
        text.extend(random_digits::<32, SECRET>()?.map(char::from));
        let check = checksum(&text);
        text.extend(check.map(char::from));
        Ok(Self { text: Secret::new(text), id })
    }

    /// Reads a key, so that a typing error costs no look-up.
    ///
    /// # Errors
    /// [`RobotKeyFault`] tells a wrong form from a wrong checksum.
    pub fn parse(text: &str) -> Result<Self, RobotKeyFault> {
        let (id, rest) = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).ok_or(RobotKeyFault::Form)?;
        let is_base62 = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if id.len() != ID || rest.len() != SECRET + CHECK || !is_base62(id) || !is_base62(rest) {
            return Err(RobotKeyFault::Form);
        }
        let (body, check) = text.split_at_checked(LENGTH - CHECK).ok_or(RobotKeyFault::Form)?;
        if checksum(body) != check.as_bytes() {
            return Err(RobotKeyFault::Checksum);
        }
        Ok(Self { id: id.to_owned(), text: Secret::new(text.to_owned()) })
    }

    /// The part that is no secret.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The whole key, for whoever hashes it or shows it once.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }
}

impl fmt::Debug for RobotKeyText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RobotKeyText").field("id", &self.id).finish_non_exhaustive()
    }
}

/// `BYTES` random bytes as a number of `DIGITS` base62 digits.
fn random_digits<const BYTES: usize, const DIGITS: usize>() -> Result<[u8; DIGITS], Unspecified> {
    let mut bytes = [0; BYTES];
    rand::fill(&mut bytes)?;
    Ok(digits(bytes))
}

fn checksum(body: &str) -> [u8; CHECK] {
    digits(crc32(body.as_bytes()).to_be_bytes())
}

/// The lowest `DIGITS` base62 digits of a big-endian number, the highest first.
fn digits<const BYTES: usize, const DIGITS: usize>(mut number: [u8; BYTES]) -> [u8; DIGITS] {
    let mut digits = [0; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET.get(divide(&mut number)).copied().unwrap_or(b'0');
    }
    digits
}

/// Divides a big-endian number by 62 in place and gives the remainder.
fn divide(number: &mut [u8]) -> usize {
    let mut rest = 0_usize;
    for byte in number {
        let value = (rest << 8) | usize::from(*byte);
        // Below 256, since the rest is below 62.
        *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
        rest = value % 62;
    }
    rest
}

/// CRC-32 as zlib and Ethernet have it (polynomial 0xEDB88320, reflected): against typing errors, not against people.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_check_value_of_crc_32() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn numbers_in_base62() {
        assert_eq!(&digits::<4, 6>(0_u32.to_be_bytes()), b"000000");
        assert_eq!(&digits::<4, 6>(61_u32.to_be_bytes()), b"00000z");
        assert_eq!(&digits::<4, 6>(62_u32.to_be_bytes()), b"000010");
        // 4294967295 = 4·62⁵ + 42·62⁴ + 41·62³ + 15·62² + 12·62 + 3
        assert_eq!(&digits::<4, 6>(u32::MAX.to_be_bytes()), b"4gfFC3");
    }

    #[test]
    fn forty_three_digits_hold_256_bits() {
        let mut quotient = [0xFF_u8; 32];
        for _ in 0..43 {
            divide(&mut quotient);
        }
        assert_eq!(quotient, [0; 32]);
    }

    #[test]
    fn a_key_whose_checksum_zlib_has_computed() {
        let key = "pgk_0123456789AB_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3h92T5";
        assert_eq!(RobotKeyText::parse(key).unwrap().id(), "0123456789AB");
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let key = RobotKeyText::generate().unwrap();
        let text = key.expose();
        assert_eq!(text.len(), LENGTH);
        assert_eq!(RobotKeyText::parse(text).unwrap().id(), key.id());
        for place in 0..text.len() {
            for other in (0x20..0x7F_u8).filter(|other| *other != text.as_bytes()[place]) {
                let mut changed = text.as_bytes().to_vec();
                changed[place] = other;
                let fault = RobotKeyText::parse(std::str::from_utf8(&changed).unwrap()).unwrap_err();
                let in_form = other.is_ascii_alphanumeric() && place >= PREFIX.len() && place != PREFIX.len() + ID;
                let expected = if in_form { RobotKeyFault::Checksum } else { RobotKeyFault::Form };
                assert_eq!(fault, expected, "{place} {other}");
            }
        }
    }

    #[test]
    fn what_is_cut_or_longer_has_not_the_form() {
        let key = RobotKeyText::generate().unwrap();
        let text = key.expose();
        let cut = (0..text.len()).map(|length| text.split_at(length).0.to_owned());
        let longer = ["0", " ", "\n", "="].map(|more| format!("{text}{more}"));
        let others = [format!(" {text}"), text.to_uppercase(), text.replace('_', "-"), text.replace("pgk", "pgs")];
        for text in cut.chain(longer).chain(others) {
            assert_eq!(RobotKeyText::parse(&text).unwrap_err(), RobotKeyFault::Form, "{text:?}");
        }
    }

    #[test]
    fn two_keys_share_nothing_and_print_no_secret() {
        let keys: Vec<RobotKeyText> = (0..100).map(|_| RobotKeyText::generate().unwrap()).collect();
        let ids: BTreeSet<&str> = keys.iter().map(RobotKeyText::id).collect();
        let secrets: BTreeSet<&str> = keys.iter().map(|key| key.expose().rsplit_once('_').unwrap().1).collect();
        assert_eq!((ids.len(), secrets.len()), (100, 100));
        for (key, secret) in keys.iter().zip(keys.iter().map(|key| key.expose().rsplit_once('_').unwrap().1)) {
            assert_eq!(format!("{key:?}"), format!("RobotKeyText {{ id: {:?}, .. }}", key.id()));
            assert!(!format!("{key:?}").contains(secret));
        }
    }
}
