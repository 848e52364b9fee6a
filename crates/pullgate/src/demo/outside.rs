//! The end of the demonstration: the probe asks the server from outside whether private is private.

use std::net::SocketAddr;

use outbound::Dialer;
use probe::{Identity, Intent, Login, Mode, Outcome, Plan, Report, Role, Settings, Target, Thresholds};
use protocol::Secret;

use crate::clock;
use crate::output::Failure;

/// Asks as a stranger, with this credential as the one that may: `robot:key`.
pub(super) fn ask(address: SocketAddr, reference: &str, credential: String) -> Result<Report, Failure> {
    let url = format!("http://{address}");
    let target = Target::read(&[url], &[reference.to_owned()]).map_err(Failure::no)?;
    let mut intent = Intent::of_target(target.ok_or_else(|| Failure::no("nothing to ask for"))?);
    let login = Login::parse(&Secret::new(credential)).map_err(Failure::no)?;
    let show_to = intent.doors.iter().map(|door| door.name.clone()).collect();
    intent.identities.push(Identity { role: Role::Control, login, show_to, owns: None, may: Vec::new(), revoke: None });
    let plan = Plan::new(&intent, &Settings { mode: Mode::Active, ..Settings::default() });
    let dialer = Dialer::new().map_err(Failure::no)?;
    let report = probe::probe(&intent, &plan, dialer, Box::new(clock::now), |_| {}).map_err(Failure::no)?;
    let outcome = report.outcome(&Thresholds::default());
    if outcome != Outcome::Pass {
        return Err(Failure::no(format!("the probe does not find it private: {outcome:?}")));
    }
    Ok(report)
}
