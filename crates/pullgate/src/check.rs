//! `pullgate check`: whether `serve` would start with this configuration, and what follows from it.

use policy::Policy;

use crate::config::{Configuration, PublicUrl, ServeFlags};
use crate::output::{self, Exit, Failure};
use crate::probing;

/// Says what the configuration means.
///
/// # Errors
/// What `serve` would refuse to start with.
pub(crate) fn check(configuration: &Configuration) -> Result<Exit, Failure> {
    let settings = &configuration.settings;
    let exposure = configuration.exposure(ServeFlags { plain_http: true, ..ServeFlags::default() })?;
    Policy::build(&settings.policy, settings.repository.clone(), &configuration.policies).map_err(Failure::usage)?;

    let probes = probing::check(configuration, &[settings.listen.address.first()])?;

    let lines = summary(configuration).map(|[what, value]| format!("{what:<20}{}\n", output::visible(&value)));
    output::print(&format!("the configuration is valid\n\n{}", lines.concat()))?;
    if probes > 0 {
        output::print(&format!("{:<20}{probes}\n", "probes"))?;
    }
    if exposure.plain_http {
        output::note(&format!("`{}` can be reached by others: serve needs --plain-http\n", exposure.listen));
    }
    Ok(Exit::Yes)
}

fn summary(configuration: &Configuration) -> [[String; 2]; 7] {
    let settings = &configuration.settings;
    let file = configuration.file.as_ref().map_or("none, all defaults".to_owned(), |file| file.display().to_string());
    let names = match settings.public_urls.as_slice() {
        [] => "those of this machine".to_owned(),
        urls => urls.iter().map(PublicUrl::to_string).collect::<Vec<_>>().join(", "),
    };
    let anonymous = if settings.policy.anonymous { "may read what is public" } else { "may read nothing" };
    [
        ["file", &file],
        ["data", &configuration.data.display().to_string()],
        ["clients connect to", &settings.listen.address.to_string()],
        ["under the names", &names],
        ["health and metrics", &settings.listen.ops.first().to_string()],
        ["policy files", &configuration.policies.len().to_string()],
        ["anonymous", anonymous],
    ]
    .map(|row| row.map(str::to_owned))
}
