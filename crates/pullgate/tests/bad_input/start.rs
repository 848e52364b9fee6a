//! What refuses the start: exit code 64, and a message that names the place.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;
use testkit::image::digest_of;

use crate::support::{PULLGATE, Registry};

/// Starts a server that must refuse, and gives what it says, with folder and process named alike in every run.
fn refusal(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("timeout");
    command.arg("60").arg(PULLGATE).args(["serve", "--ops", "127.0.0.1:0"]).current_dir(folder);
    let Output { status, stdout, stderr } = command.args(arguments).output().expect("timeout");
    let told = String::from_utf8(stderr).expect("text");
    assert_eq!((status.code(), stdout.as_slice()), (Some(64), b"".as_slice()), "{told}");
    told.replace(&folder.display().to_string(), "[folder]")
}

/// A refusal with everything in the folder, on a port that is free.
fn refused(folder: &Path) -> String {
    refusal(folder, &["--listen", "127.0.0.1:0", "--data", "data", "--config", "pullgate.toml"])
}

fn configured(configuration: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("pullgate.toml"), configuration).expect("a configuration");
    let told = refused(folder.path());
    assert!(!folder.path().join("data").exists(), "nothing was made");
    told
}

#[test]
fn configurations_that_are_none() {
    let folder = tempfile::tempdir().expect("a folder");
    insta::assert_snapshot!("no_configuration", refused(folder.path()));
    fs::create_dir(folder.path().join("pullgate.toml")).expect("a folder in its place");
    insta::assert_snapshot!("unreadable_configuration", refused(folder.path()));
    insta::assert_snapshot!("malformed_configuration", configured("[listen\n"));
    insta::assert_snapshot!("unknown_key", configured("[store]\nkeep_fre = \"1GiB\"\n"));
    insta::assert_snapshot!("wrong_value", configured("[store]\nkeep_free = \"much\"\n"));
    insta::assert_snapshot!("not_this_version", configured("[origin]\nkind = \"upstream\"\n"));
}

#[test]
fn policies_that_are_none() {
    let policy = |text: Option<&str>| {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("pullgate.toml"), "[policy]\nfiles = [\"own.cedar\"]\n").expect("a configuration");
        if let Some(text) = text {
            fs::write(folder.path().join("own.cedar"), text).expect("a policy");
        }
        refused(folder.path())
    };
    insta::assert_snapshot!("missing_policy", policy(None));
    insta::assert_snapshot!("malformed_policy", policy(Some("permit (principal, action);\n")));
    insta::assert_snapshot!(
        "policy_of_another_schema",
        policy(Some("permit (principal, action, resource)\nwhen { principal.colour == \"red\" };\n"))
    );
}

/// A data folder with a robot and content, whose server has ended.
fn used() -> TempDir {
    let registry = Registry::start();
    let robot = registry.robot("ci", &["--push", "team/**"]);
    registry.robot("other", &[]);
    registry.push_blob(&robot, "team/app", b"content");
    registry.stop()
}

#[test]
fn root_keys_that_are_none() {
    let folder = used();
    let key = folder.path().join("data/secret.key");
    let good = fs::read(&key).expect("the key");
    fs::remove_file(&key).expect("removed");
    insta::assert_snapshot!("missing_secret_key", refused(folder.path()));
    fs::create_dir(&key).expect("a folder in its place");
    fs::set_permissions(&key, Permissions::from_mode(0o700)).expect("private");
    insta::assert_snapshot!("unreadable_secret_key", refused(folder.path()));
    fs::remove_dir(&key).expect("removed");
    write_private(&key, b"0123");
    insta::assert_snapshot!("malformed_secret_key", refused(folder.path()));
    write_private(&key, digest_of(b"another").replace("sha256:", "").as_bytes());
    fs::write(&key, format!("{}\n", digest_of(b"another").replace("sha256:", ""))).expect("written");
    insta::assert_snapshot!("another_secret_key", refused(folder.path()));
    fs::write(&key, &good).expect("written");
    fs::set_permissions(&key, Permissions::from_mode(0o644)).expect("opened");
    insta::assert_snapshot!("open_secret_key", refused(folder.path()));
    fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("closed");
    Registry::launch(folder, |command| command);
}

#[test]
fn states_that_are_none() {
    let folder = used();
    let state = folder.path().join("data/state.db");
    let good = fs::read(&state).expect("the state");
    write_private(&state, b"this is no database, and it is long enough to hold the header of one, if it were");
    insta::assert_snapshot!("malformed_state_db", refused(folder.path()));
    write_private(&state, &good[..good.len() / 2]);
    insta::assert_snapshot!("half_of_a_state_db", refused(folder.path()));
    let owner = good.windows(5).position(|window| window == b"other").expect("the name of a robot");
    let edited = [&good[..owner], b"admin", &good[owner + 5..]].concat();
    write_private(&state, &edited);
    insta::assert_snapshot!("edited_state_db", refused(folder.path()).replace(&row(folder.path()), "[row]"));
    fs::remove_file(&state).expect("removed");
    insta::assert_snapshot!("missing_state_db", refused(folder.path()));
    write_private(&state, &good);
    Registry::launch(folder, |command| command);
}

/// What stands between the first two backticks behind `row`: an id that differs in every run.
fn row(folder: &Path) -> String {
    let told = refused(folder);
    let id = told.split("row `").nth(1).and_then(|rest| rest.split('`').next());
    id.expect("a row is named").to_owned()
}

#[test]
fn stores_and_journals_that_are_none() {
    let folder = used();
    let [store, checkpoint, segment] = ["store/store.db", "journal/checkpoint", "journal/00000000000000000000.ndjson"]
        .map(|name| folder.path().join("data").join(name));
    for (name, path) in [("store_db", &store), ("checkpoint", &checkpoint)] {
        let good = fs::read(path).expect("a file");
        write_private(path, b"this is neither a database nor a checkpoint, but it is long enough to be read as one");
        insta::assert_snapshot!(format!("malformed_{name}"), refused(folder.path()));
        fs::remove_file(path).expect("removed");
        insta::assert_snapshot!(format!("missing_{name}"), refused(folder.path()));
        write_private(path, &good);
    }
    let good = fs::read_to_string(&segment).expect("a segment");
    write_private(&segment, good.replacen("robot:ci", "robot:cx", 1).as_bytes());
    insta::assert_snapshot!("edited_journal", refused(folder.path()));
    write_private(&segment, good.as_bytes());
    Registry::launch(folder, |command| command);
}

#[test]
fn a_port_in_use_names_who_has_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let told = refusal(folder.path(), &["--listen", &address, "--data", "data"]);
    let own = format!("(process {})", std::process::id());
    assert!(told.contains(&format!("`{address}`")) && told.contains(&own), "{told}");
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let registry = Registry::start();
    let robot = registry.robot("ci", &["--push", "team/**"]);
    let told = refused(registry.folder.path());
    let own = format!("(process {})", registry.server.id());
    assert!(told.contains("is already in use by pullgate") && told.contains(&own), "{told}");
    registry.push_blob(&robot, "team/app", b"the first goes on");
}

#[test]
fn a_folder_of_other_things_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder");
    fs::set_permissions(&data, Permissions::from_mode(0o755)).expect("open");
    fs::write(data.join("letters.txt"), "").expect("a file");
    fs::write(folder.path().join("pullgate.toml"), "").expect("a configuration");
    insta::assert_snapshot!("foreign_folder", refused(folder.path()));
    assert_eq!(fs::metadata(&data).expect("it is there").permissions().mode() & 0o777, 0o755);
}

fn write_private(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("written");
    fs::set_permissions(path, Permissions::from_mode(0o600)).expect("private");
}
