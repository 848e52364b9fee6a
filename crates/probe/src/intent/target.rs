//! References with a registry, as people paste them: `registry.example.com/team/app:1.0`.

use outbound::{Endpoint, Origin, OriginError};
use protocol::{NameError, Reference};

use super::Known;

/// Public services whose realm and storage are known: door, realm, storage.
const SERVICES: [(&str, &[&str], &[&str]); 2] = [
    (
        "https://registry-1.docker.io",
        &["https://auth.docker.io"],
        &[
            "https://production.cloudflare.docker.com",
            "https://docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com",
        ],
    ),
    ("https://ghcr.io", &[], &["https://pkg-containers.githubusercontent.com"]),
];

/// The name that people write for Docker Hub, and the host that answers for it.
const DOCKER_HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");

/// One door and the references that are private behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The door.
    pub origin: Origin,
    /// What is private, in the order given; empty where only the door was named.
    pub private: Vec<Known>,
}

/// Why a text names no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No registry in front.
    #[error("`{text}` names no registry")]
    NoHost {
        /// What was written.
        text: String,
    },
    /// The registry is none.
    #[error("`{text}` names no registry that can be asked: {source}")]
    Origin {
        /// What was written.
        text: String,
        /// Why.
        source: OriginError,
    },
    /// The reference is none.
    #[error("`{text}` is not a reference: {source}")]
    Reference {
        /// What was written.
        text: String,
        /// Why.
        source: NameError,
    },
    /// Two registries in one run.
    #[error("`{first}` and `{second}` are two registries")]
    TwoRegistries {
        /// The first.
        first: Origin,
        /// Another.
        second: Origin,
    },
    /// Nothing that should be closed.
    #[error("`{origin}` is a door, and nothing was named that is private behind it")]
    NothingPrivate {
        /// The door.
        origin: Origin,
    },
}

impl TargetError {
    /// The line to type instead.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoHost { text } => Some(format!("write registry.example.com/{text}")),
            Self::Origin { .. } | Self::Reference { .. } => None,
            Self::TwoRegistries { second, .. } => Some(format!("a second door to the same images is --door {second}")),
            Self::NothingPrivate { origin } => Some(format!("write pullgate probe {origin}/team/app:1.0")),
        }
    }
}

impl Target {
    /// Reads `[http://|https://]HOST/REPOSITORY[:TAG|@DIGEST]` as often as given, or a URL whose private references stand in
    /// `private`. Without a scheme it is https: no credential is sent in the clear unless somebody writes so.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn read(texts: &[String], private: &[String]) -> Result<Option<Self>, TargetError> {
        let mut target: Option<Self> = None;
        for text in texts {
            let one = Self::one(text)?;
            match &mut target {
                None => target = Some(one),
                Some(target) if target.origin == one.origin => target.private.extend(one.private),
                Some(target) => {
                    return Err(TargetError::TwoRegistries { first: target.origin.clone(), second: one.origin });
                }
            }
        }
        let Some(mut target) = target else { return Ok(None) };
        for text in private {
            target.private.push(known(text, text)?);
        }
        match target.private.is_empty() {
            true => Err(TargetError::NothingPrivate { origin: target.origin }),
            false => Ok(Some(target)),
        }
    }

    fn one(text: &str) -> Result<Self, TargetError> {
        let origin = |source| TargetError::Origin { text: text.to_owned(), source };
        if text.contains("://") {
            let Endpoint { origin, target } = text.parse().map_err(origin)?;
            let rest = target.strip_prefix('/').filter(|rest| !rest.is_empty());
            return Ok(Self { origin, private: rest.map(|rest| known(text, rest)).transpose()?.into_iter().collect() });
        }
        let no_host = || TargetError::NoHost { text: text.to_owned() };
        let (host, rest) = text.split_once('/').ok_or_else(no_host)?;
        // The rule of every client: the first part is a host if it could not be the name of a namespace.
        if !host.contains(['.', ':']) && host != "localhost" {
            return Err(no_host());
        }
        if host == DOCKER_HUB.0 {
            let rest = if rest.contains('/') { rest.to_owned() } else { format!("library/{rest}") };
            return Ok(Self {
                origin: Origin::https(DOCKER_HUB.1).map_err(origin)?,
                private: vec![known(text, &rest)?],
            });
        }
        Ok(Self { origin: Origin::https(host).map_err(origin)?, private: vec![known(text, rest)?] })
    }
}

/// A reference without its registry.
fn known(text: &str, rest: &str) -> Result<Known, TargetError> {
    let error = |source| TargetError::Reference { text: text.to_owned(), source };
    let (name, reference) = match (rest.split_once('@'), rest.rsplit_once(':')) {
        (Some((name, digest)), _) => (name, Some(Reference::Digest(digest.parse().map_err(error)?))),
        (None, Some((name, tag))) => (name, Some(Reference::Tag(tag.parse().map_err(error)?))),
        (None, None) => (rest, None),
    };
    Ok(Known::private(name.parse().map_err(error)?, reference.as_ref()))
}

/// Realms and storage that are known for a door.
pub(super) fn declared_with(door: &Origin) -> (Vec<Origin>, Vec<Origin>) {
    let own = SERVICES.iter().find(|(known, _, _)| known.parse().as_ref() == Ok(door));
    let origins = |texts: &[&str]| texts.iter().filter_map(|text| text.parse().ok()).collect();
    own.map_or_else(Default::default, |(_, realms, storage)| (origins(realms), origins(storage)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::Door;

    fn read(texts: &[&str], private: &[&str]) -> Result<Option<Target>, TargetError> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Target::read(&owned(texts), &owned(private))
    }

    fn shown(texts: &[&str], private: &[&str]) -> String {
        let target = read(texts, private).unwrap().unwrap();
        let names: Vec<String> = target.private.iter().map(ToString::to_string).collect();
        format!("{} {}", target.origin, names.join(" "))
    }

    #[test]
    fn a_reference_names_door_and_repository() {
        let digest = format!("sha256:{}", "0".repeat(64));
        assert_eq!(shown(&["registry.example.com/team/app:1.0"], &[]), "https://registry.example.com team/app:1.0");
        assert_eq!(shown(&["localhost/a", "localhost/b:2"], &[]), "https://localhost a:latest b:2");
        assert_eq!(shown(&["registry:5000/a"], &[]), "https://registry:5000 a:latest");
        assert_eq!(shown(&[&format!("r.example/a@{digest}")], &[]), format!("https://r.example a@{digest}"));
        assert_eq!(shown(&["http://127.0.0.1:5000"], &["team/app:1"]), "http://127.0.0.1:5000 team/app:1");
        assert_eq!(shown(&["http://127.0.0.1:5000/team/app:1"], &["b"]), "http://127.0.0.1:5000 team/app:1 b:latest");
        assert_eq!(shown(&["https://r.example/a:1", "r.example/b:2"], &[]), "https://r.example a:1 b:2");
        assert_eq!(shown(&["docker.io/team/app:1"], &[]), "https://registry-1.docker.io team/app:1");
        assert_eq!(shown(&["docker.io/app"], &[]), "https://registry-1.docker.io library/app:latest");
        assert_eq!(read(&[], &[]), Ok(None));
    }

    #[test]
    fn what_is_no_target_says_what_to_type() {
        for (texts, private) in [
            (vec!["team/app:1.0"], vec![]),
            (vec!["app"], vec![]),
            (vec!["registry.example.com/Team/app"], vec![]),
            (vec!["registry.example.com/team/app:"], vec![]),
            (vec!["registry.example.com/a@sha256:0"], vec![]),
            (vec!["https://registry.example.com/Team/app"], vec![]),
            (vec!["https://registry.example.com/team/app?a=b"], vec![]),
            (vec!["http://r.example/a", "r.example/b"], vec![]),
            (vec!["a.example/x", "b.example/x"], vec![]),
            (vec!["https://registry.example.com"], vec![]),
            (vec!["https://registry.example.com"], vec!["r.example/x"]),
        ] {
            let error = read(&texts, &private).map(|target| format!("{target:?}"));
            if texts == ["https://registry.example.com"] && !private.is_empty() {
                // `r.example/x` is a repository that happens to look like a host.
                assert!(error.is_ok());
            } else {
                assert!(error.is_err(), "{texts:?}");
            }
        }
        let hint = |texts: &[&str]| read(texts, &[]).unwrap_err().hint().unwrap();
        assert_eq!(hint(&["team/app:1.0"]), "write registry.example.com/team/app:1.0");
        assert_eq!(hint(&["http://r.example"]), "write pullgate probe http://r.example/team/app:1.0");
    }

    #[test]
    fn what_ships_parses() {
        for (door, realms, storage) in SERVICES {
            let made = Door::new(door.parse().unwrap());
            assert_eq!((made.realms.len(), made.storage.len()), (realms.len(), storage.len()), "{door}");
        }
        assert!(Door::new("https://r.example".parse().unwrap()).realms.is_empty());
    }
}
