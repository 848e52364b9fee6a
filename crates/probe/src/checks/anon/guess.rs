//! What strangers get who have read the manual.

use protocol::Secret;

use crate::check::{Check, Group, Severity};
use crate::doubt::Doubt;
use crate::intent::{Login, Mode};
use crate::product::Product;
use crate::proof::Proof;
use crate::random;
use crate::request::Request;
use crate::session::Session;
use crate::session::writing::random_bytes;
use crate::token::{self, Exchanged};
use crate::verdict::Answer;

/// What products are installed with, or what their manual shows: product, user, password.
const DEFAULTS: [(Product, &str, &str); 5] = [
    (Product::Harbor, "admin", "Harbor12345"),
    (Product::Nexus, "admin", "admin123"),
    (Product::Artifactory, "admin", "password"),
    (Product::GitLab, "root", "5iveL!fe"),
    (Product::Distribution, "testuser", "testpassword"),
];

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "ANON-18",
    group: Group::Anon,
    mode: Mode::Intrusive,
    severity: Severity::Critical,
    title: "the password of the manual opens nothing",
    request: "the token for pulling R, or GET /v2/, with each default login of the product that was recognised, or of all where none was; one attempt each, and one with a made-up password",
    judgement: "Pass: refused. Fail: success, where a made-up password gets none",
    why: "the account of the installation may do everything, and its password is in the manual",
    remedy: "set a password of your own before the registry can be reached, and switch the account off where that is possible",
    references: &["CVE-2026-4404"],
    needs: &[],
    requests: 3 + 2 * DEFAULTS.len(),
    run: anon_18,
}];

fn anon_18(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let first = session.first()?;
    let info = session.ask(&Request::get("/api/v2.0/systeminfo"))?;
    let product = Product::recognise(&session.door().origin, first.response()?, info.response()?);
    let is_asked = |known: &Product| product.is_none_or(|product| product == *known);
    let pairs: Vec<_> = DEFAULTS.iter().filter(|(known, _, _)| is_asked(known)).collect();
    if pairs.is_empty() {
        return Ok(Answer::NotApplicable("the product that was recognised comes without a password"));
    }
    let made_up = random::hex(&random_bytes::<12>()?);
    Ok(Answer::first_wrong(pairs, |(known, user, password)| {
        let answer = attempt(session, user, password)?;
        let is_in = matches!(answer, Answer::Wrong(_));
        // Whoever is let in with any password is not known by it.
        let by_password = is_in && attempt(session, user, &made_up)?.is_refusal();
        Ok(if is_in && !by_password { Answer::AsIntended } else { answer.named(known.as_str()) })
    }))
}

/// One login: with a realm it is shown there, else at the base of the API.
fn attempt(session: &mut Session<'_>, user: &str, password: &str) -> Result<Answer, Doubt> {
    let login = Login { user: user.to_owned(), secret: Secret::new(password.to_owned()) };
    let Some(realm) = session.realm()? else {
        let caller = token::log_in(session, &login, "")?;
        return session.refused(&Request::get("/v2/"), &caller, |seen| Proof::data(seen, format!("`{user}` is in")));
    };
    let scope = format!("repository:{}:pull", session.private().name);
    match session.exchange(&realm, &[&scope], Some(&login))? {
        Exchanged::Refused(_) => Ok(Answer::AsIntended),
        Exchanged::Token(token) => {
            let proof = Proof::token(&token.seen, &format!("whatever `{user}` may do"));
            proof.map(Answer::Wrong).ok_or(Doubt::Opaque)
        }
    }
}
