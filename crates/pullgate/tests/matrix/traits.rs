//! In what the clients differ.

use super::refusal::Refusal;

/// What a client does with a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    /// Tries it at the registry.
    Asks,
    /// Keeps it and shows it later, good or not.
    Keeps,
    /// There is none: credentials go with every command.
    None,
}

/// What is particular about a client.
#[derive(Debug)]
pub(crate) struct Traits {
    pub(crate) name: &'static str,
    pub(crate) login: Login,
    /// Whether it tells in which file it keeps the login.
    pub(crate) names_its_file: bool,
    /// Whether it fetches tokens; else it shows the key with every request.
    pub(crate) fetches_tokens: bool,
    /// Whether it pushes an index without reading the manifests that the index lists.
    pub(crate) indexes_unseen: bool,
    /// Refusals after which it does not print the answer's body, and what it does instead.
    pub(crate) silent: &'static [(Refusal, &'static str)],
    /// Refusals that it is not put through, and why.
    pub(crate) skipped: &'static [(Refusal, &'static str)],
}

const PLAIN: Traits = Traits {
    name: "",
    login: Login::Asks,
    names_its_file: false,
    fetches_tokens: true,
    indexes_unseen: true,
    silent: &[],
    skipped: &[],
};

/// What podman, skopeo and buildah share.
const CONTAINERS: &[(Refusal, &str)] = &[
    (Refusal::WrongPassword, "login prints words of its own"),
    (Refusal::ManifestOnly, "of a blob's refusal only the status is printed"),
];

const OAUTH: &str = "of the token endpoint's refusal only the status is printed";
const HEAD: &str = "it asks with HEAD, whose answer has no body";

impl Traits {
    /// All clients, in the order of the reference.
    pub(crate) const ALL: [Self; 8] = [
        Self { name: "docker", names_its_file: true, indexes_unseen: false, ..PLAIN },
        Self { name: "podman", silent: CONTAINERS, ..PLAIN },
        Self { name: "skopeo", silent: CONTAINERS, ..PLAIN },
        Self { name: "buildah", silent: CONTAINERS, ..PLAIN },
        Self { name: "crane", login: Login::Keeps, names_its_file: true, ..PLAIN },
        Self {
            name: "regctl",
            silent: &[(Refusal::WrongPassword, OAUTH), (Refusal::RevokedKey, OAUTH)],
            skipped: &[(Refusal::NoLogin, "it is told to speak plain HTTP with its login")],
            ..PLAIN
        },
        Self {
            name: "oras",
            login: Login::Keeps,
            fetches_tokens: false,
            silent: &[(Refusal::ManifestOnly, "of a blob's refusal only the status is printed")],
            skipped: &[(Refusal::NoLogin, "the library tries again for two minutes")],
            ..PLAIN
        },
        Self {
            name: "ctr",
            login: Login::None,
            silent: &[
                (Refusal::NoLogin, OAUTH),
                (Refusal::WrongPassword, OAUTH),
                (Refusal::WrongRepository, HEAD),
                (Refusal::PushOnly, HEAD),
                (Refusal::PullOnly, "of an upload's refusal only the status is printed"),
                (Refusal::RevokedKey, OAUTH),
            ],
            ..PLAIN
        },
    ];

    pub(crate) fn of(name: &str) -> &'static Self {
        const ALL: &[Traits] = &Traits::ALL;
        ALL.iter().find(|traits| traits.name == name).expect("a client of the list")
    }

    pub(crate) fn skips(&self, refusal: Refusal) -> bool {
        self.skipped.iter().any(|(skipped, _)| *skipped == refusal)
    }
}
