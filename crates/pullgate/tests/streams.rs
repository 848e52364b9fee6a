//! A gigabyte each way in flat memory, and transfers that end when what they rest on ends, also where nobody moves.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "an integration test fails like a test, and says what it measured"
)]

mod support;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::Value;
use support::{Registry, Robot, now};
use testkit::http::{self, Connection};
use testkit::image::Noise;

/// One gigabyte is so many of these.
const BLOCK: usize = 16 << 20;
const BLOCKS: usize = 64;
const GIGABYTE: u64 = (BLOCK * BLOCKS) as u64;
/// What a busy machine may add to the promises of 200 ms and of one second.
const REFUSED_WITHIN: Duration = Duration::from_secs(5);
const CUT_WITHIN: Duration = Duration::from_secs(10);
/// A gigabyte at this pace takes longer than any cut may: nothing ends because it is complete.
const PACE: Duration = Duration::from_millis(5);
const STEP: usize = 64 << 10;
/// So much of each transfer has gone before anything happens.
const BEGUN: u64 = 1 << 20;

#[test]
fn a_gigabyte_each_way_needs_no_memory() {
    let registry = Registry::start();
    let ci = registry.robot("ci", &["--pull", "team/**", "--push", "team/**"]);
    // The first requests bring everything into memory that any request needs.
    registry.push_blob(&ci, "team/big", b"small");
    let before = registry.server.memory();
    let chunked = Content::new(1);
    push_in_chunks(&registry, &ci, &chunked);
    let after_chunks = registry.server.memory();
    let whole = Content::new(2);
    push_at_once(&registry, &ci, &whole);
    let after_whole = registry.server.memory();
    for content in [&chunked, &whole] {
        pull(&registry, &ci, content);
    }
    let after = registry.server.memory();
    let mebibytes = |bytes: u64| bytes >> 20;
    println!(
        "peak memory in MiB: {} before, {} after 1 GiB by PATCH, {} after 1 GiB by PUT, {} after pulling both",
        mebibytes(before.peak),
        mebibytes(after_chunks.peak),
        mebibytes(after_whole.peak),
        mebibytes(after.peak)
    );
    assert!(after.peak - before.peak < 200 << 20, "{before:?} {after:?}");
}

/// A gigabyte that is never in memory: one block, over and over.
struct Content {
    block: Vec<u8>,
    digest: String,
}

impl Content {
    fn new(seed: u64) -> Self {
        let mut block = Vec::new();
        io::Read::read_to_end(&mut Noise::new(seed, BLOCK as u64), &mut block).expect("noise is read");
        let mut context = Context::new(&SHA256);
        (0..BLOCKS).for_each(|_| context.update(&block));
        Self { digest: name(context), block }
    }
}

fn name(context: Context) -> String {
    let hex = context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("sha256:{hex}")
}

/// As docker does: one PATCH in transfer coding `chunked`, then a PUT without content.
fn push_in_chunks(registry: &Registry, robot: &Robot, content: &Content) {
    let location = open_upload(registry, robot, "team/big");
    let mut connection = Connection::open(registry.address);
    let headers = [("Authorization", robot.basic()), ("Transfer-Encoding", "chunked".to_owned())];
    connection.start("PATCH", &location, &headers.each_ref().map(|(name, value)| (*name, value.as_str())), None);
    for _ in 0..BLOCKS {
        connection.send(format!("{BLOCK:x}\r\n").as_bytes()).expect("a chunk begins");
        connection.send(&content.block).expect("a chunk is taken");
        connection.send(b"\r\n").expect("a chunk ends");
    }
    connection.send(b"0\r\n\r\n").expect("the body ends");
    assert_eq!(connection.response("PATCH").head.status, 202);
    let target = format!("{location}?digest={}", content.digest);
    let stored = registry.ask(Some(robot), "PUT", &target, b"");
    assert_eq!(stored.head.status, 201, "{}", stored.text());
}

fn push_at_once(registry: &Registry, robot: &Robot, content: &Content) {
    let location = open_upload(registry, robot, "team/big");
    let mut connection = Connection::open(registry.address);
    let target = format!("{location}?digest={}", content.digest);
    connection.start("PUT", &target, &[("Authorization", &robot.basic())], Some(GIGABYTE));
    for _ in 0..BLOCKS {
        connection.send(&content.block).expect("the body is taken");
    }
    let stored = connection.response("PUT");
    assert_eq!(stored.head.status, 201, "{}", stored.text());
}

fn pull(registry: &Registry, robot: &Robot, content: &Content) {
    let mut connection = Connection::open(registry.address);
    let target = format!("/v2/team/big/blobs/{}", content.digest);
    connection.request("GET", &target, &[("Authorization", &robot.basic())], b"");
    let head = connection.head().expect("an answer");
    let mut body = connection.body("GET", &head);
    let mut context = Context::new(&SHA256);
    let mut slice = vec![0; 1 << 20];
    loop {
        match io::Read::read(&mut body, &mut slice).expect("the body comes whole") {
            0 => break,
            read => context.update(&slice[..read]),
        }
    }
    assert_eq!((name(context), body.received()), (content.digest.clone(), GIGABYTE));
}

fn open_upload(registry: &Registry, robot: &Robot, repository: &str) -> String {
    let opened = registry.ask(Some(robot), "POST", &format!("/v2/{repository}/blobs/uploads/"), b"");
    assert_eq!(opened.head.status, 202, "{}", opened.text());
    let location = opened.head.header("location").expect("an upload has a place");
    location.split_once(&registry.name()).expect("a place on this registry").1.to_owned()
}

/// What may end a permission, as the administrator says it.
const ENDS: [(&str, &[&str]); 6] = [
    ("key", &["revoke", "key", "KEY"]),
    ("robot", &["revoke", "robot:NAME"]),
    ("token", &["revoke", "token", "TOKEN"]),
    ("grant", &["grant", "remove", "GRANT"]),
    ("disable", &["robot", "disable", "NAME"]),
    ("delete", &["robot", "delete", "NAME"]),
];

#[test]
fn whatever_ends_a_permission_ends_its_transfers() {
    let mut registry = Registry::start();
    let digest = a_gigabyte(&registry);
    for (name, words) in ENDS {
        let robot = registry.robot(name, &["--pull", "team/**", "--push", "team/**"]);
        let shown = Shown::new(&registry, &robot, name == "token");
        let words: Vec<String> = words.iter().map(|word| word.replace("NAME", name)).collect();
        let words: Vec<&str> = words.iter().map(|word| shown.fill(word)).collect();
        let transfers = Transfers::begin(&mut registry, &shown.authorization, name, &digest);
        let begin = now();
        registry.ok(&words);
        let told = begin.elapsed();
        let refused = transfers.ask(registry.address);
        let by_then = begin.elapsed();
        assert!(matches!(refused, 401 | 403), "{name}: the next request was answered with {refused}");
        assert!(by_then < REFUSED_WITHIN, "{name}: refused after {by_then:?}");
        let cut = transfers.ended(&mut registry, begin);
        println!(
            "{name:8} the verb took {told:.1?}, the next request was refused at {by_then:.1?}, transfers ended at {cut:.1?}"
        );
        assert!(cut.iter().all(|cut| *cut < CUT_WITHIN), "{name}: {cut:?}");
    }
}

#[test]
fn a_grant_that_runs_out_ends_its_transfers() {
    let mut registry = Registry::start();
    let digest = a_gigabyte(&registry);
    let robot = registry.robot("guest", &[]);
    let begin = now();
    registry.ok(&["grant", "add", "robot:guest", "--pull", "team/**", "--push", "team/**", "--for", "3s"]);
    let shown = Shown::new(&registry, &robot, false);
    let transfers = Transfers::begin(&mut registry, &shown.authorization, "guest", &digest);
    assert_eq!(transfers.ask(registry.address), 200, "the grant still holds");
    let cut = transfers.ended(&mut registry, begin);
    println!("a grant for 3 s: transfers ended at {cut:.1?}");
    let window = Duration::from_millis(2900)..Duration::from_secs(3) + CUT_WITHIN;
    assert!(cut.iter().all(|cut| window.contains(cut)), "{cut:?}");
    assert_eq!(registry.ask(Some(&robot), "GET", "/v2/team/big/tags/list", b"").head.status, 403);
}

#[test]
fn a_policy_that_is_read_again_ends_the_transfers_that_it_forbids() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("pullgate.toml"), "[policy]\nfiles = [\"own.cedar\"]\n").expect("a file");
    std::fs::write(folder.path().join("own.cedar"), "").expect("a file");
    let mut registry = Registry::launch(folder, |command| command);
    let digest = a_gigabyte(&registry);
    let robot = registry.robot("ci", &["--pull", "team/**", "--push", "team/**"]);
    let shown = Shown::new(&registry, &robot, false);
    let transfers = Transfers::begin(&mut registry, &shown.authorization, "ci", &digest);
    let begin = now();
    registry.rewrite("own.cedar", "forbid (principal, action, resource);\n");
    let address = registry.address;
    registry.server.wait_until("the next request is refused", || transfers.ask(address) == 403);
    let cut = transfers.ended(&mut registry, begin);
    println!("a new policy: transfers ended at {cut:.1?}");
    assert!(cut.iter().all(|cut| *cut < CUT_WITHIN), "{cut:?}");
}

/// A blob of a gigabyte that somebody else has pushed.
fn a_gigabyte(registry: &Registry) -> String {
    let owner = registry.robot("owner", &["--push", "team/**"]);
    let content = Content::new(3);
    push_at_once(registry, &owner, &content);
    content.digest
}

/// What a robot shows, with the names that verbs know its parts by.
struct Shown {
    authorization: String,
    key: String,
    token: String,
    grant: String,
}

impl Shown {
    fn new(registry: &Registry, robot: &Robot, by_token: bool) -> Self {
        let grants: Value = serde_json::from_str(&registry.ok(&[
            "grant",
            "list",
            &format!("robot:{}", robot.name),
            "--format",
            "json",
        ]))
        .expect("a list");
        let grant = grants[0]["id"].as_str().unwrap_or_default().to_owned();
        let (mut authorization, mut token) = (robot.basic(), String::new());
        if by_token {
            let reply = registry.token(robot, &["repository:team/big:pull,push"]);
            let text = reply["token"].as_str().expect("a token");
            authorization = format!("Bearer {text}");
            token = token_id(text);
        }
        Self { authorization, key: robot.key_id.clone(), token, grant }
    }

    fn fill<'a>(&'a self, word: &'a str) -> &'a str {
        match word {
            "KEY" => &self.key,
            "TOKEN" => &self.token,
            "GRANT" => &self.grant,
            word => word,
        }
    }
}

/// `jti` of an access token.
fn token_id(token: &str) -> String {
    use base64::Engine as _;
    let claims = token.split('.').nth(1).expect("three parts");
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).expect("base64");
    let claims: Value = serde_json::from_slice(&claims).expect("claims");
    claims["jti"].as_str().expect("a token has an id").to_owned()
}

const KINDS: [&str; 4] = ["running-download", "idle-download", "running-upload", "idle-upload"];

/// A download that runs, one whose client has stopped reading, and two uploads likewise.
struct Transfers {
    authorization: String,
    name: String,
    running_download: thread::JoinHandle<Instant>,
    running_upload: thread::JoinHandle<Instant>,
    idle_upload: thread::JoinHandle<Instant>,
    idle_download: Connection,
    head: http::Head,
}

impl Transfers {
    /// All four are under way when this returns.
    fn begin(registry: &mut Registry, authorization: &str, name: &str, digest: &str) -> Self {
        let download = |kind: &str| {
            let mut connection = Connection::open(registry.address);
            let agent = format!("{name}-{kind}");
            let headers = [("Authorization", authorization), ("User-Agent", &agent)];
            connection.request("GET", &format!("/v2/team/big/blobs/{digest}"), &headers, b"");
            let head = connection.head().expect("an answer");
            assert_eq!(head.status, 200);
            connection.body("GET", &head).receive(BEGUN).expect("the first bytes come");
            (connection, head)
        };
        let upload = |kind: &str| {
            let opened = http::request(
                registry.address,
                "POST",
                "/v2/team/big/blobs/uploads/",
                &[("Authorization", authorization)],
                b"",
            );
            let location = opened.head.header("location").expect("an upload has a place");
            let location = location.split_once(&registry.name()).expect("a place on this registry").1;
            let mut connection = Connection::open(registry.address);
            let agent = format!("{name}-{kind}");
            let headers = [("Authorization", authorization), ("User-Agent", &agent)];
            connection.start("PATCH", location, &headers, Some(GIGABYTE));
            connection.send(&vec![1; BEGUN as usize]).expect("the first bytes are taken");
            connection
        };
        let (idle_download, head) = download("idle-download");
        let (downloading, its_head) = download("running-download");
        let (idle, uploading) = (upload("idle-upload"), upload("running-upload"));
        for kind in KINDS {
            recorded(registry, &format!("{name}-{kind}"), "unknown");
        }
        Self {
            authorization: authorization.to_owned(),
            name: name.to_owned(),
            running_download: thread::spawn(move || read_on(downloading, &its_head)),
            running_upload: thread::spawn(move || write_on(uploading)),
            idle_upload: thread::spawn(move || wait_for_answer(idle)),
            idle_download,
            head,
        }
    }

    /// The status of one more request with the same credential.
    fn ask(&self, address: SocketAddr) -> u16 {
        let target = "/v2/team/big/tags/list";
        let headers = [("Authorization", self.authorization.as_str())];
        http::request(address, "GET", target, &headers, b"").head.status
    }

    /// The transfers that stood still go on to their ends.
    fn go_on(mut self) {
        let mut body = self.idle_download.body("GET", &self.head);
        body.receive(GIGABYTE - BEGUN).expect("the download comes whole");
        assert_eq!(body.received(), GIGABYTE - BEGUN);
        let others = [&self.running_download, &self.running_upload, &self.idle_upload];
        assert_eq!(
            others.map(thread::JoinHandle::is_finished),
            [false; 3],
            "download, upload, idle upload: one was cut"
        );
    }

    /// Waits until all four have ended, and tells when: the two downloads, the two uploads. The idle download is over
    /// when the server has no connection left, since its client does not look.
    fn ended(mut self, registry: &mut Registry, begin: Instant) -> [Duration; 4] {
        let ops = registry.ops;
        registry.server.wait_until("all transfers have ended", || connections(ops) == 0);
        let idle = begin.elapsed();
        let ended = [self.running_download, self.running_upload, self.idle_upload];
        let [download, upload, waiting] = ended.map(|thread| thread.join().expect("a client ends") - begin);
        let mut body = self.idle_download.body("GET", &self.head);
        assert!(body.receive(GIGABYTE - BEGUN).is_err(), "an idle download went on to its end");
        for kind in KINDS {
            recorded(registry, &format!("{}-{kind}", self.name), "revoked");
        }
        [download, idle, upload, waiting]
    }
}

/// Waits until the journal has the request as allowed, and ended so; `unknown` is what is still under way.
fn recorded(registry: &mut Registry, agent: &str, ended: &str) {
    let (data, config) = (registry.data.clone(), registry.folder.path().join("pullgate.toml"));
    registry.server.wait_until(&format!("`{ended}` as the end of {agent}"), || {
        let output = support::verb(&data, &config, &["audit", "query", "--format", "json", "--decision", "allow"]);
        let records = support::json_lines(&output);
        records.iter().any(|record| record["user_agent"] == agent && record["ended"] == ended)
    });
}

fn connections(ops: SocketAddr) -> u64 {
    let metrics = http::request(ops, "GET", "/metrics", &[], b"").text();
    let line = metrics.lines().find_map(|line| line.strip_prefix("pullgate_connections "));
    line.expect("the metric is there").parse().expect("a number")
}

/// Reads at its pace until it is cut.
fn read_on(mut connection: Connection, head: &http::Head) -> Instant {
    let mut body = connection.body("GET", head);
    let mut read = 0;
    loop {
        read += STEP as u64;
        if body.receive(read).is_err() {
            return now();
        }
        assert!(read < GIGABYTE, "a download was not cut");
        thread::sleep(PACE);
    }
}

/// Writes at its pace until it is cut or answered.
fn write_on(mut connection: Connection) -> Instant {
    let slice = vec![2; STEP];
    while connection.send(&slice).is_ok() {
        thread::sleep(PACE);
    }
    now()
}

/// Sends nothing more; an answer is an end as well as a cut is.
fn wait_for_answer(mut connection: Connection) -> Instant {
    if let Ok(head) = connection.head() {
        assert!(matches!(head.status, 401 | 403), "{head:?}");
    }
    now()
}

/// The wall clock of a process that loads it is ten minutes ahead as soon as the file `LATER` is there.
const LATER: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME && access(getenv("LATER"), F_OK) == 0) now->tv_sec += 600;
    return result;
}
"#;

#[test]
fn a_token_that_only_expires_cuts_nothing() {
    let clock = tempfile::tempdir().expect("a folder");
    let [source, library, later] = ["later.c", "later.so", "later"].map(|name| clock.path().join(name));
    fs::write(&source, LATER).expect("the source is written");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).output().expect("cc");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("pullgate.toml"), "").expect("a configuration");
    let mut registry = Registry::launch(folder, |command| command.env("LD_PRELOAD", &library).env("LATER", &later));
    let digest = a_gigabyte(&registry);
    let robot = registry.robot("ci", &["--pull", "team/**", "--push", "team/**"]);
    let shown = Shown::new(&registry, &robot, true);
    let transfers = Transfers::begin(&mut registry, &shown.authorization, "expired", &digest);
    fs::write(&later, "").expect("the clock jumps");
    assert_eq!(transfers.ask(registry.address), 401, "the token has expired");
    let refused = registry.decisions(&["--decision", "unidentified"]).pop().expect("a record");
    assert_eq!(refused["reason"], "expired_token");
    transfers.go_on();
}
