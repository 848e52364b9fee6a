//! CARGO: the same questions about crates, asked as Cargo asks them.

mod registry;
pub(super) mod written;

use crate::challenge::Challenge;
use crate::check::{Check, Group, Need, Severity};
use crate::checks::ingr::redirect::Redirect;
use crate::doubt::Doubt;
use crate::intent::{Mode, Role};
use crate::observation::Observation;
use crate::proof::Proof;
use crate::request::Request;
use crate::session::{Caller, Session};
use crate::verdict::Answer;
use registry::{Config, Held, Registry, caller, refused};

pub(super) static CHECKS: [Check; 7] = [
    Check {
        id: "CARGO-01",
        group: Group::Cargo,
        mode: Mode::Passive,
        severity: Severity::Medium,
        title: "the configuration of the index is closed, and leads nowhere else",
        request: "GET <index>/config.json, as nobody and as control",
        judgement: "Pass: 401, and dl and api are at the door. Fail: 200; or one of them on a host that nobody declared",
        why: "Cargo shows its token first after a 401, and sends it to whatever `dl` and `api` name",
        remedy: "set `auth-required` and answer 401 to everything without a token; keep `dl` and `api` on the host of the index",
        references: &["cargo #11460", "RFC 3139"],
        needs: &[Need::Crate],
        requests: 6,
        run: cargo_01,
    },
    Check {
        id: "CARGO-02",
        group: Group::Cargo,
        mode: Mode::Passive,
        severity: Severity::High,
        title: "a stranger does not get the index of a private crate",
        request: "GET <index>/<ab>/<cd>/<crate>",
        judgement: "Pass: 401. Fail: a line of the crate",
        why: "the index names every version and dependency, which is half of the source's secrets",
        remedy: "close the files of the index as well as the downloads",
        references: &["RFC 3139"],
        needs: &[Need::Crate],
        requests: 6,
        run: cargo_02,
    },
    Check {
        id: "CARGO-03",
        group: Group::Cargo,
        mode: Mode::Passive,
        severity: Severity::Critical,
        title: "a private crate is downloaded by nobody who may not",
        request: "GET of the file that `dl` names, as nobody; in mode active also as low",
        judgement: "Pass: refused. Fail: its bytes",
        why: "downloads are often served by other code, or another host, than the index",
        remedy: "ask for the same right at `dl` as at the index, for every crate by its name",
        references: &[],
        needs: &[Need::Crate],
        requests: 12,
        run: cargo_03,
    },
    Check {
        id: "CARGO-05",
        group: Group::Cargo,
        mode: Mode::Active,
        severity: Severity::Medium,
        title: "a token is the same with and without `Bearer`",
        request: "as control and as low: config.json, index and file, with the token as it is and as Bearer",
        judgement: "Pass: one decision. Fail: two",
        why: "Cargo shows the token as it is and everything else as Bearer: two ways in, and two parsers",
        remedy: "read both forms in one place, before anybody decides",
        references: &["RFC 3139"],
        needs: &[Need::Crate, Need::Identity(Role::Control)],
        requests: 15,
        run: cargo_05,
    },
    Check {
        id: "CARGO-06",
        group: Group::Cargo,
        mode: Mode::Active,
        severity: Severity::High,
        title: "a private crate is private in every spelling",
        request: "as nobody and as low: index and file of the crate in upper case, and with - for _ or _ for -",
        judgement: "Pass: refused, or not there. Fail: a line of the crate, or its bytes",
        why: "Cargo takes names for the same that rules compare letter by letter",
        remedy: "bring a name into one form before anybody decides on it",
        references: &[],
        needs: &[Need::Crate],
        requests: 24,
        run: cargo_06,
    },
    Check {
        id: "CARGO-07",
        group: Group::Cargo,
        mode: Mode::Passive,
        severity: Severity::Low,
        title: "the refusal of the index says where to log in",
        request: "GET <index>/config.json",
        judgement: "Pass: 401 with `WWW-Authenticate: Cargo login_url=\"…\"`. Fail: 401 without",
        why: "Cargo prints that address; without it nobody learns how to get a token",
        remedy: "send the challenge `Cargo login_url=\"https://…\"` with every 401 of the index",
        references: &["RFC 3139"],
        needs: &[Need::Crate],
        requests: 4,
        run: cargo_07,
    },
    Check {
        id: "CARGO-08",
        group: Group::Cargo,
        mode: Mode::Active,
        severity: Severity::Medium,
        title: "the redirect of a download ends soon, and really ends",
        request: "as control: GET of the file, then its Location 5 s after it ends, without a token",
        judgement: "Pass: good for no longer than the intent allows, and refused afterwards. Fail: longer than that, or than 1200 s; high where it works after its end",
        why: "a signed URL opens the crate for everybody who sees it, outside of audit and revocation",
        remedy: "sign redirects for a minute or two, or serve the files through the gate",
        references: &[],
        needs: &[Need::Crate, Need::Identity(Role::Control)],
        requests: 8,
        run: cargo_08,
    },
];

fn cargo_01(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let registry = Registry::of(session)?;
    let seen = session.ask(&registry.config())?;
    let open = |seen: &Observation| {
        Config::of(seen).and_then(|_| Proof::data(seen, "`config.json` is open to strangers")).map(Proof::aside)
    };
    let answer = refused(session, &seen, &registry.config(), &Caller::Nobody, open);
    let shown = registry.config_for_control(session);
    let elsewhere = shown.as_ref().ok().or(Some(&seen)).and_then(|seen| Some((seen, Config::of(seen)?)));
    let elsewhere = elsewhere.and_then(|(seen, config)| {
        let (member, origin) = config.elsewhere(session.door())?;
        session.discovered(origin.clone(), "--storage");
        Proof::behaviour(seen, format!("`{member}` leads to `{origin}`, which is not declared"))
    });
    let answer = answer.unwrap_or_else(Answer::Open).and(elsewhere.map_or(Answer::AsIntended, Answer::Wrong));
    Ok(answer.given(shown.map(drop)))
}

fn cargo_02(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let registry = Registry::of(session)?;
    let request = registry.index(&registry.name);
    let seen = session.ask(&request)?;
    let line = |seen: &Observation| Proof::crate_line(seen, &registry.name).map(Proof::aside);
    let answer = refused(session, &seen, &request, &Caller::Nobody, line)?;
    Ok(answer.given(Held::by_control(session, &registry).map(drop)))
}

fn cargo_03(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let registry = Registry::of(session)?;
    let held = Held::by_control(session, &registry);
    // Without somebody who may, whoever gets the index knows what the file must be.
    let found = held.as_ref().ok().cloned().or_else(|| Held::of(session, &registry, &Caller::Nobody).ok());
    let Some(found) = found else { return held.map(|_| Answer::AsIntended) };
    let mut answers = Vec::new();
    for caller in callers(session, &registry) {
        let asked = caller.and_then(|caller| {
            let request = found.download(&registry.name)?;
            let seen = request.ask(session, &caller)?;
            refused(session, &seen, &request.plain(), &caller, |seen| found.proof(seen))
        });
        answers.push(asked.unwrap_or_else(Answer::Open));
    }
    Ok(Answer::all(answers).given(held.map(drop)))
}

/// Everybody who must not read the crate: nobody, and in mode active somebody else, shown to be somebody.
fn callers(session: &mut Session<'_>, registry: &Registry) -> Vec<Result<Caller, Doubt>> {
    let low = (session.mode() >= Mode::Active && session.login(Role::Low).is_some()).then(|| registry.low(session));
    [Ok(Caller::Nobody)].into_iter().chain(low).collect()
}

fn cargo_05(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let registry = Registry::of(session)?;
    let held = Held::by_control(session, &registry)?;
    let file = held.download(&registry.name)?;
    let mut answers = Vec::new();
    for role in [Role::Control, Role::Low] {
        if session.login(role).is_none() {
            continue;
        }
        let [bare, bearer] = [caller(session, role, false)?, caller(session, role, true)?];
        let here = [registry.config(), registry.index(&registry.name)].map(Some).into_iter();
        // A file on another host is not asked with a token at all.
        for request in here.chain([file.here(session)]).flatten() {
            answers.push(same(session, &request, &bare, &bearer).unwrap_or_else(Answer::Open));
        }
    }
    Ok(Answer::all(answers))
}

/// Whether two ways to show one token lead to one decision.
fn same(session: &mut Session<'_>, request: &Request, one: &Caller, other: &Caller) -> Result<Answer, Doubt> {
    let [one, other] = [one, other].map(|caller| session.ask(&request.clone().credential(caller.credential())));
    let (one, other) = (one?, other?);
    let [first, second] = [registry::decision(&one)?, registry::decision(&other)?];
    let says = || format!("{first} with the token as it is, {second} as Bearer");
    let granted = |status: u16| status < 400;
    let differs = granted(first) != granted(second);
    let proof = differs.then(|| Proof::behaviour(&other, says())).flatten();
    Ok(proof.map_or(Answer::AsIntended, |proof| Answer::Wrong(proof.after([one.id]))))
}

fn cargo_06(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let registry = Registry::of(session)?;
    let held = Held::by_control(session, &registry)?;
    let mut answers = Vec::new();
    for caller in callers(session, &registry) {
        let asked = caller.and_then(|caller| in_every_spelling(session, &registry, &held, &caller));
        answers.push(asked.unwrap_or_else(Answer::Open));
    }
    Ok(Answer::all(answers))
}

fn in_every_spelling(
    session: &mut Session<'_>,
    registry: &Registry,
    held: &Held,
    caller: &Caller,
) -> Result<Answer, Doubt> {
    let ask = |session: &mut Session<'_>, name: &str| {
        let line = registry.index(name);
        let seen = session.ask(&line.clone().credential(caller.credential()))?;
        let proof = |seen: &Observation| Proof::crate_line(seen, name).map(Proof::aside);
        let line = refused(session, &seen, &line, caller, proof)?;
        let file = held.download(name)?;
        let seen = file.ask(session, caller)?;
        let file = refused(session, &seen, &file.plain(), caller, |seen| held.proof(seen))?;
        Ok(line.and(file))
    };
    if matches!(ask(session, &registry.name)?, Answer::Wrong(_)) {
        return Err(Doubt::OpenAnyway);
    }
    let upper = registry.name.to_ascii_uppercase();
    let joined: String = registry.name.chars().map(|letter| if letter == '_' { '-' } else { letter }).collect();
    let split = registry.name.replace('-', "_");
    let spellings = [upper, joined, split].into_iter().filter(|name| *name != registry.name);
    Ok(Answer::first_wrong(spellings, |name| match ask(session, &name) {
        // There is no such crate.
        Err(Doubt::OtherRefusal { status: 400 | 404 | 410 | 451 }) => Ok(Answer::AsIntended),
        answer => answer.map(|answer| answer.named(&name)),
    }))
}

fn cargo_07(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let registry = Registry::of(session)?;
    let seen = session.ask(&registry.config())?;
    let response = seen.response()?;
    let challenges = Challenge::all(&response.headers);
    let says = challenges.iter().any(|one| one.scheme() == "cargo" && one.parameter("login_url").is_some());
    match response.status {
        401 if says => {}
        401 => {
            let proof = Proof::behaviour(&seen, "401 without a challenge `Cargo login_url`");
            return proof.map(Answer::Wrong).ok_or(Doubt::NoChallenge);
        }
        200..=299 => return Ok(Answer::NotApplicable("the index is open")),
        429 => return Err(Doubt::RateLimited),
        status @ 500..=599 => return Err(Doubt::ServerFailed { status }),
        status => return Err(Doubt::OtherRefusal { status }),
    }
    Ok(Answer::AsIntended.given(registry.config_for_control(session).map(drop)))
}

fn cargo_08(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let registry = Registry::of(session)?;
    let control = caller(session, Role::Control, false)?;
    let held = Held::of(session, &registry, &control)?;
    let seen = held.download(&registry.name)?.ask(session, &control)?;
    let Some(redirect) = Redirect::of(session, &seen)? else {
        return Ok(Answer::NotApplicable("the door serves crates itself"));
    };
    let now = redirect.now(session)?;
    Ok(redirect.ends(session, |seen| Proof::same_bytes(seen, &now))?.aside())
}
