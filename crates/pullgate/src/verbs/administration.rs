//! The verbs that change something or ask about it: over the socket of the running server, else under the lock.

use std::path::Path;

use admin::{Actor, CallError, Command, GrantLine, GrantWords, KeyLine, NewKeyReply, Reply, RobotLine, Via};
use jiff::{SignedDuration, Timestamp};

use crate::cli::{Add, Asker, Create, Explain, Reach, Revoke, Who};
use crate::clock;
use crate::config::{Configuration, KeyLifetime, Period};
use crate::data_folder::{self, DataFolder, Listening, go_on_as_owner};
use crate::house::House;
use crate::output::{Exit, Failure, note, print, print_json, print_table};

/// How the reply is printed, and for which registry the login lines are.
#[derive(Clone, Debug)]
pub(crate) struct Printing {
    /// As JSON.
    pub(crate) json: bool,
    /// `host:port` as clients name it.
    pub(crate) registry: String,
}

/// Does one command and prints what came of it.
pub(crate) fn run(configuration: &Configuration, command: &Command, json: bool) -> Result<Exit, Failure> {
    let data = DataFolder::existing(&configuration.data)?;
    let reply = ask(configuration, &data, command)?;
    warn(command);
    print_reply(&reply, &Printing { json, registry: registry(configuration, data.path()) })
}

/// Does one command, and gives what came of it.
pub(crate) fn ask(configuration: &Configuration, data: &DataFolder, command: &Command) -> Result<Reply, Failure> {
    match admin::call(data.path(), command) {
        Err(CallError::Nobody { .. }) => alone(configuration, data, command),
        reply => reply.map_err(failure),
    }
}

/// No server runs: the verb takes the lock, opens the house, and does it itself.
fn alone(configuration: &Configuration, data: &DataFolder, command: &Command) -> Result<Reply, Failure> {
    go_on_as_owner(data)?;
    let _lock = data.lock()?;
    let who = data_folder::Actor::of(configuration.actor);
    let actor = Actor { uid: who.uid, working_as: who.working_as, via: Via::Lock };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::no)?;
    runtime.block_on(async {
        let house = House::open(configuration, false, false, clock::now()).await?;
        let reply = house.admin().handle(command.clone(), actor, clock::now()).await;
        house.close(clock::now())?;
        reply.map_err(|error| failure(CallError::Refused(error.failure())))
    })
}

fn failure(error: CallError) -> Failure {
    match error {
        CallError::Refused(refused) => {
            let failure = if refused.usage { Failure::usage(refused.message) } else { Failure::no(refused.message) };
            failure.hints(refused.hint)
        }
        error @ (CallError::Nobody { .. } | CallError::Io { .. } | CallError::Reply(_)) => Failure::unknown(error),
    }
}

/// The command of `robot create`.
pub(crate) fn robot_create(configuration: &Configuration, create: &Create) -> Command {
    Command::RobotCreate {
        name: create.name.clone(),
        grants: words(&create.reach),
        ttl_seconds: ttl(configuration, create.ttl),
        owner: create.owner.clone().unwrap_or_else(user),
        purpose: create.purpose.clone().unwrap_or_default(),
        if_absent: create.if_absent,
    }
}

/// The life of a key: as asked, else as long as the configuration allows.
pub(crate) fn ttl(configuration: &Configuration, asked: Option<Period>) -> u64 {
    let longest = match configuration.settings.robots.max_ttl {
        KeyLifetime::NoKeys => 0,
        KeyLifetime::AtMost(period) => period.duration().as_secs(),
    };
    asked.map_or(longest, |period| period.duration().as_secs())
}

/// The command of `grant add`.
pub(crate) fn grant_add(add: &Add) -> Command {
    let later = |period: Period| {
        let life = SignedDuration::try_from(period.duration()).unwrap_or(SignedDuration::MAX);
        clock::now().wall.checked_add(life).unwrap_or(Timestamp::MAX)
    };
    Command::GrantAdd {
        who: who(&add.who),
        grants: words(&add.reach),
        until: add.until.map(|moment| moment.0).or(add.duration.map(later)),
        reason: add.reason.clone(),
    }
}

/// The command of `revoke`.
pub(crate) fn revoke(revoke: &Revoke) -> Command {
    match revoke {
        Revoke::Who(Who::Robot(name)) => Command::RevokeRobot(name.clone()),
        Revoke::Key(key) => Command::RevokeKey(key.as_str().to_owned()),
        Revoke::Token(token) => Command::RevokeToken(token.clone()),
        Revoke::AllBefore(past) => Command::RevokeAllBefore(past.seen_from(clock::now().wall)),
    }
}

/// The command of `policy explain`.
pub(crate) fn policy_explain(explain: &Explain) -> Command {
    Command::PolicyExplain {
        who: match &explain.who {
            Asker::Anonymous => admin::Who::Anonymous,
            Asker::Who(asked) => who(asked),
        },
        action: explain.action.as_str().to_owned(),
        repository: explain.reference.repository.to_string(),
        tag: explain.reference.reference.as_ref().and_then(|reference| reference.tag()).map(ToString::to_string),
        from: explain.from,
        at: explain.at.map(|moment| moment.0),
    }
}

/// Somebody, as the administrator's commands name them.
pub(crate) fn who(who: &Who) -> admin::Who {
    match who {
        Who::Robot(name) => admin::Who::Robot(name.clone()),
    }
}

fn words(reach: &Reach) -> GrantWords {
    GrantWords {
        pull: reach.pull.clone(),
        push: reach.push.clone(),
        delete: reach.delete.clone(),
        list: reach.list.clone(),
        read_manifest: reach.read_manifest.clone(),
        no_list: reach.no_list,
    }
}

/// Who answers for a robot if nobody was named: whoever made it.
fn user() -> String {
    format!("uid {}", rustix::process::getuid().as_raw())
}

fn warn(command: &Command) {
    if let Command::RobotCreate { grants, .. } | Command::GrantAdd { grants, .. } = command
        && grants.is_registry_wide()
    {
        note("warning: this reaches every repository of the registry, those to come included\n");
    }
}

/// Where clients reach the registry: as configured, else where the server listens now, else where it would.
fn registry(configuration: &Configuration, data: &Path) -> String {
    let configured = configuration.settings.public_urls.first().map(|url| url.host());
    let listening = || Listening::read(data)?.listen.first().map(ToString::to_string);
    configured.or_else(listening).unwrap_or_else(|| configuration.settings.listen.address.to_string())
}

fn print_reply(reply: &Reply, printing: &Printing) -> Result<Exit, Failure> {
    match reply {
        Reply::Key(key) => print_key(key, printing)?,
        Reply::Exists(key) if printing.json => print_json(key)?,
        Reply::Exists(key) => note(&format!("the robot `{}` exists already; nothing was changed\n", key.name)),
        Reply::Robots(robots) if printing.json => print_json(robots)?,
        Reply::Robots(robots) => print_robots(robots)?,
        Reply::Robot { robot, grants } if printing.json => {
            print_json(&serde_json::json!({ "robot": robot, "grants": grants }))?;
        }
        Reply::Robot { robot, grants } => print_robot(robot, grants)?,
        Reply::Grants(grants) if printing.json => print_json(grants)?,
        Reply::Grants(grants) => print_grants(grants)?,
        Reply::Text(text) => print(text)?,
        Reply::Explanation { allowed, lines } => {
            print(&format!("{}\n", lines.join("\n")))?;
            return Ok(if *allowed { Exit::Yes } else { Exit::No });
        }
        Reply::Done(done) if printing.json => print_json(&serde_json::json!({ "done": done }))?,
        Reply::Done(done) => note(&format!("{done}\n")),
    }
    Ok(Exit::Yes)
}

/// The key alone on standard output, what to do with it on standard error.
fn print_key(key: &NewKeyReply, printing: &Printing) -> Result<(), Failure> {
    if printing.json {
        print_json(key)?;
    } else {
        print(&format!("{}\n", key.key.as_deref().unwrap_or_default()))?;
    }
    let (name, registry) = (&key.name, &printing.registry);
    let expires = key.expires_at.map_or_else(String::new, |moment| format!(", until {moment:.0}"));
    note(&format!(
        "the key of robot `{name}`, shown once{expires}. with the key in the file ci.key:\n\
         \x20 docker login {registry} -u {name} --password-stdin < ci.key\n\
         \x20 podman login {registry} -u {name} --password-stdin --tls-verify=false < ci.key\n\
         \x20 kubectl create secret docker-registry {name} --docker-server={registry} --docker-username={name} --docker-password=\"$(cat ci.key)\"\n"
    ));
    Ok(())
}

fn print_robots(robots: &[RobotLine]) -> Result<(), Failure> {
    let row = |robot: &RobotLine| {
        let live = robot.keys.iter().filter(|key| key.status == "live");
        let last = live.clone().map(|key| key.expires_at).max();
        [
            robot.name.clone(),
            if robot.enabled { "enabled" } else { "disabled" }.to_owned(),
            live.count().to_string(),
            last.map_or_else(|| "-".to_owned(), |moment| format!("{moment:.0}")),
            robot.owner.clone(),
            robot.purpose.clone(),
        ]
    };
    let rows: Vec<[String; 6]> = robots.iter().map(row).collect();
    Ok(print_table(["name", "status", "live keys", "keys until", "owner", "purpose"], &rows)?)
}

fn print_robot(robot: &RobotLine, grants: &[GrantLine]) -> Result<(), Failure> {
    print_robots(std::slice::from_ref(robot))?;
    let row = |key: &KeyLine| {
        let (created, expires) = (format!("{:.0}", key.created_at), format!("{:.0}", key.expires_at));
        [key.key_id.clone(), key.status.clone(), created, expires]
    };
    let rows: Vec<[String; 4]> = robot.keys.iter().map(row).collect();
    print("\n")?;
    print_table(["key", "status", "made", "until"], &rows)?;
    print("\n")?;
    print_grants(grants)
}

fn print_grants(grants: &[GrantLine]) -> Result<(), Failure> {
    let row = |grant: &GrantLine| {
        [
            grant.id.clone(),
            grant.who.clone(),
            grant.repositories.clone(),
            grant.actions.clone(),
            grant.until.map_or_else(|| "-".to_owned(), |moment| format!("{moment:.0}")),
            grant.reason.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<[String; 6]> = grants.iter().map(row).collect();
    Ok(print_table(["id", "who", "repositories", "actions", "until", "reason"], &rows)?)
}
