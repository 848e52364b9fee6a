//! Whoever puts back what was shown, to have it sent elsewhere, gets nothing sent.
#![expect(clippy::unwrap_used, reason = "outside #[test] too, a panic is how a test fails")]

mod support;

use std::sync::{Arc, Mutex};

use probe::Report;
use support::{run_as, verdict, whole};
use testkit::double::{Double, OWN};
use testkit::http;
use testkit::raw::{Answer, Request, Server};

/// A run against a double, which sends for some blobs to storage, and with it whatever was shown for them; what storage was
/// asked for, and what it was to be given.
fn led_away(only: &str, is_led: fn(&Request) -> bool) -> (Report, String, Vec<String>) {
    let double = Double::start(&[]);
    let storage = Server::start(|request| Answer::http(request, 200, &[], b"{}"));
    let echoed = Arc::new(Mutex::new(Vec::new()));
    let (elsewhere, kept) = (storage.url(), Arc::clone(&echoed));
    let address = double.url().trim_start_matches("http://").parse().unwrap();
    let front = Server::start(move |request| {
        let asks = request.method == "GET" && request.target.contains("/blobs/sha256:") && is_led(request);
        let shown = request.header("authorization").filter(|_| asks);
        if let Some((_, credential)) = shown.and_then(|shown| shown.split_once(' ')) {
            kept.lock().unwrap().push(credential.to_owned());
            return Answer::http(request, 307, &[("Location", &format!("{elsewhere}/blob?was={credential}"))], b"");
        }
        let headers: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut answer = http::request(address, &request.method, &request.target, &headers, &request.body);
        let framing = ["content-length", "connection", "transfer-encoding"];
        answer.head.headers.retain(|(name, _)| !framing.contains(&name.as_str()));
        let headers: Vec<_> = answer.head.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Answer::http(request, answer.head.status, &headers, &answer.body)
    });
    let mut intent = whole(&double);
    let door = intent.doors.first_mut().unwrap();
    door.origin = front.url().parse().unwrap();
    door.realms.push(double.url().parse().unwrap());
    door.storage.push(storage.url().parse().unwrap());
    let report = run_as(&double, &intent, Some(&[only]));
    let echoed = echoed.lock().unwrap().clone();
    (report, format!("{:?}", storage.requests()), echoed)
}

/// Every way to go where somebody who may is sent: what streams is asked for whole, a layer by its beginning.
#[test]
fn what_was_shown_for_content_is_not_sent_to_storage() {
    let streams: fn(&Request) -> bool = |request| request.target.starts_with(&format!("/v2/{OWN}/"));
    let layers: fn(&Request) -> bool = |request| request.header("range") == Some("bytes=0-1023");
    for (id, is_led) in [("GATE-09", streams), ("INGR-08", layers), ("INGR-09", layers), ("INGR-10", layers)] {
        let (report, went, echoed) = led_away(id, is_led);
        assert!(!echoed.is_empty(), "{id}: nobody was led away");
        assert!(echoed.iter().all(|credential| !went.contains(credential)), "{id}: {went}");
        let said = format!("{:?}", verdict(&report, id));
        assert!(said.contains("it carries a credential to"), "{id}: {said}");
    }
}
