//! Certificates that nobody should accept: signed by nobody who counts, expired, or for something else.

use std::sync::Arc;

use outbound::{ClientCertificate, Origin};
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType, date_time_ymd,
};

/// What a certificate is, in words, and the certificate.
pub(crate) type MadeUp = (&'static str, Arc<ClientCertificate>);

/// Certificates of our own making for an origin, with the names of the right one wherever that makes them harder to tell.
pub(crate) fn certificates(origin: &Origin, right: &ClientCertificate) -> Result<Vec<MadeUp>, rcgen::Error> {
    let mut above = CertificateParams::new(Vec::new())?;
    above.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    let authority = above.self_signed(&key)?.der().to_vec();
    let authority = (Issuer::new(above, key), authority);

    let plain = || leaf(&right.names());
    let mut expired = plain()?;
    (expired.not_before, expired.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
    let mut of_servers = plain()?;
    of_servers.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let stranger = leaf(&["spiffe://elsewhere.invalid/probe".to_owned()])?;
    Ok(vec![
        ("a self-signed certificate", signed(origin, &plain()?, None)?),
        ("a certificate of another authority", signed(origin, &plain()?, Some(&authority))?),
        ("an expired certificate", signed(origin, &expired, Some(&authority))?),
        ("a certificate for servers", signed(origin, &of_servers, Some(&authority))?),
        ("a certificate of another SPIFFE id", signed(origin, &stranger, Some(&authority))?),
    ])
}

fn leaf(names: &[String]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    for name in names {
        let text = Ia5String::try_from(name.as_str())?;
        let is_uri = name.contains("://");
        params.subject_alt_names.push(if is_uri { SanType::URI(text) } else { SanType::DnsName(text) });
    }
    Ok(params)
}

fn signed(
    origin: &Origin,
    params: &CertificateParams,
    authority: Option<&(Issuer<'static, KeyPair>, Vec<u8>)>,
) -> Result<Arc<ClientCertificate>, rcgen::Error> {
    let key = KeyPair::generate()?;
    let chain = match authority {
        None => vec![params.self_signed(&key)?.der().to_vec()],
        Some((issuer, above)) => vec![params.signed_by(&key, issuer)?.der().to_vec(), above.clone()],
    };
    Ok(Arc::new(ClientCertificate::from_der(origin, chain, key.serialize_der())))
}
