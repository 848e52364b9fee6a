//! A program of our own over the Go library oras-go, which many tools carry.

use crate::home::{Home, Ran};

/// The program, which is given user and password with every verb.
#[derive(Debug, Default)]
pub struct OrasGo {
    home: Home,
    user: String,
    password: String,
}

impl OrasGo {
    /// One that knows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows these from now on.
    pub fn login(&mut self, user: &str, password: &str) {
        (self.user, self.password) = (user.to_owned(), password.to_owned());
    }

    /// Runs `push`, `attach`, `discover`, `pull` or `delete`.
    pub fn run(&self, verb: &str, arguments: &[&str]) -> Ran {
        self.home.run("oras-go", &[&[self.user.as_str(), verb], arguments].concat(), &self.password)
    }
}
