//! TLS: whom we trust, who we say we are, and what a door shows.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{Resumption, WantsClientCert, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{IpAddr, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, ConfigBuilder, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::certificate::{Chain, ClientCertificate};
use crate::error::{Distrust, OutboundError};
use crate::greeting::{Greeting, Tickets};
use crate::origin::{Host, Origin};
use crate::verifier::{Judge, Judged, Looking, UntilEnough};

/// The smallest records that the library makes, in bytes.
const PIECE: usize = 32;

/// Whom we trust.
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    roots: Arc<RootCertStore>,
    plain: TlsConnector,
}

impl Tls {
    pub(crate) fn trusting(roots: RootCertStore) -> Result<Self, OutboundError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let roots = Arc::new(roots);
        let config = builder(&provider)?.with_root_certificates(Arc::clone(&roots)).with_no_client_auth();
        Ok(Self { provider, roots, plain: TlsConnector::from(Arc::new(config)) })
    }

    /// A connector that shows a certificate where one is asked for.
    pub(crate) fn connector(&self, shown: Option<&ClientCertificate>) -> Result<TlsConnector, OutboundError> {
        let Some(shown) = shown else { return Ok(self.plain.clone()) };
        Ok(TlsConnector::from(Arc::new(self.showing(Some(shown))?)))
    }

    /// The same, offering this protocol too (RFC 7301).
    pub(crate) fn offering(
        &self,
        protocol: &[u8],
        shown: Option<&ClientCertificate>,
    ) -> Result<TlsConnector, OutboundError> {
        let mut config = self.showing(shown)?;
        config.alpn_protocols = vec![protocol.to_owned(), b"http/1.1".to_vec()];
        Ok(TlsConnector::from(Arc::new(config)))
    }

    fn showing(&self, shown: Option<&ClientCertificate>) -> Result<ClientConfig, OutboundError> {
        let trusting = builder(&self.provider)?.with_root_certificates(Arc::clone(&self.roots));
        let Some(shown) = shown else { return Ok(trusting.with_no_client_auth()) };
        let config = trusting.with_client_auth_cert(shown.chain().to_vec(), shown.key());
        config.map_err(|source| OutboundError::TlsSetup { source })
    }

    /// A connector that trusts everybody and remembers what was shown. Nothing may be sent over what it connects.
    pub(crate) fn looking(&self) -> Result<(TlsConnector, Arc<Looking>), OutboundError> {
        let looking = Arc::new(Looking::default());
        let config = self.judging(&looking)?;
        Ok((TlsConnector::from(Arc::new(config.with_no_client_auth())), looking))
    }

    /// A connector that begins in another way, and verifies nobody.
    pub(crate) fn greeting(&self, greeting: &Greeting) -> Result<TlsConnector, OutboundError> {
        let mut config = self.judging(&Arc::new(Looking::default()))?.with_no_client_auth();
        config.enable_sni = greeting.name.is_some();
        config.max_fragment_size = greeting.in_pieces.then_some(PIECE);
        Ok(TlsConnector::from(Arc::new(config)))
    }

    /// A connector whose second connection must resume the session of the first, under whatever name.
    pub(crate) fn resuming(
        &self,
        shown: &ClientCertificate,
    ) -> Result<(TlsConnector, Arc<UntilEnough>), OutboundError> {
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::clone(&self.roots), Arc::clone(&self.provider));
        let verifier = verifier.build().map_err(|_| CertificateError::UnknownIssuer.into());
        let verifier = verifier.map_err(|source| OutboundError::TlsSetup { source })?;
        let verifier = Arc::new(UntilEnough::new(verifier));
        let config = self.judging(&verifier)?.with_client_auth_cert(shown.chain().to_vec(), shown.key());
        let mut config = config.map_err(|source| OutboundError::TlsSetup { source })?;
        config.resumption = Resumption::store(Arc::new(Tickets::default()));
        Ok((TlsConnector::from(Arc::new(config)), verifier))
    }

    /// How a session is begun whose next one may carry early data. Its tickets are its own.
    pub(crate) fn early(&self, shown: Option<&ClientCertificate>) -> Result<ClientConfig, OutboundError> {
        let mut config = self.showing(shown)?;
        config.enable_early_data = true;
        Ok(config)
    }

    fn judging<J: Judge + 'static>(
        &self,
        judge: &Arc<J>,
    ) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, OutboundError> {
        let verifier = Judged::by(judge, &self.provider);
        Ok(builder(&self.provider)?.dangerous().with_custom_certificate_verifier(verifier))
    }

    /// Whether a chain is trusted for an origin at a time since 1970.
    pub(crate) fn trusts(&self, chain: &Chain, origin: &Origin, at: Duration) -> Result<(), Distrust> {
        let (end, above) = chain.certificates().split_first().ok_or(Distrust::Nothing)?;
        let name = server_name(origin).ok_or(Distrust::Name)?;
        let roots = Arc::clone(&self.roots);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&self.provider)).build();
        // Without a single authority there is no verifier, and nobody is trusted.
        let verifier = verifier.map_err(|_| CertificateError::UnknownIssuer.into()).map_err(Distrust::Certificate)?;
        let verified = verifier.verify_server_cert(end, above, &name, &[], UnixTime::since_unix_epoch(at));
        verified.map(drop).map_err(Distrust::Certificate)
    }
}

/// The name that a certificate must be for.
pub(crate) fn server_name(origin: &Origin) -> Option<ServerName<'static>> {
    match origin.host() {
        Host::Name(name) => ServerName::try_from(name.clone()).ok(),
        Host::Address(address) => Some(ServerName::IpAddress(IpAddr::from(*address))),
    }
}

fn builder(
    provider: &Arc<CryptoProvider>,
) -> Result<ConfigBuilder<ClientConfig, rustls::WantsVerifier>, OutboundError> {
    ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|source| OutboundError::TlsSetup { source })
}
