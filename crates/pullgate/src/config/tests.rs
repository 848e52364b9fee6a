use std::fmt::Write as _;

use bad::{BAD, folder};

use super::settings::Limits;
use super::*;
use crate::output::Failure;

#[path = "../../tests/support/bad.rs"]
mod bad;

fn load(folder: &tempfile::TempDir) -> Result<Configuration, ConfigError> {
    let config = Some(folder.path().join("pullgate.toml"));
    Configuration::load(Flags { config, data: None }, Environment::default())
}

/// What is printed, without the folder's name.
fn printed(folder: &tempfile::TempDir, error: ConfigError) -> String {
    let text = anstream::adapter::strip_str(&Failure::from(error).render()).to_string();
    text.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn every_mistake_is_shown_where_it_stands() {
    let mut messages = String::new();
    for (name, text) in BAD {
        let folder = folder(text);
        let error = load(&folder).expect_err(name);
        writeln!(messages, "## {name}\n{}", printed(&folder, error)).unwrap();
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn messages_are_lower_case_and_end_without_a_full_stop() {
    for (name, text) in BAD {
        let folder = folder(text);
        for line in printed(&folder, load(&folder).expect_err(name)).lines() {
            let message = ["error: ", "caused by: ", "hint: "].iter().find_map(|label| line.strip_prefix(label));
            assert!(!message.is_some_and(|text| text.starts_with(char::is_uppercase)), "{name}: {line}");
            assert!(!message.is_some_and(|text| text.ends_with('.')), "{name}: {line}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_not_taken_for_absent() {
    let folder = folder("");
    let missing = Flags { config: Some(folder.path().join("missing.toml")), data: None };
    let binary = Flags { config: Some(folder.path().join("binary.cedar")), data: None };
    let itself = Flags { config: Some(folder.path().to_owned()), data: None };
    let mut messages = String::new();
    for flags in [missing, binary, itself] {
        let error = Configuration::load(flags, Environment::default()).unwrap_err();
        let text = printed(&folder, error).replace(&folder.path().display().to_string(), "FOLDER");
        writeln!(messages, "{text}").unwrap();
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn an_empty_file_is_all_defaults() {
    let folder = folder("");
    let configuration = load(&folder).unwrap();
    let settings = &configuration.settings;
    assert_eq!(settings.listen.address, ListenAddress::Loopback(5000));
    assert_eq!(settings.listen.ops, ListenAddress::Loopback(9501));
    assert_eq!(settings.store.keep_free.bytes(), 256 << 20);
    assert_eq!(settings.robots.max_ttl, KeyLifetime::AtMost("90d".parse().unwrap()));
    assert_eq!(settings.limits.header_block.bytes(), 32 << 10);
    assert_eq!(settings.limits.connections.number(), 20_000);
    assert!(!settings.policy.anonymous && !settings.audit.strict);
    assert_eq!(configuration.data, PathBuf::from("./pullgate-data"));
}

#[test]
fn every_key_is_read() {
    let folder = folder(
        r#"
        data = "kept"
        public_urls = ["https://registry.example.com"]
        [listen]
        address = "10.0.0.1:5000"
        ops = "127.0.0.2:9000"
        [origin]
        kind = "store"
        [[repository]]
        name = "prod/**"
        visibility = "private"
        environment = "prod"
        protected_tags = ["v*"]
        [policy]
        files = ["*re.cedar", "here.cedar"]
        anonymous = true
        [audit]
        strict = true
        segment_bytes = 1_000_000
        [store]
        keep_free = 0
        sparse_indexes = true
        [robots]
        max_ttl = "0"
        [limits]
        header_block = "8KiB"
        body_idle = "1m"
        connections = 1
        connections_per_address = 2
        uploads_per_principal = 3
        drain = "5s"
        "#,
    );
    let configuration = load(&folder).unwrap();
    let settings = &configuration.settings;
    assert_eq!(configuration.data, folder.path().join("kept"));
    assert_eq!(
        settings.public_urls.iter().map(PublicUrl::to_string).collect::<Vec<_>>(),
        ["https://registry.example.com"]
    );
    assert_eq!(settings.listen.address.to_string(), "10.0.0.1:5000");
    assert_eq!(settings.listen.ops.to_string(), "127.0.0.2:9000");
    assert_eq!(settings.repository.len(), 1);
    assert!(settings.policy.anonymous && settings.audit.strict);
    assert_eq!((settings.audit.segment_bytes, settings.store.keep_free.bytes()), (1_000_000, 0));
    assert!(settings.store.sparse_indexes);
    assert_eq!(settings.robots.max_ttl, KeyLifetime::NoKeys);
    let Limits { header_block, body_idle, connections, connections_per_address, uploads_per_principal, drain } =
        settings.limits;
    assert_eq!((header_block.bytes(), body_idle.duration().as_secs(), drain.duration().as_secs()), (8192, 60, 5));
    assert_eq!([connections, connections_per_address, uploads_per_principal].map(|count| count.number()), [1, 2, 3]);
    let texts: Vec<&str> = configuration.policies.iter().map(|policy| policy.text.as_str()).collect();
    assert_eq!(texts, ["// one", "// two"], "each file once, in order");
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let folder = folder("data = \"of-the-file\"\n");
    let config = Some(folder.path().join("pullgate.toml"));
    let data = |flag: Option<&str>, variable: Option<&str>| {
        let flags = Flags { config: config.clone(), data: flag.map(PathBuf::from) };
        let environment = Environment { data: variable.map(PathBuf::from), ..Environment::default() };
        Configuration::load(flags, environment).unwrap().data
    };
    assert_eq!(data(Some("flag"), Some("variable")), PathBuf::from("flag"));
    assert_eq!(data(None, Some("variable")), PathBuf::from("variable"));
    assert_eq!(data(None, None), folder.path().join("of-the-file"));
}

#[test]
fn refusals_to_serve_others_say_what_to_paste() {
    let configuration = Configuration::default();
    let address = Some("0.0.0.0:5000".parse().unwrap());
    let mut messages = String::new();
    for plain_http in [false, true] {
        let flags = exposure::ServeFlags { listen: address, ops: None, plain_http };
        let failure = Failure::from(configuration.exposure(flags).unwrap_err());
        writeln!(messages, "{}", anstream::adapter::strip_str(&failure.render())).unwrap();
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn a_credential_may_come_later() {
    let folder = folder("[[probe]]\nprivate = [\"a\"]\n\n[[probe]]\nprivate = [\"a\"]\ncredential_file = \"nobody\"\n");
    let configuration = load(&folder).unwrap();
    insta::assert_snapshot!(printed(&folder, configuration.hindrance.unwrap()), @r#"
    error: cannot use the configuration
    caused by: `pullgate.toml`, line 6: cannot read `nobody`
    caused by: no such file or directory (os error 2)
      |
    6 | credential_file = "nobody"
      |                   ^^^^^^^^
    "#);
    std::fs::write(folder.path().join("nobody"), "user:secret").unwrap();
    assert!(load(&folder).unwrap().hindrance.is_none());
}
