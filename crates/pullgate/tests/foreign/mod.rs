//! Targets that are not ours, filled with images, and what is expected of a run against them.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a helper of tests fails like a test, and prints what it found"
)]

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use tempfile::TempDir;
use testkit::Home;
use testkit::clients::{Client, Skopeo};
use testkit::image::Layout;
use testkit::issuer::{Issuer, OWN, PUBLIC};
use testkit::registries::{Access, Distribution, Foreign, LOW, LOW_PASSWORD, PASSWORD, USER};
use testkit::secure::{NAME, authority};

use crate::probing::{Household, Known, Run};
use crate::support::Registry;

/// The most memory that a run may take which writes: it sends a manifest of more than 4 MiB, and looks at what comes of it.
const MAX_MEMORY: u64 = 96 << 20;

/// Something to probe, with the intent for it.
pub(crate) struct Target {
    folder: PathBuf,
    known: Known,
    /// The registry itself, whatever stands in front of it.
    address: SocketAddr,
    _running: (Vec<Foreign>, Option<Issuer>, Option<Registry>, Option<TempDir>),
}

/// distribution that asks nobody.
pub(crate) fn open(release: Distribution) -> Target {
    Target::open(Foreign::distribution(release, Access::Open))
}

/// distribution with one password: whoever may log in may do everything, so there is nobody who may do little.
pub(crate) fn closed(release: Distribution) -> Target {
    let registry = Foreign::distribution(release, Access::Password);
    fill(registry.address, true, &["team/app", "team/other"]);
    Target::of(registry, Known { private: names(&["team/app", "team/other"]), ..Known::default() })
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

impl Target {
    /// A registry that asks nobody, with images in it.
    pub(crate) fn open(registry: Foreign) -> Self {
        fill(registry.address, false, &["team/app", "team/other"]);
        Self::of(registry, Known { private: names(&["team/app", "team/other"]), ..Known::default() })
    }

    /// A registry that believes a token service, with somebody who may do little.
    pub(crate) fn trusting(issuer: Issuer, registry: Foreign) -> Self {
        fill(registry.address, true, &["team/app", "team/other", PUBLIC, OWN]);
        let known = Known {
            realms: vec![issuer.url()],
            private: names(&["team/app", "team/other"]),
            public: Some(PUBLIC.to_owned()),
            low: Some(vec!["pull", "push", "delete"]),
            ..Known::default()
        };
        let mut target = Self::of(registry, known);
        target._running.1 = Some(issuer);
        target
    }

    /// Our own, with everybody in it.
    pub(crate) fn pullgate() -> Self {
        let registry = Registry::start();
        let known = Household::of(&registry, &[format!("http://{}", registry.address)], None).known;
        let (folder, address) = (registry.folder.path().to_owned(), registry.address);
        Self { folder, known, address, _running: (Vec::new(), None, Some(registry), None) }
    }

    fn of(registry: Foreign, known: Known) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("control"), format!("{USER}:{PASSWORD}")).unwrap();
        fs::write(folder.path().join("low"), format!("{LOW}:{LOW_PASSWORD}")).unwrap();
        let (address, doors) = (registry.address, vec![format!("http://{}", registry.address)]);
        let path = folder.path().to_owned();
        Self {
            folder: path,
            known: Known { doors, ..known },
            address,
            _running: (vec![registry], None, None, Some(folder)),
        }
    }

    /// The same with nginx in front: that is the door.
    pub(crate) fn behind(self, locations: &str) -> Self {
        let edge = Foreign::nginx(self.address, locations);
        let door = format!("http://{}", edge.address);
        self.with(edge, |_| vec![door])
    }

    /// The same over TLS.
    pub(crate) fn behind_tls(self, locations: &str) -> Self {
        let edge = Foreign::nginx_tls(self.address, locations);
        let door = format!("https://{NAME}:{}", edge.address.port());
        self.with(edge, |_| vec![door])
    }

    /// nginx is one door, and the way around it another.
    pub(crate) fn beside(self, locations: &str) -> Self {
        let edge = Foreign::nginx(self.address, locations);
        let door = format!("http://{}", edge.address);
        self.with(edge, |doors| [vec![door], doors].concat())
    }

    fn with(mut self, edge: Foreign, doors: impl FnOnce(Vec<String>) -> Vec<String>) -> Self {
        self.known.doors = doors(self.known.doors);
        self._running.0.push(edge);
        self
    }

    /// Asks everything but what is intrusive.
    pub(crate) fn run(&self) -> Run {
        fs::write(self.folder.join("probe.toml"), self.known.text()).unwrap();
        fs::write(self.folder.join("authority.pem"), authority().pem()).unwrap();
        let words = ["--intent", "probe.toml", "--mode", "write"];
        Run::of(&self.folder, &words, &[("SSL_CERT_FILE", "authority.pem")])
    }

    /// Whether this and nothing else is found, and nothing stays open; else what is wrong with that.
    pub(crate) fn is_private(&self, what: &str, found: &[&str]) -> Result<(), String> {
        let run = self.run();
        println!("| {what} | safe | {} |", told(&run));
        if run.is_clean_but_for(found) {
            return Ok(());
        }
        Err(format!("{what}: {:?}\n{}{}", run.code, run.findings(), run.errors))
    }

    /// Whether it is found to be open, by these checks at least.
    pub(crate) fn has(&self, what: &str, holes: &[&str]) -> Result<(), String> {
        let run = self.run();
        let found: BTreeSet<&str> = run.ids("FAIL").into_iter().collect();
        println!("| {what} | open | {} | {found:?}", told(&run));
        let all = run.code == Some(1) && holes.iter().all(|hole| found.contains(hole));
        if all { Ok(()) } else { Err(format!("{what}: {:?} {holes:?}\n{}", run.code, run.findings())) }
    }
}

/// What a run cost, within its bounds.
fn told(run: &Run) -> String {
    let (passed, mebibyte) = (run.ids("PASS").len(), f64::from(1 << 20));
    let peak = run.peak.unwrap_or_default();
    assert!(peak <= MAX_MEMORY, "{peak} bytes");
    format!(
        "{passed} passed | {} requests | {:.1} s | {:.1} MiB",
        run.requests(),
        run.took.as_secs_f64(),
        peak as f64 / mebibyte
    )
}

/// Puts images there.
fn fill(address: SocketAddr, logs_in: bool, repositories: &[&str]) {
    let folder = Home::new();
    let mut skopeo = Skopeo::new();
    if logs_in {
        skopeo.login(&address.to_string(), USER, PASSWORD).unwrap().ok();
    }
    for repository in repositories {
        let image = Layout::image(&folder.path(&repository.replace('/', "-")), repository, 4096);
        skopeo.push(&image, &format!("{address}/{repository}:1.0")).ok();
    }
}
