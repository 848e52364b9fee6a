//! `secret.key`: the root from which every other key of a data folder is derived. It is never in the database.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::rand;
use zeroize::Zeroizing;

/// 256 random bits, kept as 64 lower-case hexadecimal digits and a newline in a file that its owner alone may read.
pub struct SecretKey(Zeroizing<[u8; 32]>);

/// Why there is no secret key. None of these is ever answered by making a new one.
#[derive(Debug, thiserror::Error)]
pub enum SecretKeyError {
    /// The file is gone, and something was sealed with it.
    #[error("`{path}` is missing: put back the one that this data was made with")]
    Missing {
        /// Where it was expected.
        path: PathBuf,
    },
    /// Others than the owner may read or write it.
    #[error("`{path}` has mode {mode:04o}: others than its owner must have no access to it (0600)")]
    TooOpen {
        /// Where it is.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It does not hold what a secret key holds.
    #[error("`{path}` is malformed: expected 64 lower-case hexadecimal digits and a newline")]
    Malformed {
        /// Where it is.
        path: PathBuf,
    },
    /// The operating system did not let us read it.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// Where it is.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system did not let us make it.
    #[error("cannot create `{path}`")]
    Uncreatable {
        /// Where it was to be.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// What a derived key is for; no two purposes share a key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// Seals the key ring.
    KeyRing,
    /// Hashes robot keys.
    RobotKeys,
    /// Guards the rows of the database.
    Rows,
    /// Signs the checkpoints of the journal.
    Checkpoints,
}

impl SecretKey {
    /// Reads the key; where there is none and `may_create` says that nothing was sealed yet, makes it.
    ///
    /// # Errors
    /// [`SecretKeyError`] names the file. A key that is missing where it may not be made, malformed or open to others
    /// is refused.
    pub fn load_or_create(path: &Path, may_create: bool) -> Result<Self, SecretKeyError> {
        match Self::load(path) {
            Err(SecretKeyError::Missing { .. }) if may_create => {
                create(path).map_err(|source| SecretKeyError::Uncreatable { path: path.to_owned(), source })?;
                Self::load(path)
            }
            loaded => loaded,
        }
    }

    /// The seed of the key that signs the checkpoints of the journal.
    #[must_use]
    pub fn checkpoint_seed(&self) -> Zeroizing<[u8; 32]> {
        self.derive(Purpose::Checkpoints)
    }

    /// HKDF-SHA-256 (RFC 5869) with the purpose as info.
    #[expect(
        clippy::expect_used,
        reason = "HKDF fails beyond 255 blocks of output (RFC 5869 section 2.3); this is one"
    )]
    pub(crate) fn derive(&self, purpose: Purpose) -> Zeroizing<[u8; 32]> {
        let root = Salt::new(HKDF_SHA256, b"pullgate secret.key 1").extract(self.0.as_slice());
        let mut key = Zeroizing::new([0; 32]);
        root.expand(&[purpose.info()], HKDF_SHA256)
            .and_then(|okm| okm.fill(key.as_mut_slice()))
            .expect("one block of output");
        key
    }

    fn load(path: &Path) -> Result<Self, SecretKeyError> {
        let unreadable = |source: io::Error| {
            let path = path.to_owned();
            let missing = source.kind() == io::ErrorKind::NotFound;
            if missing { SecretKeyError::Missing { path } } else { SecretKeyError::Unreadable { path, source } }
        };
        let file = File::open(path).map_err(unreadable)?;
        let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(SecretKeyError::TooOpen { path: path.to_owned(), mode });
        }
        let mut text = Zeroizing::new(Vec::with_capacity(66));
        file.take(66).read_to_end(&mut text).map_err(unreadable)?;
        parse(&text).map(Self).ok_or_else(|| SecretKeyError::Malformed { path: path.to_owned() })
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretKey(****)")
    }
}

impl Purpose {
    fn info(self) -> &'static [u8] {
        match self {
            Self::KeyRing => b"seal the key ring",
            Self::RobotKeys => b"hash robot keys",
            Self::Rows => b"guard the rows of the state",
            Self::Checkpoints => b"sign checkpoints of the journal",
        }
    }
}

/// Reads one form only, so that a changed byte is another key or no key.
fn parse(text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let (digits, []) = text.strip_suffix(b"\n")?.as_chunks::<2>() else { return None };
    let mut key = Zeroizing::new([0; 32]);
    if digits.len() != key.len() {
        return None;
    }
    for (byte, [high, low]) in key.iter_mut().zip(digits) {
        *byte = hexadecimal(*high)? << 4 | hexadecimal(*low)?;
    }
    Some(key)
}

fn hexadecimal(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Writes the key beside its place and links it there: a crash leaves no half key, and no key is ever overwritten.
fn create(path: &Path) -> io::Result<()> {
    let draft = path.with_added_extension("new");
    remove_if_there(&draft)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(&generate()?)?;
    file.sync_all()?;
    fs::hard_link(&draft, path)?;
    fs::remove_file(&draft)?;
    sync_folder_of(path)
}

fn generate() -> io::Result<Zeroizing<Vec<u8>>> {
    let mut key = Zeroizing::new([0; 32]);
    rand::fill(key.as_mut_slice()).map_err(io::Error::other)?;
    let mut text = Zeroizing::new(Vec::with_capacity(65));
    for byte in key.iter() {
        write!(text, "{byte:02x}")?;
    }
    text.push(b'\n');
    Ok(text)
}

/// Removes what an interrupted start left behind.
pub(crate) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes a file's name as durable as its content.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> (tempfile::TempDir, PathBuf, SecretKey) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let key = SecretKey::load_or_create(&path, true).unwrap();
        (folder, path, key)
    }

    #[test]
    fn is_made_once_and_read_back() {
        let (folder, path, key) = fresh();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&path).unwrap().len(), 65);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(SecretKey::load_or_create(&path, true).unwrap().0, key.0);
        assert_eq!(SecretKey::load_or_create(&path, false).unwrap().0, key.0);
    }

    #[test]
    fn a_crash_before_it_was_in_place_is_made_good() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret.key.new"), "0a").unwrap();
        SecretKey::load_or_create(&folder.path().join("secret.key"), true).unwrap();
    }

    #[test]
    fn no_key_is_invented_where_one_is_expected() {
        let folder = tempfile::tempdir().unwrap();
        let missing = SecretKey::load_or_create(&folder.path().join("secret.key"), false);
        assert!(matches!(missing, Err(SecretKeyError::Missing { .. })));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn every_other_byte_is_another_key_or_none() {
        let (_folder, path, key) = fresh();
        let good = fs::read(&path).unwrap();
        for place in 0..good.len() {
            for byte in (0..=u8::MAX).filter(|byte| *byte != good[place]) {
                let mut changed = good.clone();
                changed[place] = byte;
                assert!(parse(&changed).is_none_or(|other| other != key.0), "byte {place}");
            }
        }
    }

    #[test]
    fn other_lengths_are_malformed() {
        let (_folder, path, _) = fresh();
        let good = fs::read(&path).unwrap();
        for text in [&b""[..], b"\n", &good[..64], &good[..63], &good[1..], &[&good[..], b"\n"].concat(), &[0; 1000]] {
            fs::write(&path, text).unwrap();
            let refused = SecretKey::load_or_create(&path, true);
            assert!(matches!(refused, Err(SecretKeyError::Malformed { .. })), "{text:?}");
        }
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let (_folder, path, _) = fresh();
        for mode in [0o640, 0o604, 0o620, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let refused = SecretKey::load_or_create(&path, true).unwrap_err();
            assert!(matches!(refused, SecretKeyError::TooOpen { mode: seen, .. } if seen == mode));
        }
    }

    #[test]
    fn purposes_share_no_key_and_nothing_prints() {
        let (_folder, path, key) = fresh();
        let purposes = [Purpose::KeyRing, Purpose::RobotKeys, Purpose::Rows, Purpose::Checkpoints];
        let keys: std::collections::BTreeSet<_> = purposes.iter().map(|purpose| *key.derive(*purpose)).collect();
        assert_eq!(keys.len(), purposes.len());
        assert_eq!(*key.derive(Purpose::Rows), *key.derive(Purpose::Rows));
        assert!(!format!("{key:?}").contains(fs::read_to_string(path).unwrap().trim()));
    }
}
