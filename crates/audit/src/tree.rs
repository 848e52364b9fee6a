//! The Merkle tree of the journal (RFC 6962, section 2.1, over SHA-256), held as its right edge alone.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A SHA-256 hash of the tree: a leaf's, a node's or the root. Shown as base64, as checkpoints show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash([u8; 32]);

impl Hash {
    /// `SHA-256(0x00 || line)`; the line is without its newline.
    #[must_use]
    pub fn leaf(line: &[u8]) -> Self {
        Self::over(&[&[0], line])
    }

    /// `SHA-256(0x01 || left || right)`.
    #[must_use]
    pub fn node(left: Self, right: Self) -> Self {
        Self::over(&[&[1], &left.0, &right.0])
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn over(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(part);
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Self(hash)
    }

    pub(crate) fn from_base64(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }
}

impl From<[u8; 32]> for Hash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The right edge of a tree: the roots of its complete subtrees, largest first, one for each bit set in its size. It is
/// all that appending needs, so a log of any length costs at most 64 hashes of memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    edge: Vec<Hash>,
}

impl Frontier {
    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn append(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.edge.pop() {
                hash = Hash::node(left, hash);
            }
        }
        self.edge.push(hash);
        self.size += 1;
    }

    /// The root over all leaves; `SHA-256("")` while there is none.
    #[must_use]
    pub fn root(&self) -> Hash {
        let smaller_first = self.edge.iter().rev().copied();
        smaller_first.reduce(|right, left| Hash::node(left, right)).unwrap_or_else(|| Hash::over(&[]))
    }

    /// Reads what `Display` writes; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let size = lines.next()?.parse().ok()?;
        let edge = lines.map(Hash::from_base64).collect::<Option<Vec<_>>>()?;
        let frontier = Self { size, edge };
        let complete = frontier.edge.len() == size.count_ones() as usize;
        (complete && frontier.to_string() == text).then_some(frontier)
    }
}

impl fmt::Display for Frontier {
    /// The size in decimal, then one hash a line, largest subtree first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.size)?;
        self.edge.iter().try_for_each(|hash| writeln!(f, "{hash}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hex(hash: Hash) -> String {
        hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn frontier(leaves: &[Vec<u8>]) -> Frontier {
        let mut frontier = Frontier::default();
        leaves.iter().for_each(|leaf| frontier.append(Hash::leaf(leaf)));
        frontier
    }

    /// MTH of RFC 6962, word for word.
    fn naive_root(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => Hash::over(&[]),
            [leaf] => Hash::leaf(leaf),
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                Hash::node(naive_root(&leaves[..split]), naive_root(&leaves[split..]))
            }
        }
    }

    #[test]
    fn roots_are_those_of_the_published_test_vectors() {
        let inputs: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let leaves = inputs.map(<[u8]>::to_vec);
        assert_eq!(hex(frontier(&[]).root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(
            hex(frontier(&leaves[..1]).root()),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert_eq!(hex(frontier(&leaves).root()), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    }

    #[test]
    fn a_text_that_is_not_an_edge_is_refused() {
        let text = frontier(&[vec![1], vec![2], vec![3]]).to_string();
        assert!(Frontier::parse(&text).is_some());
        for end in 0..text.len() {
            assert_eq!(text.get(..end).and_then(Frontier::parse), None, "cut at {end}");
        }
        for wrong in [format!("0{text}"), format!("+{text}"), format!("{text}\n"), text.replacen('3', "7", 1)] {
            assert_eq!(Frontier::parse(&wrong), None, "`{wrong}`");
        }
    }

    proptest! {
        #[test]
        fn an_edge_gives_the_root_of_the_whole_tree(
            leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..4), 0..130),
        ) {
            let mut frontier = Frontier::default();
            for (size, leaf) in leaves.iter().enumerate() {
                prop_assert_eq!(frontier.root(), naive_root(&leaves[..size]));
                frontier.append(Hash::leaf(leaf));
            }
            prop_assert_eq!(frontier.root(), naive_root(&leaves));
            prop_assert_eq!(Frontier::parse(&frontier.to_string()), Some(frontier));
        }
    }
}
