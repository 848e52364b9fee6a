//! `probe.toml`: every key is known or refused, every name that is referred to exists.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use outbound::{ClientCertificate, Origin, OriginError};
use protocol::{Digest, NameError, Repository, Secret, Tag};
use serde::Deserialize;
use toml::Spanned;

use super::alias::{self, AliasEntry};
use super::cargo::{self, CargoEntry};
use super::federation::{self, FederationEntry};
use super::gate::{self, GateEntry};
use super::keys::{self, IssuerEntry, LeafEntry};
use super::policy::{self, PolicyEntry};
use super::triage::{self, AcceptedEntry, InProgressEntry};
use super::write::{self, WriteEntry};
use super::{
    Door, Hook, Identity, Intent, Keys, Known, Login, MAX_PORTS, MAX_REDIRECT_TTL, OWNERS_MAY, REVOKED_WITHIN, Role,
    Source, Visibility,
};

/// Why an intent file was not accepted, and where in it.
#[derive(Debug, thiserror::Error)]
pub enum IntentError {
    /// No TOML, a key that is not known, or a value that does not fit.
    #[error("{}", .0.message())]
    Toml(Box<toml::de::Error>),
    /// A key whose value is no name of its kind.
    #[error("{source}")]
    Name {
        /// Where.
        span: Range<usize>,
        /// Why.
        source: NameError,
    },
    /// Not an origin.
    #[error("{source}")]
    Origin {
        /// Where.
        span: Range<usize>,
        /// Why.
        source: OriginError,
    },
    /// No `[[door]]`.
    #[error("no `[[door]]`: nowhere to ask")]
    NoDoor,
    /// No private `[[repository]]`.
    #[error("no `[[repository]]` is private: nothing to ask for")]
    NothingPrivate,
    /// Two doors of one name.
    #[error("this name is another door's already")]
    DoorTwice {
        /// Where.
        span: Range<usize>,
    },
    /// `show_to` names a door that does not exist.
    #[error("no `[[door]]` has this name")]
    UnknownDoor {
        /// Where.
        span: Range<usize>,
    },
    /// An empty `show_to`.
    #[error("an identity that is shown nowhere: name a door in `show_to`")]
    ShownNowhere {
        /// Where.
        span: Range<usize>,
    },
    /// None, or more than one, of the ways to name a secret.
    #[error("write one of `credential_env`, `credential_file` and `as`")]
    Secret {
        /// Where.
        span: Range<usize>,
    },
    /// `revoke` for somebody who is needed afterwards.
    #[error("only an identity of role `revoked` can be taken back: every other one is needed until the end")]
    Revoke {
        /// Where.
        span: Range<usize>,
    },
    /// A command without a program.
    #[error("no command: write the program and its arguments, such as [\"revoke\", \"leaver\"]")]
    Command {
        /// Where.
        span: Range<usize>,
    },
    /// A bound that bounds nothing.
    #[error("not a bound: write a time above zero, such as \"5s\"")]
    Bound {
        /// Where.
        span: Range<usize>,
    },
    /// A certificate without its key, or a key without its certificate.
    #[error("write both `certificate_file` and `key_file`, or neither")]
    HalfCertificate {
        /// Where.
        span: Range<usize>,
    },
    /// The certificate of a door cannot be had.
    #[error("cannot read the certificate: {why}")]
    Certificate {
        /// Where.
        span: Range<usize>,
        /// Why, in the words of whoever looked.
        why: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Ports that cannot be asked.
    #[error("not a list of ports: write at most {MAX_PORTS}, none of them 0")]
    Ports {
        /// Where.
        span: Range<usize>,
    },
    /// A status that refuses nothing.
    #[error("not the status of a refusal: write one from 400 to 499")]
    Status {
        /// Where.
        span: Range<usize>,
    },
    /// Neither tag nor digest.
    #[error("a private repository needs `tag` or `digest`: something must be asked for")]
    NoReference {
        /// Where.
        span: Range<usize>,
    },
    /// `[[accepted]]` or `[[in_progress]]` names no check.
    #[error("no check has this id: `pullgate probe --dry-run` names them all")]
    UnknownCheck {
        /// Where.
        span: Range<usize>,
    },
    /// It names no repository of the file.
    #[error("no private `[[repository]]` has this name")]
    UnknownRepository {
        /// Where.
        span: Range<usize>,
    },
    /// It has no end.
    #[error("not a day: write one such as \"2030-01-31\", the last on which this holds")]
    Day {
        /// Where.
        span: Range<usize>,
    },
    /// Nobody would know why, or who.
    #[error("must not be empty")]
    Empty {
        /// Where.
        span: Range<usize>,
    },
    /// A reference without its digest.
    #[error("no digest: write a name and a digest, such as \"gate/app@sha256:...\"")]
    NoDigest {
        /// Where.
        span: Range<usize>,
    },
    /// A size that is none, or too much to send.
    #[error("not a size that can be tried: write one above 0 and below 16777216")]
    Size {
        /// Where.
        span: Range<usize>,
    },
    /// No end of a target.
    #[error("not the end of a target: write what stands behind `blobs/uploads/`")]
    Upload {
        /// Where.
        span: Range<usize>,
    },
    /// A reference without its tag.
    #[error("no tag: write a name and a tag, such as \"probe/kept:1.0\"")]
    NoTag {
        /// Where.
        span: Range<usize>,
    },
    /// A window without its length, or a length without its window.
    #[error("write both `window` and `window_lasts`, or neither")]
    HalfWindow {
        /// Where.
        span: Range<usize>,
    },
    /// A key that signs cannot be had.
    #[error("cannot read the key: {why}")]
    Key {
        /// Where.
        span: Range<usize>,
        /// Why, in the words of whoever looked.
        why: Why,
    },
    /// The index of crates is at none of the doors that it is said to belong to.
    #[error(
        "not the index of a door: write the URL of a door and the path of `config.json`, such as \"https://registry.example/cargo/\""
    )]
    Index {
        /// Where.
        span: Range<usize>,
    },
    /// No crate has such a name, or such a version.
    #[error("not a crate: `crate` is letters, digits, `-` and `_`, and `version` a whole one such as \"1.0.0\"")]
    Crate {
        /// Where.
        span: Range<usize>,
    },
    /// The secret that is named cannot be had.
    #[error("cannot read the credential: {why}")]
    Login {
        /// Where.
        span: Range<usize>,
        /// Why, in the words of whoever looked.
        why: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl IntentError {
    /// The bytes of the file that are to blame; none where something is missing altogether.
    #[must_use]
    pub fn span(&self) -> Option<Range<usize>> {
        match self {
            Self::Toml(error) => error.span(),
            Self::NoDoor | Self::NothingPrivate => None,
            Self::Name { span, .. }
            | Self::Origin { span, .. }
            | Self::DoorTwice { span }
            | Self::UnknownDoor { span }
            | Self::ShownNowhere { span }
            | Self::Secret { span }
            | Self::Revoke { span }
            | Self::Command { span }
            | Self::Bound { span }
            | Self::HalfCertificate { span }
            | Self::Certificate { span, .. }
            | Self::Ports { span }
            | Self::Status { span }
            | Self::NoReference { span }
            | Self::UnknownCheck { span }
            | Self::UnknownRepository { span }
            | Self::Day { span }
            | Self::Empty { span }
            | Self::NoDigest { span }
            | Self::Size { span }
            | Self::Upload { span }
            | Self::NoTag { span }
            | Self::HalfWindow { span }
            | Self::Key { span, .. }
            | Self::Index { span }
            | Self::Crate { span }
            | Self::Login { span, .. } => Some(span.clone()),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default = "anonymous")]
    deny_anonymous: Vec<Spanned<u16>>,
    #[serde(default = "known")]
    deny_known: Vec<Spanned<u16>>,
    revoked_within: Option<Spanned<String>>,
    max_redirect_ttl: Option<Spanned<String>>,
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

/// Why a secret could not be had.
pub(super) type Why = Box<dyn std::error::Error + Send + Sync>;

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
            doors,
            repositories,
            identities,
            revoked_within,
            max_redirect_ttl,
            cargo,
            triage,
            write: write::read(&file.write, &command)?,
            policy: file.policy.as_ref().map(|entry| policy::read(entry, &command)).transpose()?,
            keys,
            federation: file.federation.as_ref().map(|entry| federation::read(entry, &read)).transpose()?,
            aliases,
            gate: gate::read(&file.gate, &command)?,
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

fn origin(text: &Spanned<String>) -> Result<Origin, IntentError> {
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
    let door = |shown: &Spanned<String>| {
        let door = doors.iter().find(|door| door.name == *shown.get_ref());
        door.ok_or_else(|| IntentError::UnknownDoor { span: shown.span() })
    };
    let shown = entry.show_to.iter().map(door).collect::<Result<Vec<_>, _>>()?;
    let first = shown.first().ok_or_else(|| IntentError::ShownNowhere { span: span.clone() })?;
    Ok(Identity {
        role: *entry.role.get_ref(),
        login: find(&source, first).map_err(|why| IntentError::Login { span, why })?,
        show_to: entry.show_to.iter().map(|shown| shown.get_ref().clone()).collect(),
        owns: entry.owns.as_ref().map(name::<Repository>).transpose()?,
        may: entry.may.clone(),
        revoke: entry.revoke.as_ref().map(|words| hook(words, *entry.role.get_ref(), command)).transpose()?,
    })
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
mod tests {
    use super::*;

    const WHOLE: &str = r#"
deny_anonymous = [401, 403]
revoked_within = "200ms"

[[door]]
name = "edge"
url = "https://registry.example"
vantage = "internet"
realms = ["https://auth.example"]
storage = ["https://bucket.example"]
ports = [80, 5000]
peers = ["http://spegel.example:5000"]

[[door]]
name = "mirror"
url = "https://mirror.example:5000"

[[repository]]
name = "team/app"
tag = "1.0"
visibility = "private"

[[repository]]
name = "team/base"
visibility = "public"

[[identity]]
role = "control"
credential_env = "PULLGATE_PROBE_CREDENTIAL"
show_to = ["edge"]

[[identity]]
role = "low"
credential_file = "low.credential"
show_to = ["edge", "mirror"]
owns = "probe/low"
may = ["pull", "push"]

[[identity]]
role = "revoked"
credential_env = "LEAVER"
show_to = ["edge"]
revoke = ["revoke", "leaver"]

[cargo]
index = "sparse+https://registry.example/cargo/"
crate = "secret_crate"
version = "1.0.0"

[[accepted]]
check = "TOK-01"
until = "2030-03-31"
reason = "the realm moves"

[[in_progress]]
check = "ANON-01"
door = "mirror"
repository = "team/app"
until = "2030-01-31"
by = "ann"

[[alias]]
name = "group/app"
of = "team/app"
kind = "virtual"

[gate]
largest_blob = 1000000
stream_ends_within = "1s"

[gate.images]
signed = "gate/app@sha256:abababababababababababababababababababababababababababababababab"

[[gate.outage]]
kind = "upstream"
begin = ["stop", "upstream"]
end = ["start", "upstream"]

[write]
push_apart = true
foreign_upload = "6ba7b810?_state=x"
kept = "probe/kept:1.0"
beside = "probe/beside"
remake = ["remake", "probe/beside"]

[policy]
restrict = ["restrict", "low"]
restore = ["restore", "low"]
window = ["restrict", "low", "--after", "30s"]
window_lasts = "30s"
"#;

    fn read(text: &str) -> Result<Intent, IntentError> {
        Intent::read(
            text,
            |source, _| match source {
                Source::Environment(_) => Ok(Login { user: "ci".into(), secret: Secret::new("s3cret".into()) }),
                Source::File(_) => Ok(Login { user: "low".into(), secret: Secret::new("l0w".into()) }),
                Source::DockerLogin => Err("no login".into()),
            },
            |_| Hook::new(|| Ok(())),
            |name| Err(format!("no `{name}` here").into()),
        )
    }

    #[test]
    fn a_whole_file() {
        let intent = read(WHOLE).unwrap();
        let (edge, mirror) = (&intent.doors[0], &intent.doors[1]);
        assert_eq!((edge.vantage.as_str(), mirror.vantage.as_str()), ("internet", "here"));
        assert!(edge.has_realm(&"https://auth.example".parse().unwrap()));
        assert!(edge.has_peer(&"http://spegel.example:5000".parse().unwrap()));
        assert_eq!((edge.ports.as_deref(), mirror.ports.as_deref()), (Some([80, 5000].as_slice()), None));
        assert!(!mirror.has_realm(&"https://auth.example".parse().unwrap()));
        assert_eq!(intent.private().map(ToString::to_string).collect::<Vec<_>>(), ["team/app:1.0"]);
        assert_eq!(intent.login(Role::Control, edge).map(|login| login.user.as_str()), Some("ci"));
        assert!(intent.login(Role::Control, mirror).is_none(), "a credential is shown where it belongs");
        let low = intent.identity(Role::Low, mirror).unwrap();
        assert_eq!(low.owns.as_ref().map(Repository::as_str), Some("probe/low"));
        assert_eq!(low.may, ["pull", "push"]);
        assert!(
            low.revoke.is_none() && intent.identity(Role::Revoked, edge).is_some_and(|known| known.revoke.is_some())
        );
        assert_eq!(intent.public().map(|known| known.name.as_str()), Some("team/base"));
        assert_eq!(intent.revoked_within, Duration::from_millis(200));
        let cargo = intent.cargo_at(edge).unwrap();
        assert_eq!(
            (cargo.path.as_str(), cargo.name.as_str(), intent.cargo_at(mirror)),
            ("/cargo/", "secret_crate", None)
        );
        let borne: Vec<String> = intent.triage.iter().map(ToString::to_string).collect();
        assert_eq!(borne, ["TOK-01 until 2030-03-31", "ANON-01 of team/app at mirror until 2030-01-31"]);
        assert_eq!((intent.deny_anonymous, intent.deny_known), (vec![401, 403], vec![401, 403, 404]));
    }

    #[test]
    fn the_second_is_the_next_one() {
        let more = WHOLE.to_owned() + "[[repository]]\nname = \"team/b\"\ntag = \"1\"\nvisibility = \"private\"\n";
        let intent = read(&more).unwrap();
        let next = |name: &str| {
            let first = intent.private().find(|known| known.name.as_str() == name).unwrap();
            intent.second(first).name.to_string()
        };
        assert_eq!((next("team/app").as_str(), next("team/b").as_str()), ("team/b", "team/app"));
        let alone = read(WHOLE).unwrap();
        let only = alone.private().next().unwrap();
        assert_eq!(alone.second(only), only);
    }

    #[test]
    fn a_mistake_says_what_and_where() {
        let mut said = String::new();
        for (old, new) in [
            ("vantage", "vantege"),
            ("deny_anonymous = [401, 403]", "deny_anonymous = [200]"),
            ("https://registry.example", "registry.example"),
            ("\"mirror\"\nurl", "\"edge\"\nurl"),
            ("[\"edge\"]", "[\"egde\"]"),
            ("[\"edge\"]", "[]"),
            ("team/app", "Team/app"),
            ("tag = \"1.0\"\n", ""),
            ("visibility = \"private\"", "visibility = \"public\""),
            ("vantage = \"internet\"", "key_file = \"edge.key\""),
            ("vantage = \"internet\"", "certificate_file = \"edge.pem\"\nkey_file = \"edge.key\""),
            ("[80, 5000]", "[80, 0]"),
            ("[80, 5000]", "[65536]"),
            ("http://spegel.example:5000", "spegel"),
            ("role = \"control\"", "role = \"admin\""),
            ("credential_env = \"PULLGATE_PROBE_CREDENTIAL\"\n", ""),
            ("credential_env = \"PULLGATE_PROBE_CREDENTIAL\"", "as = \"docker-login\""),
            ("role = \"revoked\"", "role = \"expired\""),
            ("[\"revoke\", \"leaver\"]", "[]"),
            ("\"200ms\"", "\"0s\""),
            ("\"200ms\"", "\"soon\""),
            ("sparse+https://registry.example/cargo/", "https://other.example/cargo/"),
            ("version = \"1.0.0\"", "version = \"1.0.0\"\ndoors = [\"mirror\"]"),
            ("secret_crate", "secret crate"),
            ("\"1.0.0\"", "\"latest\""),
            ("TOK-01", "TOK-99"),
            ("2030-03-31", "soon"),
            ("the realm moves", " "),
            ("door = \"mirror\"", "door = \"miror\""),
            ("repository = \"team/app\"", "repository = \"team/base\""),
            ("6ba7b810?_state=x", "6ba7b810 x"),
            ("gate/app@sha256:", "gate/app:"),
            ("largest_blob = 1000000", "largest_blob = 0"),
            ("stream_ends_within = \"1s\"", "stream_ends_within = \"0s\""),
            ("[\"stop\", \"upstream\"]", "[]"),
            ("of = \"team/app\"", "of = \"team/base\""),
            ("kind = \"virtual\"", "kind = \"group\""),
            ("probe/kept:1.0", "probe/kept"),
            ("beside = \"probe/beside\"", "beside = \"Probe/beside\""),
            ("remake = [\"remake\"", "remake = [\"\""),
            ("[\"restore\", \"low\"]", "[]"),
            ("window_lasts = \"30s\"\n", ""),
            ("[policy]", "[test_key]\nfile = \"test.pem\"\nalg = \"ES256\"\nkid = \"test\"\n[policy]"),
            ("[policy]", "[test_key]\nfile = \"test.pem\"\nalg = \"ES256\"\n[policy]"),
            ("[policy]", "[leaf]\nkey_file = \"leaf.key\"\ncertificate_file = \"leaf.pem\"\nalg = \"ES256\"\n[policy]"),
            (
                "[policy]",
                "[federation]\nurl = \"issuer\"\nfile = \"a.pem\"\nalg = \"ES256\"\nkid = \"a\"\niss = \"i\"\naud = \"a\"\nsub = \"s\"\nother_sub = \"o\"\n[policy]",
            ),
            ("window_lasts = \"30s\"", "window_lasts = \"0s\""),
        ] {
            let text = WHOLE.replace(old, new);
            let error = read(&text).unwrap_err();
            let place = error.span().and_then(|span| text.get(span)).unwrap_or("-").replace('\n', " ");
            said += &format!("{new:?}: {error} at {place}\n");
        }
        insta::assert_snapshot!(said);
        assert!(matches!(read(""), Err(IntentError::NoDoor)));
    }
}
