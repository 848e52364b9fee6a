//! What a token service makes of scopes and services, and a registry of tokens: as it should be, and in every wrong way.

use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::token::{Entry, entitled};
use super::{Flaw, LOW, OWN, REPOSITORY, Registry, USER};
use crate::raw::Request;

/// How long a careless token service takes for the password of somebody whom it knows.
const HASHING: Duration = Duration::from_millis(8);

impl Registry {
    /// Whom a token is for; nobody, where it is refused.
    pub(super) fn audience(&self, services: &[&str]) -> Option<String> {
        match services {
            [] if self.has(Flaw::NoServiceIsAnybody) => Some(String::new()),
            [""] if self.has(Flaw::EmptyServiceIsAnybody) => Some("*".to_owned()),
            [service] if self.has(Flaw::CopiesService) => Some((*service).to_owned()),
            [_, last] if self.has(Flaw::LastServiceCounts) => Some((*last).to_owned()),
            [] => Some(self.service.to_owned()),
            [service] if *service == self.service => Some(self.service.to_owned()),
            _ => None,
        }
    }

    /// Whether a token for this audience is good at this door.
    pub(super) fn serves(&self, audience: &str) -> bool {
        let careless = self.has(Flaw::MirrorTakesEverything) || self.has(Flaw::MirrorForgetsScopes);
        audience == self.service || (self.service == "mirror" && careless)
    }

    /// As whom somebody is judged.
    pub(super) fn judged_as<'a>(&self, request: &Request, user: &'a str, accounts: &[&str]) -> &'a str {
        match () {
            () if self.has(Flaw::PostGrantsMore) && request.method == "POST" => USER,
            () if self.has(Flaw::AccountIsTrusted) && !accounts.is_empty() => USER,
            () => user,
        }
    }

    /// As whom somebody is named in a token.
    pub(super) fn named(&self, user: &'static str, accounts: &[&str]) -> &'static str {
        match accounts {
            ["admin"] if self.has(Flaw::AccountIsLogin) => "admin",
            _ => user,
        }
    }

    /// How a wrong login is refused.
    pub(super) fn refused_login(&self, shown: &str) -> u16 {
        let pair = shown.strip_prefix("Basic ").and_then(|pair| STANDARD.decode(pair).ok()).unwrap_or_default();
        let is_known = pair.starts_with(format!("{LOW}:").as_bytes());
        let text = String::from_utf8_lossy(&pair);
        if text.split_once(':').is_some_and(|(user, password)| self.is_guessing(user, password)) {
            return 429;
        }
        if is_known && self.has(Flaw::TellsUsersByTime) {
            thread::sleep(HASHING);
        }
        if is_known && self.has(Flaw::TellsUsersApart) { 403 } else { 401 }
    }

    /// The claims of a token, with what should not stand there.
    pub(super) fn flawed_claims(&self, mut claims: Value, number: usize) -> Value {
        if self.has(Flaw::NamesPeople) {
            claims["context"] = json!({ "mail": "jo@people.example" });
        }
        if self.has(Flaw::CountsTokens) {
            claims["jti"] = json!(format!("{:016x}", 4711 + number));
        }
        if self.has(Flaw::NamesNoToken) {
            claims.as_object_mut().expect("claims are an object").remove("jti");
        }
        claims
    }

    /// The key of tokens that everybody who verifies them can make.
    pub(super) fn shared_key(&self) -> Option<Vec<u8>> {
        match () {
            () if self.has(Flaw::EmptyKey) => Some(Vec::new()),
            () if self.has(Flaw::GuessableKey) => Some(b"registry123".to_vec()),
            () if self.has(Flaw::SharedKey) => Some((0..32_u8).map(|at| at.wrapping_mul(151)).collect()),
            () => None,
        }
    }

    /// What is granted of all that is asked for.
    pub(super) fn access(&self, user: &str, scopes: &[&str]) -> Vec<Entry> {
        let parameters: Vec<Vec<&str>> = scopes.iter().map(|scope| scope.split(' ').collect()).collect();
        let flat: Vec<&str> = parameters.iter().flatten().copied().collect();
        if self.has(Flaw::FirstScopeCounts) && parameters.len() > 1 {
            return self.like_the_first(user, &flat);
        }
        if self.has(Flaw::FirstWordCounts) && parameters.len() == 1 {
            return self.like_the_first(user, &flat);
        }
        flat.into_iter().filter_map(|scope| self.granted(user, scope)).collect()
    }

    /// Everything that is asked for, if the first of it may be had.
    fn like_the_first(&self, user: &str, scopes: &[&str]) -> Vec<Entry> {
        let first = scopes.first().and_then(|scope| self.granted(user, scope));
        match first.is_some_and(|entry| !entry.actions.is_empty()) {
            true => scopes.iter().filter_map(|scope| asked(scope)).collect(),
            false => Vec::new(),
        }
    }

    /// What of one scope is granted.
    fn granted(&self, user: &str, scope: &str) -> Option<Entry> {
        let entry = asked(scope)?;
        let lists = self.has(Flaw::CatalogForAnybody) || self.has(Flaw::OpaqueCatalogForAnybody);
        let actions: Vec<String> = match entry.kind.as_str() {
            "registry" if lists => entry.actions,
            "repository" if self.has(Flaw::GrantsEverything) => {
                entitled(user, &entry.name).iter().map(|&action| action.to_owned()).collect()
            }
            "repository" => entry.actions.into_iter().filter(|action| self.grants(user, &entry.name, action)).collect(),
            _ if self.has(Flaw::ForgetsKind) && !user.is_empty() => entry.actions,
            _ => return None,
        };
        Some(Entry { actions, ..entry })
    }

    fn grants(&self, user: &str, name: &str, action: &str) -> bool {
        let (nobody, pulls, pushes) = (user.is_empty(), action == "pull", action == "push");
        let is_new = !self.state.repositories.contains_key(name);
        match user {
            USER if self.has(Flaw::ControlRefused) => false,
            LOW if name == OWN && self.is_restricted() => false,
            "" if pulls && (self.has(Flaw::TokenForAnybody) || self.has(Flaw::OpaqueTokenForAnybody)) => true,
            "" if pushes && name == OWN && self.has(Flaw::AnybodyGetsPushTokens) => true,
            "" if pushes && name == REPOSITORY && self.has(Flaw::AnybodyPushes) => true,
            "" if is_new && !name.starts_with("cache/") && self.has(Flaw::AnybodyCreates) => true,
            "" if name.starts_with("cache/") && self.has(Flaw::AnybodyFillsCaches) => true,
            _ if action == "*" && self.has(Flaw::StarIsGranted) => true,
            _ if self.has(Flaw::NamesAreGlobs) && name.contains('*') => {
                self.state.repositories.keys().any(|known| fits(name, known) && entitled(user, known).contains(&action))
            }
            _ if !nobody && pulls && self.has(Flaw::KnownIsEnough) => true,
            _ if !nobody && pulls && is_new && self.has(Flaw::FoldsCase) => true,
            _ if name.starts_with(OWN) && self.has(Flaw::JudgesPrefixes) => entitled(user, OWN).contains(&action),
            _ if self.has(Flaw::CopiesActions) => !entitled(user, name).is_empty(),
            _ => entitled(user, name).contains(&action),
        }
    }

    /// Whether an entry of a token opens a repository.
    pub(super) fn opens(&self, entry: &Entry, repository: &str, action: &str) -> bool {
        let kind = entry.kind == "repository" || self.has(Flaw::ForgetsKind);
        let name = entry.name == repository
            || (self.has(Flaw::NamesAreGlobs) && fits(&entry.name, repository))
            || (self.has(Flaw::FoldsCase) && entry.name.to_lowercase() == repository)
            || (self.has(Flaw::JudgesPrefixes) && resolved(&entry.name) == repository);
        (kind && name && entry.actions.iter().any(|known| known == action))
            || self.is_misread(entry, repository, action)
    }
}

/// A scope as it was asked for.
fn asked(scope: &str) -> Option<Entry> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    let actions = actions.split(',').map(str::to_owned).collect();
    Some(Entry { kind: kind.to_owned(), name: name.to_owned(), actions })
}

/// Whether a pattern with one star at most fits a name.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((begin, end)) => name.starts_with(begin) && name.ends_with(end.trim_start_matches('*')),
        None => pattern == name,
    }
}

/// A name after its dot segments.
fn resolved(name: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
