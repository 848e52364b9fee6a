//! The same request for a shell.

use outbound::{Greeting, Origin, Scheme};

use super::version::Version;
use super::{Request, Shown, Value};

/// The longest body that stands in a line for a shell, in bytes.
const LONGEST_WORD: usize = 8 * 1024;

impl Request {
    /// The first line, without the version.
    pub(crate) fn line(&self) -> String {
        [&self.method, &self.target].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).join(" ")
    }

    /// Words for a shell that print the same; a credential stands as a variable. Without the headers that say who asks.
    pub(crate) fn printed(&self, origin: &Origin) -> String {
        let header = |(name, value): &(Vec<u8>, Value)| {
            let name = String::from_utf8_lossy(name);
            match value {
                Value::Bytes(bytes) => quoted(&format!("{name}: {}", String::from_utf8_lossy(bytes))),
                Value::Credential(_) | Value::Field(..) => format!("\"{name}: {}\"", value.named()),
            }
        };
        let front = [format!("{} HTTP/1.1", self.line()), format!("Host: {}", origin.authority())];
        let words: Vec<String> = front.iter().map(|line| quoted(line)).chain(self.headers.iter().map(header)).collect();
        format!("printf '%s\\r\\n' {} ''", words.join(" "))
    }

    /// A line for a shell that asks the same; a credential stands as a variable. Without the headers that say who asks.
    pub(crate) fn curl(&self, origin: &Origin) -> String {
        let target = String::from_utf8_lossy(&self.target).into_owned();
        if let Some(greeting) = &self.greeting {
            return greeted(greeting, origin, &target);
        }
        let mut words = vec!["curl".to_owned(), if self.is_head() { "-sSI" } else { "-sSi" }.to_owned()];
        if !self.is_head() && (self.method != b"GET" || !self.body.is_empty()) {
            words.extend(["-X".to_owned(), quoted(&String::from_utf8_lossy(&self.method))]);
        }
        words.extend(match self.version {
            Version::Http10 => Some("--http1.0".to_owned()),
            Version::Http11 => None,
            Version::Http2 if origin.scheme() == Scheme::Https => Some("--http2".to_owned()),
            Version::Http2 => Some("--http2-prior-knowledge".to_owned()),
            Version::Upgrade => Some("--http2".to_owned()),
        });
        if let Shown::This(Some(_)) = self.shown {
            words.push("--cert certificate.pem --key key.pem".to_owned());
        }
        if let Some(address) = self.address {
            words.extend(["--connect-to".to_owned(), quoted(&format!("::{address}"))]);
        }
        for (name, value) in &self.headers {
            let name = String::from_utf8_lossy(name);
            words.push("-H".to_owned());
            words.push(match value {
                // Without a value it would not be sent at all.
                Value::Bytes(bytes) if bytes.is_empty() => quoted(&format!("{name};")),
                Value::Bytes(bytes) => quoted(&format!("{name}: {}", String::from_utf8_lossy(bytes))),
                Value::Credential(_) | Value::Field(..) => format!("\"{name}: {}\"", value.named()),
            });
        }
        for part in &self.body {
            words.push("--data-binary".to_owned());
            words.push(match part {
                Value::Bytes(bytes) => data(bytes),
                Value::Credential(shown) | Value::Field(_, shown) => format!("\"${}\"", shown.label()),
            });
        }
        let query = self.query.iter().map(|query| format!("\"{}{}\"", self.before_query(), query.named()));
        let query: String = query.collect();
        match target.starts_with('/') && target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
            true => words.extend(["--path-as-is --globoff".to_owned(), quoted(&format!("{origin}{target}")) + &query]),
            false => {
                words.extend(["--request-target".to_owned(), quoted(&target) + &query, quoted(&origin.to_string())])
            }
        }
        let line = words.join(" ");
        match self.is_for_token {
            true => format!("TOKEN=$({} | jq -r '.token // .access_token')", line.replacen("-sSi", "-sS", 1)),
            false => line,
        }
    }
}

impl Value {
    /// With a variable in place of the credential.
    fn named(&self) -> String {
        match self {
            Self::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Credential(shown) => format!("{} ${}", shown.scheme(), shown.label()).trim_start().to_owned(),
            Self::Field(name, shown) => format!("{name}=${}", shown.label()),
        }
    }
}

/// A line that begins the handshake in another way, which `curl` does not.
fn greeted(greeting: &Greeting, origin: &Origin, target: &str) -> String {
    let head = format!("GET {target} HTTP/1.1\\r\\nHost: {}\\r\\nConnection: close\\r\\n\\r\\n", origin.authority());
    let name = greeting.name.as_ref().map_or_else(|| "-noservername".to_owned(), |name| format!("-servername {name}"));
    format!("printf {} | openssl s_client -quiet {name} -connect {}:{}", quoted(&head), origin.host(), origin.port())
}

/// A body for a shell: what is no text, or too long for a line, is a file there.
fn data(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.len() < LONGEST_WORD => quoted(text),
        _ => "@body".to_owned(),
    }
}

/// A word for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
