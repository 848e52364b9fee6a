//! A registry of crates behind every door, with one crate that is private, and its flaws.

use serde_json::json;

use super::{CRATE, Flaw, LOW, LOW_PASSWORD, PASSWORD, Registry, USER, VERSION};
use crate::image::digest_of;
use crate::raw::{Answer, Request};

/// Its file.
pub(super) fn file() -> Vec<u8> {
    CRATE.bytes().chain((0_u32..4096).map(|at| (at.wrapping_mul(2_246_822_519) >> 24) as u8)).collect()
}

impl Registry {
    /// Whatever Cargo asks; none where it is no question of Cargo's.
    pub(super) fn crates(&self, request: &Request, path: &str) -> Option<Answer> {
        let rest = path.strip_prefix("/cargo/")?;
        let user = self.cargo_user(request);
        let changes = rest.starts_with("api/v1/crates/new")
            || ["/yank", "/unyank", "/owners"].iter().any(|end| rest.ends_with(end));
        let index = rest.rsplit_once('/').filter(|(folders, _)| folders.split('/').count() == 2);
        Some(
            match rest
                .strip_prefix("api/v1/crates/")
                .and_then(|file| file.strip_suffix(&format!("/{VERSION}/download")))
            {
                _ if rest == "config.json" => match user.is_some() || self.has(Flaw::OpenCargoConfig) {
                    true => self.cargo_config(request),
                    false => self.cargo_refuses(request, None),
                },
                _ if changes => self.changed(request, rest),
                Some(name) => match self.has_crate(request, name, user) || (name == CRATE && self.opens_file(user)) {
                    true => self.crate_file(request),
                    false => self.cargo_refuses(request, user),
                },
                None => match index {
                    Some((_, name)) if self.has_crate(request, name, user) || self.opens_index(name) => {
                        let line = json!({ "name": CRATE, "vers": VERSION, "deps": [], "cksum": digest_of(&file()).trim_start_matches("sha256:") });
                        Answer::http(request, 200, &[("Vary", "Authorization")], line.to_string().as_bytes())
                    }
                    _ => self.cargo_refuses(request, user),
                },
            },
        )
    }

    /// Whose token is shown.
    fn cargo_user(&self, request: &Request) -> Option<&'static str> {
        let shown = request.header("authorization")?;
        let token = match shown.strip_prefix("Bearer ") {
            Some(_) if self.has(Flaw::BearerIsUnknown) => return None,
            token => token.unwrap_or(shown),
        };
        let known = [(PASSWORD, USER), (LOW_PASSWORD, LOW)].into_iter().find(|(known, _)| *known == token);
        known.map(|(_, user)| user).filter(|user| *user != USER || !self.has(Flaw::ControlRefused))
    }

    /// Whether somebody gets the crate under this name.
    fn has_crate(&self, request: &Request, name: &str, user: Option<&str>) -> bool {
        let bearer = request.header("authorization").is_some_and(|shown| shown.starts_with("Bearer "));
        let alike = name.eq_ignore_ascii_case(CRATE);
        match user {
            Some(USER) => name == CRATE,
            Some(_) if name == CRATE && bearer => self.has(Flaw::BearerReadsCrates),
            Some(_) => name == CRATE.replace('_', "-") && self.has(Flaw::FindsCratesByHyphen),
            None => alike && name != CRATE && self.has(Flaw::FindsCratesInAnyCase),
        }
    }

    fn opens_index(&self, name: &str) -> bool {
        name == CRATE && self.has(Flaw::OpenCrateIndex)
    }

    fn opens_file(&self, user: Option<&str>) -> bool {
        self.has(Flaw::OpenCrate) || (user.is_some() && self.has(Flaw::KnownReadsCrates))
    }

    fn cargo_config(&self, request: &Request) -> Answer {
        let dl = match self.has(Flaw::CratesElsewhere) {
            true => "https://crates.invalid/files".to_owned(),
            false => format!("{}/cargo/api/v1/crates", self.base),
        };
        let config = json!({ "dl": dl, "api": format!("{}/cargo", self.base), "auth-required": true });
        Answer::http(request, 200, &[], config.to_string().as_bytes())
    }

    /// The file, or over TLS the way to it.
    fn crate_file(&self, request: &Request) -> Answer {
        let file = file();
        let lifetime = if self.has(Flaw::LongCrateRedirect) { Some(3600) } else { None };
        match self.signed(&digest_of(&file), lifetime) {
            Some(location) => Answer::http(request, 302, &[("Location", &location)], b""),
            None => Answer::http(request, 200, &[("Vary", "Authorization")], &file),
        }
    }

    /// Without a token 401; on the index somebody who may not is told that there is no such crate.
    fn cargo_refuses(&self, request: &Request, user: Option<&str>) -> Answer {
        let url = format!("Cargo login_url=\"{}/me\"", self.base);
        let challenge = if self.has(Flaw::NoLoginUrl) { "Basic realm=\"crates\"" } else { &url };
        match user {
            None => Answer::http(request, 401, &[("WWW-Authenticate", challenge)], b"{}"),
            Some(_) => Answer::http(request, 404, &[], br#"{"errors":[{"detail":"no such crate"}]}"#),
        }
    }

    /// What changes something: nobody may.
    fn changed(&self, request: &Request, rest: &str) -> Answer {
        let announced = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        match () {
            () if announced > request.body.len() && self.has(Flaw::WaitsForBodies) => Answer::Silence,
            () if rest.ends_with("/new") && self.has(Flaw::ReadsCratesFirst) => Answer::http(request, 400, &[], b"{}"),
            () if rest.ends_with("yank") && self.has(Flaw::LooksCratesUpFirst) => {
                Answer::http(request, 404, &[], b"{}")
            }
            () if request.method == "GET" && self.has(Flaw::OpenOwners) => {
                Answer::http(request, 200, &[], br#"{"users":[]}"#)
            }
            () => self.cargo_refuses(request, None),
        }
    }
}
