//! The files of a log: NDJSON segments named by their first sequence, each with the tree's edge at its start beside it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::error::{Fault, LineFault, LogError, Place, ReadError};
use crate::tree::Frontier;

/// Bytes of a leaf at most: an entry of a tiled log has a 16 bit length.
pub const MAX_LINE: usize = 65_535;

/// Of a file that is being written and has not its name yet.
const TEMPORARY: &str = ".tmp";

/// A leaf is one line of canonical JSON, in which control characters are escaped. A block of zeros that a power failure
/// leaves in a file is therefore never taken for a leaf.
pub(crate) fn check_line(line: &[u8]) -> Result<(), LineFault> {
    match line.len() {
        0 => Err(LineFault::Empty),
        length if length > MAX_LINE => Err(LineFault::TooLong),
        _ if line.iter().any(|byte| *byte < b' ') => Err(LineFault::Control),
        _ => Ok(()),
    }
}

/// One segment of a log, plain (`.ndjson`) or compressed (`.ndjson.gz`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Segment {
    /// Sequence of its first leaf.
    pub(crate) first: u64,
}

impl Segment {
    /// The segments of a folder, in order.
    pub(crate) fn list(folder: &Path) -> Result<Vec<Self>, ReadError> {
        let names = file_names(folder).map_err(|error| ReadError::unreadable(folder, error))?;
        let mut segments: Vec<_> = names.iter().filter_map(|name| Self::parse(name)).collect();
        segments.sort_unstable();
        segments.dedup();
        Ok(segments)
    }

    fn parse(name: &str) -> Option<Self> {
        let first = name.strip_suffix(".gz").unwrap_or(name).strip_suffix(".ndjson")?;
        let segment = Self { first: first.parse().ok()? };
        (segment.stem() == first).then_some(segment)
    }

    fn stem(self) -> String {
        format!("{:020}", self.first)
    }

    pub(crate) fn name(self) -> String {
        format!("{}.ndjson", self.stem())
    }

    fn edge_name(self) -> String {
        format!("{}.tree", self.stem())
    }

    pub(crate) fn path(self, folder: &Path) -> PathBuf {
        folder.join(self.name())
    }

    fn compressed(self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.gz", self.name()))
    }

    fn edge(self, folder: &Path) -> PathBuf {
        folder.join(self.edge_name())
    }

    /// The place of a leaf in this segment.
    pub(crate) fn leaf(self, sequence: u64) -> Place {
        Place::Leaf { segment: self.name(), line: sequence.saturating_sub(self.first) + 1, sequence }
    }

    /// The edge of the tree at the start, as the sidecar has it. The first segment of a log starts with an empty tree
    /// and has no sidecar.
    pub(crate) fn start(self, folder: &Path) -> Result<Frontier, ReadError> {
        if self.first == 0 {
            return Ok(Frontier::default());
        }
        let path = self.edge(folder);
        let text = match fs::read(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(ReadError::unreadable(&path, error)),
            read => read.unwrap_or_default(),
        };
        let frontier = str::from_utf8(&text).ok().and_then(Frontier::parse);
        let broken = || Place::File(self.edge_name()).broken(Fault::Edge).into();
        frontier.filter(|frontier| frontier.size() == self.first).ok_or_else(broken)
    }

    /// Whether `frontier`, computed from the leaves before this segment, is what the sidecar holds.
    pub(crate) fn check_start(self, folder: &Path, frontier: &Frontier) -> Result<(), ReadError> {
        let same = self.start(folder)? == *frontier;
        if same { Ok(()) } else { Err(Place::File(self.edge_name()).broken(Fault::Edge).into()) }
    }

    /// Creates the sidecar anew, and durably.
    pub(crate) fn repair_start(self, folder: &Path, frontier: &Frontier) -> io::Result<()> {
        write_atomically(folder, &self.edge_name(), frontier.to_string().as_bytes())
    }

    /// Creates an empty segment that begins where `frontier` ends. Nothing is durable before [`Fresh::sync`].
    pub(crate) fn create(folder: &Path, frontier: &Frontier) -> io::Result<Fresh> {
        let segment = Self { first: frontier.size() };
        let edge = if segment.first == 0 { None } else { Some(segment.create_edge(folder, frontier)?) };
        match segment.open(folder, OpenOptions::new().create_new(true)) {
            Ok(file) => Ok(Fresh { segment, file: Arc::new(file), edge }),
            Err(error) => {
                let _ = fs::remove_file(segment.edge(folder));
                Err(error)
            }
        }
    }

    fn create_edge(self, folder: &Path, frontier: &Frontier) -> io::Result<File> {
        let path = self.edge(folder);
        let mut file = private().create(true).truncate(true).open(&path)?;
        let written = file.write_all(frontier.to_string().as_bytes());
        written.inspect_err(|_| drop(fs::remove_file(&path)))?;
        Ok(file)
    }

    /// Opens the plain file to append to it.
    pub(crate) fn open(self, folder: &Path, options: &mut OpenOptions) -> io::Result<File> {
        options.append(true).mode(0o600).open(self.path(folder))
    }

    /// The lines of the segment, wherever they stand now: it may be compressed at any moment.
    pub(crate) fn lines(self, folder: &Path) -> Result<Lines, ReadError> {
        let plain = self.path(folder);
        match File::open(&plain) {
            Ok(file) => Ok(Lines { source: Source::Plain(BufReader::new(file)), path: plain }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let path = self.compressed(folder);
                let file = File::open(&path).map_err(|error| ReadError::unreadable(&path, error))?;
                Ok(Lines { source: Source::Compressed(Box::new(BufReader::new(MultiGzDecoder::new(file)))), path })
            }
            Err(error) => Err(ReadError::unreadable(&plain, error)),
        }
    }

    pub(crate) fn is_plain(self, folder: &Path) -> io::Result<bool> {
        self.path(folder).try_exists()
    }

    /// Compresses a closed segment. At every moment one of the two files is whole.
    pub(crate) fn compress(self, folder: &Path) -> io::Result<()> {
        let (plain, compressed) = (self.path(folder), self.compressed(folder));
        let temporary = temporary(&compressed);
        let mut encoder = GzEncoder::new(private().create(true).truncate(true).open(&temporary)?, Compression::fast());
        let done = io::copy(&mut File::open(&plain)?, &mut encoder).and_then(|_| encoder.finish()?.sync_all());
        done.inspect_err(|_| drop(fs::remove_file(&temporary)))?;
        fs::rename(&temporary, &compressed)?;
        sync_folder(folder)?;
        fs::remove_file(&plain)
    }
}

/// A segment just created.
pub(crate) struct Fresh {
    pub(crate) segment: Segment,
    pub(crate) file: Arc<File>,
    edge: Option<File>,
}

impl Fresh {
    /// Makes the sidecar and the names durable. The leaves of the segment are durable only after this and a sync of
    /// its file.
    pub(crate) fn sync(&self, folder: &Path) -> io::Result<()> {
        self.edge.as_ref().map_or(Ok(()), File::sync_all)?;
        sync_folder(folder)
    }
}

/// What stands next in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Whole,
    /// Bytes without an end of line, or more than a line may hold.
    Torn,
    End,
}

/// Reads a segment line by line; one that still grows can be asked again after [`Step::Torn`] and [`Step::End`].
#[derive(Debug)]
pub(crate) struct Lines {
    source: Source,
    path: PathBuf,
}

#[derive(Debug)]
enum Source {
    Plain(BufReader<File>),
    Compressed(Box<BufReader<MultiGzDecoder<File>>>),
}

impl Lines {
    pub(crate) fn grows(&self) -> bool {
        matches!(self.source, Source::Plain(_))
    }

    /// Reads the next line into `line`, without its newline.
    pub(crate) fn read(&mut self, line: &mut Vec<u8>) -> Result<Step, ReadError> {
        let step = match &mut self.source {
            Source::Plain(file) => read_line(file, line).and_then(|step| {
                if step == Step::Torn {
                    // The rest may follow, or the writer may take the half line back: read it anew the next time.
                    file.seek(SeekFrom::Current(-i64::try_from(line.len()).unwrap_or(0)))?;
                }
                Ok(step)
            }),
            Source::Compressed(file) => read_line(file, line),
        };
        step.map_err(|error| self.fault(error))
    }

    fn fault(&self, error: io::Error) -> ReadError {
        // An error without a number is the decoder's and not the operating system's.
        if error.raw_os_error().is_some() {
            return ReadError::unreadable(&self.path, error);
        }
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Place::File(name).broken(Fault::Compression(error)).into()
    }
}

fn read_line(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Step> {
    line.clear();
    source.take(MAX_LINE as u64 + 1).read_until(b'\n', line)?;
    Ok(match line.pop_if(|last| *last == b'\n') {
        Some(_) => Step::Whole,
        None if line.is_empty() => Step::End,
        None => Step::Torn,
    })
}

/// Makes the folder of a log, and removes what an interrupted run has left: temporary files, compressed segments whose
/// plain file is still there, sidecars without a segment.
pub(crate) fn prepare_folder(folder: &Path) -> Result<(), LogError> {
    let tidy = || {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let names = file_names(folder)?;
        let here = |name: &str| names.iter().any(|other| other == name);
        let left = names.iter().filter(|name| {
            let orphan = |edge: &str| !here(&format!("{edge}.ndjson")) && !here(&format!("{edge}.ndjson.gz"));
            name.ends_with(TEMPORARY)
                || name.strip_suffix(".gz").is_some_and(|plain| plain.ends_with(".ndjson") && here(plain))
                || name.strip_suffix(".tree").is_some_and(orphan)
        });
        left.map(|name| folder.join(name)).try_for_each(fs::remove_file)
    };
    tidy().map_err(|error| LogError::prepare(folder, error))
}

/// Replaces a file of the folder so that a reader, and a restart after power loss, finds the old text or the new one.
pub(crate) fn write_atomically(folder: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    let path = folder.join(name);
    let temporary = temporary(&path);
    let mut file = private().create(true).truncate(true).open(&temporary)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&temporary, &path)?;
    sync_folder(folder)
}

pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(TEMPORARY);
    name.into()
}

fn file_names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
    entries.filter_map(Result::transpose).collect()
}
