//! Which product answers at a door, from what it says to strangers. It selects remedies, and never changes a verdict.

use outbound::{Host, Origin};

use crate::challenge::Challenge;
use crate::response::Response;

/// A product that has remedies of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// CNCF distribution, also as Debian's `docker-registry`.
    Distribution,
    /// zot.
    Zot,
    /// Harbor.
    Harbor,
    /// Quay.
    Quay,
    /// Gitea and Forgejo.
    Gitea,
    /// GitLab's container registry.
    GitLab,
    /// Sonatype Nexus Repository.
    Nexus,
    /// JFrog Artifactory.
    Artifactory,
    /// angos.
    Angos,
    /// GitHub's container registry.
    Ghcr,
    /// Amazon's private registries.
    Ecr,
}

impl Product {
    /// Every product.
    pub const ALL: [Self; 11] = [
        Self::Distribution,
        Self::Zot,
        Self::Harbor,
        Self::Quay,
        Self::Gitea,
        Self::GitLab,
        Self::Nexus,
        Self::Artifactory,
        Self::Angos,
        Self::Ghcr,
        Self::Ecr,
    ];

    /// Its name, as its makers write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Distribution => "distribution",
            Self::Zot => "zot",
            Self::Harbor => "Harbor",
            Self::Quay => "Quay",
            Self::Gitea => "Gitea or Forgejo",
            Self::GitLab => "GitLab",
            Self::Nexus => "Nexus",
            Self::Artifactory => "Artifactory",
            Self::Angos => "angos",
            Self::Ghcr => "GHCR",
            Self::Ecr => "ECR",
        }
    }

    /// The product of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|product| product.as_str() == name)
    }

    /// The product at an origin that answers a stranger's first question and `/api/v2.0/systeminfo` so.
    pub(crate) fn recognise(origin: &Origin, first: &Response, systeminfo: &Response) -> Option<Self> {
        let ways = [
            of_host(origin),
            is_harbor(systeminfo).then_some(Self::Harbor),
            of_challenges(first),
            of_headers(first),
            is_distribution(first, systeminfo).then_some(Self::Distribution),
        ];
        ways.into_iter().flatten().next()
    }
}

fn of_host(origin: &Origin) -> Option<Product> {
    let Host::Name(name) = origin.host() else { return None };
    match name.as_str() {
        "ghcr.io" => Some(Product::Ghcr),
        name if name.contains(".dkr.ecr.") && name.ends_with(".amazonaws.com") => Some(Product::Ecr),
        _ => None,
    }
}

fn is_harbor(systeminfo: &Response) -> bool {
    systeminfo.status == 200
        && systeminfo.whole().is_some_and(|body| {
            serde_json::from_slice::<serde_json::Value>(body).is_ok_and(|info| info.get("harbor_version").is_some())
        })
}

fn of_challenges(first: &Response) -> Option<Product> {
    Challenge::all(&first.headers).iter().find_map(|challenge| {
        let service = challenge.parameter("service").filter(|service| *service == "ecr.amazonaws.com");
        service.map(|_| Product::Ecr).or_else(|| challenge.parameter("realm").and_then(of_realm))
    })
}

/// The product whose realm ends so, or is called so. `/v2/token` says nothing: several products and clouds have it.
fn of_realm(realm: &str) -> Option<Product> {
    let path = realm.split('?').next()?;
    let ends = [
        ("/service/token", Product::Harbor),
        ("/zot/auth/token", Product::Zot),
        ("/v2/auth", Product::Quay),
        ("/jwt/auth", Product::GitLab),
    ];
    let names = [
        ("zot", Product::Zot),
        ("Angos", Product::Angos),
        ("Artifactory Realm", Product::Artifactory),
        ("Sonatype Nexus Repository Manager", Product::Nexus),
    ];
    let end = ends.into_iter().find(|(end, _)| path.ends_with(end));
    end.or_else(|| names.into_iter().find(|(name, _)| *name == realm)).map(|(_, product)| product)
}

fn of_headers(first: &Response) -> Option<Product> {
    let cookies = [
        ("sid", Product::Harbor),
        ("_gitlab_session", Product::GitLab),
        ("i_like_gitea", Product::Gitea),
        ("i_like_forgejo", Product::Gitea),
        ("NX-ANTI-CSRF-TOKEN", Product::Nexus),
    ];
    let cookie = |line: &str| {
        let name = line.split('=').next().unwrap_or_default().trim();
        cookies.into_iter().find(|(known, _)| *known == name).map(|(_, product)| product)
    };
    let begins = |name: &str, value: &str| first.headers.get(name).is_some_and(|text| text.starts_with(value));
    first.headers.all("set-cookie").find_map(cookie).or_else(|| match () {
        () if begins("server", "Nexus/") => Some(Product::Nexus),
        () if begins("server", "Artifactory/") || first.headers.get("x-jfrog-version").is_some() => {
            Some(Product::Artifactory)
        }
        () if begins("x-powered-by", "Angos") => Some(Product::Angos),
        () => None,
    })
}

/// A refusal that details what was asked with the field names of its own Go types; or, where nothing is refused, the
/// version of the API on a page of `/v2/` and the plain page of its router elsewhere.
fn is_distribution(first: &Response, systeminfo: &Response) -> bool {
    let body = first.whole().map(String::from_utf8_lossy).unwrap_or_default();
    let details = body.contains(r#""Type":"repository""#) && body.contains(r#""Class":"#);
    let version = first.headers.get("docker-distribution-api-version") == Some("registry/2.0");
    let nowhere = systeminfo.status == 404 && systeminfo.whole() == Some(b"404 page not found\n");
    details || (version && nowhere)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::{Body, Ended, Headers};

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect::<Headers>();
        Response { status, interim: Vec::new(), headers, body: Body { bytes: body.into(), ended: Ended::Whole } }
    }

    fn at(origin: &str, first: &Response, systeminfo: &Response) -> Option<Product> {
        Product::recognise(&origin.parse().unwrap(), first, systeminfo)
    }

    #[test]
    fn products_are_told_by_what_they_say() {
        let nothing = answer(404, &[], "");
        for (name, value, product) in [
            (
                "WWW-Authenticate",
                "Bearer realm=\"https://r.example/service/token\",service=\"x\"",
                Some(Product::Harbor),
            ),
            ("WWW-Authenticate", "Bearer realm=\"https://r.example/zot/auth/token?x\"", Some(Product::Zot)),
            ("WWW-Authenticate", "Bearer realm=\"https://r.example/v2/auth\"", Some(Product::Quay)),
            ("WWW-Authenticate", "Bearer realm=\"https://r.example/jwt/auth\"", Some(Product::GitLab)),
            ("WWW-Authenticate", "Bearer realm=\"https://r.example/v2/token\"", None),
            ("WWW-Authenticate", "Basic realm=\"Sonatype Nexus Repository Manager\"", Some(Product::Nexus)),
            ("WWW-Authenticate", "Basic realm=\"Artifactory Realm\"", Some(Product::Artifactory)),
            ("WWW-Authenticate", "Basic realm=\"Angos\", charset=\"UTF-8\"", Some(Product::Angos)),
            ("WWW-Authenticate", "Basic realm=\"x\",service=\"ecr.amazonaws.com\"", Some(Product::Ecr)),
            ("Set-Cookie", "i_like_gitea=1; Path=/", Some(Product::Gitea)),
            ("Set-Cookie", "sid=1; Path=/", Some(Product::Harbor)),
            ("Server", "Nexus/3.70.0 (OSS)", Some(Product::Nexus)),
            ("X-JFrog-Version", "Artifactory/7.1", Some(Product::Artifactory)),
            ("Server", "nginx", None),
        ] {
            assert_eq!(at("https://r.example", &answer(401, &[(name, value)], ""), &nothing), product, "{value}");
        }
        assert_eq!(at("https://ghcr.io", &nothing, &nothing), Some(Product::Ghcr));
        assert_eq!(at("https://1.dkr.ecr.eu-west-1.amazonaws.com", &nothing, &nothing), Some(Product::Ecr));
        let info = answer(200, &[], r#"{"harbor_version":"v2"}"#);
        assert_eq!(at("https://r.example", &nothing, &info), Some(Product::Harbor));
    }

    #[test]
    fn distribution_is_told_whether_it_refuses_or_not() {
        let refusal = r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":[{"Type":"repository","Class":"","Name":"a","Action":"pull"}]}]}"#;
        let page = answer(404, &[], "404 page not found\n");
        let version = [("Docker-Distribution-Api-Version", "registry/2.0")];
        let told = |first: &Response, elsewhere: &Response| at("https://r.example", first, elsewhere);
        assert_eq!(told(&answer(401, &[], refusal), &answer(401, &[], "")), Some(Product::Distribution));
        assert_eq!(told(&answer(200, &version, "{}"), &page), Some(Product::Distribution));
        assert_eq!(told(&answer(200, &version, "{}"), &answer(404, &[], "")), None);
        assert_eq!(told(&answer(200, &[], "{}"), &page), None);
    }

    #[test]
    fn a_name_stands_for_its_product() {
        for product in Product::ALL {
            assert_eq!(Product::named(product.as_str()), Some(product));
        }
        assert_eq!(Product::named("not recognised"), None);
    }
}
