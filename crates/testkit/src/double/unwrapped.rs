//! Tokens of another form than the one that is verified, and who reads them all the same.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::forged::granted;
use super::token::Grant;
use super::{Flaw, Registry};

/// The head of a stored block of DEFLATE (RFC 1951 section 3.2.4).
const HEAD: usize = 5;

impl Registry {
    /// What a token grants that is unwrapped before it is verified, and then is not verified.
    pub(super) fn unwraps(&self, token: &str) -> Option<Grant> {
        let parts: Vec<&str> = token.split('.').collect();
        let header = read(&decoded(parts.first()?)?)?;
        let claims = match parts[..] {
            [_, claims, _] if header["b64"] == false && self.has(Flaw::ReadsBareClaims) => read(claims.as_bytes()),
            [_, claims, _] if header["zip"] == "DEF" && self.has(Flaw::ReadsCompressedClaims) => {
                read(decoded(claims)?.get(HEAD..)?)
            }
            [_, inner, _] if header["cty"] == "JWT" && self.has(Flaw::ReadsNestedToken) => {
                let inner = String::from_utf8(decoded(inner)?).ok()?;
                read(&decoded(inner.split('.').nth(1)?)?)
            }
            [_, _, _, text, _] if header["enc"].is_string() && self.has(Flaw::ReadsFiveParts) => read(&decoded(text)?),
            _ => None,
        };
        granted(&claims?)
    }

    /// What a token grants that one parser verifies and another reads.
    pub(super) fn reads_twice(&self, token: &str) -> Option<Grant> {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else { return None };
        let [header, claims] = [String::from_utf8(decoded(header)?).ok()?, String::from_utf8(decoded(claims)?).ok()?];
        let mut read = read(claims.as_bytes())?;
        let is_used = match claims.matches(r#""access":"#).count() {
            2 if claims.starts_with(r#"{"access":[],"#) => self.has(Flaw::LastAccessIsUsed),
            2 if self.has(Flaw::FirstAccessIsUsed) => {
                read["access"] = first_access(&claims)?;
                true
            }
            0 if claims.contains(r#""\u0061ccess":"#) => self.has(Flaw::EscapedNameIsUsed),
            1 if read["access"].is_object() && self.has(Flaw::AccessIsObject) => {
                read["access"] = json!([read["access"]]);
                true
            }
            1 if read["access"].is_string() && self.has(Flaw::AccessIsText) => {
                read["access"] = written(read["access"].as_str()?)?;
                true
            }
            _ => false,
        };
        let unsigned = header.matches(r#""alg":"#).count() == 2 && header.starts_with(r#"{"alg":"none""#);
        let unverified = unsigned && signature.is_empty() && self.has(Flaw::FirstAlgorithmIsUsed);
        ((is_used && self.has_signed(signature)) || unverified).then(|| granted(&read)).flatten()
    }
}

fn decoded(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

fn read(json: &[u8]) -> Option<Value> {
    serde_json::from_slice(json).ok()
}

/// The first of two members of this name.
fn first_access(claims: &str) -> Option<Value> {
    let behind = claims.split_once(r#""access":"#)?.1;
    serde_json::Deserializer::from_str(behind).into_iter().next()?.ok()
}

/// Access as a scope has it: kind, name and one action.
fn written(scope: &str) -> Option<Value> {
    let parts: Vec<&str> = scope.split(':').collect();
    let [kind, name, action] = parts[..] else { return None };
    Some(json!([{ "type": kind, "name": name, "actions": [action] }]))
}
