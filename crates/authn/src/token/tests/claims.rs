//! Claims that are missing, doubled, of another type or of somebody else, under our own good signature.

use super::*;

/// Our claims after a change, written as we write them.
fn changed(world: &World, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = world.claims(at(0));
    change(&mut claims);
    written(&claims)
}

#[test]
fn as_we_write_them() {
    let world = World::new();
    let token = world.token(at(0));
    let claims = serde_json::from_slice(&payload(&token)).unwrap();
    assert_eq!(written(&claims).as_bytes(), payload(&token));
    assert!(believed(&world, &token) && believed_claims(&world, &written(&claims)));
}

#[test]
fn each_claim_is_mandatory() {
    let world = World::new();
    for name in ORDER {
        for (place, value) in [None, Some(json!(null)), Some(json!("")), Some(json!([]))].into_iter().enumerate() {
            let without = changed(&world, |claims| {
                claims.as_object_mut().unwrap().remove(name);
                claims.as_object_mut().unwrap().extend(value.map(|value| (name.to_owned(), value)));
            });
            // A token without scopes is what a login asks for.
            let is_login = name == "access" && place == 3;
            assert_eq!(believed_claims(&world, &without), is_login, "{without}");
        }
    }
}

#[test]
fn wrong_types() {
    let world = World::new();
    let others = [
        json!(1.5),
        json!(-1),
        json!(u64::MAX),
        json!(9_223_372_036_854_775_808_u64),
        json!(true),
        json!({}),
        json!([SERVICE]),
        json!([[SERVICE]]),
        json!({ "0": SERVICE }),
        json!("1780000000"),
    ];
    for name in ORDER {
        for other in others.iter().filter(|other| !(other.is_string() && ["sub", "jti"].contains(&name))) {
            let wrong = changed(&world, |claims| claims[name] = other.clone());
            // An epoch is any number; whether it is the right one is asked of the state.
            let may_be = name == "epoch" && other.is_u64();
            assert_eq!(believed_claims(&world, &wrong), may_be, "{wrong}");
        }
    }
    for number in ["1e400", "1780000300.0", "178e7", "01780000300", "-0", "NaN", "0x10"] {
        let ours = changed(&world, |_| ());
        let exp = format!(r#""exp":{}"#, at(300).unix_seconds());
        assert!(ours.contains(&exp));
        assert!(!believed_claims(&world, &ours.replace(&exp, &format!(r#""exp":{number}"#))), "{number}");
    }
}

#[test]
fn every_other_way_to_write_them() {
    let world = World::new();
    let ours = changed(&world, |_| ());
    let claims = world.claims(at(0));
    let values: Vec<&Value> = ORDER.iter().map(|name| &claims[*name]).collect();
    let backwards: Vec<String> = ORDER.iter().rev().map(|name| format!("{name:?}:{}", claims[*name])).collect();
    for payload in [
        format!(" {ours}"),
        format!("{ours} "),
        format!("{ours}{ours}"),
        ours.replacen(':', ": ", 1),
        ours.replacen("iss", r"i\u0073s", 1),
        ours.replacen('{', r#"{"iss":"a","#, 1),
        ours.replacen('{', r#"{"exp":1,"#, 1),
        ours.replacen('{', r#"{"Exp":1,"#, 1),
        ours.replacen('{', r#"{"anything":1,"#, 1),
        serde_json::to_string(&values).unwrap(),
        format!("{{{}}}", backwards.join(",")),
        format!("[{ours}]"),
        format!("{ours:?}"),
        "{}".to_owned(),
        "null".to_owned(),
        "\u{feff}".to_owned() + &ours,
        "[".repeat(10_000),
        format!("{}1{}", r#"{"access":"#.repeat(500), "}".repeat(500)),
    ] {
        assert!(!believed_claims(&world, &payload), "{payload:.200}");
    }
}

#[test]
fn other_parties() {
    let world = World::new();
    let near = [
        "registry.example.com.".to_owned(),
        "Registry.example.com".to_owned(),
        " registry.example.com".to_owned(),
        "registry.example.co".to_owned(),
        "https://registry.example.com".to_owned(),
        "*".to_owned(),
    ];
    for name in ["iss", "aud"] {
        for other in &near {
            assert!(!believed_claims(&world, &changed(&world, |claims| claims[name] = json!(other))), "{name} {other}");
        }
        for other in [json!([SERVICE]), json!(["x", SERVICE]), json!([])] {
            assert!(
                !believed_claims(&world, &changed(&world, |claims| claims[name] = other.clone())),
                "{name} {other}"
            );
        }
    }
    // The same keys, and another service.
    let snapshot = world.state.snapshot();
    let elsewhere = TokenVerifier::new(snapshot.key_ring(), "other.example.com");
    assert!(elsewhere.verify(&world.token(at(0)), snapshot.key_ring(), at(1)).is_none());
}

#[test]
fn a_life_of_300_seconds_at_most() {
    let world = World::new();
    let of_life = |life: i64| changed(&world, |claims| claims["exp"] = json!(at(life).unix_seconds()));
    for (life, good) in [(1, true), (300, true), (301, false), (0, false), (-1, false), (86_400, false)] {
        assert_eq!(believed_claims(&world, &of_life(life)), good, "{life}");
    }
    for (iat, exp) in
        [(i64::MIN, i64::MIN + 300), (i64::MAX - 300, i64::MAX), (i64::MIN, i64::MAX), (0, 253_370_764_800)]
    {
        let extreme = changed(&world, |claims| (claims["iat"], claims["exp"]) = (json!(iat), json!(exp)));
        assert!(!believed_claims(&world, &extreme), "{extreme}");
    }
}

#[test]
fn kind_and_subject_agree() {
    let world = World::new();
    for (kind, sub, key, good) in [
        ("anonymous", "anonymous", json!(null), true),
        ("anonymous", "anonymous", json!("0123456789AB"), false),
        ("anonymous", "r_0", json!(null), false),
        ("robot", "r_0", json!("0123456789AB"), true),
        ("robot", "r_0", json!(null), false),
        ("robot", "r_0", json!("not a key id"), false),
        ("robot", "", json!("0123456789AB"), false),
        ("Robot", "r_0", json!("0123456789AB"), false),
        ("person", "p_0", json!(null), false),
    ] {
        let claims = changed(&world, |claims| {
            (claims["kind"], claims["sub"], claims["key"]) = (json!(kind), json!(sub), key.clone());
        });
        assert_eq!(believed_claims(&world, &claims), good, "{kind} {sub} {key}");
    }
}

#[test]
fn access_as_we_write_it() {
    let world = World::new();
    let scope = |kind: &str, name: &str, actions: Value| json!([{ "type": kind, "name": name, "actions": actions }]);
    for (access, good) in [
        (json!([]), true),
        (scope("repository", "a/b", json!([])), true),
        (scope("repository", "a/b", json!(["pull", "push", "delete"])), true),
        (scope("registry", "catalog", json!(["*"])), true),
        (scope("registry", "catalog", json!([])), true),
        (scope("repository", "a/b", json!(["push", "pull"])), false),
        (scope("repository", "a/b", json!(["pull", "pull"])), false),
        (scope("repository", "a/b", json!(["pull,push"])), false),
        (scope("repository", "a/b", json!(["*"])), false),
        (scope("repository", "a/b", json!(["admin"])), false),
        (scope("repository", "a/b", json!("pull")), false),
        (scope("repository", "a/*", json!(["pull"])), false),
        (scope("repository", "A/b", json!(["pull"])), false),
        (scope("repository", "a/b:c", json!(["pull"])), false),
        (scope("repository(plugin)", "a/b", json!(["pull"])), false),
        (scope("registry", "other", json!(["*"])), false),
        (json!({ "type": "repository", "name": "a/b", "actions": ["pull"] }), false),
        (json!([["repository", "a/b", ["pull"]]]), false),
        (json!([{ "type": "repository", "name": "a/b", "actions": ["pull"], "more": 1 }]), false),
        (json!([{ "type": "repository", "name": "a/b" }]), false),
        (json!(["repository:a/b:pull"]), false),
    ] {
        let claims = changed(&world, |claims| claims["access"] = access);
        assert_eq!(believed_claims(&world, &claims), good, "{claims}");
    }
}

#[test]
fn in_time() {
    let world = World::new();
    let snapshot = world.state.snapshot();
    let token = world.token(at(0));
    let asked = |token: &str, second: i64| {
        verifier(&world).verify(token, snapshot.key_ring(), at(second)).unwrap().in_time(at(second))
    };
    for (second, verdict) in [
        (-61, Err(Cause::EarlyToken)),
        (-60, Ok(())),
        (0, Ok(())),
        (299, Ok(())),
        (300, Err(Cause::ExpiredToken)),
        (100_000, Err(Cause::ExpiredToken)),
    ] {
        assert_eq!(asked(&token, second), verdict, "at {second}");
    }
    let from = |second: i64| {
        let second = json!(at(second).unix_seconds());
        world.resign(&changed(&world, |claims| (claims["iat"], claims["nbf"]) = (second.clone(), second)))
    };
    assert_eq!(asked(&from(60), 0), Ok(()));
    assert_eq!(asked(&from(61), 0), Err(Cause::EarlyToken));
}

#[test]
fn issued_and_good_from_the_same_second_on() {
    let world = World::new();
    for second in [-60, -1, 1, 60] {
        let nbf = json!(at(second).unix_seconds());
        assert!(!believed_claims(&world, &changed(&world, |claims| claims["nbf"] = nbf)), "{second}");
    }
}
