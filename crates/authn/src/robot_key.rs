//! The text of a robot key: `pgk_<12>_<49>`.
//!
//! Twelve base62 characters name the key; 43 carry 256 random bits; the last six are the CRC-32 (ISO-HDLC) of everything
//! before them, in base62. The form is fixed, so scanners find it with `\bpgk_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}\b`.

use std::fmt;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use protocol::Secret;

const PREFIX: &str = "pgk_";
const ID: usize = 12;
const SECRET: usize = 43;
const CHECK: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A key in the clear, whose form and checksum are right.
#[derive(Clone)]
pub struct RobotKeyText {
    text: Secret,
    id: String,
}

impl RobotKeyText {
    /// A new key.
    ///
    /// # Errors
    /// Where the system gives no random numbers.
    pub fn generate() -> Result<Self, Unspecified> {
        let id = random_digits::<16, ID>()?;
        let secret = random_digits::<32, SECRET>()?;
        let body = format!("{PREFIX}{id}_{secret}");
        let check = digits(u128::from(crc32(body.as_bytes())), CHECK);
        Ok(Self { text: Secret::new(format!("{body}{check}")), id })
    }

    /// Reads a key. `None` where the form or the checksum is wrong, so that a typing error costs no look-up.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, rest) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let base62 = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if id.len() != ID || rest.len() != SECRET + CHECK || !base62(id) || !base62(rest) {
            return None;
        }
        let (body, check) = text.split_at_checked(text.len().checked_sub(CHECK)?)?;
        let valid = digits(u128::from(crc32(body.as_bytes())), CHECK) == check;
        valid.then(|| Self { id: id.to_owned(), text: Secret::new(text.to_owned()) })
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

/// `BYTES` random bytes as a number of `DIGITS` base62 digits, the highest first.
fn random_digits<const BYTES: usize, const DIGITS: usize>() -> Result<String, Unspecified> {
    let mut bytes = [0; BYTES];
    rand::fill(&mut bytes)?;
    let mut text = Vec::with_capacity(DIGITS);
    for _ in 0..DIGITS {
        text.push(digit(divide(&mut bytes)));
    }
    text.reverse();
    Ok(text.into_iter().map(char::from).collect())
}

/// Divides a big-endian number by 62 in place and gives the remainder.
fn divide(bytes: &mut [u8]) -> usize {
    let mut rest = 0_u32;
    for byte in bytes {
        let value = (rest << 8) | u32::from(*byte);
        *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
        rest = value % 62;
    }
    usize::try_from(rest).unwrap_or(0)
}

fn digits(mut number: u128, length: usize) -> String {
    let mut text = vec![b'0'; length];
    for place in text.iter_mut().rev() {
        *place = digit(usize::try_from(number % 62).unwrap_or(0));
        number /= 62;
    }
    text.into_iter().map(char::from).collect()
}

fn digit(value: usize) -> u8 {
    ALPHABET.get(value).copied().unwrap_or(b'0')
}

/// CRC-32 as zlib and Ethernet have it (polynomial 0xEDB88320, reflected): against typing errors, not against people.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_crc_32() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let key = RobotKeyText::generate().unwrap();
        let text = key.expose().to_owned();
        assert_eq!(text.len(), 66);
        assert_eq!(RobotKeyText::parse(&text).unwrap().id(), key.id());
        for place in 0..text.len() {
            let mut changed: Vec<u8> = text.bytes().collect();
            changed[place] = if changed[place] == b'x' { b'y' } else { b'x' };
            assert!(RobotKeyText::parse(&String::from_utf8(changed).unwrap()).is_none(), "{place}");
        }
        let (_, secret) = text.rsplit_once('_').unwrap();
        assert!(!format!("{key:?}").contains(secret));
    }
}
