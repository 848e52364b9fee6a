//! The same request on the wire.

use std::sync::Arc;

use outbound::{Message, Origin};

use super::version::UPGRADE;
use super::{Request, Shown, USER_AGENT, Value};

impl Request {
    /// The bytes, for one origin, in one run.
    pub(crate) fn message(&self, origin: &Origin, run: &str) -> Message {
        let mut message = Message::default();
        [self.method.as_slice(), b" ", &self.target].iter().for_each(|bytes| message.push(bytes));
        if let Some(query) = &self.query {
            message.push(self.before_query().as_bytes());
            query.put(&mut message);
        }
        [b" ", self.version.as_str().as_bytes(), b"\r\n"].iter().for_each(|bytes| message.push(bytes));
        let authority = origin.authority();
        if self.is_upgrade() {
            message.push(UPGRADE.as_bytes());
        }
        let front =
            [("Host", authority.as_str()), ("User-Agent", USER_AGENT), ("X-Probe-Run", run), ("Connection", "close")];
        for (name, value) in front.into_iter().filter(|(name, _)| !self.has_own(name)) {
            message.push(format!("{name}: {value}\r\n").as_bytes());
        }
        for (name, value) in &self.headers {
            message.push(name);
            message.push(b": ");
            value.put(&mut message);
            message.push(b"\r\n");
        }
        if !self.body.is_empty() && !self.has_own("Content-Length") {
            let mut body = Message::default();
            self.put_body(&mut body);
            message.push(format!("Content-Length: {}\r\n", body.length()).as_bytes());
        }
        message.push(b"\r\n");
        self.put_body(&mut message);
        if let Shown::This(Some(certificate)) = &self.shown {
            message.show(Arc::clone(certificate));
        }
        if let Some(greeting) = &self.greeting {
            message.greet(greeting.clone());
        }
        message
    }

    fn put_body(&self, message: &mut Message) {
        for (at, part) in self.body.iter().enumerate() {
            message.push(if at > 0 { b"&" } else { b"" });
            part.put(message);
        }
    }

    /// What stands between the target and the last of its query.
    pub(super) fn before_query(&self) -> &'static str {
        if self.target.contains(&b'?') { "&" } else { "?" }
    }

    fn has_own(&self, name: &str) -> bool {
        self.left_out.contains(&name) || self.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes()))
    }
}

impl Value {
    fn put(&self, message: &mut Message) {
        match self {
            Self::Bytes(bytes) => message.push(bytes),
            Self::Credential(credential) => message.push_credential(Arc::clone(credential)),
            Self::Field(name, credential) => {
                message.push(format!("{name}=").as_bytes());
                message.push_credential(Arc::clone(credential));
            }
        }
    }
}
