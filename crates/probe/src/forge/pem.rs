//! PEM (RFC 7468).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How many characters of base64 stand on a line.
const LINE: usize = 64;

/// One block.
pub(crate) fn block(label: &str, bytes: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for (at, letter) in STANDARD.encode(bytes).chars().enumerate() {
        if at > 0 && at % LINE == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text + &format!("\n-----END {label}-----\n")
}

/// Every block of a label, decoded.
pub(crate) fn blocks(label: &str, text: &str) -> Vec<Vec<u8>> {
    encoded_blocks(label, text).iter().filter_map(|encoded| STANDARD.decode(encoded).ok()).collect()
}

/// Every block of a label, in base64 without line ends.
pub(crate) fn encoded_blocks(label: &str, text: &str) -> Vec<String> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let inside = text.split(&begin).skip(1).filter_map(|rest| rest.split_once(&end));
    inside.map(|(inside, _)| inside.split_whitespace().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let (one, two) = (vec![1; 100], vec![2; 48]);
        let text = format!("{}{}{}", block("A", &one), block("B", &one), block("A", &two));
        assert_eq!(blocks("A", &text), [one, two]);
        assert!(blocks("C", &text).is_empty());
    }
}
