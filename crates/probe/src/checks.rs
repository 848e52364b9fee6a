//! The catalogue: one file for each group.

mod anon;
mod authz;
mod bind;
mod cargo;
mod ctl;
mod forge;
mod gate;
mod ingr;
mod leak;
mod mon;
mod route;
mod spelled;
mod tls;
mod tok;
mod writing;

use crate::check::Check;

/// Every group, in the order in which a run asks.
static GROUPS: &[&[Check]] = &[
    &ctl::CHECKS,
    // Before everything else that rings an alarm.
    &mon::CHECKS,
    &anon::CHECKS,
    &anon::lists::CHECKS,
    &anon::odd::CHECKS,
    &anon::write::CHECKS,
    &anon::guess::CHECKS,
    &tok::CHECKS,
    &tok::scopes::CHECKS,
    &tok::service::CHECKS,
    &tok::spelling::CHECKS,
    &tok::ways::CHECKS,
    &tok::hygiene::CHECKS,
    &tok::use_of::CHECKS,
    // It takes somebody back, which happens once: what comes of that is shared.
    &gate::stream::CHECKS,
    &tok::revoked::CHECKS,
    &authz::CHECKS,
    &authz::write::CHECKS,
    &authz::declared::CHECKS,
    &forge::CHECKS,
    &forge::keys::CHECKS,
    &forge::fetched::CHECKS,
    &forge::written::CHECKS,
    &forge::issued::CHECKS,
    &forge::lent::CHECKS,
    &forge::odd::CHECKS,
    &forge::kinds::CHECKS,
    &forge::placed::CHECKS,
    &route::CHECKS,
    &route::asked::CHECKS,
    &route::claimed::CHECKS,
    &route::answered::CHECKS,
    &route::cached::CHECKS,
    &route::smuggled::CHECKS,
    &route::versions::CHECKS,
    &route::early::CHECKS,
    &ingr::CHECKS,
    &ingr::doors::CHECKS,
    &ingr::redirect::CHECKS,
    &ingr::beside::CHECKS,
    &ingr::storage::CHECKS,
    &ingr::packs::CHECKS,
    &ingr::declared::CHECKS,
    &ingr::names::CHECKS,
    &leak::CHECKS,
    &leak::pages::CHECKS,
    &leak::says::CHECKS,
    &leak::refusal::CHECKS,
    &tls::CHECKS,
    &tls::shown::CHECKS,
    &tls::plain::CHECKS,
    &tls::session::CHECKS,
    &bind::CHECKS,
    &bind::mount::CHECKS,
    &bind::pushed::CHECKS,
    &bind::shared::CHECKS,
    &bind::fetched::CHECKS,
    &cargo::CHECKS,
    &cargo::written::CHECKS,
    &tok::federation::CHECKS,
    &tok::remade::CHECKS,
    &tok::policy::CHECKS,
    // It may lock somebody out.
    &tok::lockout::CHECKS,
    &gate::CHECKS,
    &gate::secrets::CHECKS,
    &gate::limits::CHECKS,
    &gate::outage::CHECKS,
    // It waits, and so comes last.
    &forge::expiry::CHECKS,
];

/// The control that is asked at the end of a run, when everything else has been.
pub(crate) const LAST: &str = "CTL-05";

/// Every check, in the order in which a run asks: the controls first, and one of them last.
pub fn catalogue() -> impl Iterator<Item = &'static Check> {
    let all = || GROUPS.iter().flat_map(|group| group.iter());
    all().filter(|check| check.id != LAST).chain(all().filter(|check| check.id == LAST))
}

/// A check by its id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Check> {
    catalogue().find(|check| check.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_catalogue_holds_together() {
        let ids: Vec<&str> = catalogue().map(|check| check.id).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "every id once");
        assert_eq!((ids.first(), ids.last()), (Some(&"CTL-01"), Some(&LAST)));
        for check in catalogue() {
            let number = check.id.strip_prefix(check.group.as_str()).and_then(|rest| rest.strip_prefix('-')).unwrap();
            assert!(number.len() == 2 && number.parse::<u8>().is_ok(), "{}", check.id);
            for text in [check.title, check.request, check.judgement, check.why, check.remedy] {
                assert!(!text.is_empty() && !text.contains('\n') && !text.contains('|'), "{}: {text:?}", check.id);
            }
            assert!((1..=300).contains(&check.requests), "{}", check.id);
        }
    }
}
