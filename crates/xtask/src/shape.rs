//! `cargo xtask shape`: figures that start a conversation. They never fail a run.
//!
//! Counted is the product: tests, benchmarks and these commands are left out.

use crate::failure::Failure;
use crate::sources::{self, Source, function};

/// Above these a figure is worth a question.
const FILE_LINES: usize = 600;
const FUNCTION_LINES: usize = 60;

/// Prints the figures of the product.
pub(crate) fn print() -> Result<(), Failure> {
    let sources = sources::all()?;
    let files: Vec<File> = sources.iter().filter(|source| is_product(source)).map(File::measured).collect();
    let lengths: Vec<usize> = files.iter().map(|file| file.code).collect();
    let functions: Vec<usize> = files.iter().flat_map(|file| file.functions.iter().map(|(_, lines)| *lines)).collect();
    println!("files      {}", spread(lengths, FILE_LINES));
    println!("functions  {}", spread(functions, FUNCTION_LINES));
    println!("doc lines  {} (10-15 % starts no conversation)", share(&files, |file| file.docs));
    println!("comments   {} (about 5 %)", share(&files, |file| file.comments));
    for line in files.iter().flat_map(File::questions) {
        println!("{line}");
    }
    Ok(())
}

/// One file, in lines.
#[derive(Debug, Default, PartialEq, Eq)]
struct File {
    path: String,
    begins_with_purpose: bool,
    code: usize,
    docs: usize,
    comments: usize,
    functions: Vec<(String, usize)>,
}

impl File {
    fn measured(source: &Source) -> Self {
        let lines: Vec<&str> = product_lines(&source.text).collect();
        let mut file = Self {
            path: source.path.display().to_string(),
            begins_with_purpose: lines.first().is_some_and(|line| line.starts_with("//!")),
            functions: functions(&lines),
            ..Self::default()
        };
        for line in lines.iter().map(|line| line.trim_start()).filter(|line| !line.is_empty()) {
            if line.starts_with("//!") || line.starts_with("///") {
                file.docs += 1;
            } else if line.starts_with("//") {
                file.comments += 1;
            } else {
                file.code += 1;
            }
        }
        file
    }

    fn questions(&self) -> Vec<String> {
        let mut questions = Vec::new();
        if !self.begins_with_purpose {
            questions.push(format!("{}: what will the reader know afterwards? (no `//!`)", self.path));
        }
        if self.code > FILE_LINES {
            questions.push(format!("{}: {} lines of code: does it hold two ideas?", self.path, self.code));
        }
        for (name, lines) in self.functions.iter().filter(|(_, lines)| *lines > FUNCTION_LINES) {
            questions.push(format!("{}: `{name}` has {lines} lines: which step deserves a name?", self.path));
        }
        questions
    }
}

fn is_product(source: &Source) -> bool {
    let dev = matches!(source.room(), None | Some("testkit" | "xtask"));
    let test = source.is("/tests.rs") || source.path.iter().any(|part| part == "tests" || part == "benches");
    source.is(".rs") && !dev && !test
}

/// The lines before the module of the unit tests.
fn product_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        let line = lines.next()?;
        let tests = line == "#[cfg(test)]" && lines.peek().is_some_and(|next| next.starts_with("mod tests"));
        (!tests).then_some(line)
    })
}

/// Names and lines of functions with a body. The format of the project ends a function with a brace below its head.
fn functions(lines: &[&str]) -> Vec<(String, usize)> {
    let heads = lines.iter().enumerate().filter_map(|(index, line)| Some((index, line, function(line)?)));
    heads.filter_map(|(index, line, name)| Some((name.to_owned(), length(line, lines.get(index + 1..)?)?))).collect()
}

/// Lines of the function from its head to its end; none where it has no body.
fn length(head: &str, below: &[&str]) -> Option<usize> {
    if head.ends_with('}') {
        return Some(1);
    }
    let indent: String = head.chars().take_while(|character| *character == ' ').collect();
    let end = format!("{indent}}}");
    let bodyless =
        |line: &str| line.starts_with(&indent) && line.ends_with(';') && !line.starts_with(&format!("{indent} "));
    if bodyless(head) {
        return None;
    }
    for (index, line) in below.iter().enumerate() {
        if *line == end {
            return Some(index + 2);
        }
        if bodyless(line) {
            return None;
        }
    }
    None
}

/// Median, 90th percentile, largest, and how many are above a limit.
fn spread(mut values: Vec<usize>, limit: usize) -> String {
    values.sort_unstable();
    let at = |share: usize| values.get(values.len().saturating_sub(1) * share / 100).copied().unwrap_or(0);
    let above = values.iter().filter(|value| **value > limit).count();
    format!("{}, lines: median {}, p90 {}, largest {}; above {limit}: {above}", values.len(), at(50), at(90), at(100))
}

fn share(files: &[File], lines: impl Fn(&File) -> usize) -> String {
    let all: usize = files.iter().map(|file| file.code + file.docs + file.comments).sum();
    let counted: usize = files.iter().map(lines).sum();
    format!("{:.1} %", 100.0 * counted as f64 / all.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
//! Purpose.

/// Adds.
pub fn add(a: u8) -> u8 {
    // carefully
    a + 1
}

trait Pass {
    fn pass(&self);
    fn short(&self) -> u8 { 1 }
    fn long(
        &self,
        other: u8,
    ) -> u8 {
        other
    }
}

#[cfg(test)]
mod tests {
    fn not_counted() {
    }
}
";

    #[test]
    fn a_file_is_measured_up_to_its_tests() {
        let source = Source { path: "crates/gate/src/gate.rs".into(), text: TEXT.into() };
        let file = File::measured(&source);
        assert_eq!((file.begins_with_purpose, file.code, file.docs, file.comments), (true, 13, 2, 1));
        let functions: Vec<(&str, usize)> =
            file.functions.iter().map(|(name, lines)| (name.as_str(), *lines)).collect();
        assert_eq!(functions, [("add", 4), ("short", 1), ("long", 6)]);
        assert_eq!(file.questions(), Vec::<String>::new());
    }

    #[test]
    fn large_ones_are_named() {
        let file = File {
            path: "a.rs".into(),
            code: 601,
            functions: vec![("pass".into(), 61), ("small".into(), 60)],
            ..File::default()
        };
        assert_eq!(
            file.questions(),
            [
                "a.rs: what will the reader know afterwards? (no `//!`)",
                "a.rs: 601 lines of code: does it hold two ideas?",
                "a.rs: `pass` has 61 lines: which step deserves a name?"
            ]
        );
    }

    #[test]
    fn spreads() {
        assert_eq!(spread((1..=11).collect(), 10), "11, lines: median 6, p90 10, largest 11; above 10: 1");
        assert_eq!(spread(Vec::new(), 10), "0, lines: median 0, p90 0, largest 0; above 10: 0");
    }
}
