//! Whom a registry calls: its webhook, as it should, and whoever is named in tokens and manifests, as it should not.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::MutexGuard;
use std::time::Duration;

use serde_json::{Value, json};

use super::forged::{Shown, point_of_certificate, point_of_jwk};
use super::token::Asked;
use super::{Double, Flaw, LOW, LOW_PASSWORD, Registry, SECOND, State};
use crate::http::basic;
use crate::raw::Request;

/// So many refusals of each kind ring the alarm.
const REFUSALS: usize = 20;
/// How many seconds later somebody is told, and how many where it is too late.
const SOON: u64 = 2;
const LATE: u64 = 24 * 60 * 60;
/// How long somebody who is called may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whom it calls, and when.
#[derive(Debug, Default)]
pub(super) struct Calls {
    webhook: Option<String>,
    lists: usize,
    tokens: usize,
    alerted: bool,
    /// URLs that stand in manifests, by the target of the manifest and of each layer.
    led: BTreeMap<String, Vec<String>>,
    /// What is called later, and what is said there; when, in seconds since 1970.
    later: Vec<(u64, String, Option<String>)>,
}

impl Double {
    /// Where alerts are sent.
    pub fn alert_at(&self, webhook: String) {
        self.state.calls().webhook = Some(webhook);
    }
}

impl State {
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().expect("no handler has panicked")
    }

    /// Calls whoever is to be called by now.
    pub(super) fn call_in_time(&self) {
        let now = self.now();
        let due: Vec<_> = self.calls().later.extract_if(.., |(when, ..)| *when <= now).collect();
        for (_, url, says) in due {
            call(&url, says.as_deref());
        }
    }
}

impl Registry {
    /// Notices what rings an alarm, and what a manifest leads to.
    pub(super) fn hear(&self, request: &Request) {
        self.count(request);
        let target = request.target.split('?').next().unwrap_or_default();
        match request.method.as_str() {
            "PUT" if target.contains("/manifests/") => self.keep_urls(request, target),
            "GET" => {
                let pulled = self.has(if target.contains("/blobs/") {
                    Flaw::ProxiesForeignLayers
                } else {
                    Flaw::FetchesUrlsAtPull
                });
                let led = self.state.calls().led.get(target).cloned().unwrap_or_default();
                led.iter().filter(|_| pulled).for_each(|url| drop(call(url, None)));
            }
            _ => {}
        }
    }

    /// Counts what is refused, and has somebody told of it.
    fn count(&self, request: &Request) {
        let mut calls = self.state.calls();
        let Some(webhook) = calls.webhook.clone() else { return };
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let nobody = request.header("authorization").is_none();
        let second = format!("repository:{SECOND}:pull");
        let low = request.header("authorization") == Some(&basic(LOW, LOW_PASSWORD));
        calls.lists += usize::from(path == "/v2/_catalog" && nobody);
        calls.tokens += usize::from(path == "/token" && low && Asked::read(query).all("scope") == [second]);
        let rings = calls.lists >= REFUSALS && calls.tokens >= REFUSALS;
        let at_once = self.has(Flaw::AlertsOnce) && nobody;
        if self.has(Flaw::NeverAlerts) || calls.alerted || !(rings || at_once) {
            return;
        }
        calls.alerted = true;
        let says = json!({ "alert": "many refusals" }).to_string();
        let wait = if self.has(Flaw::AlertsTooLate) { LATE } else { SOON };
        calls.later.push((self.now() + if at_once { 0 } else { wait }, webhook, Some(says)));
        drop(calls);
        self.state.call_in_time();
    }

    /// Remembers what the layers of a manifest are said to be at.
    fn keep_urls(&self, request: &Request, target: &str) {
        let manifest = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
        for layer in manifest["layers"].as_array().into_iter().flatten() {
            let urls = layer["urls"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let urls: Vec<String> = urls.map(str::to_owned).collect();
            let repository = target.split("/manifests/").next().unwrap_or_default();
            let blob = format!("{repository}/blobs/{}", layer["digest"].as_str().unwrap_or_default());
            let (now, mut calls) = (self.now(), self.state.calls());
            if self.has(Flaw::ScannerFetchesUrls) {
                calls.later.extend(urls.iter().map(|url| (now + SOON, url.clone(), None)));
            }
            calls.led.insert(target.to_owned(), urls.clone());
            calls.led.insert(blob, urls.clone());
            drop(calls);
            urls.iter().filter(|_| self.has(Flaw::FetchesUrlsAtPush)).for_each(|url| drop(call(url, None)));
        }
    }

    /// Whether a token is believed because of what is to be had where it says.
    pub(super) fn fetches_its_key(&self, token: &Shown<'_>) -> bool {
        let (jku, x5u) = (token.text("jku"), token.text("x5u"));
        let url = if jku.is_empty() { x5u } else { jku };
        let plain = url.starts_with("http://") && !url.contains('@');
        let ways = [
            (Flaw::FetchesKeys, plain && !jku.is_empty()),
            (Flaw::FetchesCertificates, plain && !x5u.is_empty()),
            (Flaw::BelievesFetchedKeys, plain && !jku.is_empty()),
            (Flaw::BelievesFetchedCertificates, plain && !x5u.is_empty()),
            (Flaw::TrustsUserInfo, url.contains('@')),
            (Flaw::FetchesWithoutScheme, url.starts_with("//")),
        ];
        let Some((flaw, _)) = ways.into_iter().find(|(flaw, fits)| *fits && self.has(*flaw)) else {
            return self.has(Flaw::FilesVerifyNothing) && url.starts_with("file:");
        };
        let fetched = call(url, None).unwrap_or_default();
        let unused = matches!(flaw, Flaw::FetchesKeys | Flaw::FetchesCertificates | Flaw::FetchesWithoutScheme);
        let point = if jku.is_empty() { point_of_pem(&fetched) } else { point_of_set(&fetched) };
        !unused && token.is_signed_by(point)
    }
}

fn point_of_set(text: &str) -> Option<Vec<u8>> {
    point_of_jwk(&serde_json::from_str::<Value>(text).ok()?["keys"][0])
}

fn point_of_pem(text: &str) -> Option<Vec<u8>> {
    let lines: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    point_of_certificate(&lines)
}

/// Calls a URL, however it is written, and has the body of what comes back.
fn call(url: &str, says: Option<&str>) -> Option<String> {
    let rest = url.strip_prefix("http:").unwrap_or(url).strip_prefix("//")?;
    let (authority, path) = rest.split_once('/')?;
    let mut stream = TcpStream::connect(authority.rsplit('@').next()?).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let (method, body) = (if says.is_some() { "POST" } else { "GET" }, says.unwrap_or_default());
    let length = body.len();
    write!(stream, "{method} /{path} HTTP/1.1\r\nHost: canary\r\nContent-Length: {length}\r\n\r\n{body}").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
}
