//! The signed head of a log: a C2SP tlog-checkpoint in a C2SP signed-note, with Ed25519.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::tree::{Frontier, Hash};

/// Why a name, a key or a note is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    #[error("deployment and node of a log must be words without spaces, `+` or `/`")]
    Name,
    /// The cryptographic library refuses the seed.
    #[error("the checkpoint key cannot be used")]
    Key,
    #[error("not a signed checkpoint")]
    Malformed,
    #[error("the checkpoint is of another log")]
    OtherLog,
    /// None of the signatures is by the key of this log.
    #[error("the checkpoint is not signed by the key of this log")]
    Unsigned,
    #[error("the signature of the checkpoint does not fit")]
    Forged,
}

/// Name of a log, `<deployment>/<node>`: the *origin* of its checkpoints and the name of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogName(String);

impl LogName {
    /// # Errors
    /// [`CheckpointError::Name`] unless both are words that a signed note can carry.
    pub fn new(deployment: &str, node: &str) -> Result<Self, CheckpointError> {
        let word = |part: &str| {
            let fits = |c: char| !c.is_whitespace() && !c.is_control() && c != '+' && c != '/';
            !part.is_empty() && part.chars().all(fits)
        };
        if word(deployment) && word(node) {
            Ok(Self(format!("{deployment}/{node}")))
        } else {
            Err(CheckpointError::Name)
        }
    }
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a checkpoint says: the first `size` leaves hash to `root`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub size: u64,
    pub root: Hash,
}

impl Checkpoint {
    pub(crate) fn of(frontier: &Frontier) -> Self {
        Self { size: frontier.size(), root: frontier.root() }
    }

    /// The note's text, with its last newline. There are no extension lines.
    fn body(&self, name: &LogName) -> String {
        format!("{name}\n{}\n{}\n", self.size, self.root)
    }
}

/// The key that signs the checkpoints of one log. It signs nothing else.
pub struct CheckpointKey {
    pair: Ed25519KeyPair,
    public: CheckpointPublicKey,
}

impl CheckpointKey {
    /// # Errors
    /// [`CheckpointError::Key`] when the seed is refused.
    pub fn new(name: LogName, seed: &[u8; 32]) -> Result<Self, CheckpointError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| CheckpointError::Key)?;
        let bytes = pair.public_key().as_ref().try_into().map_err(|_| CheckpointError::Key)?;
        Ok(Self { public: CheckpointPublicKey::new(name, bytes), pair })
    }

    #[must_use]
    pub fn public(&self) -> &CheckpointPublicKey {
        &self.public
    }

    /// The signed note of a checkpoint, as it stands in the file `checkpoint`.
    #[must_use]
    pub fn sign(&self, checkpoint: Checkpoint) -> String {
        self.sign_body(&checkpoint.body(&self.public.name))
    }

    fn sign_body(&self, body: &str) -> String {
        let CheckpointPublicKey { name, id, .. } = &self.public;
        let signature = self.pair.sign(body.as_bytes());
        let signature = STANDARD.encode([id.as_slice(), signature.as_ref()].concat());
        format!("{body}\n— {name} {signature}\n")
    }
}

impl fmt::Debug for CheckpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckpointKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// The public half of a [`CheckpointKey`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointPublicKey {
    name: LogName,
    bytes: [u8; 32],
    id: [u8; 4],
}

impl CheckpointPublicKey {
    #[must_use]
    pub fn new(name: LogName, bytes: [u8; 32]) -> Self {
        const ED25519_SIGNATURE: u8 = 0x01;
        let hash = Hash::over(&[name.0.as_bytes(), b"\n", &[ED25519_SIGNATURE], &bytes]);
        let [a, b, c, d, ..] = *hash.as_bytes();
        Self { name, bytes, id: [a, b, c, d] }
    }

    #[must_use]
    pub fn name(&self) -> &LogName {
        &self.name
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Reads a signed note and believes it only if this key has signed it. Signatures of others are allowed beside.
    ///
    /// # Errors
    /// A note that does not parse, is of another log, or is not signed by this key.
    pub fn verify(&self, note: &str) -> Result<Checkpoint, CheckpointError> {
        let (body, signatures) = split(note).ok_or(CheckpointError::Malformed)?;
        self.verify_signature(body, signatures)?;
        let (name, checkpoint) = parse(body).ok_or(CheckpointError::Malformed)?;
        if name == self.name.0 { Ok(checkpoint) } else { Err(CheckpointError::OtherLog) }
    }

    fn verify_signature(&self, body: &str, signatures: &str) -> Result<(), CheckpointError> {
        let signature = self.own_signature(signatures)?.ok_or(CheckpointError::Unsigned)?;
        let key = UnparsedPublicKey::new(&ED25519, self.bytes);
        key.verify(body.as_bytes(), &signature).map_err(|_| CheckpointError::Forged)
    }

    fn own_signature(&self, signatures: &str) -> Result<Option<Vec<u8>>, CheckpointError> {
        let mut own = None;
        for line in signatures.split_terminator('\n') {
            let (name, signature) = parse_signature(line).ok_or(CheckpointError::Malformed)?;
            if let Some(bytes) = signature.strip_prefix(&self.id).filter(|_| name == self.name.0) {
                own = Some(bytes.to_vec());
            }
        }
        Ok(own)
    }
}

/// The text with its last newline, and the lines of signatures.
fn split(note: &str) -> Option<(&str, &str)> {
    let (text, signatures) = note.rsplit_once("\n\n")?;
    let body = note.get(..text.len() + 1)?;
    signatures.ends_with('\n').then_some((body, signatures))
}

fn parse(body: &str) -> Option<(&str, Checkpoint)> {
    let mut lines = body.strip_suffix('\n')?.split('\n');
    let (name, size, root) = (lines.next()?, lines.next()?, lines.next()?);
    let checkpoint = Checkpoint { size: size.parse().ok()?, root: Hash::from_base64(root)? };
    let canonical = checkpoint.size.to_string() == size && lines.next().is_none();
    canonical.then_some((name, checkpoint))
}

fn parse_signature(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, signature) = line.strip_prefix("— ")?.split_once(' ')?;
    Some((name, STANDARD.decode(signature).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> CheckpointKey {
        CheckpointKey::new(LogName::new("example", "one").unwrap(), &[seed; 32]).unwrap()
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { size: 7, root: Hash::leaf(b"x") }
    }

    #[test]
    fn a_signed_checkpoint_verifies_and_reads_as_the_format_says() {
        let note = key(1).sign(checkpoint());
        let lines: Vec<_> = note.lines().collect();
        assert_eq!(lines[..4], ["example/one", "7", &checkpoint().root.to_string(), ""]);
        assert!(lines[4].starts_with("— example/one ") && lines.len() == 5);
        assert_eq!(key(1).public().verify(&note), Ok(checkpoint()));
    }

    #[test]
    fn no_byte_of_a_note_can_be_changed() {
        let note = key(1).sign(checkpoint());
        for place in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[place] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            assert!(key(1).public().verify(&changed).is_err(), "byte {place}");
        }
    }

    #[test]
    fn only_the_key_of_the_log_is_believed() {
        let note = key(2).sign(checkpoint());
        assert_eq!(key(1).public().verify(&note), Err(CheckpointError::Unsigned));
        let other = CheckpointKey::new(LogName::new("example", "two").unwrap(), &[1; 32]).unwrap();
        assert_eq!(key(1).public().verify(&other.sign(checkpoint())), Err(CheckpointError::Unsigned));
    }

    #[test]
    fn a_head_of_another_log_is_refused_even_under_this_key() {
        let key = key(1);
        let body = checkpoint().body(&LogName::new("example", "two").unwrap());
        let note = key.sign_body(&body);
        assert_eq!(key.public().verify(&note), Err(CheckpointError::OtherLog));
    }

    #[test]
    fn a_witness_may_sign_beside() {
        let witness = key(2).sign(checkpoint());
        let witness = witness.lines().last().unwrap();
        let note = format!("{}{witness}\n", key(1).sign(checkpoint()));
        assert_eq!(key(1).public().verify(&note), Ok(checkpoint()));
    }

    #[test]
    fn extension_lines_and_unusual_numbers_are_refused_even_when_signed() {
        let key = key(1);
        let root = checkpoint().root;
        for body in [
            format!("example/one\n7\n{root}\nmore\n"),
            format!("example/one\n07\n{root}\n"),
            format!("example/one\n+7\n{root}\n"),
            "example/one\n7\nAAAA\n".to_owned(),
        ] {
            let note = key.sign_body(&body);
            assert_eq!(key.public().verify(&note), Err(CheckpointError::Malformed), "`{body}`");
        }
    }

    /// The example in the documentation of Go's `golang.org/x/mod/sumdb/note`.
    #[test]
    fn key_ids_and_signatures_are_those_of_another_implementation() {
        let encoded = STANDARD.decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
        let key = CheckpointPublicKey::new(LogName("PeterNeumann".to_owned()), encoded[1..].try_into().unwrap());
        assert_eq!(key.id, [0xc7, 0x4f, 0x20, 0xa3]);
        let note = "If you think cryptography is the answer to your problem,\n\
            then you don't know what your problem is.\n\n\
            — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        let (body, signatures) = split(note).unwrap();
        assert_eq!(key.verify_signature(body, signatures), Ok(()));
        assert_eq!(key.verify_signature(&body.replace("answer", "cause"), signatures), Err(CheckpointError::Forged));
    }

    #[test]
    fn names_are_words() {
        for (deployment, node) in [("", "a"), ("a", ""), ("a b", "c"), ("a+b", "c"), ("a/b", "c"), ("a", "b\n")] {
            assert_eq!(LogName::new(deployment, node), Err(CheckpointError::Name));
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let shown = format!("{:?}", key(0xab));
        assert!(shown.contains("example/one") && !shown.contains("171, 171"), "{shown}");
    }
}
