//! The registry itself, asked as clients ask.

use std::path::Path;
use std::sync::Mutex;

use serde_json::Value;
use tempfile::TempDir;
use testkit::http::{Connection, Response};
use testkit::image::digest_of;

use super::content::{ARTIFACT_TYPES, BLOBS, MANIFESTS, TAGS};
use super::step::{Answer, REPOSITORIES, Step};
use super::support::{Registry, Robot};

const CONFIGURATION: &str = "[policy]\ncatalog = true\n";
/// In memory, where the machine has it: nothing here is about disks.
const MEMORY: &str = "/dev/shm";
const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";

/// A running pullgate, somebody who may do everything there, and one connection.
pub(crate) struct Subject {
    registry: Registry,
    robot: Robot,
    connection: Mutex<Connection>,
    sequence: u64,
}

impl Subject {
    pub(crate) fn open() -> Self {
        let memory = Path::new(MEMORY).is_dir().then(|| TempDir::new_in(MEMORY)).and_then(Result::ok);
        let folder = memory.or_else(|| TempDir::new().ok()).unwrap_or_else(|| panic!("a folder"));
        let Ok(()) = std::fs::write(folder.path().join("pullgate.toml"), CONFIGURATION) else { panic!("a file") };
        let registry = Registry::launch(folder, |command| command);
        let robot = registry.robot("ci", &["--pull", "**", "--push", "**", "--delete", "**", "--list", "**"]);
        let connection = Mutex::new(Connection::open(registry.address));
        Self { registry, robot, connection, sequence: 0 }
    }

    /// From now on steps are about the repositories of this sequence.
    pub(crate) fn turn_to(&mut self, sequence: u64) {
        self.sequence = sequence;
    }

    pub(crate) fn close(self) {
        let verified = self.registry.verb(&["audit", "verify"]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    }

    pub(crate) fn apply(&self, step: &Step) -> Answer {
        match *step {
            Step::Push { repository, blob } => {
                let content = BLOBS[blob].as_bytes();
                let target = format!("{}/blobs/uploads/?digest={}", self.base(repository), digest_of(content));
                self.status("POST", &target, content)
            }
            Step::Upload { repository, blob, cut } => self.upload(repository, BLOBS[blob], cut),
            Step::Mount { repository, from, blob } => self.mount(repository, from, BLOBS[blob]),
            Step::Put { repository, manifest, tag, by_digest } => {
                let (manifest, tag) = (&MANIFESTS[manifest], TAGS[tag]);
                let reference = if by_digest { format!("{}?tag={tag}", manifest.digest) } else { tag.to_owned() };
                let target = format!("{}/manifests/{reference}", self.base(repository));
                self.status("PUT", &target, manifest.text.as_bytes())
            }
            Step::DeleteTag { repository, tag } => self.delete(repository, "manifests", TAGS[tag]),
            Step::DeleteManifest { repository, manifest } => {
                self.delete(repository, "manifests", &MANIFESTS[manifest].digest)
            }
            Step::DeleteBlob { repository, blob } => {
                self.delete(repository, "blobs", &digest_of(BLOBS[blob].as_bytes()))
            }
            Step::Tags { repository, n, last } => {
                let last = last.map(|last| format!("last={}", TAGS[last]));
                let target = format!("{}/tags/list?{}", self.base(repository), query([count(n), last]));
                self.pages(target, n, |body| body["tags"].as_array().map(|tags| tags.iter().map(text).collect()))
            }
            Step::Referrers { repository, subject, artifact_type, n } => {
                let filter = artifact_type.map(|place| format!("artifactType={}", ARTIFACT_TYPES[place]));
                let subject = &MANIFESTS[subject].digest;
                let target = format!("{}/referrers/{subject}?{}", self.base(repository), query([count(n), filter]));
                let listed = |body: &Value| Some(body["manifests"].as_array()?.iter().map(referrer).collect());
                self.pages(target, n, listed)
            }
            Step::Repositories => self.repositories(),
        }
    }

    pub(crate) fn blob(&self, repository: usize, blob: usize) -> Option<String> {
        let target = format!("{}/blobs/{}", self.base(repository), digest_of(BLOBS[blob].as_bytes()));
        self.content(&target).map(|answer| answer.text())
    }

    /// Digest, media type and text.
    pub(crate) fn manifest(&self, repository: usize, reference: &str) -> Option<[String; 3]> {
        let answer = self.content(&format!("{}/manifests/{reference}", self.base(repository)))?;
        let header = |name| answer.head.header(name).unwrap_or_default().to_owned();
        Some([header("docker-content-digest"), header("content-type"), answer.text()])
    }

    fn upload(&self, repository: usize, content: &str, cut: usize) -> Answer {
        let (first, rest) = content.split_at(cut);
        let opened = self.ask("POST", &format!("{}/blobs/uploads/", self.base(repository)), b"");
        let further = self.ask("PATCH", &location(&opened), first.as_bytes());
        let last = format!("{}?digest={}", location(&further), digest_of(content.as_bytes()));
        self.status("PUT", &last, rest.as_bytes())
    }

    /// Where it became an upload, that is given up.
    fn mount(&self, repository: usize, from: usize, content: &str) -> Answer {
        let (digest, from) = (digest_of(content.as_bytes()), self.name(from));
        let answer =
            self.ask("POST", &format!("{}/blobs/uploads/?mount={digest}&from={from}", self.base(repository)), b"");
        if answer.head.status == 202 {
            assert_eq!(self.ask("DELETE", &location(&answer), b"").head.status, 204);
        }
        Answer::of(answer.head.status)
    }

    fn delete(&self, repository: usize, kind: &str, reference: &str) -> Answer {
        self.status("DELETE", &format!("{}/{kind}/{reference}", self.base(repository)), b"")
    }

    /// Those of this sequence stand side by side in the list.
    fn repositories(&self) -> Answer {
        let all = |body: &Value| body["repositories"].as_array().map(|names| names.iter().map(text).collect());
        let first = format!("/v2/_catalog?n={REPOSITORIES}&last=s{:06}", self.sequence);
        let answer = self.ask("GET", &first, b"");
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let names: Vec<String> = all(&body).unwrap_or_default();
        let own = (0..REPOSITORIES).filter(|repository| names.contains(&self.name(*repository)));
        Answer { status: answer.head.status, listed: own.map(|repository| repository.to_string()).collect() }
    }

    /// Follows a list from page to page; no page is longer than it was asked to be.
    fn pages(&self, target: String, n: Option<usize>, read: impl Fn(&Value) -> Option<Vec<String>>) -> Answer {
        let (mut next, mut listed) = (Some(target), Vec::new());
        while let Some(target) = next {
            let answer = self.ask("GET", &target, b"");
            if answer.head.status != 200 {
                return Answer { status: answer.head.status, listed };
            }
            let body = serde_json::from_slice(&answer.body).unwrap_or_default();
            let page = read(&body).unwrap_or_else(|| panic!("{target}: {body}"));
            assert!(n.is_none_or(|n| page.len() <= n), "{target}: {body}");
            listed.extend(page);
            next = answer.head.header("link").map(|link| {
                let (target, _) = link.trim_start_matches('<').split_once('>').unwrap_or_else(|| panic!("{link}"));
                target.to_owned()
            });
        }
        Answer { status: 200, listed }
    }

    fn content(&self, target: &str) -> Option<Response> {
        let answer = self.ask("GET", target, b"");
        match answer.head.status {
            200 => Some(answer),
            404 => None,
            status => panic!("{target}: {status} {}", answer.text()),
        }
    }

    fn status(&self, method: &str, target: &str, body: &[u8]) -> Answer {
        Answer::of(self.ask(method, target, body).head.status)
    }

    fn ask(&self, method: &str, target: &str, body: &[u8]) -> Response {
        let Ok(mut connection) = self.connection.lock() else { panic!("a request went wrong before") };
        connection.request(method, target, &[("Authorization", &self.robot.basic()), ("Accept", ACCEPT)], body);
        connection.response(method)
    }

    fn base(&self, repository: usize) -> String {
        format!("/v2/{}", self.name(repository))
    }

    fn name(&self, repository: usize) -> String {
        format!("s{:06}/{repository}", self.sequence)
    }
}

fn count(n: Option<usize>) -> Option<String> {
    n.map(|n| format!("n={n}"))
}

fn query(parameters: [Option<String>; 2]) -> String {
    parameters.into_iter().flatten().collect::<Vec<_>>().join("&")
}

/// As [`super::content::Manifest::listed`] has it.
fn referrer(descriptor: &Value) -> String {
    let member = |name: &str| text(&descriptor[name]);
    let mark = text(&descriptor["annotations"]["mark"]);
    format!("{} {} {} {mark}", member("digest"), member("mediaType"), member("artifactType"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The path under which an upload goes on.
fn location(answer: &Response) -> String {
    let location = answer.head.header("location").unwrap_or_else(|| panic!("{}", answer.text()));
    let (_, rest) = location.split_once("://").unwrap_or_else(|| panic!("{location}"));
    rest.find('/').map(|path| rest.split_at(path).1.to_owned()).unwrap_or_default()
}
