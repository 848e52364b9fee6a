//! Changes, told to whoever listens: a CloudEvents 1.0 envelope around the report, signed if there is a secret.

use std::time::Duration;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use outbound::{Appetite, Destination, Dialer, Endpoint, Limits, Message, OutboundError, Reach};
use probe::{Report, Thresholds, json};
use protocol::Secret;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::clock;

/// What one delivery may take.
const LIMITS: Limits = Limits { time: Duration::from_secs(10), bytes: 4096 };
/// The pauses before it is tried again.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// Why a change did not arrive.
#[derive(Debug, thiserror::Error)]
pub(super) enum WebhookError {
    /// The listener was not reached.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// It did not take it.
    #[error("it answered {status} in place of 2xx")]
    Refused {
        /// The status.
        status: u16,
    },
    /// It did not answer.
    #[error("it gave no answer that can be read")]
    NoAnswer,
    /// The event cannot be written.
    #[error("the event cannot be written")]
    Json(#[from] serde_json::Error),
}

/// Where changes are told.
#[derive(Debug)]
pub(super) struct Webhook {
    to: Endpoint,
    secret: Option<Secret>,
    dialer: Dialer,
}

impl Webhook {
    pub(super) fn new(to: Endpoint, secret: Option<Secret>, dialer: Dialer) -> Self {
        Self { to, secret, dialer }
    }

    /// Tells what changed, at most three times.
    pub(super) async fn tell(&self, report: &Report, thresholds: &Thresholds) -> Result<(), WebhookError> {
        let body = serde_json::to_string(&event(report, thresholds)?)?;
        let mut pauses = PAUSES.into_iter();
        loop {
            match self.post(&report.run, &body, clock::now().wall).await {
                Ok(()) => return Ok(()),
                Err(error) => match pauses.next() {
                    Some(pause) => sleep(pause).await,
                    None => return Err(error),
                },
            }
        }
    }

    /// Posts it to the first address that takes a connection.
    async fn post(&self, id: &str, body: &str, now: Timestamp) -> Result<(), WebhookError> {
        let message = self.message(id, body, now);
        let mut failed = WebhookError::NoAnswer;
        for destination in Destination::resolve(&self.to.origin, Reach::Typed).await? {
            let mut answer = Vec::new();
            let take = |bytes: &[u8]| {
                answer.extend_from_slice(bytes);
                if answer.contains(&b'\n') { Appetite::Enough } else { Appetite::More }
            };
            match self.dialer.exchange(&destination, &message, LIMITS, take, |_| ()).await {
                Err(error @ OutboundError::Connect { .. }) => failed = error.into(),
                Err(error) => return Err(error.into()),
                Ok(_) => return taken(&answer),
            }
        }
        Err(failed)
    }

    fn message(&self, id: &str, body: &str, now: Timestamp) -> Message {
        let (target, authority, length) = (&self.to.target, self.to.origin.authority(), body.len());
        let agent = concat!("pullgate-probe/", env!("CARGO_PKG_VERSION"));
        let mut head = format!(
            "POST {target} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {agent}\r\nConnection: close\r\n\
             Content-Type: application/cloudevents+json\r\nContent-Length: {length}\r\n"
        );
        if let Some(secret) = &self.secret {
            let seconds = now.as_second();
            let signature = signature(secret, id, seconds, body);
            head +=
                &format!("webhook-id: {id}\r\nwebhook-timestamp: {seconds}\r\nwebhook-signature: v1,{signature}\r\n");
        }
        let mut message = Message::default();
        message.push(format!("{head}\r\n{body}").as_bytes());
        message
    }
}

/// HMAC-SHA256 over id, time and body with full stops between them, in Base64.
fn signature(secret: &Secret, id: &str, seconds: i64, body: &str) -> String {
    let key = hmac::Key::new(HMAC_SHA256, secret.expose().as_bytes());
    STANDARD.encode(hmac::sign(&key, format!("{id}.{seconds}.{body}").as_bytes()))
}

/// The report with the checks that changed alone, and without what was sent and received.
fn event(report: &Report, thresholds: &Thresholds) -> Result<Value, WebhookError> {
    let mut data: Value = serde_json::from_str(&json::render(report, thresholds)?)?;
    let drift = |check: &Value| {
        let kind = check.pointer("/change/kind").and_then(Value::as_str);
        matches!(kind, Some("new" | "fixed" | "lost" | "answered"))
    };
    if let Some(checks) = data.get_mut("checks").and_then(Value::as_array_mut) {
        checks.retain(drift);
    }
    if let Some(observations) = data.get_mut("observations").and_then(Value::as_array_mut) {
        observations.clear();
    }
    Ok(json!({
        "specversion": "1.0",
        "id": report.run,
        "source": "urn:pullgate:probe",
        "type": "pullgate.probe.change.v1",
        "time": report.began.to_string(),
        "datacontenttype": "application/json",
        "data": data,
    }))
}

/// Whether the first line of an answer says 2xx.
fn taken(answer: &[u8]) -> Result<(), WebhookError> {
    let text = String::from_utf8_lossy(answer);
    let status = text.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)?.trim().parse().ok());
    match status {
        Some(200..=299) => Ok(()),
        Some(status) => Err(WebhookError::Refused { status }),
        None => Err(WebhookError::NoAnswer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_2xx_is_taken() {
        assert!(taken(b"HTTP/1.1 204 No Content\r\n").is_ok() && taken(b"HTTP/1.0 200\r\n").is_ok());
        for (answer, said) in [
            (b"HTTP/1.1 500 -\r\n".as_slice(), "it answered 500 in place of 2xx"),
            (b"HTTP/1.1 307 -\r\n", "it answered 307 in place of 2xx"),
            (b"SSH-2.0\r\n", "it gave no answer that can be read"),
            (b"", "it gave no answer that can be read"),
        ] {
            assert_eq!(taken(answer).unwrap_err().to_string(), said);
        }
    }

    #[test]
    fn the_signature_is_over_id_time_and_body() {
        // The same by `printf %s 'id.1.{}' | openssl dgst -sha256 -hmac s3cret -binary | base64`.
        let secret = Secret::new("s3cret".to_owned());
        assert_eq!(signature(&secret, "id", 1, "{}"), "hhqeZJytZLyCQRwNASHta9HklCLZpf2zKItYKeAzJ7k=");
    }
}
