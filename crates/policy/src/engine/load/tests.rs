use super::*;
use crate::engine::shipped;
use crate::repository::Settings;

fn load(text: &str) -> Result<Vec<String>, PolicyError> {
    load_all(&[text])
}

fn load_all(texts: &[&str]) -> Result<Vec<String>, PolicyError> {
    let vocabulary = Vocabulary::new().unwrap();
    let mut ids = Ids::default();
    shipped::rules(&vocabulary, &Settings::default(), &mut ids).unwrap();
    let mut names = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        let text = PolicyText { name: format!("{place}.cedar"), text: (*text).to_owned() };
        names.extend(rules(&vocabulary, &text, &mut ids)?.iter().map(|rule| rule.id.to_string()));
    }
    Ok(names)
}

/// What is wrong with each text: the text, the error, the words that it points at, and the help.
fn mistakes(texts: &[&str]) -> String {
    let mistake = |text: &&str| {
        let error = load(text).unwrap_err();
        let words = text.get(error.place.span.clone()).unwrap();
        let help = error.mistake.help().unwrap_or("nothing");
        format!("{text}\n    error: {error}\n    words: {words}\n    help:  {help}\n")
    };
    texts.iter().map(mistake).collect::<Vec<_>>().join("\n")
}

#[test]
fn rules_are_named_by_annotation_or_by_line() {
    let text = "// first\n@id(\"one\") permit(principal, action, resource);\n\n// permit(principal, action, resource);\n\
                permit(principal, action, resource);\n@id(\"\u{fc}\")\nforbid(principal, action, resource);";
    assert_eq!(load(text).unwrap(), ["one", "0.cedar:5", "\u{fc}"]);
    assert_eq!(load("// nothing\n").unwrap(), [""; 0]);
}

#[test]
fn names_are_unique_over_all_files() {
    let rule = "@id(\"a\") permit(principal, action, resource);";
    let twice = load_all(&[rule, rule]).unwrap_err();
    assert_eq!(twice.to_string(), "1.cedar:1:1: another rule is named `a` already");
    for taken in ["grant:1", "public-read", "protected-tags", "anonymous-off"] {
        let error = load(&format!("@id(\"{taken}\") permit(principal, action, resource);")).unwrap_err();
        assert_eq!(error.mistake, Mistake::ReservedId { id: taken.to_owned() });
    }
}

#[test]
fn syntax() {
    let found = mistakes(&[
        "permit(principal, action, resource)\nwhen { resource.name = \"a\" };",
        "permit(principal, action, resource);\npermit(principal, action",
        "allow(principal, action, resource);",
        "permit(principal == ?principal, action, resource);",
    ]);
    insta::assert_snapshot!(found);
}

#[test]
fn unknown_words() {
    let found = mistakes(&[
        "permit(principal, action in Pullgate::Action::\"pul\", resource);",
        "permit(principal, action in Action::\"pull\", resource);",
        "permit(principal, action == Pullgate::Action::\"frobnicate\", resource);",
        "permit(principal, action, resource)\nwhen { action == Pullgate::Action::\"read-blobs\" };",
        "permit(principal is Pullgate::Robbot, action, resource);",
        "permit(principal is Robot, action, resource);",
        "permit(principal, action, resource)\nwhen { resource.visibilty == \"public\" };",
        "permit(principal, action, resource)\nwhen { context.sauce.isLoopback() };",
        "permit(principal, action, resource)\nwhen { context.source.isLopback() };",
    ]);
    insta::assert_snapshot!(found);
}

#[test]
fn types() {
    let found = mistakes(&[
        "permit(principal, action, resource)\nwhen { resource.name == 1 };",
        "permit(principal, action, resource)\nwhen { resource.environment == \"prod\" };",
        "permit(principal, action, resource)\nwhen { principal.name == \"ci\" };",
        "permit(principal, action, resource)\nwhen { context.source.isInRange(ip(\"10.0.0.0/99\")) };",
    ]);
    insta::assert_snapshot!(found);
}

#[test]
fn reads_never_look_at_the_tag() {
    let pull = "permit(principal, action in Pullgate::Action::\"pull\", resource)";
    let found = mistakes(&[&format!("{pull} when {{ context.tag like \"v*\" }};")]);
    insta::assert_snapshot!(found);
    for (head, condition) in [
        (pull, "context has tag && context.tag like \"v*\""),
        ("forbid(principal, action, resource)", "context has tag && context.tag == \"secret\""),
        ("permit(principal, action in [Pullgate::Action::\"list\"], resource)", "context has protected"),
        ("permit(principal, action == Pullgate::Action::\"mount-from\", resource)", "context == context"),
    ] {
        let error = load(&format!("{head} when {{ {condition} }};")).unwrap_err();
        assert_eq!(error.mistake, Mistake::TagInReadRule, "{head} {condition}");
    }
}

#[test]
fn writes_may_look_at_the_tag() {
    let push = "forbid(principal, action in Pullgate::Action::\"push\", resource)";
    assert!(load(&format!("{push} when {{ context has tag && context.tag == \"latest\" }};")).is_ok());
    let found = mistakes(&[&format!("{push} when {{ context.tag == \"latest\" }};")]);
    insta::assert_snapshot!(found);
}

#[test]
fn what_would_never_match_is_refused() {
    let found = mistakes(&[
        "forbid(principal, action, resource in Pullgate::Namespace::\"prod/**\");",
        "forbid(principal, action, resource == Pullgate::Repository::\"prod/*\");",
    ]);
    insta::assert_snapshot!(found);
    assert!(load("forbid(principal, action, resource in Pullgate::Namespace::\"**\");").is_ok());
    assert!(load("forbid(principal, action, resource) when { resource in Pullgate::Namespace::\"Prod\" };").is_err());
}
