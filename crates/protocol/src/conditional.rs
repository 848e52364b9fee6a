//! Ranges and conditions: `Range`, `Content-Range` of uploads, `If-None-Match` (RFC 9110 sections 13 and 14).

use std::fmt;

use crate::digest::Digest;

/// One range of bytes that a reader asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteRange {
    /// `bytes=first-last`, both included; open at the end without `last`.
    From {
        /// First byte.
        first: u64,
        /// Last byte, included.
        last: Option<u64>,
    },
    /// `bytes=-length`: the last bytes.
    Suffix {
        /// How many.
        length: u64,
    },
}

/// The bytes of an object that are served: `length` bytes from `start`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u64,
    /// Number of bytes.
    pub length: u64,
}

impl ByteRange {
    /// Reads a `Range` header. `None` where it is to be ignored: another unit, several ranges, or not a range at all
    /// (RFC 9110 section 14.2). One that ends before it begins names nothing, and is refused as such.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let range = header.trim().strip_prefix("bytes=")?.trim();
        if range.contains(',') {
            return None;
        }
        match range.split_once('-')? {
            ("", length) => Some(Self::Suffix { length: decimal(length)? }),
            (first, "") => Some(Self::From { first: decimal(first)?, last: None }),
            (first, last) => Some(Self::From { first: decimal(first)?, last: Some(decimal(last)?) }),
        }
    }

    /// The bytes it names in an object of `size` bytes; `None` is the answer 416.
    #[must_use]
    pub fn resolve(self, size: u64) -> Option<Span> {
        match self {
            Self::From { first, last } => {
                let end = last.map_or(size, |last| last.saturating_add(1).min(size));
                (first < end).then(|| Span { start: first, length: end.saturating_sub(first) })
            }
            Self::Suffix { length } => {
                let length = length.min(size);
                (length > 0).then(|| Span { start: size.saturating_sub(length), length })
            }
        }
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From { first, last: Some(last) } => write!(formatter, "bytes={first}-{last}"),
            Self::From { first, last: None } => write!(formatter, "bytes={first}-"),
            Self::Suffix { length } => write!(formatter, "bytes=-{length}"),
        }
    }
}

/// `Content-Range: start-end` of an upload's chunk, both included (distribution-spec, "Pushing a blob in chunks").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContentRange {
    /// Offset of the first byte of the chunk.
    pub start: u64,
    /// Offset of its last byte.
    pub end: u64,
}

impl ContentRange {
    /// Reads the header; `bytes ` or `bytes=` in front and `/size` behind are tolerated, since clients send them.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let text = header.trim();
        let text = text.strip_prefix("bytes=").or_else(|| text.strip_prefix("bytes ")).unwrap_or(text);
        let range = text.split_once('/').map_or(text, |(range, _size)| range);
        let (start, end) = range.split_once('-')?;
        let (start, end) = (decimal(start)?, decimal(end)?);
        (start <= end).then_some(Self { start, end })
    }

    /// Number of bytes that it announces.
    #[must_use]
    pub fn length(self) -> u64 {
        self.end.saturating_sub(self.start).saturating_add(1)
    }
}

impl fmt::Display for ContentRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.start, self.end)
    }
}

/// Digits alone: no sign, no space, no empty text.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// What `If-None-Match` names: the entity tag of content is its digest in quotes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EntityTags {
    /// `*`: anything that exists.
    Any,
    /// These, as they were written between the quotes.
    These(Vec<String>),
}

impl EntityTags {
    /// Reads the header; weak tags compare like strong ones (RFC 9110 section 13.1.2).
    #[must_use]
    pub fn parse(header: &str) -> Self {
        if header.trim() == "*" {
            return Self::Any;
        }
        let tags = header.split(',').map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned());
        Self::These(tags.filter(|tag| !tag.is_empty()).collect())
    }

    /// Whether the content of this digest is among them.
    #[must_use]
    pub fn matches(&self, digest: &Digest) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|tag| tag == digest.as_str()),
        }
    }
}

impl fmt::Display for EntityTags {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("*"),
            Self::These(tags) => {
                let quoted: Vec<String> = tags.iter().map(|tag| format!("\"{tag}\"")).collect();
                formatter.write_str(&quoted.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (header, size, span) in [
            ("bytes=0-4", 10, Some((0, 5))),
            ("bytes=5-", 10, Some((5, 5))),
            ("bytes=-3", 10, Some((7, 3))),
            ("bytes=-30", 10, Some((0, 10))),
            ("bytes=8-99", 10, Some((8, 2))),
            ("bytes=10-", 10, None),
            ("bytes=-0", 10, None),
            ("bytes=5-3", 10, None),
            ("bytes=0-", 0, None),
            ("bytes=0-18446744073709551615", 10, Some((0, 10))),
        ] {
            let range = ByteRange::parse(header).unwrap();
            assert_eq!(range.resolve(size), span.map(|(start, length)| Span { start, length }), "{header}");
        }
        for ignored in
            ["bytes=0-1,3-4", "items=0-1", "bytes=+1-2", "bytes=a-b", "bytes=-", "bytes=18446744073709551616-", ""]
        {
            assert_eq!(ByteRange::parse(ignored), None, "{ignored}");
        }
    }

    #[test]
    fn content_ranges() {
        assert_eq!(ContentRange::parse("0-9"), Some(ContentRange { start: 0, end: 9 }));
        assert_eq!(ContentRange::parse("bytes 10-19/*").map(ContentRange::length), Some(10));
        for bad in ["", "9", "9-1", "-1", "1-", "a-b", "0-99999999999999999999"] {
            assert_eq!(ContentRange::parse(bad), None, "{bad}");
        }
    }
}
