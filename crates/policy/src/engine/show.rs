//! The whole policy as Cedar text: what is shipped, what repositories are, the grants, the operator's files.

use cedar_policy::EntityId;

use crate::decide::Policy;
use crate::engine::{Engine, grants};
use crate::grant::{Grant, GrantIndex};
use crate::principal::{PrincipalId, PrincipalName};
use crate::repository::RepositoryRule;

impl Policy {
    /// The policy as Cedar text that says the same: rules carry the names that records give them, grants are rules
    /// that look at the clock, and `[[repository]]` entries stand as comments, since they are attributes that shipped
    /// rules read. The order is always the same. `name` tells what people call a principal.
    #[must_use]
    pub fn show(&self, grants: &GrantIndex, name: impl Fn(&PrincipalId) -> Option<PrincipalName>) -> String {
        let engine = &self.engine;
        let mut parts = engine.show_rules();
        parts.extend(engine.show_repositories());
        parts.extend(engine.show_grants(grants, name));
        parts.join("\n\n") + "\n"
    }
}

impl Engine {
    /// The rules as they were written, file by file, each with its name.
    fn show_rules(&self) -> Vec<String> {
        let mut parts = Vec::new();
        let mut file = "";
        for rule in &self.rules {
            if rule.file != file {
                file = &rule.file;
                parts.push(format!("// {}", file.escape_debug()));
            }
            let text = rule.policy.to_string();
            let id = EntityId::new(rule.id.as_str());
            let named = rule.policy.annotation("id").is_some();
            parts.push(if named { text } else { format!("@id(\"{}\")\n{text}", id.escaped()) });
        }
        parts
    }

    fn show_repositories(&self) -> Option<String> {
        let lines: Vec<String> = self.repositories.iter().map(describe).collect();
        let heading = "// [[repository]]: the narrowest entry that says something wins, protected tags add up\n";
        (!lines.is_empty()).then(|| format!("{heading}{}", lines.join("\n")))
    }

    fn show_grants(&self, index: &GrantIndex, name: impl Fn(&PrincipalId) -> Option<PrincipalName>) -> Vec<String> {
        let who = |grant: &Grant| match name(&grant.holder) {
            Some(name) => format!("robot:{name}"),
            None => format!("{} (no such robot)", grant.holder.as_str().escape_debug()),
        };
        let mut grants: Vec<(String, &Grant)> = index.iter().map(|grant| (who(grant), grant.as_ref())).collect();
        grants.sort_by_cached_key(|(who, grant)| (who.clone(), grant.pattern.clone(), grant.id.clone()));
        let heading = (!grants.is_empty()).then(|| "// grants".to_owned());
        heading.into_iter().chain(grants.iter().map(|(who, grant)| self.show_grant(who, grant))).collect()
    }

    fn show_grant(&self, who: &str, grant: &Grant) -> String {
        let reason = grant.reason.as_ref().map(|reason| format!(": {}", reason.escape_debug())).unwrap_or_default();
        format!("// {who}{reason}\n{}", grants::render(&self.vocabulary, grant))
    }
}

fn describe(rule: &RepositoryRule) -> String {
    let mut words = Vec::new();
    words.extend(rule.visibility.map(|visibility| format!("visibility {}", visibility.as_str())));
    words
        .extend(rule.environment.as_ref().map(|environment| format!("environment \"{}\"", environment.escape_debug())));
    let tags: Vec<String> = rule.protected_tags.iter().map(ToString::to_string).collect();
    words.extend((!tags.is_empty()).then(|| format!("protected tags {}", tags.join(" "))));
    format!("// {}: {}", rule.name, words.join(", "))
}
