//! Files of text that people wrote.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Why a file could not be used as text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TextError {
    /// The operating system gave an error.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A folder, a pipe or a device.
    #[error("it is not a file")]
    NotAFile,
    /// Longer than anything a person would write here.
    #[error("it is longer than {limit} bytes")]
    TooLong {
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// Bytes that are no text.
    #[error("line {line} is not UTF-8")]
    NotUtf8 {
        /// Counted from 1.
        line: usize,
    },
}

/// Reads a whole file of at most `limit` bytes.
///
/// # Errors
/// [`TextError`].
pub(crate) fn read(path: &Path, limit: u64) -> Result<String, TextError> {
    // Asked before it is opened: opening a pipe would wait for its writer.
    if !path.metadata()?.is_file() {
        return Err(TextError::NotAFile);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(TextError::TooLong { limit });
    }
    String::from_utf8(bytes).map_err(|error| TextError::NotUtf8 { line: line_of(&error) })
}

fn line_of(error: &std::string::FromUtf8Error) -> usize {
    let good = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
    good.filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_refused_with_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let read = |content: &[u8]| {
            std::fs::write(&path, content).unwrap();
            read(&path, 8)
        };
        assert_eq!(read(b"12345678").unwrap(), "12345678");
        assert!(matches!(read(b"123456789"), Err(TextError::TooLong { limit: 8 })));
        assert!(matches!(read(b"a\nb\n\xff"), Err(TextError::NotUtf8 { line: 3 })));
        assert!(matches!(super::read(folder.path(), 8), Err(TextError::NotAFile)));
        assert!(matches!(super::read(&folder.path().join("none"), 8), Err(TextError::Io(_))));
    }
}
