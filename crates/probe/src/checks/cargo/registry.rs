//! A registry of crates as Cargo sees it: the configuration of its index, the lines of a crate, the file.

use std::sync::Arc;

use outbound::{Credential, Endpoint, Origin};
use protocol::Digest;
use serde::Deserialize;

use crate::doubt::Doubt;
use crate::intent::{Door, Role};
use crate::observation::{Observation, Seen};
use crate::proof::Proof;
use crate::request::Request;
use crate::response::Response;
use crate::session::{Caller, Session};
use crate::verdict::Answer;

/// The index at a door, and the crate in it that is private.
pub(super) struct Registry {
    path: String,
    pub(super) name: String,
    pub(super) version: String,
}

impl Registry {
    pub(super) fn of(session: &Session<'_>) -> Result<Self, Doubt> {
        let cargo = session.cargo()?;
        Ok(Self { path: cargo.path.clone(), name: cargo.name.clone(), version: cargo.version.clone() })
    }

    /// `config.json`.
    pub(super) fn config(&self) -> Request {
        Request::get(format!("{}config.json", self.path))
    }

    /// The lines of a crate; Cargo asks in lower case, and the file is called so.
    pub(super) fn index(&self, name: &str) -> Request {
        Request::get(format!("{}{}/{name}", self.path, prefix(name)))
    }

    /// What somebody who may gets for `config.json`.
    pub(super) fn config_for_control(&self, session: &mut Session<'_>) -> Result<Seen, Doubt> {
        let control = caller(session, Role::Control, false)?;
        let seen = session.ask(&self.config().credential(control.credential()))?;
        granted(&seen)?;
        Config::of(&seen).map(|_| Arc::clone(&seen)).ok_or_else(|| failed("no `config.json` came"))
    }

    /// *low* with its token, shown to be somebody: what it is refused means nothing else.
    pub(super) fn low(&self, session: &mut Session<'_>) -> Result<Caller, Doubt> {
        let low = caller(session, Role::Low, false)?;
        let seen = session.ask(&self.config().credential(low.credential()))?;
        let why = || "`low` could not be shown to be valid: it gets no `config.json`".to_owned();
        Config::of(&seen).map(|_| low).ok_or_else(|| Doubt::Missing { why: why() })
    }
}

/// The folders of a crate in an index.
fn prefix(name: &str) -> String {
    let part = |from, to| name.get(from..to).unwrap_or_default();
    match name.len() {
        0..=2 => name.len().to_string(),
        3 => format!("3/{}", part(0, 1)),
        _ => format!("{}/{}", part(0, 2), part(2, 4)),
    }
}

/// Somebody with a token as it is, as Cargo shows it, or as Bearer.
pub(super) fn caller(session: &mut Session<'_>, role: Role, bearer: bool) -> Result<Caller, Doubt> {
    let login = session.login(role).ok_or(Doubt::NoControl)?;
    let origin = &session.door().origin;
    let credential = match bearer {
        true => Credential::bearer(origin, &login.secret),
        false => Credential::verbatim(origin, &login.secret).labelled("CARGO_TOKEN"),
    };
    Ok(Caller::Known(Arc::new(credential)))
}

/// Judges as at any registry; a 401 of Cargo's needs no challenge.
pub(super) fn refused(
    session: &mut Session<'_>,
    seen: &Seen,
    request: &Request,
    caller: &Caller,
    proof: impl Fn(&Observation) -> Option<Proof>,
) -> Result<Answer, Doubt> {
    match session.judge(seen, request, caller, proof) {
        Err(Doubt::NoChallenge) => Ok(Answer::AsIntended),
        answer => answer,
    }
}

/// The status of an answer that decides something.
pub(super) fn decision(seen: &Observation) -> Result<u16, Doubt> {
    match seen.response()?.status {
        429 => Err(Doubt::RateLimited),
        status @ 500..=599 => Err(Doubt::ServerFailed { status }),
        status => Ok(status),
    }
}

/// What `config.json` says.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Config {
    dl: String,
    pub(super) api: Option<String>,
}

impl Config {
    /// The configuration, if that is what came.
    pub(super) fn of(seen: &Observation) -> Option<Self> {
        let response = seen.response().ok().filter(|response| response.is_success())?;
        serde_json::from_slice(response.whole()?).ok()
    }

    /// A member that leads to a host which is neither the door nor declared.
    pub(super) fn elsewhere(&self, door: &Door) -> Option<(&'static str, Origin)> {
        let members = [("dl", Some(&self.dl)), ("api", self.api.as_ref())].into_iter();
        let origins = members.filter_map(|(name, url)| Some((name, url?.parse::<Endpoint>().ok()?.origin)));
        origins.into_iter().find(|(_, origin)| !door.has_storage(origin))
    }

    /// Where a file is.
    fn file(&self, name: &str, version: &str, cksum: &Digest) -> Result<Endpoint, Doubt> {
        let folders = prefix(name);
        let markers = [
            ("{crate}", name),
            ("{version}", version),
            ("{prefix}", &folders),
            ("{lowerprefix}", &folders.to_ascii_lowercase()),
            ("{sha256-checksum}", cksum.hex()),
        ];
        let marked = markers.iter().any(|(marker, _)| self.dl.contains(marker));
        let url = match marked {
            true => markers.iter().fold(self.dl.clone(), |url, (marker, value)| url.replace(marker, value)),
            false => format!("{}/{name}/{version}/download", self.dl.trim_end_matches('/')),
        };
        url.parse().map_err(|_| failed("`dl` is no URL"))
    }
}

#[derive(Deserialize)]
struct Line {
    vers: String,
    cksum: String,
}

/// What somebody was shown of a crate.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) config: Config,
    version: String,
    cksum: Digest,
    file: Option<Seen>,
}

impl Held {
    /// What somebody who may gets: the configuration, a line of the version, and the file with the hash of the line. A
    /// redirect to storage is granted, its bytes not seen.
    pub(super) fn by_control(session: &mut Session<'_>, registry: &Registry) -> Result<Self, Doubt> {
        let control = caller(session, Role::Control, false)?;
        let mut held = Self::of(session, registry, &control)?;
        let seen = held.download(&registry.name)?.ask(session, &control)?;
        let response = seen.response()?;
        let hashed = Proof::bytes(&seen, &held.cksum).is_some();
        match () {
            () if hashed => held.file = Some(seen),
            () if response.redirect().is_some() => {}
            // A file that is longer than what is read cannot be hashed here.
            () if response.is_success() && response.whole().is_none() => held.file = Some(seen),
            () => return Err(failed("the file did not come, or does not hash to what the index says")),
        }
        Ok(held)
    }

    /// The configuration and the line, for whoever gets them.
    pub(super) fn of(session: &mut Session<'_>, registry: &Registry, caller: &Caller) -> Result<Self, Doubt> {
        let config = session.ask(&registry.config().credential(caller.credential()))?;
        granted(&config)?;
        let config = Config::of(&config).ok_or_else(|| failed("no `config.json` came"))?;
        let index = registry.index(&registry.name.to_ascii_lowercase());
        let seen = session.ask(&index.credential(caller.credential()))?;
        let lines = granted(&seen)?.body.bytes.split(|byte| *byte == b'\n');
        let mut lines = lines.filter_map(|line| serde_json::from_slice::<Line>(line).ok());
        let cksum = lines.find(|line| line.vers == registry.version).map(|line| format!("sha256:{}", line.cksum));
        let cksum = cksum.and_then(|cksum| cksum.parse().ok());
        let cksum = cksum.ok_or_else(|| failed("the index has no line of this version"))?;
        Ok(Self { config, version: registry.version.clone(), cksum, file: None })
    }

    /// What asks for the file under some name.
    pub(super) fn download(&self, name: &str) -> Result<Download, Doubt> {
        self.config.file(name, &self.version, &self.cksum).map(Download)
    }

    /// Its bytes: by their hash, or as somebody who may got them.
    pub(super) fn proof(&self, seen: &Observation) -> Option<Proof> {
        let hashed = Proof::bytes(seen, &self.cksum);
        hashed.or_else(|| Proof::same_bytes(seen, self.file.as_deref()?)).map(Proof::aside)
    }
}

/// The file of a crate.
pub(super) struct Download(Endpoint);

impl Download {
    /// Without anything shown.
    pub(super) fn plain(&self) -> Request {
        Request::get(self.0.target.as_str()).unkept()
    }

    /// The same, if it is at the door itself.
    pub(super) fn here(&self, session: &Session<'_>) -> Option<Request> {
        (self.0.origin == session.door().origin).then(|| self.plain())
    }

    /// Asks for it; a token stays at the door that it is for.
    pub(super) fn ask(&self, session: &mut Session<'_>, caller: &Caller) -> Result<Seen, Doubt> {
        match self.here(session) {
            Some(request) => session.ask(&request.credential(caller.credential())),
            None => session.ask_at(&self.0.origin, &self.plain()),
        }
    }
}

fn granted(seen: &Observation) -> Result<&Response, Doubt> {
    let response = seen.response()?;
    let why = || format!("{} was answered with {}", seen.line(), response.status);
    if response.is_success() { Ok(response) } else { Err(failed(&why())) }
}

fn failed(why: &str) -> Doubt {
    Doubt::ControlFailed { why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_those_of_cargo() {
        for (name, folders) in [("a", "1"), ("ab", "2"), ("abc", "3/a"), ("abcd", "ab/cd"), ("serde_json", "se/rd")] {
            assert_eq!(prefix(name), folders);
        }
    }

    #[test]
    fn a_file_is_where_the_template_says() {
        let cksum: Digest = format!("sha256:{}", "a".repeat(64)).parse().unwrap();
        for (dl, file) in [
            ("https://r.example/crates", "https://r.example/crates/Ab-cd/1.0.0/download".to_owned()),
            (
                "https://r.example/{lowerprefix}/{crate}-{version}.crate",
                "https://r.example/ab/-c/Ab-cd-1.0.0.crate".to_owned(),
            ),
            ("https://r.example/{prefix}/{sha256-checksum}", format!("https://r.example/Ab/-c/{}", cksum.hex())),
        ] {
            let config = Config { dl: dl.to_owned(), api: None };
            assert_eq!(config.file("Ab-cd", "1.0.0", &cksum).unwrap().to_string(), file);
        }
        let config = Config { dl: "https://r.example/x".to_owned(), api: Some("https://other.example".to_owned()) };
        let door = Door::new("https://r.example".parse().unwrap());
        assert_eq!(config.elsewhere(&door).map(|(member, _)| member), Some("api"));
    }
}
