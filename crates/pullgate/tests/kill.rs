//! kill -9 while clients push, upload and administrators revoke: what was acknowledged stays, what was not is whole or
//! absent, and nothing was allowed without its record.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unreachable,
    reason = "an integration test fails like a test, and says what it measured"
)]

mod support;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::thread;

use serde_json::Value;
use support::{Registry, Robot, manifest};
use testkit::http::{Connection, Head, Response};
use testkit::image::{Noise, digest_of};

/// How often the server is killed.
const KILLS: u64 = 100;
/// Clients at once; one of them administrates.
const PUSHERS: u64 = 2;
/// Acknowledgements that a round waits for at most before it kills.
const MOST_ACKNOWLEDGED: u64 = 30;
/// Set at build time, it repeats what each client does; when the kill comes depends on the machine.
const SEED: Option<&str> = option_env!("PULLGATE_KILL_SEED");

/// What the server told somebody, or might have done without having told.
enum Event {
    /// An answer 2xx: the request's own `User-Agent`, its repository and whether it was a PUT of a manifest.
    Answered { agent: String, repository: String },
    /// A manifest with its blobs; acknowledged or not.
    Image { place: Place, image: Image, acknowledged: bool },
    /// An upload of which so many bytes were acknowledged.
    Upload { location: String, repository: String, content: Vec<u8>, acknowledged: usize },
    /// A robot whose creation was acknowledged, and whether its end was.
    Made { robot: Robot, ended: Option<&'static str> },
}

type Place = (String, String);

#[derive(Clone)]
struct Image {
    manifest: String,
    blobs: Vec<Vec<u8>>,
}

/// Everything that clients know at the end.
#[derive(Default)]
struct Known {
    answered: BTreeMap<String, String>,
    images: HashMap<Place, Image>,
    attempted: HashMap<Place, Image>,
    robots: Vec<(Robot, Option<&'static str>)>,
    resumed: usize,
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_else_is_visible() {
    let seed = SEED.map_or_else(|| RandomState::new().hash_one(KILLS), |seed| seed.parse().expect("a seed"));
    println!("seed: PULLGATE_KILL_SEED={seed}");
    let mut registry = Registry::configured("[limits]\nuploads_per_principal = 10000\n");
    let ci = registry.robot("ci", &["--pull", "team/**", "--push", "team/**"]);
    let mut known = Known::default();
    for round in 0..KILLS {
        let (events, uploads) = run_and_kill(&mut registry, &ci, seed, round);
        registry = registry.crash_and_restart();
        let verified = registry.verb(&["audit", "verify"]);
        assert!(verified.status.success(), "round {round}: {}", String::from_utf8_lossy(&verified.stderr));
        known.absorb(&registry, &ci, events);
        for upload in uploads {
            known.resumed += usize::from(resume(&registry, &ci, upload));
        }
    }
    everything_stands(&registry, &ci, &known);
    println!(
        "{KILLS} kills; {} answers, {} images, {} unacknowledged, {} uploads resumed, {} robots",
        known.answered.len(),
        known.images.len(),
        known.attempted.len(),
        known.resumed,
        known.robots.len()
    );
    assert!(known.images.len() as u64 > KILLS / 2 && known.resumed > 10 && known.robots.len() > 20, "too little done");
}

/// Lets clients work until so many answers have come that the round is over, and kills the server under them.
fn run_and_kill(registry: &mut Registry, ci: &Robot, seed: u64, round: u64) -> (Vec<Event>, Vec<Event>) {
    let mut random = Random(seed ^ (round << 32));
    let patience = 1 + random.below(MOST_ACKNOWLEDGED);
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        for client in 0..PUSHERS {
            let pusher = Pusher::new(registry.address, ci, Random(random.next()), format!("{round}-{client}"));
            let tell = tell.clone();
            // The error that ends it is the death of the server.
            scope.spawn(move || pusher.work(&tell).expect_err("a client works until the server is gone"));
        }
        let config = registry.folder.path().join("pullgate.toml");
        let administrator = Administrator { data: registry.data.clone(), config, random: Random(random.next()), round };
        scope.spawn(move || administrator.work(&tell));
        let mut events: Vec<Event> = told.iter().take(patience as usize).collect();
        registry.server.kill();
        events.extend(told);
        events.into_iter().partition(|event| !matches!(event, Event::Upload { .. }))
    })
}

/// One client on one connection.
struct Pusher {
    connection: Connection,
    address: SocketAddr,
    authorization: String,
    random: Random,
    name: String,
    requests: u32,
}

impl Pusher {
    fn new(address: SocketAddr, robot: &Robot, random: Random, name: String) -> Self {
        let connection = Connection::open(address);
        Self { connection, address, authorization: robot.basic(), random, name, requests: 0 }
    }

    fn work(mut self, tell: &Sender<Event>) -> io::Result<()> {
        loop {
            match self.random.below(4) {
                0 => self.begin_upload(tell)?,
                _ => self.push_image(tell)?,
            }
        }
    }

    fn push_image(&mut self, tell: &Sender<Event>) -> io::Result<()> {
        let repository = format!("team/app{}", self.random.below(3));
        let place = (repository.clone(), format!("t{}-{}", self.name, self.requests));
        let blobs: Vec<Vec<u8>> = (0..2).map(|_| self.random.content()).collect();
        let [config, layer] = [&blobs[0], &blobs[1]].map(|blob| digest_of(blob));
        let image = Image { manifest: manifest(&config, blobs[0].len(), &layer, blobs[1].len()), blobs };
        let attempt = Event::Image { place: place.clone(), image: image.clone(), acknowledged: false };
        let pushed = self.push_parts(&place, &image, tell);
        let event = if pushed.is_ok() { Event::Image { place, image, acknowledged: true } } else { attempt };
        tell.send(event).expect("the round listens");
        pushed
    }

    fn push_parts(&mut self, (repository, tag): &Place, image: &Image, tell: &Sender<Event>) -> io::Result<()> {
        for blob in &image.blobs {
            self.push_blob(repository, blob, tell)?;
        }
        let target = format!("/v2/{repository}/manifests/{tag}");
        self.expect(201, "PUT", &target, image.manifest.as_bytes(), repository, tell).map(|_| ())
    }

    /// In one request, in two, or in chunks.
    fn push_blob(&mut self, repository: &str, blob: &[u8], tell: &Sender<Event>) -> io::Result<()> {
        let digest = digest_of(blob);
        let uploads = format!("/v2/{repository}/blobs/uploads/");
        let way = self.random.below(3);
        if way == 0 {
            let target = format!("{uploads}?digest={digest}");
            return self.expect(201, "POST", &target, blob, repository, tell).map(|_| ());
        }
        let location = location(&self.expect(202, "POST", &uploads, b"", repository, tell)?.head);
        let (chunk, rest) = blob.split_at(if way == 1 { 0 } else { blob.len() / 2 });
        if way == 2 {
            self.expect(202, "PATCH", &location, chunk, repository, tell)?;
        }
        self.expect(201, "PUT", &format!("{location}?digest={digest}"), rest, repository, tell).map(|_| ())
    }

    /// An upload that is left open, to be resumed when the server is back.
    fn begin_upload(&mut self, tell: &Sender<Event>) -> io::Result<()> {
        let repository = "team/resumed".to_owned();
        let content = self.random.content();
        let uploads = format!("/v2/{repository}/blobs/uploads/");
        let location = location(&self.expect(202, "POST", &uploads, b"", &repository, tell)?.head);
        let half = content.len() / 2;
        let sent = self.expect(202, "PATCH", &location, &content[..half], &repository, tell);
        let acknowledged = if sent.is_ok() { half } else { 0 };
        tell.send(Event::Upload { location, repository, content, acknowledged }).expect("the round listens");
        sent.map(|_| ())
    }

    /// One request under a name of its own; whatever answer comes must have this status.
    fn expect(
        &mut self,
        status: u16,
        method: &str,
        target: &str,
        body: &[u8],
        repository: &str,
        tell: &Sender<Event>,
    ) -> io::Result<Response> {
        self.requests += 1;
        let agent = format!("{}-{}", self.name, self.requests);
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nUser-Agent: {agent}\r\nContent-Length: {}\r\n\r\n",
            self.address,
            self.authorization,
            body.len()
        );
        self.connection.send(&[head.as_bytes(), body].concat())?;
        let head = self.connection.head()?;
        let mut body = Vec::new();
        // The status is the acknowledgement, whether or not the server lives to send the rest.
        assert_eq!(head.status, status, "{method} {target}");
        tell.send(Event::Answered { agent, repository: repository.to_owned() }).expect("the round listens");
        self.connection.body(method, &head).read_to_end(&mut body)?;
        Ok(Response { head, body })
    }
}

/// Makes robots and ends them, each in another way.
struct Administrator {
    data: PathBuf,
    config: PathBuf,
    random: Random,
    round: u64,
}

impl Administrator {
    /// Until a verb is refused: then the server is gone, or the next verb finds it gone and works alone.
    fn work(mut self, tell: &Sender<Event>) {
        for number in 0..2 {
            let name = format!("v{}-{number}", self.round);
            let reach = ["--pull", "team/**", "--ttl", "1h", "--format", "json"];
            let Some(made) = self.verb(&[&["robot", "create", &name], reach.as_slice()].concat()) else { return };
            let made: Value = serde_json::from_str(&made).expect("one JSON object");
            let text = |field: &str| made[field].as_str().expect("a text").to_owned();
            let robot = Robot { name: text("name"), key: text("key"), key_id: text("key_id"), id: text("id") };
            let (verb, argument) = match self.random.below(4) {
                0 => (["revoke", "robot"], &robot.name),
                1 => (["revoke", "key"], &robot.key_id),
                2 => (["robot", "disable"], &robot.name),
                _ => (["robot", "delete"], &robot.name),
            };
            let ended = self.verb(&[verb[0], verb[1], argument]).map(|_| verb[1]);
            tell.send(Event::Made { robot, ended }).expect("the round listens");
        }
    }

    fn verb(&self, arguments: &[&str]) -> Option<String> {
        let output = support::verb(&self.data, &self.config, arguments);
        output.status.success().then(|| String::from_utf8(output.stdout).expect("text"))
    }
}

impl Known {
    /// Looks at what the round that ended has left behind, and remembers it for the end.
    fn absorb(&mut self, registry: &Registry, ci: &Robot, events: Vec<Event>) {
        for event in events {
            match event {
                Event::Answered { agent, repository } => drop(self.answered.insert(agent, repository)),
                Event::Image { place, image, acknowledged: true } => {
                    assert!(is_whole(registry, ci, &place, &image), "{place:?} was acknowledged and is gone");
                    self.images.insert(place, image);
                }
                Event::Image { place, image, acknowledged: false } => {
                    is_whole(registry, ci, &place, &image);
                    self.attempted.insert(place, image);
                }
                Event::Made { robot, ended } => {
                    is_welcome(registry, &robot, ended);
                    self.robots.push((robot, ended));
                }
                Event::Upload { .. } => unreachable!("uploads are resumed"),
            }
        }
    }
}

/// Whether the manifest is there; if so it and all its blobs are what was pushed. A blob that is there is whole.
fn is_whole(registry: &Registry, ci: &Robot, (repository, tag): &Place, image: &Image) -> bool {
    let stored = registry.ask(Some(ci), "GET", &format!("/v2/{repository}/manifests/{tag}"), b"");
    let visible = stored.head.status == 200;
    assert!(visible || stored.head.status == 404, "{}", stored.text());
    assert!(!visible || stored.text() == image.manifest, "{tag} is not what was pushed");
    for blob in &image.blobs {
        let found = registry.ask(Some(ci), "GET", &format!("/v2/{repository}/blobs/{}", digest_of(blob)), b"");
        match found.head.status {
            200 => assert!(found.body == *blob, "a blob of {tag} is not what was pushed"),
            status => assert!(status == 404 && !visible, "{tag} is visible without its blob: {status}"),
        }
    }
    visible
}

/// Goes on where the server says that the upload stands, which is not before what it had acknowledged.
fn resume(registry: &Registry, ci: &Robot, upload: Event) -> bool {
    let Event::Upload { location, repository, content, acknowledged } = upload else { return false };
    let asked = registry.ask(Some(ci), "GET", &location, b"");
    assert_eq!(asked.head.status, 204, "{}", asked.text());
    let range = asked.head.header("range").expect("a range").to_owned();
    let last: usize = range.strip_prefix("0-").expect("from the start").parse().expect("a number");
    let length = if last == 0 { 0 } else { last + 1 };
    assert!(length >= acknowledged && length <= content.len(), "{range} after {acknowledged} acknowledged bytes");
    let digest = digest_of(&content);
    let finished = registry.ask(Some(ci), "PUT", &format!("{location}?digest={digest}"), &content[length..]);
    assert_eq!(finished.head.status, 201, "{}", finished.text());
    let stored = registry.ask(Some(ci), "GET", &format!("/v2/{repository}/blobs/{digest}"), b"");
    assert!(stored.body == content, "a resumed upload is not what was sent");
    true
}

/// A robot that was made is let in until its end was acknowledged; between the two either may be.
fn is_welcome(registry: &Registry, robot: &Robot, ended: Option<&str>) {
    let status = registry.ask(Some(robot), "GET", "/v2/", b"").head.status;
    match ended {
        Some(how) => assert_eq!(status, 401, "{} was ended: {how}", robot.name),
        None => assert!(matches!(status, 200 | 401), "{}: {status}", robot.name),
    }
}

fn everything_stands(registry: &Registry, ci: &Robot, known: &Known) {
    for (place, image) in &known.images {
        assert!(is_whole(registry, ci, place, image), "{place:?} was acknowledged and is gone");
    }
    for (place, image) in &known.attempted {
        is_whole(registry, ci, place, image);
    }
    for (robot, ended) in &known.robots {
        is_welcome(registry, robot, *ended);
    }
    every_answer_has_its_record(registry, known);
    every_change_has_its_leaf(registry, known);
    every_file_has_its_name(&registry.data.join("store/blobs"));
}

fn every_answer_has_its_record(registry: &Registry, known: &Known) {
    let decisions = registry.decisions(&["--principal", "robot:ci"]);
    let mut records: HashMap<&str, Vec<&Value>> = HashMap::new();
    for record in &decisions {
        records.entry(record["user_agent"].as_str().unwrap_or_default()).or_default().push(record);
    }
    for (agent, repository) in &known.answered {
        let found = records.get(agent.as_str()).map(Vec::as_slice).unwrap_or_default();
        let [record] = found else { panic!("{} records for {agent}", found.len()) };
        assert_eq!((&record["decision"], &record["repository"]), (&"allow".into(), &repository.as_str().into()));
    }
}

fn every_change_has_its_leaf(registry: &Registry, known: &Known) {
    let leaves = registry.leaves();
    let changes: Vec<(&str, &str)> = leaves
        .iter()
        .filter(|leaf| leaf["kind"] == "admin")
        .filter_map(|leaf| Some((leaf["command"].as_str()?, leaf["object"].as_str()?)))
        .collect();
    for (robot, ended) in &known.robots {
        let named = |command: &str, object: &str| changes.contains(&(command, object));
        let name = format!("robot:{}", robot.name);
        assert!(named("robot create", &name), "{name} was made without a leaf");
        let written = match *ended {
            Some("key") => {
                changes.iter().any(|(command, object)| *command == "revoke key" && object.contains(&robot.key_id))
            }
            Some("robot") => named("revoke robot", &name),
            Some(verb) => named(&format!("robot {verb}"), &name),
            None => true,
        };
        assert!(written, "{name} was ended without a leaf: {ended:?}");
    }
}

/// Below `blobs/sha256/<aa>/` every file hashes to its name.
fn every_file_has_its_name(blobs: &Path) {
    let mut files = 0;
    let mut folders = vec![blobs.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
                continue;
            }
            files += 1;
            let name = format!("sha256:{}", entry.file_name().and_then(|name| name.to_str()).expect("hex"));
            assert_eq!(digest_of(&fs::read(&entry).expect("a file")), name);
        }
    }
    assert!(files > 0, "no content was looked at");
}

fn location(head: &Head) -> String {
    let location = head.header("location").expect("an upload has a place");
    let (_, path) = location.split_once("/v2/").expect("a path of the registry");
    format!("/v2/{path}")
}

/// Xorshift: enough to choose what to do next.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 |= 1;
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 16) % bound
    }

    /// Mostly small, sometimes longer than what one write of the server takes.
    fn content(&mut self) -> Vec<u8> {
        let most = if self.below(8) == 0 { 1 << 20 } else { 1 << 14 };
        let mut content = Vec::new();
        let length = 2 + self.below(most);
        Noise::new(self.next(), length).read_to_end(&mut content).expect("noise is read");
        content
    }
}
