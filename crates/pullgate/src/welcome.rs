//! What `serve` says when it is ready: where it listens, and what to do next.

use std::path::Path;

use crate::data_folder::Listening;
use crate::house::House;

/// The lines for standard error.
pub(crate) fn text(house: &House, listening: &Listening, data: &Path) -> String {
    let addresses: Vec<String> = listening.listen.iter().map(|address| format!("http://{address}")).collect();
    let registry = listening.listen.first().map(ToString::to_string).unwrap_or_default();
    let ops = listening.ops;
    let data = data.display();
    let mut text = format!(
        "pullgate listens on {}; health and metrics on http://{ops}; data in {data}\n",
        addresses.join(" and ")
    );
    if house.state.snapshot().robots().next().is_none() {
        text.push_str(&format!(
            "nobody may do anything yet: there is no default user and nothing is anonymous. next:\n\
             \x20 pullgate robot create ci --push 'team/**' --pull 'team/**' --data {data}\n\
             \x20 docker login {registry} -u ci          # docker, crane, oras: plain http on loopback needs no flag\n\
             \x20 podman login --tls-verify=false {registry} -u ci\n\
             \x20 pullgate audit tail --data {data}      # every decision, as it is made\n\
             \x20 pullgate probe http://{registry}/team/app:1.0      # from outside: is private really private?\n"
        ));
    }
    text
}
