//! Rules of the house that no compiler knows, each one a test.

mod documents;
mod ignored;
mod imports;
mod shown;
