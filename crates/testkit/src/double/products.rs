//! Flaws of the pages that products have of their own, one line for each.

use serde_json::json;

use super::{Flaw, REPOSITORY, Registry};
use crate::raw::{Answer, Request};

impl Registry {
    /// A page of a product that tells strangers too much; none where it does not.
    pub(super) fn of_product(&self, request: &Request) -> Option<Answer> {
        let pages = [
            (Flaw::HarborListsProjects, "/api/v2.0/projects?page_size=100", json!([{ "name": "team" }])),
            (Flaw::HarborFinds, "/api/v2.0/search?q=app", json!({ "repository": [{ "repository_name": REPOSITORY }] })),
            (Flaw::HarborCounts, "/api/v2.0/statistics", json!({ "private_repo_count": 7 })),
            (Flaw::HarborTellsStorage, "/api/v2.0/systeminfo", json!({ "registry_storage_provider_name": "s3" })),
            (Flaw::HarborListsRepositories, "/api/v2.0/repositories?page_size=100", json!([{ "name": REPOSITORY }])),
            (Flaw::HarborListsOfProject, "/api/v2.0/projects/team/repositories", json!([{ "name": REPOSITORY }])),
            (
                Flaw::QuayListsAll,
                "/api/v1/repository?public=true",
                json!({ "repositories": [{ "namespace": "team", "name": "app" }] }),
            ),
            (
                Flaw::QuayListsNamespace,
                "/api/v1/repository?namespace=team",
                json!({ "repositories": [{ "namespace": "team", "name": "app" }] }),
            ),
            (Flaw::QuayTellsHealth, "/health/instance", json!({ "data": { "services": { "auth": true } } })),
            (
                Flaw::NexusListsComponents,
                "/service/rest/v1/components?repository=team",
                json!({ "items": [{ "name": "app", "version": "1.0" }] }),
            ),
            (Flaw::NexusFinds, "/service/rest/v1/search?format=docker", json!({ "items": [{ "name": REPOSITORY }] })),
            (
                Flaw::NexusListsRepositories,
                "/service/rest/v1/repositories",
                json!([{ "name": "team", "format": "docker" }]),
            ),
            (
                Flaw::ArtifactoryLetsDeploy,
                "/artifactory/ui/repodata?deploy=true",
                json!({ "repoList": ["docker-local"] }),
            ),
            (Flaw::ArtifactoryListsRepositories, "/artifactory/api/repositories", json!([{ "key": "team" }])),
            (
                Flaw::ArtifactoryListsImages,
                "/artifactory/api/docker/team/v2/_catalog",
                json!({ "repositories": ["app"] }),
            ),
            (
                Flaw::GiteaListsPackages,
                "/api/v1/packages/team?type=container",
                json!([{ "type": "container", "name": "app" }]),
            ),
            (Flaw::GiteaFinds, "/api/v1/repos/search?q=app", json!({ "data": [{ "full_name": REPOSITORY }] })),
            (Flaw::GitLabFinds, "/api/v4/projects?search=app", json!([{ "path_with_namespace": REPOSITORY }])),
            (
                Flaw::GitLabListsImages,
                "/api/v4/projects/team%2Fapp/registry/repositories",
                json!([{ "path": REPOSITORY }]),
            ),
            (Flaw::ZotTellsRules, "/v2/_zot/ext/mgmt", json!({ "rules": [REPOSITORY] })),
            (
                Flaw::ZotFindsNewest,
                "/v2/_zot/ext/search?query=%7BRepoListWithNewestImage%7BResults%7BName%7D%7D%7D",
                json!({ "data": [{ "Name": REPOSITORY }] }),
            ),
            (Flaw::ZotTellsPreferences, "/v2/_zot/ext/userprefs", json!({ "starred": [REPOSITORY] })),
            (Flaw::KellnrFinds, "/api/v1/crates?q=app", json!({ "crates": [{ "name": "app" }] })),
        ];
        let told = pages.into_iter().find(|(flaw, target, _)| *target == request.target && self.has(*flaw));
        told.map(|(_, _, body)| Answer::http(request, 200, &[], body.to_string().as_bytes()))
    }
}
