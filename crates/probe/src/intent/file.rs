//! `probe.toml`: every key is known or refused, every name that is referred to exists.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use outbound::{ClientCertificate, Origin};
use protocol::{Digest, NameError, Repository, Secret, Tag};
use serde::Deserialize;
use toml::Spanned;

use super::alias::{self, AliasEntry};
use super::canary::{self, MonitorEntry};
use super::cargo::{self, CargoEntry};
use super::error::{IntentError, Why};
use super::federation::{self, FederationEntry};
use super::gate::{self, GateEntry};
use super::keys::{self, IssuerEntry, LeafEntry};
use super::other::{self, OtherEntry};
use super::policy::{self, PolicyEntry};
use super::triage::{self, AcceptedEntry, InProgressEntry};
use super::write::{self, WriteEntry};
use super::{
    Door, Hook, Identity, Intent, Keys, Known, Login, MAX_PORTS, MAX_REDIRECT_TTL, OWNERS_MAY, REVOKED_WITHIN, Role,
    Source, Visibility,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default = "anonymous")]
    deny_anonymous: Vec<Spanned<u16>>,
    #[serde(default = "known")]
    deny_known: Vec<Spanned<u16>>,
    revoked_within: Option<Spanned<String>>,
    max_redirect_ttl: Option<Spanned<String>>,
    canary_listener: Option<Spanned<String>>,
    canary_bind: Option<Spanned<String>>,
    monitor: Option<MonitorEntry>,
    #[serde(default)]
    door: Vec<DoorEntry>,
    #[serde(default)]
    repository: Vec<RepositoryEntry>,
    #[serde(default)]
    identity: Vec<IdentityEntry>,
    cargo: Option<CargoEntry>,
    #[serde(default)]
    accepted: Vec<AcceptedEntry>,
    #[serde(default)]
    in_progress: Vec<InProgressEntry>,
    #[serde(default)]
    alias: Vec<AliasEntry>,
    #[serde(default)]
    gate: GateEntry,
    #[serde(default)]
    write: WriteEntry,
    policy: Option<PolicyEntry>,
    test_key: Option<IssuerEntry>,
    other_environment: Option<IssuerEntry>,
    leaf: Option<LeafEntry>,
    #[serde(default)]
    other_token: Vec<OtherEntry>,
    federation: Option<FederationEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DoorEntry {
    name: Spanned<String>,
    url: Spanned<String>,
    #[serde(default = "here")]
    vantage: String,
    #[serde(default)]
    realms: Vec<Spanned<String>>,
    #[serde(default)]
    storage: Vec<Spanned<String>>,
    certificate_file: Option<Spanned<String>>,
    key_file: Option<Spanned<String>>,
    ports: Option<Spanned<Vec<u16>>>,
    #[serde(default)]
    peers: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RepositoryEntry {
    name: Spanned<String>,
    tag: Option<Spanned<String>>,
    digest: Option<Spanned<String>>,
    visibility: VisibilityWord,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum VisibilityWord {
    Private,
    Public,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IdentityEntry {
    role: Spanned<Role>,
    credential_env: Option<String>,
    credential_file: Option<String>,
    #[serde(rename = "as")]
    login: Option<LoginWord>,
    show_to: Vec<Spanned<String>>,
    owns: Option<Spanned<String>>,
    #[serde(default = "owners")]
    may: Vec<String>,
    revoke: Option<Spanned<Vec<String>>>,
}

#[derive(Clone, Copy, Deserialize)]
enum LoginWord {
    #[serde(rename = "docker-login")]
    DockerLogin,
}

fn anonymous() -> Vec<Spanned<u16>> {
    vec![Spanned::new(0..0, 401)]
}

fn known() -> Vec<Spanned<u16>> {
    [401, 403, 404].map(|status| Spanned::new(0..0, status)).to_vec()
}

fn owners() -> Vec<String> {
    OWNERS_MAY.map(str::to_owned).to_vec()
}

fn here() -> String {
    "here".to_owned()
}

impl Intent {
    /// Reads an intent file. `find` gets the secret of an identity for the first door that it is shown to, `command` makes
    /// a hook of a program and its arguments, `read` reads a file that is named: the environment, files, credential helpers
    /// and processes are not this crate's.
    ///
    /// # Errors
    /// [`IntentError`], with the place.
    pub fn read(
        text: &str,
        find: impl Fn(&Source, &Door) -> Result<Login, Why>,
        command: impl Fn(&[String]) -> Hook,
        read: impl Fn(&str) -> Result<Secret, Why>,
    ) -> Result<Self, IntentError> {
        let file: File = toml::from_str(text).map_err(|error| IntentError::Toml(Box::new(error)))?;
        let doors = doors(&file.door, &read)?;
        let repositories = file.repository.iter().map(repository).collect::<Result<Vec<_>, _>>()?;
        if !repositories.iter().any(|known| known.visibility == Visibility::Private) {
            return Err(IntentError::NothingPrivate);
        }
        let identity = |entry| identity(entry, &doors, &find, &command);
        let identities = file.identity.iter().map(identity).collect::<Result<_, _>>()?;
        let (deny_anonymous, deny_known) = (statuses(&file.deny_anonymous)?, statuses(&file.deny_known)?);
        let revoked_within = file.revoked_within.as_ref().map_or(Ok(REVOKED_WITHIN), bound)?;
        let max_redirect_ttl = file.max_redirect_ttl.as_ref().map_or(Ok(MAX_REDIRECT_TTL), bound)?;
        let cargo = file.cargo.as_ref().map(|entry| cargo::read(entry, &doors)).transpose()?;
        let issuer = |entry: &Option<IssuerEntry>| entry.as_ref().map(|entry| keys::issuer(entry, &read)).transpose();
        let keys = Keys {
            test: issuer(&file.test_key)?,
            other: issuer(&file.other_environment)?,
            leaf: file.leaf.as_ref().map(|entry| keys::leaf(entry, &read)).transpose()?,
        };
        let triage = triage::read(&file.accepted, &file.in_progress, &doors, &repositories)?;
        let aliases = alias::read(&file.alias, &repositories)?;
        Ok(Self {
            deny_anonymous,
            deny_known,
            repositories,
            identities,
            revoked_within,
            max_redirect_ttl,
            cargo,
            triage,
            write: write::read(&file.write, &command)?,
            policy: file.policy.as_ref().map(|entry| policy::read(entry, &command)).transpose()?,
            keys,
            other_tokens: other::read(&file.other_token, &doors, &read)?,
            federation: file.federation.as_ref().map(|entry| federation::read(entry, &read)).transpose()?,
            aliases,
            gate: gate::read(&file.gate, &command)?,
            doors,
            canary: canary::read(&file.canary_listener, &file.canary_bind, &file.monitor)?,
        })
    }
}

fn doors(entries: &[DoorEntry], read: &impl Fn(&str) -> Result<Secret, Why>) -> Result<Vec<Door>, IntentError> {
    let mut doors: Vec<Door> = Vec::new();
    for entry in entries {
        if doors.iter().any(|door| door.name == *entry.name.get_ref()) {
            return Err(IntentError::DoorTwice { span: entry.name.span() });
        }
        let shipped = Door::new(origin(&entry.url)?);
        doors.push(Door {
            name: entry.name.get_ref().clone(),
            vantage: entry.vantage.clone(),
            realms: [shipped.realms, origins(&entry.realms)?].concat(),
            storage: [shipped.storage, origins(&entry.storage)?].concat(),
            certificate: certificate(entry, &shipped.origin, read)?,
            ports: entry.ports.as_ref().map(ports).transpose()?,
            peers: origins(&entry.peers)?,
            origin: shipped.origin,
        });
    }
    if doors.is_empty() { Err(IntentError::NoDoor) } else { Ok(doors) }
}

fn ports(ports: &Spanned<Vec<u16>>) -> Result<Vec<u16>, IntentError> {
    let fit = ports.get_ref().len() <= MAX_PORTS && !ports.get_ref().contains(&0);
    if fit { Ok(ports.get_ref().clone()) } else { Err(IntentError::Ports { span: ports.span() }) }
}

fn certificate(
    entry: &DoorEntry,
    origin: &Origin,
    read: &impl Fn(&str) -> Result<Secret, Why>,
) -> Result<Option<Arc<ClientCertificate>>, IntentError> {
    let (chain, key) = match (&entry.certificate_file, &entry.key_file) {
        (None, None) => return Ok(None),
        (Some(chain), Some(key)) => (chain, key),
        (Some(half), None) | (None, Some(half)) => return Err(IntentError::HalfCertificate { span: half.span() }),
    };
    let read = |name: &Spanned<String>| {
        read(name.get_ref()).map_err(|why| IntentError::Certificate { span: name.span(), why })
    };
    let read = ClientCertificate::from_pem(origin, read(chain)?.expose().as_bytes(), &read(key)?);
    let read = read.map_err(|why| IntentError::Certificate { span: chain.span(), why: why.into() });
    read.map(|certificate| Some(Arc::new(certificate)))
}

fn origins(texts: &[Spanned<String>]) -> Result<Vec<Origin>, IntentError> {
    texts.iter().map(origin).collect()
}

pub(super) fn origin(text: &Spanned<String>) -> Result<Origin, IntentError> {
    text.get_ref().parse().map_err(|source| IntentError::Origin { span: text.span(), source })
}

pub(super) fn name<T: std::str::FromStr<Err = NameError>>(text: &Spanned<String>) -> Result<T, IntentError> {
    text.get_ref().parse().map_err(|source| IntentError::Name { span: text.span(), source })
}

fn repository(entry: &RepositoryEntry) -> Result<Known, IntentError> {
    let known = Known {
        name: name::<Repository>(&entry.name)?,
        tag: entry.tag.as_ref().map(name::<Tag>).transpose()?,
        digest: entry.digest.as_ref().map(name::<Digest>).transpose()?,
        visibility: match entry.visibility {
            VisibilityWord::Private => Visibility::Private,
            VisibilityWord::Public => Visibility::Public,
        },
    };
    let asked = known.tag.is_some() || known.digest.is_some() || known.visibility == Visibility::Public;
    if asked { Ok(known) } else { Err(IntentError::NoReference { span: entry.name.span() }) }
}

fn identity(
    entry: &IdentityEntry,
    doors: &[Door],
    find: &impl Fn(&Source, &Door) -> Result<Login, Why>,
    command: &impl Fn(&[String]) -> Hook,
) -> Result<Identity, IntentError> {
    let span = entry.role.span();
    let source = source(entry).ok_or_else(|| IntentError::Secret { span: span.clone() })?;
    let first = shown_to(&entry.show_to, doors, &span)?;
    Ok(Identity {
        role: *entry.role.get_ref(),
        login: find(&source, first).map_err(|why| IntentError::Login { span, why })?,
        show_to: entry.show_to.iter().map(|shown| shown.get_ref().clone()).collect(),
        owns: entry.owns.as_ref().map(name::<Repository>).transpose()?,
        may: entry.may.clone(),
        revoke: entry.revoke.as_ref().map(|words| hook(words, *entry.role.get_ref(), command)).transpose()?,
    })
}

/// The first of the doors that something may be shown to; all of them exist.
pub(super) fn shown_to<'a>(
    names: &[Spanned<String>],
    doors: &'a [Door],
    of: &Range<usize>,
) -> Result<&'a Door, IntentError> {
    let door = |shown: &Spanned<String>| {
        let door = doors.iter().find(|door| door.name == *shown.get_ref());
        door.ok_or_else(|| IntentError::UnknownDoor { span: shown.span() })
    };
    let shown = names.iter().map(door).collect::<Result<Vec<_>, _>>()?;
    shown.first().copied().ok_or_else(|| IntentError::ShownNowhere { span: of.clone() })
}

fn hook(words: &Spanned<Vec<String>>, role: Role, command: &impl Fn(&[String]) -> Hook) -> Result<Hook, IntentError> {
    match role == Role::Revoked {
        true => self::command(words, command),
        false => Err(IntentError::Revoke { span: words.span() }),
    }
}

/// A program and its arguments.
pub(super) fn command(words: &Spanned<Vec<String>>, make: &impl Fn(&[String]) -> Hook) -> Result<Hook, IntentError> {
    match words.get_ref().first() {
        Some(program) if !program.is_empty() => Ok(make(words.get_ref())),
        _ => Err(IntentError::Command { span: words.span() }),
    }
}

pub(super) fn bound(text: &Spanned<String>) -> Result<Duration, IntentError> {
    let time = text.get_ref().parse::<SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    time.filter(|time| !time.is_zero()).ok_or_else(|| IntentError::Bound { span: text.span() })
}

fn source(entry: &IdentityEntry) -> Option<Source> {
    match (&entry.credential_env, &entry.credential_file, entry.login) {
        (Some(variable), None, None) => Some(Source::Environment(variable.clone())),
        (None, Some(file), None) => Some(Source::File(file.into())),
        (None, None, Some(LoginWord::DockerLogin)) => Some(Source::DockerLogin),
        _ => None,
    }
}

fn statuses(statuses: &[Spanned<u16>]) -> Result<Vec<u16>, IntentError> {
    let status = |status: &Spanned<u16>| match status.get_ref() {
        400..=499 => Ok(*status.get_ref()),
        _ => Err(IntentError::Status { span: status.span() }),
    };
    statuses.iter().map(status).collect()
}

#[cfg(test)]
mod tests;
