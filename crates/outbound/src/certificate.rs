//! Certificates: the ones that a door shows, and the one that we show.

use std::fmt;

use protocol::Secret;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::origin::Origin;

/// What a door shows, its own certificate first. Nobody has verified it.
#[derive(Clone, PartialEq, Eq)]
pub struct Chain(Vec<CertificateDer<'static>>);

impl Chain {
    pub(crate) fn new(certificates: Vec<CertificateDer<'static>>) -> Self {
        Self(certificates)
    }

    pub(crate) fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.0
    }

    /// Whether the door showed none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The DNS names that the first certificate is for, wildcards among them.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let names = self.0.first().and_then(|first| webpki::EndEntityCert::try_from(first).ok());
        names.map(|certificate| certificate.valid_dns_names().map(str::to_owned).collect()).unwrap_or_default()
    }

    /// The public keys, as `SubjectPublicKeyInfo` (RFC 5280 section 4.1), in the order shown; none of a certificate that
    /// cannot be read.
    #[must_use]
    pub fn public_keys(&self) -> Vec<Option<Vec<u8>>> {
        let key = |certificate: &CertificateDer<'static>| {
            let read = webpki::EndEntityCert::try_from(certificate).ok()?;
            Some(read.subject_public_key_info().to_vec())
        };
        self.0.iter().map(key).collect()
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Chain({} certificates)", self.0.len())
    }
}

/// Not a certificate with its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientCertificateError {
    /// No PEM block `CERTIFICATE`.
    #[error("no certificate: a PEM block `CERTIFICATE` is expected")]
    NoCertificate,
    /// No PEM block of a private key.
    #[error("no key: a PEM block `PRIVATE KEY` is expected")]
    NoKey,
}

/// A certificate that we show, with its key, bound to the origin that it may be shown to.
pub struct ClientCertificate {
    origin: Origin,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl ClientCertificate {
    /// Reads PEM: the chain, its own certificate first, and the key.
    ///
    /// # Errors
    /// [`ClientCertificateError`], which shows nothing of what was read.
    pub fn from_pem(origin: &Origin, chain: &[u8], key: &Secret) -> Result<Self, ClientCertificateError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or(ClientCertificateError::NoCertificate)?;
        let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes());
        Ok(Self { origin: origin.clone(), chain, key: key.map_err(|_| ClientCertificateError::NoKey)? })
    }

    /// One that was made here: the chain and the key (PKCS #8) as DER.
    #[must_use]
    pub fn from_der(origin: &Origin, chain: Vec<Vec<u8>>, key: Vec<u8>) -> Self {
        let chain = chain.into_iter().map(CertificateDer::from).collect();
        Self { origin: origin.clone(), chain, key: PrivatePkcs8KeyDer::from(key).into() }
    }

    /// Where it may be shown.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The DNS names and URIs that it is for.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let own = self.chain.first().and_then(|first| webpki::EndEntityCert::try_from(first).ok());
        own.map(|own| own.valid_dns_names().chain(own.valid_uri_names()).map(str::to_owned).collect())
            .unwrap_or_default()
    }

    pub(crate) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }
}

impl PartialEq for ClientCertificate {
    fn eq(&self, other: &Self) -> bool {
        self.origin == other.origin && self.chain == other.chain
    }
}

impl Eq for ClientCertificate {}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ClientCertificate(for {})", self.origin)
    }
}
