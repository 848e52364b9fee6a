//! Who says whether a door is who it should be: signatures are verified as usual, and the chain is judged by somebody else.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};

use crate::certificate::Chain;

/// Whether a chain is taken: the certificate of the door, and those above it.
pub(crate) trait Judge: fmt::Debug + Send + Sync {
    fn judge(
        &self,
        chain: (&CertificateDer<'_>, &[CertificateDer<'_>]),
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), rustls::Error>;
}

/// Verifies signatures, and asks a judge about the chain.
#[derive(Debug)]
pub(crate) struct Judged<J> {
    provider: Arc<CryptoProvider>,
    judge: Arc<J>,
}

impl<J> Judged<J> {
    pub(crate) fn by(judge: &Arc<J>, provider: &Arc<CryptoProvider>) -> Arc<Self> {
        Arc::new(Self { provider: Arc::clone(provider), judge: Arc::clone(judge) })
    }
}

impl<J: Judge> ServerCertVerifier for Judged<J> {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.judge.judge((end_entity, intermediates), name, now).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Takes everybody, and remembers what a door showed.
#[derive(Default)]
pub(crate) struct Looking(Mutex<Vec<CertificateDer<'static>>>);

impl Looking {
    /// The chain; empty where the handshake did not come so far.
    pub(crate) fn chain(&self) -> Chain {
        Chain::new(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl fmt::Debug for Looking {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Looking")
    }
}

impl Judge for Looking {
    fn judge(
        &self,
        (end, above): (&CertificateDer<'_>, &[CertificateDer<'_>]),
        _: &ServerName<'_>,
        _: UnixTime,
    ) -> Result<(), rustls::Error> {
        let chain = std::iter::once(end).chain(above);
        let chain = chain.map(|certificate| certificate.clone().into_owned()).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        Ok(())
    }
}

/// Judges as usual, until it has had enough: then every session that is not resumed fails, before anything of ours is
/// shown in it.
#[derive(Debug)]
pub(crate) struct UntilEnough {
    usual: Arc<WebPkiServerVerifier>,
    enough: AtomicBool,
}

impl UntilEnough {
    pub(crate) fn new(usual: Arc<WebPkiServerVerifier>) -> Self {
        Self { usual, enough: AtomicBool::new(false) }
    }

    pub(crate) fn enough(&self) {
        self.enough.store(true, Ordering::Relaxed);
    }
}

impl Judge for UntilEnough {
    fn judge(
        &self,
        (end, above): (&CertificateDer<'_>, &[CertificateDer<'_>]),
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        match self.enough.load(Ordering::Relaxed) {
            true => Err(rustls::Error::General("a new session, and not the one before".to_owned())),
            false => self.usual.verify_server_cert(end, above, name, &[], now).map(drop),
        }
    }
}
