//! Archives of our own making, for layers that the probe pushes.

/// The size of a block of a tar archive.
const BLOCK: usize = 512;

/// A tar archive of plain files (POSIX.1-1988, `ustar`), by name and content. Names are shorter than 100 bytes.
pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, bytes) in files {
        archive.extend_from_slice(&header(name, bytes.len()));
        archive.extend_from_slice(bytes);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    archive.resize(archive.len() + 2 * BLOCK, 0);
    archive
}

/// The fields of a header, each with its length, in their order; what follows is empty.
fn header(name: &str, size: usize) -> Vec<u8> {
    let of = |sum: &str| {
        let size = format!("{size:011o}\0");
        let fields: [(&str, usize); 10] = [
            (name, 100),
            ("0000644\0", 8),
            ("0000000\0", 8),
            ("0000000\0", 8),
            (&size, 12),
            ("00000000000\0", 12),
            (sum, 8),
            ("0", 1),
            ("", 100),
            ("ustar\x0000", 8),
        ];
        let mut header = Vec::with_capacity(BLOCK);
        for (text, length) in fields {
            let end = header.len() + length;
            header.extend_from_slice(text.as_bytes());
            header.resize(end, 0);
        }
        header.resize(BLOCK, 0);
        header
    };
    // The sum is that of the header with spaces in its place.
    let sum: u32 = of("        ").into_iter().map(u32::from).sum();
    of(&format!("{sum:06o}\0 "))
}

/// What stands around so many zeros in an archive of one file that begins with them and ends with these bytes.
pub(crate) fn around(name: &str, zeros: usize, end: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let size = zeros + end.len();
    let mut tail = end.to_vec();
    tail.resize(tail.len() + size.next_multiple_of(BLOCK) - size + 2 * BLOCK, 0);
    (header(name, size), tail)
}
