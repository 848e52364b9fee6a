//! What is measured: a server of its own process, pinned to its core.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;
use testkit::http;
use testkit::image::{Noise, digest_of};
use testkit::process::Server;

use crate::cores::Cores;
use crate::exchange::{Body, Exchange, token};
use crate::floor;

/// Below this the robot may read and write.
pub(crate) const NAMESPACE: &str = "bench";
const REPOSITORY: &str = "bench/app";
pub(crate) const ROBOT: &str = "bench";
const BLOB_SIZE: u64 = 20 * 1024;
const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

/// A running server.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) server: Server,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl Subject {
    /// A bare server that answers as this exchange was answered.
    pub(crate) fn floor(cores: &Cores, exchange: &Exchange) -> Self {
        let folder = temporary();
        floor::describe(folder.path(), exchange);
        let mut command = cores.command(&std::env::current_exe().expect("this program has a file"));
        command.arg("floor").arg(folder.path());
        let mut server = Server::start(command, &folder.path().join("output"));
        let place = folder.path().join(floor::ADDRESS);
        server.wait_for_file(&place);
        let address = fs::read_to_string(place).expect("the address is told");
        Self { server, address: address.parse().expect("an address"), _folder: folder }
    }
}

/// pullgate with one image in its store.
#[derive(Debug)]
pub(crate) struct Pullgate {
    subject: Subject,
    pub(crate) program: PathBuf,
    data: PathBuf,
}

impl Pullgate {
    /// Starts it in a folder of its own.
    pub(crate) fn start(program: &Path, cores: &Cores) -> Self {
        let folder = temporary();
        let data = folder.path().join("data");
        let mut command = cores.command(program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0", "--data"]).arg(&data);
        command.current_dir(folder.path());
        let mut server = Server::start(command, &folder.path().join("output"));
        let place = data.join("listening.json");
        server.wait_for_file(&place);
        let (address, ops) = listening(&place);
        server.wait_until("readiness", || http::request(ops, "GET", "/health/ready", &[], &[]).head.status == 200);
        Self { subject: Subject { server, address, _folder: folder }, program: program.to_owned(), data }
    }

    pub(crate) fn subject(&self) -> &Subject {
        &self.subject
    }

    /// What is measured: two reads with a token, and a refusal.
    pub(crate) fn exchanges(&self) -> Vec<Arc<Exchange>> {
        let address = self.subject.address;
        let key = self.main_robot();
        let push = token(address, (ROBOT, &key), &format!("repository:{REPOSITORY}:pull,push"));
        let (manifest, blob) = self.pushed(REPOSITORY, &push);
        let pull = token(address, (ROBOT, &key), &format!("repository:{REPOSITORY}:pull"));
        let with_token = |target: &str| (target.to_owned(), Some(pull.clone()));
        let asked = |name, (target, token): (String, Option<String>), expected| {
            Arc::new(Exchange::asked(name, address, (&target, token.as_deref()), expected))
        };
        vec![
            asked("manifest, with a token", with_token(&manifest), (200, Body::Memory)),
            asked("20 KB blob, with a token", with_token(&blob), (200, Body::File)),
            asked("anonymous refusal", (manifest.clone(), None), (401, Body::NamesRequest)),
        ]
    }

    /// The one that may read and write everything of ours; its key.
    pub(crate) fn main_robot(&self) -> String {
        let all = &format!("{NAMESPACE}/**");
        self.robot(ROBOT, &["--pull", all, "--push", all])
    }

    /// Creates a robot that may do this; its key.
    pub(crate) fn robot(&self, name: &str, may: &[&str]) -> String {
        let mut command = Command::new(&self.program);
        command.args(["robot", "create", name]).args(may).args(["--ttl", "1h", "--format", "json", "--data"]);
        let made = command.arg(&self.data).output().expect("the program starts");
        assert!(made.status.success(), "no robot: {}", String::from_utf8_lossy(&made.stderr));
        let robot: serde_json::Value = serde_json::from_slice(&made.stdout).expect("a robot in JSON");
        robot["key"].as_str().expect("a key").to_owned()
    }

    /// Pushes an image to a repository; the paths of its manifest and of its blob.
    pub(crate) fn pushed(&self, repository: &str, token: &str) -> (String, String) {
        let layer = noise(repository);
        let config = serde_json::json!({ "of": repository }).to_string();
        let part = |media_type, content: &[u8]| {
            let digest = digest_of(content);
            let uploads = format!("/v2/{repository}/blobs/uploads/?digest={digest}");
            self.sent("POST", &uploads, token, ("application/octet-stream", content));
            serde_json::json!({ "mediaType": media_type, "digest": digest, "size": content.len() })
        };
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": part("application/vnd.oci.image.config.v1+json", config.as_bytes()),
            "layers": [part("application/vnd.oci.image.layer.v1.tar", &layer)],
        });
        let target = format!("/v2/{repository}/manifests/1.0");
        self.sent("PUT", &target, token, (MANIFEST_TYPE, manifest.to_string().as_bytes()));
        (target, format!("/v2/{repository}/blobs/{}", digest_of(&layer)))
    }

    pub(crate) fn sent(&self, method: &str, target: &str, token: &str, (media_type, body): (&str, &[u8])) {
        let credential = format!("Bearer {token}");
        let headers = [("Authorization", credential.as_str()), ("Content-Type", media_type)];
        let answer = http::request(self.subject.address, method, target, &headers, body);
        assert_eq!(answer.head.status, 201, "{method} {target}: {}", answer.text());
    }
}

fn temporary() -> TempDir {
    tempfile::tempdir().expect("a temporary folder is made")
}

/// No two repositories have the same.
fn noise(repository: &str) -> Vec<u8> {
    let mut content = repository.as_bytes().to_vec();
    std::io::Read::read_to_end(&mut Noise::new(1, BLOB_SIZE), &mut content).expect("noise never fails");
    content
}

/// The addresses of the registry and of its operations listener.
fn listening(file: &Path) -> (SocketAddr, SocketAddr) {
    let text = fs::read(file).expect("the addresses are told");
    let told: serde_json::Value = serde_json::from_slice(&text).expect("addresses in JSON");
    let address = |value: &serde_json::Value| {
        value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no address: {told}"))
    };
    (address(&told["listen"][0]), address(&told["ops"]))
}
