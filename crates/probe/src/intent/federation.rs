//! `[federation]`: where tokens of another issuer are exchanged, and a key of that issuer's for tests.

use outbound::Endpoint;
use protocol::Secret;
use serde::Deserialize;
use toml::Spanned;

use super::SigningKey;
use super::error::{IntentError, Why};
use super::keys;

/// Somebody whose tokens are exchanged for tokens of the registry (RFC 8693).
#[derive(Clone, Debug)]
pub struct Federation {
    /// The token endpoint: at a door, or at one of its realms.
    pub at: Endpoint,
    /// What the issuer signs with.
    pub key: SigningKey,
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
    /// `sub` of somebody who is let in.
    pub subject: String,
    /// `sub` of another tenant, who is not.
    pub stranger: String,
    /// An address that redirects to the issuer, if there is one.
    pub redirected: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FederationEntry {
    url: Spanned<String>,
    file: Spanned<String>,
    alg: String,
    kid: String,
    iss: String,
    aud: String,
    sub: String,
    other_sub: String,
    redirected_iss: Option<String>,
}

/// Reads the table.
pub(super) fn read(
    entry: &FederationEntry,
    read: &impl Fn(&str) -> Result<Secret, Why>,
) -> Result<Federation, IntentError> {
    let at = entry.url.get_ref().parse();
    Ok(Federation {
        at: at.map_err(|source| IntentError::Origin { span: entry.url.span(), source })?,
        key: keys::key(&entry.file, &entry.alg, read)?.named(&entry.kid),
        issuer: entry.iss.clone(),
        audience: entry.aud.clone(),
        subject: entry.sub.clone(),
        stranger: entry.other_sub.clone(),
        redirected: entry.redirected_iss.clone(),
    })
}
