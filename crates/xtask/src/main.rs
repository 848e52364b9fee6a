//! The project's own commands, run as `cargo xtask COMMAND`.
#![expect(clippy::print_stdout, reason = "a command prints what it found")]

mod audit;
mod bench;
mod cargo;
mod conformance;
mod failure;
#[cfg(test)]
mod rules;
mod setup;
mod shape;
mod soak;
mod sources;
mod stages;
mod targets;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [--without-root]    installs what is missing, then format, build, lint, tests, and real clients
  soak                     the long tests; builds distribution 3 for them
  bench flow [--itself]    CPU per request beside a bare hyper server; with --itself that server beside itself
  bench lists              CPU per page of long lists beside short ones
  bench probe              time, CPU and memory of whole runs of the probe
  conformance --suite PATH
                           an official OCI conformance suite, built elsewhere, against a fresh server
  shape                    sizes of files and functions, share of documentation
  audit                    dependencies: bans, licences, sources, advisories (needs cargo-deny)
";

/// Wrong usage: nothing was started.
const WRONG_USAGE: u8 = 64;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["test"] => test::run(false),
        ["test", "--without-root"] => test::run(true),
        ["soak"] => soak::run(),
        ["bench", "flow"] => bench::flow(false),
        ["bench", "flow", "--itself"] => bench::flow(true),
        ["bench", "lists"] => bench::lists(),
        ["bench", "probe"] => bench::probe(),
        ["conformance", "--suite", suite] => conformance::run(suite),
        ["shape"] => shape::print(),
        ["audit"] => audit::run(),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(WRONG_USAGE);
        }
    };
    done.map_or_else(
        |failure| {
            eprintln!("error: {failure}");
            ExitCode::from(failure.exit_code())
        },
        |()| ExitCode::SUCCESS,
    )
}
