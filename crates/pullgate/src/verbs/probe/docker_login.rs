//! The login that docker or podman has for a registry: from its credential helper, or from its file.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use probe::Login;
use protocol::Secret;
use serde::Deserialize;

use crate::config::{read_text, variable};

/// The longest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// Under which name docker keeps the login of Docker Hub.
const DOCKER_HUB: (&str, &str) = ("registry-1.docker.io", "https://index.docker.io/v1/");

/// Why there is no login.
#[derive(Debug, thiserror::Error)]
pub(super) enum DockerLoginError {
    /// No file names the registry.
    #[error("neither docker nor podman has a login for `{host}`: `docker login {host}` makes one")]
    None {
        /// The registry.
        host: String,
    },
    /// A file that is none of docker's.
    #[error("cannot read the logins in `{path}`")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A helper that cannot be run.
    #[error("cannot run the credential helper `{program}`")]
    Helper {
        /// Its program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A helper that gives nothing of use.
    #[error("the credential helper `{program}` has no password for `{host}`")]
    Empty {
        /// Its program.
        program: String,
        /// The registry.
        host: String,
    },
    /// An identity token instead of a password.
    #[error("the login for `{host}` is an identity token, which the probe does not use: add --credential-file")]
    IdentityToken {
        /// The registry.
        host: String,
    },
}

#[derive(Deserialize)]
struct Logins {
    #[serde(default)]
    auths: HashMap<String, Entry>,
    #[serde(default, rename = "credHelpers")]
    helpers: HashMap<String, String>,
    #[serde(rename = "credsStore")]
    store: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    auth: String,
}

#[derive(Deserialize)]
struct Helped {
    #[serde(rename = "Username")]
    user: String,
    #[serde(rename = "Secret")]
    secret: String,
}

/// The login for a registry, `host` or `host:port`.
pub(super) fn find(host: &str) -> Result<Login, DockerLoginError> {
    let key = if host == DOCKER_HUB.0 { DOCKER_HUB.1 } else { host };
    for path in files() {
        let Ok(text) = read_text(&path, MAX_BYTES) else { continue };
        let logins: Logins = serde_json::from_str(&text).map_err(|source| DockerLoginError::File { path, source })?;
        if let Some(login) = logins.login(key)? {
            return Ok(login);
        }
    }
    Err(DockerLoginError::None { host: host.to_owned() })
}

/// Where docker and podman keep logins, in the order in which they are looked at.
fn files() -> impl Iterator<Item = PathBuf> {
    let named = |name, rest: &str| variable(name).map(|folder| PathBuf::from(folder).join(rest));
    let docker = named("DOCKER_CONFIG", "config.json").or_else(|| named("HOME", ".docker/config.json"));
    let podman = variable("REGISTRY_AUTH_FILE").map(PathBuf::from);
    let running = named("XDG_RUNTIME_DIR", "containers/auth.json");
    [docker, podman, running, named("HOME", ".config/containers/auth.json")].into_iter().flatten()
}

impl Logins {
    fn login(&self, host: &str) -> Result<Option<Login>, DockerLoginError> {
        if let Some(name) = self.helpers.get(host) {
            return helped(name, host).map(Some);
        }
        let bare = |key: &str| key.trim_start_matches("https://").trim_end_matches('/') == host || key == host;
        let Some((_, entry)) = self.auths.iter().find(|(key, _)| bare(key)) else { return Ok(None) };
        match (&self.store, entry.auth.is_empty()) {
            (Some(name), true) => helped(name, host).map(Some),
            (_, false) => Ok(decoded(&entry.auth)),
            (None, true) => Ok(None),
        }
    }
}

fn decoded(auth: &str) -> Option<Login> {
    let pair = String::from_utf8(STANDARD.decode(auth).ok()?).ok()?;
    Login::parse(&Secret::new(pair)).ok()
}

/// Asks a credential helper: the host on its standard input, a JSON object on its standard output.
fn helped(name: &str, host: &str) -> Result<Login, DockerLoginError> {
    let program = format!("docker-credential-{name}");
    let failed = |source| DockerLoginError::Helper { program: program.clone(), source };
    let mut command = Command::new(&program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(host.as_bytes()).map_err(failed)?;
    }
    let output = child.wait_with_output().map_err(failed)?;
    let empty = || DockerLoginError::Empty { program: program.clone(), host: host.to_owned() };
    let helped: Helped = serde_json::from_slice(&output.stdout).map_err(|_| empty())?;
    if helped.user == "<token>" {
        return Err(DockerLoginError::IdentityToken { host: host.to_owned() });
    }
    if !output.status.success() || helped.secret.is_empty() {
        return Err(empty());
    }
    Ok(Login { user: helped.user, secret: Secret::new(helped.secret) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(text: &str, host: &str) -> Option<String> {
        let logins: Logins = serde_json::from_str(text).unwrap();
        let login = logins.login(host).unwrap()?;
        Some(format!("{}:{}", login.user, login.secret.expose()))
    }

    #[test]
    fn a_login_stands_under_the_name_of_its_registry() {
        let text = r#"{"auths":{"r.example:5000":{"auth":"Y2k6czNjcmV0"},"https://index.docker.io/v1/":{"auth":"YTpi"},"empty":{}}}"#;
        assert_eq!(login(text, "r.example:5000").as_deref(), Some("ci:s3cret"));
        assert_eq!(login(text, DOCKER_HUB.1).as_deref(), Some("a:b"));
        for other in ["r.example", "example:5000", "empty", "evil.r.example:5000"] {
            assert_eq!(login(text, other), None, "{other}");
        }
    }

    #[test]
    fn a_helper_that_does_not_exist_is_named() {
        let logins: Logins = serde_json::from_str(r#"{"credHelpers":{"r.example":"is-not-there"}}"#).unwrap();
        let error = logins.login("r.example").unwrap_err();
        assert_eq!(error.to_string(), "cannot run the credential helper `docker-credential-is-not-there`");
    }
}
