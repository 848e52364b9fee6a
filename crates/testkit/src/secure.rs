//! TLS for servers of tests: an authority of their own, certificates good and bad, and clients that must show one.

mod odd;

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoClientAuth, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme};

use odd::ShortKey;
pub use odd::{resuming_again, resuming_as, taking_early_data, taking_http2};

/// The name of every server here.
pub const NAME: &str = "localhost";
/// A name that no server here has.
pub const OTHER_NAME: &str = "other.invalid";
const DAY: Duration = Duration::from_secs(86_400);

/// A certificate with its key, both DER.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The certificate, and those above it.
    pub chain: Vec<Vec<u8>>,
    /// The key (PKCS #8).
    pub key: Vec<u8>,
}

impl Pair {
    /// The chain, as PEM.
    pub fn chain_pem(&self) -> String {
        self.chain.iter().map(|certificate| pem("CERTIFICATE", certificate)).collect()
    }

    /// The key, as PEM.
    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.key)
    }
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// What a server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A certificate for [`NAME`] that is good for a year.
    Good,
    /// One that ends in three days.
    EndsSoon,
    /// One for another name.
    OtherName,
    /// One that nobody signed.
    SelfSigned,
    /// One for a shop beside it.
    Shared,
    /// One for everything beside it.
    Wildcard,
    /// One with an RSA key of 1024 bits, which is nobody's: no handshake with it is ever done.
    ShortRsa,
    /// The same with a key on a curve of 224 bits.
    ShortCurve,
}

/// Who may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Whoever shows a certificate of the authority.
    Certificate,
    /// The same, and whoever shows none.
    Optional,
    /// Whoever shows any certificate at all.
    Any,
    /// Everybody, and no certificate is asked for.
    Nothing,
}

/// An authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Authority")
    }
}

/// The authority of this process: keys take their time.
pub fn authority() -> &'static Authority {
    static AUTHORITY: LazyLock<Authority> = LazyLock::new(Authority::new);
    &AUTHORITY
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names are good names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("keys can be made");
        let certificate = params.self_signed(&key).expect("an authority signs itself").der().clone();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// Its certificate, DER.
    pub fn der(&self) -> &[u8] {
        &self.certificate
    }

    /// Its certificate, as PEM.
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    /// A certificate for a client.
    pub fn client(&self) -> Pair {
        let mut params = CertificateParams::new(Vec::new()).expect("no names are good names");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let id = "spiffe://tests.invalid/probe".try_into().expect("a URI is ASCII");
        params.subject_alt_names = vec![SanType::URI(id)];
        self.sign(&params)
    }

    /// Whether a certificate is one of its own for clients, at this time.
    pub fn has_issued(&self, leaf: &[u8]) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("an authority is a root");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
        let verifier = verifier.expect("there is a root");
        verifier.verify_client_cert(&CertificateDer::from(leaf.to_vec()), &[], UnixTime::now()).is_ok()
    }

    /// A certificate for a server.
    pub fn server(&self, shown: Shown) -> Pair {
        let name = if shown == Shown::OtherName { "elsewhere.invalid" } else { NAME };
        let others = [(Shown::Shared, "shop.elsewhere.invalid"), (Shown::Wildcard, "*.elsewhere.invalid")];
        let other = others.into_iter().find(|(known, _)| *known == shown).map(|(_, name)| name);
        let names: Vec<String> = std::iter::once(name).chain(other).map(str::to_owned).collect();
        let mut params = CertificateParams::new(names).expect("a name is a name");
        let days = if shown == Shown::EndsSoon { 3 } else { 365 };
        params.not_after = (SystemTime::now() + days * DAY).into();
        match shown {
            Shown::SelfSigned => {
                let key = KeyPair::generate().expect("keys can be made");
                let certificate = params.self_signed(&key).expect("a certificate signs itself");
                Pair { chain: vec![certificate.der().to_vec()], key: key.serialize_der() }
            }
            Shown::ShortRsa => self.sign_for(&params, &ShortKey::rsa()),
            Shown::ShortCurve => self.sign_for(&params, &ShortKey::curve()),
            Shown::Good | Shown::EndsSoon | Shown::OtherName | Shown::Shared | Shown::Wildcard => self.sign(&params),
        }
    }

    fn sign(&self, params: &CertificateParams) -> Pair {
        let key = KeyPair::generate().expect("keys can be made");
        let certificate = params.signed_by(&key, &self.issuer).expect("an authority signs");
        Pair { chain: vec![certificate.der().to_vec()], key: key.serialize_der() }
    }

    /// A certificate for a key that is nobody's, with one that does not fit.
    fn sign_for(&self, params: &CertificateParams, key: &ShortKey) -> Pair {
        let certificate = params.signed_by(key, &self.issuer).expect("an authority signs");
        Pair { chain: vec![certificate.der().to_vec()], ..self.sign(params) }
    }

    /// How a server speaks TLS.
    pub fn config(&self, shown: Shown, demand: Demand) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("an authority is a root");
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
        let verifier: Arc<dyn ClientCertVerifier> = match demand {
            Demand::Certificate => verifier.build().expect("there is a root"),
            Demand::Optional => verifier.allow_unauthenticated().build().expect("there is a root"),
            Demand::Any => Arc::new(Anybody(Arc::clone(&provider))),
            Demand::Nothing => Arc::new(NoClientAuth),
        };
        let own = self.server(shown);
        let chain = own.chain.into_iter().map(CertificateDer::from).collect();
        let key = provider.key_provider.load_private_key(PrivatePkcs8KeyDer::from(own.key).into());
        // Nobody looks whether the key fits: one certificate is for another key.
        let shown = SingleCertAndKey::from(CertifiedKey::new(chain, key.expect("a key can be loaded")));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("there are versions")
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(shown));
        Arc::new(config)
    }
}

/// Asks for a certificate and looks at none.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ClientCertVerifier for Anybody {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
