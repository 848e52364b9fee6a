//! A real pullgate in a folder of its own, on ports of its own.
#![expect(dead_code, reason = "each test uses its part")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a helper of tests fails like a test"
)]

pub(crate) mod probe;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use testkit::http::{self, Response};
use testkit::process::Server;

/// The binary under test.
pub(crate) const PULLGATE: &str = env!("CARGO_BIN_EXE_pullgate");

/// A configuration that lets strangers pull what is public.
pub(crate) const OPEN_TO_ALL: &str = r#"
[policy]
anonymous = true

[[repository]]
name = "public/**"
visibility = "public"
"#;

/// A running server.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) server: Server,
    pub(crate) address: SocketAddr,
    /// Under which name it is asked.
    pub(crate) host: String,
    pub(crate) ops: SocketAddr,
    pub(crate) data: PathBuf,
    pub(crate) folder: TempDir,
}

/// A robot with its key.
#[derive(Clone, Debug)]
pub(crate) struct Robot {
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) key_id: String,
    pub(crate) id: String,
}

impl Registry {
    /// With everything at its default.
    pub(crate) fn start() -> Self {
        Self::configured("")
    }

    /// With this configuration.
    pub(crate) fn configured(toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pullgate.toml"), toml).unwrap();
        Self::launch(folder, |command| command)
    }

    /// On an existing folder, with the command changed by the test.
    pub(crate) fn launch(folder: TempDir, change: impl FnOnce(&mut Command) -> &mut Command) -> Self {
        Self::launch_at(0, folder, change)
    }

    /// The same, on this port.
    pub(crate) fn launch_at(port: u16, folder: TempDir, change: impl FnOnce(&mut Command) -> &mut Command) -> Self {
        let data = folder.path().join("data");
        let _ = fs::remove_file(data.join("listening.json"));
        let mut command = Command::new(PULLGATE);
        command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--ops", "127.0.0.1:0"]);
        command.arg("--data").arg(&data).arg("--config").arg(folder.path().join("pullgate.toml"));
        change(&mut command);
        let mut server = Server::start(command, &folder.path().join("output"));
        server.wait_for_file(&data.join("listening.json"));
        let listening: Value = serde_json::from_slice(&fs::read(data.join("listening.json")).unwrap()).unwrap();
        let address: SocketAddr = listening["listen"][0].as_str().unwrap().parse().unwrap();
        let ops: SocketAddr = listening["ops"].as_str().unwrap().parse().unwrap();
        server
            .wait_until("health is ready", || http::request(ops, "GET", "/health/ready", &[], b"").head.status == 200);
        Self { server, address, host: address.to_string(), ops, data, folder }
    }

    /// Ends this server with kill -9 and starts another on the same folder.
    pub(crate) fn crash_and_restart(mut self) -> Self {
        self.server.kill();
        Self::launch(self.folder, |command| command)
    }

    /// Ends this server with SIGTERM, which it must take for success, and gives its folder back.
    pub(crate) fn stop(mut self) -> TempDir {
        let status = self.server.terminate();
        assert!(status.success(), "{status}: {}", self.server.output());
        self.folder
    }

    /// Writes a file in the folder of the configuration, and asks the server to read it all again.
    pub(crate) fn rewrite(&self, file: &str, text: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(file), text).unwrap();
        self.server.signal(Signal::HUP);
    }

    /// What the operations listener says.
    pub(crate) fn ops(&self, target: &str) -> String {
        operations(self.ops, target)
    }

    /// `host:port` for clients.
    pub(crate) fn name(&self) -> String {
        self.address.to_string()
    }

    /// Runs a verb on the data folder.
    pub(crate) fn verb(&self, arguments: &[&str]) -> Output {
        verb(&self.data, &self.folder.path().join("pullgate.toml"), arguments)
    }

    /// Runs a verb that must succeed, and gives what it printed.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let output = self.verb(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Makes a robot.
    pub(crate) fn robot(&self, name: &str, reach: &[&str]) -> Robot {
        let mut arguments = vec!["robot", "create", name, "--ttl", "1h", "--format", "json"];
        arguments.extend(reach);
        let made: Value = serde_json::from_str(&self.ok(&arguments)).unwrap();
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        Robot { name: text("name"), key: text("key"), key_id: text("key_id"), id: text("id") }
    }

    /// One request, with the key of a robot or as nobody.
    pub(crate) fn ask(&self, robot: Option<&Robot>, method: &str, target: &str, body: &[u8]) -> Response {
        self.ask_with(robot, method, target, &[], body)
    }

    /// One request with more headers.
    pub(crate) fn ask_with(
        &self,
        robot: Option<&Robot>,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let basic = robot.map(Robot::basic);
        let has_host = headers.iter().any(|(name, _)| *name == "Host");
        let mut headers = headers.to_vec();
        headers.extend((!has_host).then_some(("Host", self.host.as_str())));
        headers.extend(basic.as_ref().map(|basic| ("Authorization", basic.as_str())));
        http::request(self.address, method, target, &headers, body)
    }

    /// Pushes a blob in one request and gives its digest.
    pub(crate) fn push_blob(&self, robot: &Robot, repository: &str, bytes: &[u8]) -> String {
        let digest = testkit::image::digest_of(bytes);
        let target = format!("/v2/{repository}/blobs/uploads/?digest={digest}");
        let answer = self.ask(Some(robot), "POST", &target, bytes);
        assert_eq!(answer.head.status, 201, "{}", answer.text());
        digest
    }

    /// Stores a manifest.
    pub(crate) fn push_manifest(&self, robot: &Robot, repository: &str, reference: &str, manifest: &str) -> Response {
        let target = format!("/v2/{repository}/manifests/{reference}");
        self.ask(Some(robot), "PUT", &target, manifest.as_bytes())
    }

    /// A token for scopes.
    pub(crate) fn token(&self, robot: &Robot, scopes: &[&str]) -> Value {
        let query: Vec<String> = scopes.iter().map(|scope| format!("scope={scope}")).collect();
        let answer = self.ask(Some(robot), "GET", &format!("/token?{}", query.join("&")), b"");
        assert_eq!(answer.head.status, 200, "{}", answer.text());
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Every decision in the journal, with what became of it.
    pub(crate) fn decisions(&self, filter: &[&str]) -> Vec<Value> {
        let mut arguments = vec!["audit", "query", "--format", "json"];
        arguments.extend(filter);
        json_lines(&self.verb(&arguments))
    }

    /// Every leaf of the journal as it stands in the files; no test fills so much that a segment is closed.
    pub(crate) fn leaves(&self) -> Vec<Value> {
        leaves(&self.data)
    }

    /// Waits until the journal has, for this filter, a decision whose outcome is known.
    pub(crate) fn outcome(&mut self, filter: &[&str]) -> Value {
        let mut found = Vec::new();
        let (data, config) = (self.data.clone(), self.folder.path().join("pullgate.toml"));
        self.server.wait_until(&format!("an outcome for {filter:?}"), || {
            let arguments = [&["audit", "query", "--format", "json"], filter].concat();
            found = json_lines(&verb(&data, &config, &arguments));
            found.iter().any(|record| !record["status"].is_null())
        });
        assert_eq!(found.len(), 1, "one decision for {filter:?}");
        found.remove(0)
    }

    /// The record of a request that was refused.
    pub(crate) fn record_of(&self, answer: &Response) -> Value {
        let id = answer.head.header("x-request-id").expect("a refusal carries its id").to_owned();
        let mut found = self.decisions(&["--request-id", &id]);
        assert_eq!(found.len(), 1, "one decision for request {id}");
        found.remove(0)
    }
}

impl Robot {
    /// The value of an `Authorization` header.
    pub(crate) fn basic(&self) -> String {
        http::basic(&self.name, &self.key)
    }
}

/// Runs a verb, whether or not a server runs.
pub(crate) fn verb(data: &Path, config: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(PULLGATE);
    command.args(arguments).arg("--data").arg(data).arg("--config").arg(config);
    command.output().unwrap()
}

/// What a verb printed, one JSON value in each line.
pub(crate) fn json_lines(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = str::from_utf8(&output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every leaf of the journal of a data folder, in order.
pub(crate) fn leaves(data: &Path) -> Vec<Value> {
    let mut segments: Vec<PathBuf> =
        fs::read_dir(data.join("journal")).unwrap().map(|entry| entry.unwrap().path()).collect();
    segments.retain(|path| path.extension().is_some_and(|extension| extension == "ndjson"));
    segments.sort();
    let texts = segments.iter().map(|segment| fs::read_to_string(segment).unwrap());
    texts.flat_map(|text| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>()).collect()
}

/// The moment, for what is measured and printed.
#[expect(clippy::disallowed_methods, reason = "a test looks at the clock to tell how long something took")]
pub(crate) fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// A manifest without blobs: an empty index.
pub(crate) const EMPTY_INDEX: &str =
    r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;

/// What an operations listener says.
pub(crate) fn operations(address: SocketAddr, target: &str) -> String {
    let answer = http::request(address, "GET", target, &[], b"");
    assert_eq!(answer.head.status, 200, "{target}: {}", answer.text());
    answer.text()
}

/// Everything that health tells.
pub(crate) fn health(ops: SocketAddr) -> Value {
    serde_json::from_str(&operations(ops, "/health")).unwrap()
}

/// Pushes a small image with the tag `1.0`.
pub(crate) fn push_image(registry: &Registry, pusher: &Robot, repository: &str) {
    let config = registry.push_blob(pusher, repository, b"{}");
    let layer = registry.push_blob(pusher, repository, &[7; 5000]);
    let manifest = manifest(&config, 2, &layer, 5000);
    assert_eq!(registry.push_manifest(pusher, repository, "1.0", &manifest).head.status, 201);
}

/// A manifest of one configuration and one layer.
pub(crate) fn manifest(config: &str, config_size: usize, layer: &str, layer_size: usize) -> String {
    format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":{config_size}}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{layer}","size":{layer_size}}}]}}"#
    )
}
