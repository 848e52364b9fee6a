//! The store as its callers see it: requests in, answers out.

mod crashes;
mod formats;
mod model;
mod opening;
mod outline;
mod pulls;
mod pushes;
mod races;
mod referrers;
mod repositories;
mod support;
