//! Every configuration that the documents show, and every switch in it the other way, asked everything that the probe asks:
//! nothing is found and nothing stays open. Whoever documents a configuration has it probed.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "outside #[test] too, a panic is how a test fails; what was asked is printed"
)]

mod probing;
mod support;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use probing::Household;
use support::Registry;
use testkit::Home;
use testkit::registries::{Foreign, free_address};
use testkit::secure::{NAME, Shown, authority};
use toml::{Table, Value};

/// A run that asked less than this was no whole one.
const AT_LEAST: usize = 60;

#[test]
fn nothing_is_found_in_any_configuration_that_the_documents_show() {
    let shown = documented();
    assert!(shown.iter().any(|shown| shown.proxy.is_some()), "no document shows a proxy");
    for shown in shown {
        let switched = switches(&shown.table).into_iter().map(|(switch, table)| {
            let page = format!("{}, {switch} the other way", shown.page);
            Configuration { page, table, ..shown.clone() }
        });
        let switched: Vec<Configuration> = switched.collect();
        is_sound(&shown);
        switched.iter().for_each(is_sound);
    }
}

/// A configuration of the documents.
#[derive(Clone)]
struct Configuration {
    /// Where it stands.
    page: String,
    table: Table,
    /// The rules that stand beside it.
    policies: Vec<String>,
    /// The server of nginx that stands beside it.
    proxy: Option<String>,
}

fn documented() -> Vec<Configuration> {
    let defaults = Configuration { page: "no file".to_owned(), table: Table::new(), policies: Vec::new(), proxy: None };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut pages = vec![root.join("README.md")];
    pages.extend(files_below(&root.join("docs")));
    pages.extend(files_below(&root.join("deploy")));
    let shown = pages.iter().flat_map(|page| on_page(page, &fs::read_to_string(page).unwrap_or_default()));
    std::iter::once(defaults).chain(shown).collect()
}

/// Every file below a folder, if there is such a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// The configurations of a page, or the one that a file is. Blocks of other files than `pullgate.toml` name theirs.
fn on_page(path: &Path, text: &str) -> Vec<Configuration> {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let texts = match path.extension().and_then(|extension| extension.to_str()) {
        Some("md") => blocks(text, "toml"),
        Some("toml") => vec![text],
        _ => Vec::new(),
    };
    let policies: Vec<String> =
        blocks(text, "text").into_iter().filter(|text| is_policy(text)).map(str::to_owned).collect();
    let proxy = blocks(text, "nginx").first().map(|text| (*text).to_owned());
    let tables = texts.into_iter().map(|text| text.parse::<Table>().unwrap_or_else(|error| panic!("{name}: {error}")));
    tables
        .enumerate()
        .map(|(index, table)| {
            let proxy = proxy.clone().filter(|_| public_urls(&table).iter().any(|url| url.starts_with("https://")));
            Configuration { page: format!("{name}, {}", index + 1), table, policies: policies.clone(), proxy }
        })
        .collect()
}

/// The blocks of code in a language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let begin = format!("```{language}\n");
    page.split(&begin).skip(1).filter_map(|rest| rest.split_once("\n```")).map(|(block, _)| block).collect()
}

fn is_policy(text: &str) -> bool {
    text.contains("forbid (") || text.contains("permit (")
}

fn public_urls(table: &Table) -> Vec<&str> {
    table.get("public_urls").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The same configuration, once for each of its switches, with that one the other way.
fn switches(table: &Table) -> Vec<(String, Table)> {
    let mut found = Vec::new();
    for (key, value) in table {
        let others = match value {
            Value::Boolean(on) => vec![(key.clone(), Value::Boolean(!on))],
            Value::Table(inner) => {
                let inner = switches(inner).into_iter();
                inner.map(|(name, table)| (format!("{key}.{name}"), Value::Table(table))).collect()
            }
            Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Datetime(_) | Value::Array(_) => Vec::new(),
        };
        for (name, value) in others {
            let mut table = table.clone();
            table.insert(key.clone(), value);
            found.push((name, table));
        }
    }
    found
}

/// What nginx does by itself, and what is true: it asks for a body before anybody has decided, and says nothing of HSTS.
const OF_NGINX: [&str; 2] = ["ROUTE-25", "TLS-07"];

fn is_sound(shown: &Configuration) {
    let running = Running::start(shown);
    let public = public(&shown.table);
    let household = Household::of(&running.registry, &running.doors, public.as_deref());
    let authority = running.registry.folder.path().join("authority.pem");
    fs::write(&authority, testkit::secure::authority().pem()).unwrap();
    let run = household.ask(&running.registry, "active", &[("SSL_CERT_FILE", authority.to_str().unwrap())]);
    let passed = run.ids("PASS").len();
    println!("{}: {} doors, {passed} passed, {:.1} s", shown.page, running.doors.len(), run.took.as_secs_f64());
    let found = run.ids("FAIL");
    let of_nginx: Vec<&str> = OF_NGINX.into_iter().filter(|id| shown.proxy.is_some() && found.contains(id)).collect();
    assert!(run.is_clean_but_for(&of_nginx), "{}: {:?}\n{}{}", shown.page, run.code, run.findings(), run.errors);
    assert!(passed >= AT_LEAST * running.doors.len(), "{}: {passed}", shown.page);
}

/// What strangers may pull there, if there is anything.
fn public(table: &Table) -> Option<String> {
    let anonymous = table.get("policy").and_then(|policy| policy.get("anonymous")).and_then(Value::as_bool);
    let rules = table.get("repository").and_then(Value::as_array).filter(|_| anonymous == Some(true))?;
    let public = rules.iter().find(|rule| rule.get("visibility").and_then(Value::as_str) == Some("public"))?;
    Some(public.get("name")?.as_str()?.replace("**", "base"))
}

/// A pullgate as it is configured there, on ports of its own, with what stands in front of it.
struct Running {
    registry: Registry,
    doors: Vec<String>,
    _proxy: Option<Foreign>,
}

impl Running {
    fn start(shown: &Configuration) -> Self {
        let (inside, outside) = (free_address(), free_address());
        let urls = public_urls(&shown.table);
        let own: Vec<String> = urls
            .iter()
            .zip(["localhost", "127.0.0.1"])
            .map(|(url, name)| {
                let port = if shown.proxy.is_some() { outside } else { inside }.port();
                format!("{}://{name}:{port}", url.split("://").next().unwrap())
            })
            .collect();
        assert_eq!(own.len(), urls.len(), "{}: a name for each of the public URLs", shown.page);
        let mut table = shown.table.clone();
        table.insert("public_urls".to_owned(), Value::Array(own.iter().cloned().map(Value::String).collect()));
        asks_itself_alone(&mut table);
        let mut registry = launch(shown, &table, inside);
        if let Some((_, host)) = own.first().and_then(|url| url.split_once("://")) {
            registry.host = host.to_owned();
        }
        let proxy = shown.proxy.as_ref().map(|server| proxy(server, inside, outside));
        let doors = if own.is_empty() { bound(&registry) } else { own };
        Self { registry, doors, _proxy: proxy }
    }
}

/// A `[[probe]]` of the documents asks where it listens, and no door that is not there.
fn asks_itself_alone(table: &mut Table) {
    let probes = table.get_mut("probe").and_then(Value::as_array_mut).into_iter().flatten();
    for probe in probes.filter_map(Value::as_table_mut) {
        probe.remove("doors");
    }
}

fn launch(shown: &Configuration, table: &Table, address: SocketAddr) -> Registry {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pullgate.toml"), table.to_string()).unwrap();
    fs::create_dir(folder.path().join("policy")).unwrap();
    for (number, text) in shown.policies.iter().enumerate() {
        fs::write(folder.path().join(format!("policy/{number}.cedar")), text).unwrap();
    }
    Registry::launch_at(address.port(), folder, |command| command)
}

/// Every address at which it listens.
fn bound(registry: &Registry) -> Vec<String> {
    let listening = fs::read(registry.data.join("listening.json")).unwrap();
    let listening: serde_json::Value = serde_json::from_slice(&listening).unwrap();
    let addresses = listening.get("listen").and_then(serde_json::Value::as_array).unwrap().iter();
    addresses.map(|address| format!("http://{}", address.as_str().unwrap())).collect()
}

/// nginx as it is shown, in front of that address.
fn proxy(server: &str, inside: SocketAddr, outside: SocketAddr) -> Foreign {
    let home = Home::new();
    let pair = authority().server(Shown::Good);
    fs::write(home.path("registry.crt"), pair.chain_pem()).unwrap();
    fs::write(home.path("registry.key"), pair.key_pem()).unwrap();
    let mut server = server.to_owned();
    for (shown, here) in [
        ("listen 443 ssl;", format!("listen {outside} ssl;")),
        ("server_name registry.example.com;", format!("server_name {NAME};")),
        ("/etc/nginx/registry.crt", home.argument("registry.crt")),
        ("/etc/nginx/registry.key", home.argument("registry.key")),
        ("127.0.0.1:5000", inside.to_string()),
    ] {
        assert!(server.contains(shown), "the documents show no `{shown}`");
        server = server.replace(shown, &here);
    }
    Foreign::nginx_server(home, outside, &server)
}

#[test]
fn configurations_are_told_from_intents_and_switched() {
    let page = "```toml\n[policy]\ncatalog = true\nfiles = []\n```\n```toml probe.toml\n[[door]]\nurl = \"x\"\n```\n```text\nforbid (\n```\n";
    let found = on_page(Path::new("page.md"), page);
    assert_eq!((found.len(), found[0].policies.len()), (1, 1));
    let switched = switches(&found[0].table);
    assert_eq!(switched.len(), 1);
    assert_eq!((switched[0].0.as_str(), switched[0].1["policy"]["catalog"].as_bool()), ("policy.catalog", Some(false)));
}
