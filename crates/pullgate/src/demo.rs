//! `pullgate demo`: a server in a temporary folder, and in a few seconds what it refuses, allows, revokes and remembers.

mod exchange;
mod image;
mod outside;
mod server;

use std::time::Duration;

use admin::{Command, GrantWords, Reply};
use audit::Filter;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use policy::Pattern;

use crate::clock;
use crate::output::{Exit, Failure, print};
use crate::verbs::why;
use exchange::{Answer, Registry};
use image::Image;
use server::Server;

const REPOSITORY: &str = "team/app";
/// Large enough that a download is still running when it is revoked.
const LAYER_BYTES: usize = 64 << 20;
/// What the promise of a second leaves for a slow machine.
const CUT_PATIENCE: Duration = Duration::from_secs(10);

/// Runs the demonstration.
pub(crate) fn demo() -> Result<Exit, Failure> {
    let server = Server::start()?;
    let registry = Registry::new(server.address);
    say(&format!("a registry on http://{}, in a temporary folder", server.address))?;

    let refused = registry.get(&manifest_path(), None)?;
    step("a stranger asks for team/app:1.0", &refused, 401)?;
    say(&format!("  {}", refused.header("www-authenticate")))?;

    let key = robot(&server, "ci", GrantWords { pull: everywhere()?, push: everywhere()?, ..GrantWords::default() })?;
    let credential = format!("Basic {}", STANDARD.encode(format!("ci:{key}")));
    say("pullgate robot create ci --pull 'team/**' --push 'team/**': a key, shown once")?;

    let image = Image::new(LAYER_BYTES)?;
    push(&registry, &credential, &image)?;
    let pulled = registry.get(&manifest_path(), Some(&credential))?;
    step("the robot pulls it", &pulled, 200)?;

    let cut = revoke(&server, &registry, &credential, &image)?;
    say(&format!("pullgate revoke robot:ci: the running download was cut after {} ms", cut.as_millis()))?;
    let revoked = registry.get(&manifest_path(), Some(&credential))?;
    step("the robot asks again", &revoked, 401)?;

    let id = revoked.header("x-request-id").to_owned();
    say(&format!("pullgate why {id}:"))?;
    let joined = audit::find(&server.journal(), &id).map_err(Failure::unknown)?;
    let explained = joined.map(|joined| why::explain(&joined)).ok_or_else(|| Failure::no("the journal lost it"))?;
    print(&indented(&explained))?;
    remember(&server)?;

    let watcher = robot(&server, "watcher", GrantWords { pull: everywhere()?, ..GrantWords::default() })?;
    let seen = outside::ask(server.address, &format!("{REPOSITORY}:1.0"), format!("watcher:{watcher}"))?;
    say(&format!("pullgate probe, from outside: private, shown by {} requests", seen.spent.requests))?;
    server.stop()?;
    say("everything is cleaned up; begin with: pullgate serve")?;
    Ok(Exit::Yes)
}

fn manifest_path() -> String {
    format!("/v2/{REPOSITORY}/manifests/1.0")
}

fn everywhere() -> Result<Vec<Pattern>, Failure> {
    Ok(vec!["team/**".parse().map_err(Failure::no)?])
}

fn robot(server: &Server, name: &str, grants: GrantWords) -> Result<String, Failure> {
    let create = Command::RobotCreate {
        name: name.parse().map_err(Failure::no)?,
        grants,
        ttl_seconds: 3600,
        owner: "demo".to_owned(),
        purpose: "to show what it may".to_owned(),
        if_absent: false,
    };
    let reply = admin::call(server.data(), &create).map_err(Failure::no)?;
    let key = if let Reply::Key(reply) = reply { reply.key } else { None };
    key.ok_or_else(|| Failure::no("no key came back"))
}

fn push(registry: &Registry, credential: &str, image: &Image) -> Result<(), Failure> {
    for blob in [&image.config, &image.layer] {
        let path = format!("/v2/{REPOSITORY}/blobs/uploads/?digest={}", blob.digest);
        step("the robot uploads a blob", &registry.send("POST", &path, credential, None, &blob.bytes)?, 201)?;
    }
    let media_type = Some("application/vnd.oci.image.manifest.v1+json");
    let pushed = registry.send("PUT", &manifest_path(), credential, media_type, &image.manifest)?;
    step("the robot pushes team/app:1.0", &pushed, 201)
}

/// Begins a download, revokes the robot, and measures until the wire is cut.
fn revoke(server: &Server, registry: &Registry, credential: &str, image: &Image) -> Result<Duration, Failure> {
    let mut download = registry.open(&format!("/v2/{REPOSITORY}/blobs/{}", image.layer.digest), credential)?;
    let revoke = Command::RevokeRobot("ci".parse().map_err(Failure::no)?);
    let before = clock::now().tick;
    admin::call(server.data(), &revoke).map_err(Failure::no)?;
    let received = download.read_until_cut(CUT_PATIENCE).map_err(Failure::no)?;
    if received >= image.layer.bytes.len() {
        return Err(Failure::no("the download was not cut"));
    }
    Ok(clock::now().tick.saturating_sub(before))
}

fn remember(server: &Server) -> Result<(), Failure> {
    let found = audit::query(&server.journal(), &Filter::default()).map_err(Failure::unknown)?;
    say(&format!("pullgate audit query: {} decisions, each written before its first byte; the last:", found.len()))?;
    for joined in found.iter().rev().take(4).rev() {
        let record = &joined.record;
        let decision = record.decision.map_or("-", audit::Decision::as_str);
        let ended = joined.outcome.as_ref().map_or_else(String::new, |outcome| format!(", {:?}", outcome.ended));
        print(&format!(
            "  {}  {decision}  {} ({}){}\n",
            record.time,
            record.action.as_deref().or(record.route.as_deref()).unwrap_or("-"),
            record.reason,
            ended.to_lowercase()
        ))?;
    }
    Ok(())
}

fn step(what: &str, answer: &Answer, expected: u16) -> Result<(), Failure> {
    if answer.status != expected {
        return Err(Failure::no(format!("{what}: {} instead of {expected}: {}", answer.status, answer.text())));
    }
    say(&format!("{what}: {}", answer.status))
}

fn say(line: &str) -> Result<(), Failure> {
    Ok(print(&format!("{line}\n"))?)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
