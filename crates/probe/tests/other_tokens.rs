//! Tokens of another kind (FORGE-16): a refusal means something only where the token is good, and what is not at hand is
//! said.
#![expect(clippy::unwrap_used, reason = "outside #[test] too, a panic is how a test fails")]

mod support;

use probe::{Intent, OtherToken, TokenKind, Verdict};
use protocol::Secret;
use support::{intent, run_as, verdict, whole};
use testkit::double::{CONSOLE, Double, Flaw, ID_TOKEN};

const CHECK: &str = "FORGE-16";

/// The intent with this token alone.
fn with(double: &Double, text: &str, good_at: Option<&str>) -> Intent {
    let mut intent = whole(double);
    let other = OtherToken::parse(TokenKind::IdToken, &Secret::new(text.to_owned())).unwrap();
    let show_to = intent.doors.iter().map(|door| door.name.clone()).collect();
    intent.other_tokens = vec![OtherToken { show_to, good_at: good_at.map(str::to_owned), ..other }];
    intent
}

#[test]
fn a_token_that_is_not_known_to_be_good_passes_nothing() {
    let double = Double::start(&[]);
    for (text, good_at, why) in [
        (ID_TOKEN, None, "add `good_at`"),
        ("ended", Some(CONSOLE), "refused at its `good_at` too"),
        (ID_TOKEN, Some("/.well-known/jwks.json"), "open to everybody"),
    ] {
        let report = run_as(&double, &with(&double, text, good_at), Some(&[CHECK]));
        let Verdict::Inconclusive(doubt) = verdict(&report, CHECK) else { panic!("{why}: {report:?}") };
        assert!(doubt.to_string().contains(why) && doubt.to_string().contains("id_token"), "{doubt}");
    }
    let report = run_as(&double, &with(&double, ID_TOKEN, Some(CONSOLE)), Some(&[CHECK]));
    assert!(matches!(verdict(&report, CHECK), Verdict::Pass(_)));
}

#[test]
fn a_token_that_gets_in_is_good() {
    let double = Double::start(&[Flaw::IdTokensOpen]);
    let report = run_as(&double, &with(&double, ID_TOKEN, None), Some(&[CHECK]));
    let Verdict::Fail { proof, .. } = verdict(&report, CHECK) else { panic!("{report:?}") };
    assert!(!proof.exposes(), "it is no stranger who has it");
}

#[test]
fn what_is_not_at_hand_is_said() {
    let double = Double::start(&[]);
    let report = run_as(&double, &intent(&double.url(), true), Some(&[CHECK]));
    let note = report.notes.iter().find(|note| note.name == "kinds of token that were not at hand").unwrap();
    assert_eq!(note.value, "at+jwt, id_token, api_token, console_cookie");
    let report = run_as(&double, &intent(&double.url(), false), Some(&[CHECK]));
    let result = report.results.iter().find(|result| result.check.id == CHECK).unwrap();
    let said = format!("{:?}", result.state);
    assert!(result.verdict().is_none() && said.contains("[[other_token]]"), "{said}");
}
