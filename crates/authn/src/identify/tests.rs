//! Who is taken for whom, and every cause to take nobody for anybody.

use policy::PrincipalName;
use protocol::Scope;
use serde_json::json;
use state::Change;

use super::*;
use crate::fixture::{KEY_LIFE, MANIFEST, World, at, basic, foreign_token, head, post, scopes};

fn name() -> PrincipalName {
    "ci".parse().unwrap()
}

/// `kind name`, and the claimed user where one was noted.
fn told(identified: &Identified) -> String {
    let Identified { principal, credential, .. } = identified;
    let name = principal.name().map_or("nobody", PrincipalName::as_str);
    let claimed = credential.claimed_user.as_ref().map(|user| format!(" claims {user}")).unwrap_or_default();
    format!("{} {name}{claimed}", credential.kind)
}

#[test]
fn a_key_wherever_it_is_shown() {
    let world = World::new();
    let key = world.key.expose();
    for (head, identity) in [
        (head(MANIFEST, &[&format!("Bearer {key}")]), "robot-key ci"),
        (head("/token", &[&format!("Bearer {key}")]), "robot-key ci"),
        (head("/token", &[&basic("ci", key)]), "robot-key ci"),
        (head("/v2/", &[&basic("ci", key)]), "robot-key ci"),
        (head("/v2/", &[&basic("robot:ci", key)]), "robot-key ci claims robot:ci"),
        (head("/v2/", &[&basic("", key)]), "robot-key ci"),
        (post(&format!("grant_type=password&username=ci&password={key}")), "robot-key ci"),
        (post(&format!("grant_type=password&username=admin&password={key}")), "robot-key ci claims admin"),
    ] {
        let identified = world.identify(&head, at(1)).unwrap();
        assert_eq!(told(&identified), identity, "{head:?}");
        assert_eq!(identified.principal, world.principal());
        assert_eq!((identified.bound, identified.credential.id.as_deref()), (Bound::Everything, Some(world.key.id())));
    }
}

#[test]
fn nobody_in_particular() {
    let world = World::new();
    for head in [head(MANIFEST, &[]), head(MANIFEST, &["Basic Og=="]), post("service=a"), head("/token", &[])] {
        let identified = world.identify(&head, at(1)).unwrap();
        assert_eq!(told(&identified), "anonymous nobody");
        assert_eq!((identified.principal, identified.bound), (Principal::Anonymous, Bound::Nothing));
    }
}

#[test]
fn a_token_reaches_as_far_as_its_scopes() {
    let world = World::new();
    for (principal, identity) in [(world.principal(), "token ci"), (Principal::Anonymous, "token nobody")] {
        let identified = world.show(&world.token_of(&principal, at(0)), at(1)).unwrap();
        assert_eq!(told(&identified), identity);
        assert_eq!(identified.principal, principal);
        assert_eq!(identified.bound, Bound::Scopes(scopes().into()));
        let issued_by = LeafName { log: "example/one".to_owned(), sequence: 7 };
        assert_eq!(identified.credential.issued_by, Some(issued_by));
    }
}

/// What brings a cause about: a world in which it can come, and what is then shown when.
fn produce(cause: Cause, world: &World) -> Box<Refused> {
    let key = world.key.expose().to_owned();
    let (token, from_now) = (world.token(at(0)), at(2));
    let jti = world.show(&token, at(1)).unwrap().credential.id.unwrap();
    let after = |change: Change, shown: &str| {
        world.change(change, at(1));
        world.show(shown, from_now)
    };
    let refused = match cause {
        Cause::MalformedAuthorization => world.identify(&head(MANIFEST, &["Bearer"]), from_now),
        Cause::TooLarge => world.show(&"a".repeat(16 * 1024 + 1), from_now),
        Cause::UnknownScheme => world.identify(&head(MANIFEST, &["Digest abc"]), from_now),
        Cause::UnknownCredential => world.identify(&head(MANIFEST, &[&basic("ci", "hunter2")]), from_now),
        Cause::BadChecksum => world.show(&mistyped(&key), from_now),
        Cause::UnknownKey => world.show(RobotKeyText::generate().unwrap().expose(), from_now),
        Cause::WrongSecret => {
            // A key that the state keeps with the hash of something else.
            let other = RobotKeyText::generate().unwrap();
            let kept = state::NewKey { hash: world.state.hash_robot_key(&key), ..world.kept(&other) };
            after(Change::RotateKey { robot: name(), key: kept }, other.expose())
        }
        Cause::ExpiredKey => world.show(&key, at(KEY_LIFE)),
        Cause::RevokedKey => after(Change::RevokeKey(world.key.id().parse().unwrap()), &key),
        Cause::Disabled => after(Change::DisableRobot(name()), &key),
        Cause::Deleted => after(Change::DeleteRobot(name()), &key),
        Cause::BadToken => world.show(&world.resign("{}"), from_now),
        Cause::EarlyToken => world.show(&world.token(at(63)), from_now),
        Cause::TokenForToken => world.identify(&head("/token", &[&format!("Bearer {token}")]), from_now),
        Cause::ExpiredToken => world.show(&token, at(300)),
        Cause::TokenOfExpiredKey => world.show(&world.token(at(KEY_LIFE - 1)), at(KEY_LIFE)),
        Cause::RevokedToken => after(Change::RevokeToken { jti, expires: at(300).wall }, &token),
        Cause::TokenOfRevokedKey => after(Change::RevokeKey(world.key.id().parse().unwrap()), &token),
        // The moment is before the key was made, so that the key stays and the epoch alone moves.
        Cause::StaleEpoch => after(Change::RevokeAllBefore(at(-10).wall), &token),
    };
    refused.unwrap_err()
}

fn mistyped(key: &str) -> String {
    let (rest, last) = key.split_at(key.len() - 1);
    format!("{rest}{}", if last == "x" { "y" } else { "x" })
}

#[test]
fn every_cause_comes_about() {
    for cause in Cause::ALL {
        let refused = produce(*cause, &World::new());
        assert_eq!(refused.cause, *cause);
        assert_eq!(refused.reason, cause.reason());
    }
}

#[test]
fn who_is_recognised_is_named() {
    for cause in Cause::ALL {
        let world = World::new();
        let refused = produce(*cause, &world);
        let recognised = match cause {
            Cause::MalformedAuthorization
            | Cause::TooLarge
            | Cause::UnknownScheme
            | Cause::UnknownCredential
            | Cause::BadChecksum
            | Cause::UnknownKey
            | Cause::WrongSecret
            | Cause::BadToken => None,
            Cause::ExpiredKey | Cause::RevokedKey | Cause::Disabled | Cause::Deleted => Some("robot-key"),
            Cause::EarlyToken
            | Cause::TokenForToken
            | Cause::ExpiredToken
            | Cause::TokenOfExpiredKey
            | Cause::RevokedToken
            | Cause::TokenOfRevokedKey
            | Cause::StaleEpoch => Some("token"),
        };
        assert_eq!(refused.credential.as_ref().map(|credential| credential.kind), recognised, "{cause:?}");
        let named = refused.principal.as_ref().and_then(Principal::name).map(PrincipalName::as_str);
        assert_eq!(named, recognised.map(|_| "ci"), "{cause:?}");
    }
}

#[test]
fn causes_have_words_of_their_own() {
    let words: std::collections::BTreeSet<&str> = Cause::ALL.iter().map(|cause| cause.as_str()).collect();
    assert_eq!(words.len(), Cause::ALL.len());
    assert!(words.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
}

#[test]
fn what_is_shown_as_something_else() {
    let world = World::new();
    let token = world.token(at(0));
    let show = |head: &Head| world.identify(head, at(1)).unwrap_err().cause;
    for (head, cause) in [
        (head("/v2/", &[&basic("ci", &token)]), Cause::UnknownCredential),
        (head("/token", &[&basic("ci", &token)]), Cause::UnknownCredential),
        (post(&format!("username=ci&password={token}")), Cause::UnknownCredential),
        (head("/token", &[&format!("Bearer {token}")]), Cause::TokenForToken),
        (head("/v2/", &[&basic("ci", &foreign_token())]), Cause::UnknownCredential),
        (head("/v2/", &[&format!("Bearer {}", foreign_token())]), Cause::BadToken),
        (head("/token", &[&format!("Bearer {}", foreign_token())]), Cause::BadToken),
        (head("/v2/", &["Bearer AAAAAAAAAAAAAAAAAAAAAA"]), Cause::UnknownCredential),
        (head("/v2/", &[&format!("Bearer {}", world.key.id())]), Cause::UnknownCredential),
        (head("/v2/", &[&basic(world.key.expose(), "")]), Cause::UnknownCredential),
        (head("/v2/", &[&basic("ci", "")]), Cause::UnknownCredential),
        (head("/v2/", &[&basic("anonymous", "anonymous")]), Cause::UnknownCredential),
    ] {
        assert_eq!(show(&head), cause, "{head:?}");
    }
}

#[test]
fn claims_that_name_others() {
    let world = World::new();
    let mut claims: serde_json::Map<String, serde_json::Value> = serde_json::from_value(world.claims(at(0))).unwrap();
    for sub in ["r_unknown", "ci", "anonymous", "internal", ""] {
        claims.insert("sub".to_owned(), json!(sub));
        let order = ["iss", "aud", "sub", "kind", "epoch", "key", "iat", "nbf", "exp", "jti"];
        let members: Vec<String> = order.iter().map(|name| format!("{name:?}:{}", claims[*name])).collect();
        let written = format!(r#"{{{},"access":[],"issued_by":["example/one",7]}}"#, members.join(","));
        assert_eq!(world.show(&world.resign(&written), at(1)).unwrap_err().cause, Cause::BadToken, "{sub}");
    }
}

#[test]
fn a_robot_of_the_same_name_is_another() {
    let world = World::new();
    let (old, token) = (world.robot(), world.token(at(0)));
    world.change(Change::DeleteRobot(name()), at(1));
    let key = RobotKeyText::generate().unwrap();
    world.create("ci", &key, at(2));
    assert_ne!(world.robot().robot.id, old.robot.id);
    for shown in [world.key.expose(), &token] {
        let refused = world.show(shown, at(3)).unwrap_err();
        assert_eq!(
            (refused.cause, refused.principal.unwrap().id().cloned()),
            (Cause::Deleted, Some(old.robot.id.clone()))
        );
    }
    assert_eq!(told(&world.show(key.expose(), at(3)).unwrap()), "robot-key ci");
}

#[test]
fn a_token_falls_with_its_robot() {
    for (change, cause) in
        [(Change::DisableRobot(name()), Cause::Disabled), (Change::DeleteRobot(name()), Cause::Deleted)]
    {
        let world = World::new();
        let (token, robot) = (world.token(at(0)), world.robot().robot.id.clone());
        assert!(world.show(&token, at(1)).is_ok());
        world.change(change, at(1));
        let refused = world.show(&token, at(2)).unwrap_err();
        assert_eq!((refused.cause, refused.principal.unwrap().id()), (cause, Some(&robot)));
        assert_eq!(refused.credential.unwrap().kind, "token");
    }
}

#[test]
fn a_new_grant_kills_no_token() {
    let world = World::new();
    let token = world.token(at(0));
    let grant = state::NewGrant {
        pattern: "team/**".parse().unwrap(),
        actions: policy::ActionSet::of(protocol::Group::Pull),
        until: None,
        reason: None,
    };
    world.change(Change::AddGrant { holder: name(), grant }, at(1));
    assert!(world.show(&token, at(2)).is_ok());
}

#[test]
fn a_revoked_token_of_nobody() {
    let world = World::new();
    let token = world.token_of(&Principal::Anonymous, at(0));
    let jti = world.show(&token, at(1)).unwrap().credential.id.unwrap();
    world.change(Change::RevokeToken { jti, expires: at(300).wall }, at(1));
    let refused = world.show(&token, at(2)).unwrap_err();
    assert_eq!((refused.cause, refused.principal), (Cause::RevokedToken, Some(Principal::Anonymous)));
}

#[test]
fn one_view_of_the_world_for_one_request() {
    let world = World::new();
    let before = world.state.snapshot();
    world.change(Change::RevokeRobot(name()), at(1));
    let asked = head(MANIFEST, &[&basic("ci", world.key.expose())]);
    let identified = world.authn.identify(&asked, &before, at(2)).unwrap();
    assert!(
        identified.lease.still_standing().is_err(),
        "and the lease, asked after the decision, tells what came since"
    );
}

#[test]
fn prints_no_secret() {
    let world = World::new();
    let (key, token) = (world.key.expose(), world.token(at(0)));
    let (_, secret) = key.rsplit_once('_').unwrap();
    let mut printed = vec![format!("{:?}", world.authn)];
    for shown in [key, &token] {
        printed.push(format!("{:?}", world.show(shown, at(1)).unwrap()));
        printed.push(format!("{:?}", world.show(shown, at(KEY_LIFE)).unwrap_err()));
    }
    for text in printed {
        assert!(!text.contains(secret) && !text.contains(&token), "{text}");
    }
}

#[test]
fn refused_scopes_stay_refused() {
    let world = World::new();
    let Bound::Scopes(scopes) = world.show(&world.token(at(0)), at(1)).unwrap().bound else { panic!("a token") };
    let printed: Vec<String> = scopes.iter().map(Scope::to_string).collect();
    assert_eq!(printed, ["repository:team/app:pull,push", "repository:team/other:"]);
}
