use std::fmt::Write as _;

use clap::CommandFactory;

use super::*;
use crate::output::said_of_usage;

fn read(line: &str) -> Result<Cli, clap::Error> {
    let words = std::iter::once("pullgate").chain(line.split_whitespace());
    Cli::read(words.map(OsString::from))
}

#[test]
fn the_definitions_hold_together() {
    Cli::command().debug_assert();
}

#[test]
fn every_verb_has_a_help_text() {
    let mut pages = String::new();
    describe(&mut pages, &Cli::command(), "");
    insta::assert_snapshot!(pages);
}

fn describe(pages: &mut String, command: &clap::Command, path: &str) {
    let page = read(&format!("{path} --help")).unwrap_err();
    assert!(!page.use_stderr(), "{path}");
    writeln!(pages, "$ pullgate{path} --help\n{page}").unwrap();
    for verb in command.get_subcommands() {
        describe(pages, verb, &format!("{path} {}", verb.get_name()));
    }
}

#[test]
fn help_is_a_verb_too() {
    let page = |line: &str| read(line).unwrap_err().to_string();
    assert_eq!(page("help robot create"), page("robot create --help"));
    assert_eq!(page("help"), page("--help"));
    assert_eq!(page("--version"), format!("pullgate {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_says_what_and_what_was_probably_meant() {
    let mut messages = String::new();
    for line in [
        "",
        "robott list",
        "sevre",
        "serve --listne localhost:1",
        "serve --listen 5000",
        "serve --ops registry:1",
        "robot",
        "robot create",
        "robot create Ci",
        "robot create anonymous",
        "robot create ci --pull team/*",
        "robot create ci --ttl 90",
        "robot create ci --format yaml",
        "robot list --fromat json",
        "grant add ci --pull team/**",
        "grant add person:ann --pull team/**",
        "grant add robot:ci --for 2h",
        "grant add robot:ci --pull a --until tomorrow",
        "grant add robot:ci --pull a --until 2030-01-01 --for 2h",
        "revoke",
        "revoke ci",
        "revoke robot",
        "revoke robot:ci now",
        "revoke person:ann",
        "revoke key 1",
        "revoke all-before yesterday",
        "policy explain robot:ci pul team/app",
        "policy explain robot:ci pull localhost:5000/team/app",
        "policy explain robot:ci pull team/app --from home",
        "audit query --decision denied",
        "audit query --since whenever",
        "audit query --digest sha256:1",
        "why",
        "probe",
        "probe r.example/a --mode agressive",
        "probe r.example/a --fail-on information",
        "probe r.example/a --as docker",
        "probe r.example/a --realm auth.example",
        "probe r.example/a --door https://user@r.example",
        "probe r.example/a --intent probe.toml",
        "probe r.example/a --vantage office",
        "probe r.example/a --as docker-login --credential-file f",
    ] {
        let error = read(line).expect_err(line);
        assert!(error.use_stderr(), "{line}");
        writeln!(messages, "$ pullgate {line}\n{error}").unwrap();
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn flags_of_the_place_stand_anywhere() {
    for line in ["--data d --config c check", "check --data d --config c", "robot --data d list --config c"] {
        let flags = Flags::from(read(line).unwrap().place);
        assert_eq!((flags.data, flags.config), (Some("d".into()), Some("c".into())), "{line}");
    }
}

#[test]
fn what_scripts_rely_on_parses() {
    for line in [
        "serve --data d --listen 127.0.0.1:0 --ops 127.0.0.1:0 --plain-http --accept-restored-state",
        "robot create ci --pull a --pull b/** --push ** --delete c --read-manifest d --no-list --ttl 1h --format json",
        "robot create ci --owner team --purpose builds --if-absent",
        "robot rotate ci --format json",
        "grant add robot:ci --push a --for 2h --reason incident",
        "grant list robot:ci",
        "grant remove g1",
        "policy explain anonymous pull team/app:1.0 --from 10.0.0.1 --at 2030-01-01T00:00:00Z",
        "audit query --since 1h --until 2030-01-01 --principal robot:ci --repository a --action pull --decision deny \
         --source ::1 --tag v1 --credential k --request-id r --format json",
        "audit tail --decision deny",
        "audit verify",
        "probe r.example/a:1 --as docker-login --mode active --door http://m:5000 --realm https://a --storage https://b \
         --fail-on low --max-inconclusive 2 --format json --dry-run",
        "probe http://r:5000 --private a:1 --private b:2 --credential-file f",
        "probe --intent probe.toml --vantage office",
    ] {
        assert!(read(line).is_ok(), "{line}: {:?}", read(line).err());
    }
}

#[test]
fn revoke_is_understood_in_one_word_and_in_two() {
    let revoke = |line: &str| {
        let Verb::Revoke(revoke) = read(line).unwrap().verb else { panic!("{line}") };
        revoke
    };
    assert_eq!(revoke("revoke robot:ci"), revoke("revoke robot ci"));
    assert_eq!(revoke("revoke robot:ci"), Revoke::Who("robot:ci".parse().unwrap()));
    let key = format!("revoke key pgk_0123456789Ab_{}", "x".repeat(49));
    assert_eq!(revoke(&key), revoke("revoke key 0123456789Ab"));
    assert_eq!(revoke("revoke token t1"), Revoke::Token("t1".to_owned()));
    assert_eq!(revoke("revoke all-before 2030-01-31"), Revoke::AllBefore("2030-01-31".parse().unwrap()));
}

#[test]
fn a_whole_key_is_not_kept() {
    let secret = "x".repeat(49);
    let printed = format!("{:?}", read(&format!("revoke key pgk_0123456789Ab_{secret}")).unwrap());
    assert!(!printed.contains(&secret));
}

#[test]
fn no_argument_repeats_a_secret() {
    let mut refused = 0;
    repeat(&mut refused, &Cli::command(), "");
    assert!(refused > 100, "{refused}");
}

fn repeat(refused: &mut usize, command: &clap::Command, path: &str) {
    for argument in command.get_arguments().filter(|argument| argument.get_action().takes_values()) {
        let flag = argument.get_long().map(|long| format!("--{long}")).unwrap_or_default();
        for secret in ["https://ci:hunter2@r.example/a", "ci:hunter2@r.example/a:1.0", "pgk_0123456789AB_hunter2"] {
            let Err(error) = read(&format!("{path} {flag} {secret}")) else { continue };
            let said = said_of_usage(&error);
            assert!(!said.contains("hunter2"), "{path} {flag}: {said}");
            *refused += usize::from(said.contains("**"));
        }
    }
    for verb in command.get_subcommands() {
        repeat(refused, verb, &format!("{path} {}", verb.get_name()));
    }
}

#[test]
fn a_remark_is_one_line() {
    assert_eq!(one_line(" builds "), Ok("builds".to_owned()));
    assert_eq!(one_line(" "), Err(LineError::Empty));
    assert_eq!(one_line("a\nb"), Err(LineError::Control));
    assert!(one_line(&"é".repeat(200)).is_ok());
    assert_eq!(one_line(&"é".repeat(201)), Err(LineError::TooLong));
}

/// Every command line of the probe's guides, and the arguments of its container.
fn commands_of_the_guides() -> Vec<Vec<String>> {
    let pages =
        [include_str!("../../../../docs/guides/probe.md"), include_str!("../../../../docs/guides/probe-in-ci.md")];
    let words = |text: &str| -> Vec<String> {
        let text = text.split(" #").next().unwrap_or_default();
        let words = text.split_whitespace().take_while(|word| !["|", ">", "&", "<"].contains(word));
        words.map(|word| word.trim_matches(['\'', '"', ',', '[', ']']).to_owned()).collect()
    };
    let command = |line: &str| match (line.split_once("pullgate "), line.split_once("args: ")) {
        _ if line.contains('`') => None,
        (Some((before, rest)), _) if before.is_empty() || before.ends_with(' ') => Some(words(rest)),
        (_, Some((_, rest))) => Some(words(rest)),
        (Some(_) | None, None) => None,
    };
    pages.iter().flat_map(|page| page.lines()).filter_map(command).collect()
}

#[test]
fn every_command_of_the_guides_is_understood() {
    let commands = commands_of_the_guides();
    assert!(commands.len() > 20, "{commands:?}");
    for words in commands {
        let line = ["pullgate".to_owned()].into_iter().chain(words).map(OsString::from);
        let read = Cli::read(line.clone());
        assert!(read.is_ok(), "{:?}: {}", line.collect::<Vec<_>>(), read.unwrap_err());
    }
}
