//! The refusals that every client meets, and what the journal says of each.

/// Why a client is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A pull by a client that has no login for the registry.
    NoLogin,
    /// A login, or the first pull where the login asks nobody.
    WrongPassword,
    /// A pull from a repository that the robot has no grant for.
    WrongRepository,
    /// A pull with a robot that may only push.
    PushOnly,
    /// A push with a robot that may only pull.
    PullOnly,
    /// A pull with a robot that may read manifests and nothing else.
    ManifestOnly,
    /// A pull with a key that was good for the pull before.
    RevokedKey,
}

impl Refusal {
    pub(crate) const ALL: [Self; 7] = [
        Self::NoLogin,
        Self::WrongPassword,
        Self::WrongRepository,
        Self::PushOnly,
        Self::PullOnly,
        Self::ManifestOnly,
        Self::RevokedKey,
    ];

    /// For people.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::NoLogin => "no login",
            Self::WrongPassword => "wrong password",
            Self::WrongRepository => "wrong repository",
            Self::PushOnly => "pull with a push-only key",
            Self::PullOnly => "push with a pull-only key",
            Self::ManifestOnly => "pull with a manifest-only key",
            Self::RevokedKey => "revoked key",
        }
    }

    /// For file names.
    pub(crate) fn key(self) -> String {
        self.title().replace([' ', '-'], "_")
    }

    /// Decision and reason of the record.
    pub(crate) fn record(self) -> (&'static str, &'static str) {
        match self {
            Self::NoLogin => ("deny", "no_credential"),
            Self::WrongPassword => ("unidentified", "unknown_credential"),
            Self::WrongRepository | Self::PushOnly | Self::PullOnly | Self::ManifestOnly => ("deny", "not_granted"),
            Self::RevokedKey => ("unidentified", "revoked_key"),
        }
    }

    /// The command that `pullgate why` proposes, where it knows the robot.
    pub(crate) fn remedy(self, robot: &str) -> String {
        let grant = |what: &str| format!("pullgate grant add robot:{robot} {what}");
        match self {
            Self::NoLogin | Self::WrongPassword => String::new(),
            Self::WrongRepository => grant("--pull other/app"),
            Self::PushOnly => grant("--pull team/pushed"),
            Self::PullOnly => grant("--push team/new"),
            Self::ManifestOnly => grant("--pull team/app"),
            Self::RevokedKey => format!("pullgate robot rotate {robot}"),
        }
    }
}
