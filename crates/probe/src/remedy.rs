//! How a finding is mended on the product that was recognised. What is said here is about settings of that product; the
//! remedy of the check itself says what to reach, whatever the product.

use crate::check::Check;
use crate::product::Product::{
    self, Angos, Artifactory, Distribution, Ecr, Ghcr, GitLab, Gitea, Harbor, Nexus, Quay, Zot,
};

/// A product, the checks or groups that a remedy is for, and the remedy.
type Remedy = (Product, &'static [&'static str], &'static str);

/// For a service that somebody else runs.
const OPERATOR: &str =
    "the service is not yours to mend: tell its operator, and keep nothing there that this finding exposes";

/// It asks where the registry goes, and not who may read what: what mends its group does not mend it.
const UNLIKE_ITS_GROUP: &str = "BIND-11";

/// The first that names a check by its id counts, else the first that names its group.
static REMEDIES: [Remedy; 50] = [
    (
        Distribution,
        &["ANON"],
        "distribution asks nobody until `config.yml` has an `auth` section: add `auth.htpasswd` or `auth.token` and restart it; with `htpasswd` everybody who may log in reads everything",
    ),
    (
        Distribution,
        &["TOK", "AUTHZ"],
        "distribution believes the service behind `auth.token.realm`: that service must grant nothing to a request without an account, and only what the account may do to one with",
    ),
    (
        Distribution,
        &["FORGE"],
        "upgrade to distribution 3 (its release candidates before rc.3 had CVE-2025-24976), and keep nothing but the certificate of your own token service in `auth.token.rootcertbundle`",
    ),
    (
        Distribution,
        &["BIND-11"],
        "leave `validation.manifests.urls.allow` in `config.yml` unset: then no manifest is taken whose layers have URLs",
    ),
    (
        Distribution,
        &["BIND"],
        "upgrade; until then take `redis` out of `storage.cache.blobdescriptor`: that cache has forgotten who may read what (CVE-2026-35172)",
    ),
    (
        Distribution,
        &["INGR-08", "INGR-09", "INGR-10"],
        "`storage.redirect.disable: true` sends layers through the registry instead of handing out signed URLs",
    ),
    (
        Distribution,
        &["INGR", "ROUTE"],
        "bind `http.addr` to the address that the proxy in front uses, so that nothing goes around it, and let `auth` in `config.yml` decide rather than the proxy",
    ),
    (
        Distribution,
        &["LEAK"],
        "bind `http.debug.addr` to loopback or take it out; set `http.host`, and write the realm of `auth.token` out instead of `autoredirect`",
    ),
    (Distribution, &["TLS"], "`http.tls.minimumtls: tls1.2`, or end TLS in a proxy that demands it"),
    (
        Zot,
        &["ANON"],
        "zot asks nobody until `http.auth` is there; then take `anonymousPolicy` out of every pattern of `http.accessControl.repositories` that matches",
    ),
    (
        Zot,
        &["TOK", "AUTHZ"],
        "look at the patterns of `http.accessControl.repositories`: no `defaultPolicy` and no `anonymousPolicy` where the repository is private; with `http.auth.bearer` the service behind its `realm` decides",
    ),
    (Zot, &["BIND"], "upgrade to zot 2.1.0 or newer: before, the cache of shared blobs asked nobody (CVE-2024-39897)"),
    (
        Zot,
        &["LEAK"],
        "name who may read metrics in `http.accessControl.metrics.users`, and leave `extensions.search` and `extensions.ui` out where nobody needs them",
    ),
    (Zot, &["TLS"], "give zot `http.tls.cert` and `http.tls.key`, or end TLS in a proxy that demands TLS 1.2"),
    (
        Harbor,
        &["ANON", "TOK-02", "CARGO"],
        "make the project private: Projects, its name, Configuration, and untick Public; Harbor hands anybody a token for a public project",
    ),
    (
        Harbor,
        &["TOK-17"],
        "Administration, Configuration, System Settings: lower Token Expiration, which is 30 minutes unless set",
    ),
    (
        Harbor,
        &["TOK", "AUTHZ", "BIND"],
        "look at the members of the project, and give robots of the project the permissions they use and no more; then upgrade Harbor",
    ),
    (Harbor, &["FORGE", "ROUTE"], "upgrade Harbor: its token service, its proxy and its registry come as one version"),
    (
        Harbor,
        &["INGR"],
        "publish Harbor's proxy and nothing behind it: `core` and `registry` answer without what the proxy adds; set `external_url` in `harbor.yml` to the name that clients use",
    ),
    (
        Harbor,
        &["LEAK"],
        "set `external_url` in `harbor.yml` and upgrade; the port of `metric` belongs to an inner network",
    ),
    (
        Quay,
        &["ANON", "TOK-02"],
        "Repository Settings, Repository Visibility: make it private; `FEATURE_ANONYMOUS_ACCESS: false` in `config.yaml` ends anonymous pulls altogether, and `CREATE_PRIVATE_REPO_ON_PUSH: true` keeps new ones closed",
    ),
    (
        Quay,
        &["TOK", "AUTHZ", "BIND"],
        "look at the permissions of the repository and at the default permissions of the organisation: robots and teams are named there",
    ),
    (
        Quay,
        &["INGR-08", "INGR-09", "INGR-10"],
        "`FEATURE_PROXY_STORAGE: true` in `config.yaml` sends layers through Quay instead of handing out signed URLs",
    ),
    (
        Quay,
        &["INGR", "LEAK", "TLS"],
        "set `SERVER_HOSTNAME` and `PREFERRED_URL_SCHEME: https` in `config.yaml`, and let no second name or port lead to the same containers",
    ),
    (Quay, &["FORGE", "ROUTE"], "upgrade Quay: what is wrong here is in its code and not in its configuration"),
    (
        Gitea,
        &["ANON", "TOK-02"],
        "a package is as visible as its owner: make the user or organisation private, or set `REQUIRE_SIGNIN_VIEW = true` under `[service]`; upgrade Gitea to 1.26.2 or newer (CVE-2026-27771)",
    ),
    (
        Gitea,
        &["TOK", "AUTHZ", "BIND"],
        "upgrade: the scopes of access tokens were not always looked at (CVE-2025-68944, CVE-2026-28699); then make tokens with the package scope alone",
    ),
    (
        Gitea,
        &["ROUTE-13"],
        "`ENABLE_REVERSE_PROXY_AUTHENTICATION = false` under `[service]`, or name your proxy alone in `REVERSE_PROXY_TRUSTED_PROXIES` under `[security]`",
    ),
    (
        Gitea,
        &["LEAK", "INGR"],
        "set `ROOT_URL` under `[server]`; under `[metrics]` either `ENABLED = false` or a `TOKEN`",
    ),
    (Gitea, &["FORGE", "ROUTE"], "upgrade: what is wrong here is in the code and not in the configuration"),
    (
        GitLab,
        &["ANON", "TOK-02"],
        "Settings, General, Visibility: make the project private, or let only project members see its container registry",
    ),
    (GitLab, &["TOK-17"], "Admin, Settings, CI/CD, Container Registry: lower the authorization token duration"),
    (
        GitLab,
        &["TOK", "AUTHZ", "BIND", "FORGE", "ROUTE"],
        "upgrade GitLab, which issues the tokens, and its registry with it; look at deploy tokens and at the members of the project",
    ),
    (
        Nexus,
        &["ANON", "TOK-02"],
        "untick Allow anonymous docker pull on the repository, take Docker Bearer Token Realm out of the active realms, and switch off Security, Anonymous Access",
    ),
    (
        Nexus,
        &["TOK", "AUTHZ", "BIND"],
        "look at the roles: a content selector or a privilege of each repository instead of one that ends in `-*`",
    ),
    (
        Nexus,
        &["ROUTE"],
        "upgrade to 3.68.1 or newer (CVE-2024-4956), and let the proxy in front pass paths on unchanged",
    ),
    (
        Nexus,
        &["INGR", "TLS"],
        "every docker connector is a port of its own: prefer its HTTPS connector, and close the HTTP ones to everybody but the proxy",
    ),
    (
        Artifactory,
        &["ANON", "TOK-02"],
        "Administration, Security, Settings: untick Allow Anonymous Access, or take the user `anonymous` out of every permission that includes the repository",
    ),
    (
        Artifactory,
        &["TOK", "AUTHZ", "BIND"],
        "look at the permission targets: one that includes any repository, or a group that everybody joins, opens more than its name says",
    ),
    (Artifactory, &["LEAK"], "Administration, Security, Settings: tick Hide Existence of Unauthorized Resources"),
    (
        Artifactory,
        &["INGR", "ROUTE"],
        "`/artifactory/api/docker/<key>/` leads to the same repository as the docker name does: the rules of the proxy must cover both",
    ),
    (
        Angos,
        &["ANON", "TOK", "AUTHZ", "BIND"],
        "`default = \"deny\"` under `[global.access_policy]`, and no rule there or under the repository that holds without looking at the identity",
    ),
    (
        Angos,
        &["INGR-08", "INGR-09", "INGR-10"],
        "`enable_blob_redirect = false` and `enable_manifest_redirect = false` under `[global]`, or a lower `presign_ttl_secs` under `[blob_store.s3]`, which is 1800 unless set",
    ),
    (
        Angos,
        &["ROUTE", "INGR", "LEAK"],
        "name the proxy in front, and nobody else, in `trusted_proxies` under `[global]`, and let nothing but the proxy reach `[server]`",
    ),
    (
        Angos,
        &["TLS"],
        "give `[server.tls]` its certificate; with `client_ca_bundle` also `client_auth = \"required\"`, since without it a client certificate is optional",
    ),
    (
        Ghcr,
        &["ANON", "TOK-02"],
        "Package settings, Danger Zone, Change visibility; look too whether the package inherits its access from a public repository",
    ),
    (
        Ghcr,
        &["TOK", "AUTHZ", "BIND"],
        "Package settings, Manage access and Manage Actions access: take out whoever need not read it",
    ),
    (Ghcr, &["FORGE", "ROUTE", "INGR", "LEAK", "TLS"], OPERATOR),
    (
        Ecr,
        &["ANON", "TOK", "AUTHZ", "BIND"],
        "a private ECR registry lets nobody in without IAM: look for a proxy or pull-through mirror that adds credentials of its own, for a copy under public.ecr.aws, and for `\"Principal\": \"*\"` in the repository policy",
    ),
    (Ecr, &["FORGE", "ROUTE", "INGR", "LEAK", "TLS"], OPERATOR),
];

/// What mends a finding on this product, where more can be said than the check itself says.
#[must_use]
pub fn on(product: Product, check: &Check) -> Option<&'static str> {
    let own = || REMEDIES.iter().filter(move |(known, _, _)| *known == product);
    let by = |name: &str| own().find(|(_, names, _)| names.contains(&name)).map(|(_, _, remedy)| *remedy);
    by(check.id).or_else(|| by(check.group.as_str()).filter(|_| check.id != UNLIKE_ITS_GROUP))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{catalogue, find};

    #[test]
    fn every_product_says_how_an_open_read_is_mended() {
        for product in Product::ALL {
            for id in ["ANON-02", "TOK-02"] {
                assert!(on(product, find(id).unwrap()).is_some(), "{product:?} {id}");
            }
        }
    }

    #[test]
    fn what_names_the_check_goes_before_what_names_its_group() {
        let token = find("TOK-02").unwrap();
        assert_eq!(on(Harbor, token), on(Harbor, find("ANON-02").unwrap()));
        assert_ne!(on(Harbor, token), on(Harbor, find("TOK-01").unwrap()));
    }

    #[test]
    fn remedies_are_lines_for_checks_that_exist() {
        let groups = ["ANON", "CARGO", "TOK", "FORGE", "AUTHZ", "BIND", "ROUTE", "INGR", "LEAK", "TLS", "GATE", "MON"];
        for (product, names, remedy) in &REMEDIES {
            assert!(!remedy.contains(['\n', '|']) && !remedy.ends_with('.'), "{remedy}");
            for name in *names {
                assert!(groups.contains(&name.split('-').next().unwrap()), "{product:?} {name}");
                let same = REMEDIES.iter().filter(|(other, names, _)| other == product && names.contains(name));
                assert_eq!(same.count(), 1, "{product:?} {name}");
            }
        }
        assert!(catalogue().all(|check| check.group.is_control() || groups.contains(&check.group.as_str())));
    }
}
