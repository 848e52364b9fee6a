//! One course that every client goes through against a real pullgate: everything it can do, and every way of being
//! refused. What a client says is a snapshot; what the journal says is asserted after each step.

mod journal;
mod reference;
mod refusal;
mod said;
mod traits;

use serde_json::Value;
use testkit::clients::Client;
use testkit::image::Layout;
use testkit::{Home, Ran};

use self::journal::Journal;
use self::refusal::Refusal;
use self::traits::{Login, Traits};
use crate::support::{Registry, Robot};

/// Images and indexes, as every client writes them.
const ACCEPT: (&str, &str) = (
    "Accept",
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json",
);

/// The whole course for one client.
pub(crate) fn exercise(client: impl Client) {
    let mut course = Course::prepare(client);
    course.strangers();
    course.one_who_may_pull_and_push();
    course.one_who_may_only_push();
    course.one_who_may_only_pull();
    course.one_who_may_only_read_manifests();
    course.one_whose_key_is_revoked();
    course.journal.is_whole();
    course.says_as_much_as_is_known();
}

struct Course<C> {
    client: C,
    traits: &'static Traits,
    registry: Registry,
    journal: Journal,
    image: Layout,
    index: Layout,
    /// Refusals so far whose id the client did not print.
    silent: Vec<Refusal>,
    /// Where `image` and `index` are.
    _folder: Home,
}

impl<C: Client> Course<C> {
    fn prepare(client: C) -> Self {
        let registry = Registry::start();
        let folder = Home::new();
        Self {
            traits: Traits::of(client.name()),
            journal: Journal::of(&registry),
            image: Layout::image(&folder.path("image"), client.name(), 4096),
            index: Layout::index(&folder.path("index"), client.name()),
            silent: Vec::new(),
            client,
            registry,
            _folder: folder,
        }
    }

    /// A client that keeps whatever login it is given meets the registry without one first. Any other has a login
    /// for another name of the same registry by then: without a configuration some do not even begin.
    fn strangers(&mut self) {
        if self.traits.login == Login::Asks {
            let robot = self.registry.robot("neighbour", &[]);
            self.login(&self.registry.name().replace("127.0.0.1", "localhost"), &robot);
        }
        if !self.traits.skips(Refusal::NoLogin) {
            let ran = self.refused_pull("team/app:1");
            self.refused(Refusal::NoLogin, &ran, None);
        }
        let login = self.client.login(&self.registry.name(), "ci", "not the key");
        let ran = match (self.traits.login, login) {
            (Login::Asks, Some(ran)) => ran.refused(),
            (Login::Keeps, Some(ran)) => {
                ran.ok();
                self.refused_pull("team/app:1")
            }
            (Login::None, None) => self.refused_pull("team/app:1"),
            (login, ran) => panic!("{login:?}, but the client says {ran:?}"),
        };
        self.refused(Refusal::WrongPassword, &ran, None);
    }

    fn one_who_may_pull_and_push(&mut self) {
        let robot = self.robot("ci", &["--pull", "team/**", "--push", "team/**"]);
        self.push_one("team/app", &robot);
        self.push_many("team/app", &robot);
        let one = self.digests(&robot, "team/app", "1");
        assert_eq!((self.pull("team/app:1"), 1), (one[0].clone(), one.len()));
        self.allowed(&robot, &["read-manifest", "read-blob"]);
        let many = self.digests(&robot, "team/app", "many");
        assert_eq!(many.len(), 3, "an index and its two images");
        assert!(many.contains(&self.pull("team/app:many")), "{many:?}");
        self.allowed(&robot, &["read-manifest"]);
        if let Some(ran) = self.client.tags(&self.reference("team/app")) {
            let listed = ran.ok().stdout;
            assert!(listed.contains("many") && listed.contains('1'), "{listed}");
            self.allowed(&robot, &["list-tags"]);
        }
        let ran = self.refused_pull("other/app:1");
        self.refused(Refusal::WrongRepository, &ran, Some(&robot));
    }

    /// Pushes all that others push, and reads nothing of it: neither through the client nor past it.
    fn one_who_may_only_push(&mut self) {
        let robot = self.robot("pusher", &["--push", "team/**"]);
        self.push_one("team/pushed", &robot);
        if self.traits.indexes_unseen {
            self.push_many("team/pushed", &robot);
        }
        let ran = self.refused_pull("team/pushed:1");
        self.refused(Refusal::PushOnly, &ran, Some(&robot));

        let reader = self.registry.robot("checker", &["--pull", "team/**"]);
        for target in self.content(&reader, "team/pushed", "1") {
            assert_eq!(self.registry.ask(Some(&reader), "GET", &target, b"").head.status, 200, "{target}");
            assert_eq!(self.registry.ask(Some(&robot), "GET", &target, b"").head.status, 403, "{target}");
        }
    }

    fn one_who_may_only_pull(&mut self) {
        let robot = self.robot("puller", &["--pull", "team/**"]);
        self.pull("team/app:1");
        self.allowed(&robot, &["read-manifest", "read-blob"]);
        let ran = self.client.push(&self.image, &self.reference("team/new:1")).refused();
        self.refused(Refusal::PullOnly, &ran, Some(&robot));
    }

    fn one_who_may_only_read_manifests(&mut self) {
        let robot = self.robot("reader", &["--read-manifest", "team/**"]);
        let ran = self.refused_pull("team/app:1");
        self.refused(Refusal::ManifestOnly, &ran, Some(&robot));
    }

    fn one_whose_key_is_revoked(&mut self) {
        let robot = self.robot("leaver", &["--pull", "team/**"]);
        self.pull("team/app:1");
        self.allowed(&robot, &["read-manifest", "read-blob"]);
        self.registry.ok(&["revoke", "key", &robot.key_id]);
        let ran = self.refused_pull("team/app:1");
        self.refused(Refusal::RevokedKey, &ran, Some(&robot));
    }

    fn says_as_much_as_is_known(&self) {
        let known: Vec<Refusal> = self.traits.silent.iter().map(|(refusal, _)| *refusal).collect();
        assert_eq!(self.silent, known, "the refusals after which {} prints no body", self.traits.name);
    }
}

/// The steps of the course.
impl<C: Client> Course<C> {
    /// Makes a robot and logs the client in as it.
    fn robot(&mut self, name: &str, reach: &[&str]) -> Robot {
        let robot = self.registry.robot(name, reach);
        self.login(&self.registry.name(), &robot);
        robot
    }

    fn login(&mut self, registry: &str, robot: &Robot) {
        let ran = self.client.login(registry, &robot.name, &robot.key).map(Ran::ok);
        assert_eq!(ran.is_none(), self.traits.login == Login::None);
        if let Some(ran) = ran.filter(|_| self.traits.names_its_file) {
            said::keeps_user_and_key(&ran, registry, robot);
        }
        if self.traits.login == Login::Asks {
            self.allowed(robot, &["ping"]);
        }
    }

    fn push_one(&mut self, repository: &str, robot: &Robot) {
        self.client.push(&self.image, &self.reference(&format!("{repository}:1"))).ok();
        self.allowed(robot, &["write-blob", "write-manifest"]);
    }

    fn push_many(&mut self, repository: &str, robot: &Robot) {
        self.client.push_index(&self.index, &self.reference(&format!("{repository}:many"))).ok();
        self.allowed(robot, &["write-blob", "write-manifest"]);
    }

    fn pull(&self, name: &str) -> String {
        self.client.pull(&self.reference(name)).unwrap_or_else(|ran| panic!("{ran}"))
    }

    fn refused_pull(&self, name: &str) -> Ran {
        self.client.pull(&self.reference(name)).expect_err("the pull is refused").refused()
    }

    /// The journal has allowed these to the robot since it was last asked, with a token where the client fetches one.
    fn allowed(&mut self, robot: &Robot, expected: &[&str]) {
        let token: &[&str] = if self.traits.fetches_tokens { &["token"] } else { &[] };
        self.journal.allowed(robot, &[token, expected].concat());
    }

    /// Holds what the client said against its snapshot, the record, and what `pullgate why` tells the administrator.
    fn refused(&mut self, refusal: Refusal, ran: &Ran, robot: Option<&Robot>) {
        said::hold(self.client.name(), refusal, ran);
        self.journal.refused(refusal, robot);
        match said::printed_id(ran) {
            Some(id) => self.journal.explains(&id, refusal, robot),
            None => self.silent.push(refusal),
        }
    }

    fn reference(&self, name: &str) -> String {
        format!("{}/{name}", self.registry.name())
    }

    /// The digest that the registry gives for a tag, and those of the images if it is an index.
    fn digests(&self, robot: &Robot, repository: &str, tag: &str) -> Vec<String> {
        let (digest, manifest) = self.manifest(robot, repository, tag);
        let images = manifest["manifests"].as_array().into_iter().flatten();
        [digest].into_iter().chain(images.map(|image| text(&image["digest"]))).collect()
    }

    /// Everything of an image that can be read, as targets of requests.
    fn content(&self, robot: &Robot, repository: &str, tag: &str) -> Vec<String> {
        let (digest, manifest) = self.manifest(robot, repository, tag);
        let layers = manifest["layers"].as_array().into_iter().flatten();
        let blobs = layers.chain([&manifest["config"]]).map(|blob| format!("blobs/{}", text(&blob["digest"])));
        let others = [format!("manifests/{tag}"), format!("manifests/{digest}"), "tags/list".to_owned()];
        blobs.chain(others).map(|target| format!("/v2/{repository}/{target}")).collect()
    }

    fn manifest(&self, robot: &Robot, repository: &str, tag: &str) -> (String, Value) {
        let target = format!("/v2/{repository}/manifests/{tag}");
        let response = self.registry.ask_with(Some(robot), "GET", &target, &[ACCEPT], b"");
        assert_eq!(response.head.status, 200, "{}", response.text());
        let digest = response.head.header("docker-content-digest").expect("a manifest comes with its digest");
        (digest.to_owned(), serde_json::from_slice(&response.body).expect("a manifest is JSON"))
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}
