//! oras, the Python library.

use std::fs;
use std::path::Path;

use super::{Client, last_digest, path, pulled};
use crate::home::{Home, Ran};
use crate::image::Layout;

const PROGRAM: &str = include_str!("oras.py");

/// How a registry asks for credentials; the library is told, where other clients read the challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `Basic`.
    Basic,
    /// `Bearer`, with a token endpoint.
    Token,
}

/// The Python library oras, called by a small program, since it has no command line.
#[derive(Debug)]
pub struct Oras {
    home: Home,
    scheme: Scheme,
}

impl Oras {
    /// An oras that knows nothing.
    pub fn new(scheme: Scheme) -> Self {
        let home = Home::new();
        fs::write(home.path("program.py"), PROGRAM).expect("the program is written");
        Self { home, scheme }
    }

    /// Pushes a file as an artefact that refers to another manifest.
    pub fn attach(&self, subject: &str, blob: &Path) -> Ran {
        self.run("attach", &[subject, path(blob)], "")
    }

    /// Prints what refers to a manifest.
    pub fn discover(&self, subject: &str) -> Ran {
        self.run("discover", &[subject], "")
    }

    fn run(&self, verb: &str, arguments: &[&str], input: &str) -> Ran {
        let scheme = match self.scheme {
            Scheme::Basic => "basic",
            Scheme::Token => "token",
        };
        let start = [&self.home.argument("program.py"), &self.home.argument("auth.json"), scheme, verb];
        self.home.run("oras", &[&start, arguments].concat(), input)
    }
}

impl Client for Oras {
    fn name(&self) -> &'static str {
        "oras"
    }

    fn login(&mut self, registry: &str, user: &str, password: &str) -> Option<Ran> {
        Some(self.run("login", &[registry, user], password))
    }

    /// Pushes the image's layer as an artefact of one file, which is what the library is for.
    fn push(&self, image: &Layout, reference: &str) -> Ran {
        let layer = &image.images()[0].layer;
        self.run("push", &[reference, path(&image.blob(layer))], "")
    }

    fn push_index(&self, index: &Layout, reference: &str) -> Ran {
        self.run("push_index", &[reference, path(index.folder())], "")
    }

    /// Pulls the files; of an index, which has none, the index alone.
    fn pull(&self, reference: &str) -> Result<String, Ran> {
        pulled(self.run("pull", &[reference], ""), |ran| last_digest(&ran.stdout))
    }

    fn tags(&self, repository: &str) -> Option<Ran> {
        Some(self.run("tags", &[repository], ""))
    }
}
