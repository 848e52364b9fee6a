//! What every client is put through, on Debian's docker-registry: a server that is not ours.

use testkit::clients::Client;
use testkit::http;
use testkit::image::Layout;
use testkit::registries::{Access, Distribution, Foreign, PASSWORD, USER};
use testkit::{Home, Ran};

const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
                         application/vnd.docker.distribution.manifest.v2+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json";

/// Login, push, pull, tags and an index with the right password, then a refusal, in the client's `words`, of a wrong one.
pub(crate) fn exercise<C: Client>(new: impl Fn() -> C, words: &str) {
    let registry = Registry::start();
    let host = registry.0.address.to_string();
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
struct Registry(Foreign);

impl Registry {
    fn start() -> Self {
        Self(Foreign::distribution(Distribution::Debian, Access::Password))
    }

    /// The digest that the registry gives for a tag, and those of the images if it is an index.
    fn digests(&self, name: &str, tag: &str) -> Vec<String> {
        let login = http::basic(USER, PASSWORD);
        let headers = [("Authorization", login.as_str()), ("Accept", MANIFESTS)];
        let target = format!("/v2/team/{name}/manifests/{tag}");
        let response = http::request(self.0.address, "GET", &target, &headers, b"");
        assert_eq!(response.head.status, 200, "{}", response.text());
        let manifest: serde_json::Value = serde_json::from_slice(&response.body).expect("a manifest is JSON");
        let images = manifest["manifests"].as_array().into_iter().flatten();
        let digests = images.filter_map(|image| image["digest"].as_str().map(str::to_owned));
        response.head.header("docker-content-digest").map(str::to_owned).into_iter().chain(digests).collect()
    }
}
