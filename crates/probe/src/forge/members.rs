//! A JSON object as it was written: its members in their order, each value as the text that stood there.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// Members in order. A name may stand there twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Members(Vec<(String, String)>);

impl Members {
    /// Reads an object; none where it is something else.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Each name, and the text of its value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.iter().any(|(known, _)| known == name)
    }

    /// The first value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        let (_, value) = self.iter().find(|(known, _)| *known == name)?;
        serde_json::from_str(value).ok()
    }

    /// The same, where it is a text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_str().map(str::to_owned)
    }

    /// With this value in the place of the old one, or at the end.
    pub(crate) fn with(self, name: &str, value: &Value) -> Self {
        self.with_raw(name, &value.to_string())
    }

    /// The same with a text that need not be JSON.
    pub(crate) fn with_raw(mut self, name: &str, value: &str) -> Self {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    /// As JSON.
    pub(crate) fn json(&self) -> String {
        let member = |(name, value): (&str, &str)| format!("{}:{value}", Value::from(name));
        format!("{{{}}}", self.iter().map(member).collect::<Vec<_>>().join(","))
    }

    /// As a part of a token.
    pub(crate) fn encoded(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.json())
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    members.push((name, value.get().to_owned()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_written_stays_as_it_was_written() {
        let text = r#"{"typ":"JWT","alg":"ES256","n":1.0,"a":{"z":1, "b":2},"é\"":null}"#;
        let members = Members::read(text.as_bytes()).unwrap();
        assert_eq!(members.json(), text);
        let changed = members.with("alg", &json!("none")).without("a").with_raw("exp", "1e400");
        assert_eq!(changed.json(), r#"{"typ":"JWT","alg":"none","n":1.0,"é\"":null,"exp":1e400}"#);
        assert_eq!((changed.text("alg").as_deref(), changed.has("a")), (Some("none"), false));
        for bad in ["[]", "1", "{", ""] {
            assert_eq!(Members::read(bad.as_bytes()), None, "{bad}");
        }
    }
}
