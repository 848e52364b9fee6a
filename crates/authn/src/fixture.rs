//! What the tests of this crate are made of: a state with one robot, and whoever wants to be taken for it.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Method;
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use policy::Principal;
use protocol::{Form, Head, Now, Scope};
use serde_json::{Value, json};
use state::{Change, NewKey, RobotEntry, SecretKey, State};

use crate::identify::{Authn, Identified};
use crate::refused::Refused;
use crate::robot_key::RobotKeyText;
use crate::token::{Grounds, TokenIssuer};

pub(crate) const SERVICE: &str = "registry.example.com";
/// What a manifest is asked for at.
pub(crate) const MANIFEST: &str = "/v2/team/app/manifests/1";
/// How long the robot's key lives.
pub(crate) const KEY_LIFE: i64 = 3600;

/// A moment in 2026, and how many seconds after it.
pub(crate) fn at(seconds: i64) -> Now {
    Now { wall: Timestamp::from_second(1_780_000_000 + seconds).unwrap(), tick: Duration::ZERO }
}

/// A registry that knows the robot `ci`.
pub(crate) struct World {
    _folder: tempfile::TempDir,
    pub(crate) state: State,
    pub(crate) authn: Authn,
    pub(crate) issuer: TokenIssuer,
    pub(crate) key: RobotKeyText,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secret = SecretKey::load_or_create(&folder.path().join("secret.key"), true).unwrap();
        let state = State::open(folder.path(), &secret, at(0)).unwrap();
        let (authn, issuer) = (Authn::new(state.clone(), SERVICE), TokenIssuer::new(state.clone(), SERVICE));
        let key = RobotKeyText::generate().unwrap();
        let world = Self { _folder: folder, state, authn, issuer, key };
        world.create("ci", &world.key, at(0));
        world
    }

    /// Makes a robot with this key.
    pub(crate) fn create(&self, name: &str, key: &RobotKeyText, now: Now) {
        let change = Change::CreateRobot {
            name: name.parse().unwrap(),
            owner: "team".to_owned(),
            purpose: "tests".to_owned(),
            grants: Vec::new(),
            key: self.kept(key),
        };
        self.change(change, now);
    }

    /// A key as the state keeps it.
    pub(crate) fn kept(&self, key: &RobotKeyText) -> NewKey {
        let hash = self.state.hash_robot_key(key.expose());
        NewKey { id: key.id().parse().unwrap(), hash, expires: at(KEY_LIFE).wall }
    }

    pub(crate) fn change(&self, change: Change, now: Now) {
        self.state.begin(change, now).unwrap().commit().unwrap();
    }

    pub(crate) fn robot(&self) -> Arc<RobotEntry> {
        self.state.snapshot().robot_named(&"ci".parse().unwrap()).unwrap().clone()
    }

    pub(crate) fn principal(&self) -> Principal {
        Principal::Robot(self.robot().robot.clone())
    }

    /// A token for the robot to pull `team/app`.
    pub(crate) fn token(&self, now: Now) -> String {
        self.token_of(&self.principal(), now)
    }

    pub(crate) fn token_of(&self, principal: &Principal, now: Now) -> String {
        self.issuer.sign(&self.grounds(principal, &scopes()), now).unwrap()
    }

    pub(crate) fn grounds<'a>(&'a self, principal: &'a Principal, scopes: &'a [Scope]) -> Grounds<'a> {
        Grounds { principal, key: Some(self.key.id()), scopes, issued_by: ("example/one", 7) }
    }

    /// The claims of [`World::token`], to be changed and signed again.
    pub(crate) fn claims(&self, now: Now) -> Value {
        serde_json::from_slice(&payload(&self.token(now))).unwrap()
    }

    /// Any header and payload, signed by our own key: what only we could make, and never do.
    pub(crate) fn forge(&self, header: &str, payload: &str) -> String {
        sign(self.state.snapshot().key_ring().current().pair(), header, payload)
    }

    /// The header of our tokens.
    pub(crate) fn header(&self) -> String {
        let kid = self.state.snapshot().key_ring().current().kid().to_owned();
        format!(r#"{{"alg":"ES256","kid":"{kid}","typ":"pullgate-access+jwt"}}"#)
    }

    /// These claims under our own header and signature.
    pub(crate) fn resign(&self, payload: &str) -> String {
        self.forge(&self.header(), payload)
    }

    pub(crate) fn identify(&self, head: &Head, now: Now) -> Result<Identified, Box<Refused>> {
        self.authn.identify(head, &self.state.snapshot(), now)
    }

    /// Shows a bearer credential where a manifest is asked for.
    pub(crate) fn show(&self, bearer: &str, now: Now) -> Result<Identified, Box<Refused>> {
        self.identify(&head(MANIFEST, &[&format!("Bearer {bearer}")]), now)
    }
}

pub(crate) fn scopes() -> Vec<Scope> {
    ["repository:team/app:pull,push", "repository:team/other:"].map(|scope| Scope::parse(scope).unwrap()).to_vec()
}

pub(crate) fn sign(pair: &EcdsaKeyPair, header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A key of somebody else.
pub(crate) fn foreign_pair() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

/// A token of an issuer that we do not know.
pub(crate) fn foreign_token() -> String {
    let header = json!({ "alg": "ES256", "kid": "theirs", "typ": "JWT" });
    let claims =
        json!({ "iss": "https://issuer.example", "aud": SERVICE, "sub": "somebody", "exp": 4_000_000_000_u32 });
    sign(&foreign_pair(), &header.to_string(), &claims.to_string())
}

pub(crate) fn payload(token: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()
}

/// A GET with these `Authorization` headers.
pub(crate) fn head(target: &str, authorization: &[&str]) -> Head {
    let mut head = Head::new(Method::GET, target);
    for value in authorization {
        head.headers.append(AUTHORIZATION, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    head
}

/// A `POST /token` with this form.
pub(crate) fn post(form: &str) -> Head {
    let mut head = Head::new(Method::POST, "/token");
    head.form = Some(Form::parse(form.as_bytes()));
    head
}

pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}
