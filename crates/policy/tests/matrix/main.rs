//! Who may do what: each scenario is a policy, and beside it the table of what it allows, to be read as a diff.
//!
//! A scenario names its robots (whose immutable ids are their names), repositories and tags; the table has a line for
//! each action and a column for each principal, anonymous first.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, which the relaxed lints for tests miss"
)]

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use policy::{
    Context, Epoch, Finding, Grant, GrantIndex, Outcome, Policy, PolicyText, Principal, PrincipalId, RepositoryRule,
    Robot, Settings,
};
use protocol::{Access, Action, Now, Repository};
use serde::Deserialize;

/// One scenario file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    /// What it shows.
    about: String,
    #[serde(default)]
    anonymous: bool,
    robots: Vec<String>,
    repositories: Vec<String>,
    /// Tags that are created, moved and deleted; none leaves those actions out.
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    grant: Vec<Grant>,
    #[serde(default)]
    repository: Vec<RepositoryRule>,
    #[serde(default)]
    cedar: String,
    /// Each has a table of its own.
    #[serde(default = "Circumstances::only")]
    when: Vec<Circumstances>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Circumstances {
    at: Timestamp,
    from: IpAddr,
}

impl Default for Circumstances {
    fn default() -> Self {
        Self { at: "2027-01-15T08:00:00Z".parse().unwrap(), from: [192, 0, 2, 7].into() }
    }
}

impl Circumstances {
    fn only() -> Vec<Self> {
        vec![Self::default()]
    }
}

impl Scenario {
    fn table(&self) -> String {
        let text = PolicyText { name: "rules.cedar".to_owned(), text: self.cedar.clone() };
        let settings = Settings { anonymous: self.anonymous, ..Settings::default() };
        let policy = match Policy::build(&settings, self.repository.clone(), &[text]) {
            Ok(policy) => policy,
            Err(error) => panic!("{error}"),
        };
        let mut table = format!("{}\n", self.about);
        for circumstances in &self.when {
            writeln!(table, "\nat {} from {}", circumstances.at, circumstances.from).unwrap();
            for repository in &self.repositories {
                table.push_str(&self.block(&policy, circumstances, &repository.parse().unwrap()));
            }
        }
        table
    }

    /// The lines of one repository.
    fn block(&self, policy: &Policy, circumstances: &Circumstances, repository: &Repository) -> String {
        let principals = self.principals();
        let mut rows = vec![vec![repository.to_string()]];
        rows[0].extend(principals.iter().map(named));
        for access in self.accesses(repository) {
            let mut row =
                vec![access.tag.as_ref().map_or(access.action.to_string(), |tag| format!("{} {tag}", access.action))];
            row.extend(principals.iter().map(|principal| self.cell(policy, circumstances, principal, &access)));
            rows.push(row);
        }
        aligned(&rows)
    }

    fn cell(&self, policy: &Policy, at: &Circumstances, principal: &Principal, access: &Access) -> String {
        let context = Context::new(at.from);
        let now = Now { wall: at.at, tick: Duration::ZERO };
        let grants: GrantIndex = self.grant.iter().cloned().collect();
        let explanation = policy.explain(principal, std::slice::from_ref(access), &context, &grants, now);
        let Finding { outcome, rules, .. } = &explanation.findings[0];
        let rules = rules.iter().map(|rule| rule.as_str()).collect::<Vec<_>>().join("+");
        match outcome {
            Outcome::Allowed => format!("yes, {rules}"),
            Outcome::NotGranted => "-".to_owned(),
            Outcome::Forbidden => format!("FORBIDDEN, {rules}"),
            Outcome::Broken => format!("BROKEN, {rules}"),
        }
    }

    fn principals(&self) -> Vec<Principal> {
        let robot = |name: &String| {
            let (id, name) = (PrincipalId::new(name), name.parse().unwrap());
            Principal::Robot(Arc::new(Robot { id, name, owner: "team".to_owned(), epoch: Epoch(1) }))
        };
        std::iter::once(Principal::Anonymous).chain(self.robots.iter().map(robot)).collect()
    }

    fn accesses(&self, repository: &Repository) -> Vec<Access> {
        let of_action = |action: Action| {
            let of_tag = |tag: &String| Access::of_tag(action, repository, &tag.parse().unwrap());
            match action.is_of_tag() {
                true => self.tags.iter().map(of_tag).collect(),
                false => vec![Access::new(action, repository)],
            }
        };
        Action::ALL.into_iter().flat_map(of_action).collect()
    }
}

fn named(principal: &Principal) -> String {
    principal.name().map_or("anonymous".to_owned(), |name| format!("robot:{name}"))
}

/// Cells in columns, two spaces apart; lines without trailing space.
fn aligned(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let mut text = "\n".to_owned();
    for row in rows {
        let cells = row.iter().enumerate().map(|(column, cell)| format!("{cell:<0$}", width(column)));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// A test for each scenario: `NAME.toml` here, its table in `snapshots/matrix__NAME.snap`.
macro_rules! scenarios {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                let scenario: Scenario = toml::from_str(include_str!(concat!(stringify!($name), ".toml"))).unwrap();
                insta::assert_snapshot!(stringify!($name), scenario.table());
            }
        )*
    };
}

scenarios! {
    pull_only
    push_only
    read_manifest
    no_list
    delete
    below_and_itself
    expired
    protected_tags
    public
    public_anonymous
    operators_permit
    operators_forbid
    tag_rules
    erring_forbid
}
