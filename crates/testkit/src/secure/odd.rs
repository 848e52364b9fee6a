//! Servers that forget names or remember sessions, and keys that are too short.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm};
use rustls::ServerConfig;
use rustls::server::{ServerSessionMemoryCache, StoresServerSessions};

/// The same server, which takes each session for one of this name.
pub fn resuming_as(config: &ServerConfig, name: &'static str) -> Arc<ServerConfig> {
    let sessions = ServerSessionMemoryCache::new(32);
    let mut config = config.clone();
    config.session_storage = Arc::new(Renaming { sessions, name });
    Arc::new(config)
}

/// The same server, which takes early data.
pub fn taking_early_data(config: &ServerConfig) -> Arc<ServerConfig> {
    let mut config = config.clone();
    config.max_early_data_size = 16 * 1024;
    Arc::new(config)
}

/// The same server, which takes every session as often as it comes, and notes here that one came again.
pub fn resuming_again(config: &ServerConfig, came_again: &Arc<AtomicBool>) -> Arc<ServerConfig> {
    let sessions = ServerSessionMemoryCache::new(32);
    let mut config = config.clone();
    config.session_storage =
        Arc::new(Keeping { sessions, taken: Mutex::default(), came_again: Arc::clone(came_again) });
    Arc::new(config)
}

/// The same server, which takes HTTP/2.
pub fn taking_http2(config: &ServerConfig) -> Arc<ServerConfig> {
    let mut config = config.clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Arc::new(config)
}

/// Sessions that forget under which name they were made.
#[derive(Debug)]
struct Renaming {
    sessions: Arc<ServerSessionMemoryCache>,
    name: &'static str,
}

impl Renaming {
    /// A session begins with its name, behind a one and the length.
    fn renamed(&self, session: &[u8]) -> Vec<u8> {
        let end = 2 + usize::from(session[1]);
        let length = u8::try_from(self.name.len()).expect("a name is short");
        [&[1, length], self.name.as_bytes(), &session[end..]].concat()
    }
}

impl StoresServerSessions for Renaming {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.sessions.put(key, value)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.sessions.get(key).map(|session| self.renamed(&session))
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.sessions.take(key).map(|session| self.renamed(&session))
    }

    fn can_cache(&self) -> bool {
        true
    }
}

/// Sessions that are kept once they were taken.
#[derive(Debug)]
struct Keeping {
    sessions: Arc<ServerSessionMemoryCache>,
    taken: Mutex<BTreeSet<Vec<u8>>>,
    came_again: Arc<AtomicBool>,
}

impl StoresServerSessions for Keeping {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.sessions.put(key, value)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.sessions.get(key)
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        let is_new = self.taken.lock().expect("nobody has panicked").insert(key.to_vec());
        self.came_again.fetch_or(!is_new, Ordering::Relaxed);
        self.sessions.get(key)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

/// A public key that is too short, and that nobody has.
pub(super) struct ShortKey(&'static SignatureAlgorithm, Vec<u8>);

impl ShortKey {
    /// A sequence of a modulus of 128 bytes and 65537 (RFC 8017 appendix A.1.1).
    pub(super) fn rsa() -> Self {
        let front = [0x30, 0x81, 0x89, 0x02, 0x81, 0x81, 0x00];
        Self(&PKCS_RSA_SHA256, [front.as_slice(), &[0xc5; 128], &[2, 3, 1, 0, 1]].concat())
    }

    /// A point that is not compressed, with two coordinates of 28 bytes.
    pub(super) fn curve() -> Self {
        Self(&PKCS_ECDSA_P256_SHA256, [[4].as_slice(), &[7; 56]].concat())
    }
}

impl PublicKeyData for ShortKey {
    fn der_bytes(&self) -> &[u8] {
        &self.1
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.0
    }
}
