//! What every client is put through, on Debian's docker-registry: a server that is not ours.

use std::fs;
use std::net::{SocketAddr, TcpListener};

use testkit::clients::Client;
use testkit::http;
use testkit::image::Layout;
use testkit::process::Server;
use testkit::{Home, Ran, tool};

const USER: &str = "alice";
const PASSWORD: &str = "wonderland";
/// bcrypt of the password above.
const HTPASSWD: &str = "alice:$2y$05$Qq8MfIdvThmH.3FQN.in/.6rCVbsnUEFAQgE15o0doeKyZk5ygvVG\n";
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
                         application/vnd.docker.distribution.manifest.v2+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json";

/// Login, push, pull, tags and an index with the right password, then a refusal, in the client's `words`, of a wrong one.
pub(crate) fn exercise<C: Client>(new: impl Fn() -> C, words: &str) {
    let registry = Registry::start();
    let host = registry.address.to_string();
    let folder = Home::new();
    let image = Layout::image(&folder.path("image"), "app", 4096);
    let index = Layout::index(&folder.path("index"), "multi");

    let mut client = new();
    if let Some(ran) = client.login(&host, USER, PASSWORD) {
        ran.ok();
    }
    let repository = format!("{host}/team/{}", client.name());
    let (one, many) = (format!("{repository}:1"), format!("{repository}:many"));
    client.push(&image, &one).ok();
    client.push_index(&index, &many).ok();
    assert_eq!(digest(client.pull(&one)), registry.digests(client.name(), "1")[0]);
    assert!(registry.digests(client.name(), "many").contains(&digest(client.pull(&many))));
    assert_eq!(registry.digests(client.name(), "many").len(), 3, "an index and its two images");
    if let Some(ran) = client.tags(&repository) {
        let listed = ran.ok().stdout;
        assert!(listed.contains("many") && listed.contains('1'), "{listed}");
    }

    let said = refusal(new(), &host, &one).text();
    assert!(said.contains(words), "{said}");
}

/// What a client with a wrong password is told: at its login, or at its first pull where the login asks nobody.
fn refusal(mut client: impl Client, host: &str, reference: &str) -> Ran {
    match client.login(host, USER, "wrong") {
        Some(ran) if !ran.status.success() => ran,
        _ => client.pull(reference).expect_err("a wrong password is refused").refused(),
    }
}

fn digest(pulled: Result<String, Ran>) -> String {
    pulled.unwrap_or_else(|ran| panic!("{ran}"))
}

/// Debian's docker-registry with one user, on a port of its own.
struct Registry {
    _server: Server,
    _home: Home,
    address: SocketAddr,
}

impl Registry {
    fn start() -> Self {
        let home = Home::new();
        let address = free_address();
        let configuration = format!(
            "version: 0.1\nlog: {{ level: error, accesslog: {{ disabled: true }} }}\nhttp: {{ addr: {:?} }}\nstorage: {{ filesystem: {{ rootdirectory: {:?} }} }}\n\
             auth: {{ htpasswd: {{ realm: test, path: {:?} }} }}\n",
            address.to_string(),
            home.argument("storage"),
            home.argument("htpasswd"),
        );
        fs::write(home.path("htpasswd"), HTPASSWD).expect("the password is written");
        fs::write(home.path("config.yml"), configuration).expect("the configuration is written");
        let mut command = home.command(&tool("docker-registry"));
        command.args(["serve", &home.argument("config.yml")]);
        let mut server = Server::start(command, &home.path("registry.log"));
        server.wait_for_port(address);
        Self { _server: server, _home: home, address }
    }

    /// The digest that the registry gives for a tag, and those of the images if it is an index.
    fn digests(&self, name: &str, tag: &str) -> Vec<String> {
        let login = http::basic(USER, PASSWORD);
        let headers = [("Authorization", login.as_str()), ("Accept", MANIFESTS)];
        let target = format!("/v2/team/{name}/manifests/{tag}");
        let response = http::request(self.address, "GET", &target, &headers, b"");
        assert_eq!(response.head.status, 200, "{}", response.text());
        let manifest: serde_json::Value = serde_json::from_slice(&response.body).expect("a manifest is JSON");
        let images = manifest["manifests"].as_array().into_iter().flatten();
        let digests = images.filter_map(|image| image["digest"].as_str().map(str::to_owned));
        response.head.header("docker-content-digest").map(str::to_owned).into_iter().chain(digests).collect()
    }
}

/// An address that nobody listened at a moment ago: docker-registry cannot say which port it was given.
fn free_address() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a free port")
}
