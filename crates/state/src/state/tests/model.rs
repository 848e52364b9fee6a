//! Random changes against a model that fits on a page.

use proptest::prelude::*;

use super::*;

const NAMES: [&str; 3] = ["ci", "cd", "backup"];

#[derive(Clone, Debug)]
enum Step {
    Ask(Ask),
    Abandon(usize),
    Restart,
}

#[derive(Clone, Copy, Debug)]
enum Ask {
    Create(usize),
    Rotate(usize, i64),
    Enable(usize),
    Disable(usize),
    Delete(usize),
    Grant(usize),
    Ungrant(usize),
    Revoke(usize),
    RevokeKey(usize),
    RevokeToken(u8),
    AllBefore(i64),
    AcceptRestored(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let robot = || 0..NAMES.len();
    let ask = prop_oneof![
        4 => robot().prop_map(Ask::Create),
        3 => (robot(), 1_i64..20).prop_map(|(robot, lifetime)| Ask::Rotate(robot, lifetime)),
        1 => robot().prop_map(Ask::Enable),
        1 => robot().prop_map(Ask::Disable),
        1 => robot().prop_map(Ask::Delete),
        2 => robot().prop_map(Ask::Grant),
        2 => (0_usize..8).prop_map(Ask::Ungrant),
        1 => robot().prop_map(Ask::Revoke),
        2 => (0_usize..8).prop_map(Ask::RevokeKey),
        1 => any::<u8>().prop_map(Ask::RevokeToken),
        1 => (0_i64..30).prop_map(Ask::AllBefore),
        1 => (0_u64..4).prop_map(Ask::AcceptRestored),
    ];
    let step = prop_oneof![
        18 => ask.prop_map(Step::Ask),
        1 => robot().prop_map(Step::Abandon),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..30)
}

#[derive(Clone, Debug, Default)]
struct ModelRobot {
    epoch: u64,
    revision: u64,
    disabled: bool,
    /// Number, second of birth, second of death, revoked.
    keys: Vec<(usize, i64, i64, bool)>,
    grants: Vec<String>,
}

#[derive(Debug, Default)]
struct Model {
    sequence: u64,
    robots: BTreeMap<&'static str, ModelRobot>,
    keys_made: usize,
    tokens: Vec<String>,
    all_before: Option<i64>,
}

fn key_id(number: usize) -> String {
    format!("{number:0>12}")
}

impl Model {
    fn key(&mut self, now: i64, lifetime: i64) -> (usize, i64, i64, bool) {
        self.keys_made += 1;
        (self.keys_made, now, now + lifetime, false)
    }

    /// What is asked of the state, and whether it must be granted; then it is done to the model.
    fn take(&mut self, state: &State, ask: Ask, now: i64) -> (Change, bool) {
        match ask {
            Ask::Create(robot) => {
                let key = self.key(now, 10);
                let known = self.robots.contains_key(NAMES[robot]);
                if !known {
                    self.robots.insert(NAMES[robot], ModelRobot { keys: vec![key], ..ModelRobot::default() });
                }
                let key = new_key(state, &key_id(key.0), key.2);
                let [owner, purpose] = ["team", "tests"].map(str::to_owned);
                (Change::CreateRobot { name: name(NAMES[robot]), owner, purpose, grants: Vec::new(), key }, !known)
            }
            Ask::Rotate(robot, lifetime) => {
                let key = self.key(now, lifetime);
                let change =
                    Change::RotateKey { robot: name(NAMES[robot]), key: new_key(state, &key_id(key.0), key.2) };
                let known = self.on(robot, |robot| {
                    let live = robot.keys.iter_mut().filter(|key| !key.3 && now < key.2);
                    live.rev().skip(1).for_each(|key| key.3 = true);
                    robot.keys.push(key);
                });
                (change, known)
            }
            Ask::Enable(robot) => (
                Change::EnableRobot(name(NAMES[robot])),
                self.on(robot, |robot| (robot.disabled, robot.revision) = (false, robot.revision + 1)),
            ),
            Ask::Disable(robot) => (
                Change::DisableRobot(name(NAMES[robot])),
                self.on(robot, |robot| (robot.disabled, robot.revision) = (true, robot.revision + 1)),
            ),
            Ask::Delete(robot) => (Change::DeleteRobot(name(NAMES[robot])), self.robots.remove(NAMES[robot]).is_some()),
            Ask::Grant(robot) => {
                let change = Change::AddGrant { holder: name(NAMES[robot]), grant: new_grant("team/**") };
                (change, self.on(robot, |robot| robot.revision += 1))
            }
            Ask::Ungrant(number) => {
                let known = self.robots.values_mut().find(|robot| robot.grants.len() > number);
                let id = known.map(|robot| {
                    robot.revision += 1;
                    robot.grants.remove(number)
                });
                (Change::RemoveGrant(policy::GrantId::new(id.as_deref().unwrap_or("g_none"))), id.is_some())
            }
            Ask::Revoke(robot) => {
                let known = self.on(robot, |robot| {
                    robot.epoch += 1;
                    robot.keys.iter_mut().for_each(|key| key.3 = true);
                });
                (Change::RevokeRobot(name(NAMES[robot])), known)
            }
            Ask::RevokeKey(number) => {
                let mut keys = self.robots.values_mut().flat_map(|robot| &mut robot.keys);
                let known = keys.nth(number);
                let id = known.map(|key| {
                    key.3 = true;
                    key_id(key.0)
                });
                (Change::RevokeKey(id.as_deref().unwrap_or("zzzzzzzzzzzz").parse().unwrap()), id.is_some())
            }
            Ask::RevokeToken(token) => {
                let jti = format!("token-{token}");
                self.tokens.push(jti.clone());
                (Change::RevokeToken { jti, expires: second(1000) }, true)
            }
            Ask::AllBefore(moment) if moment > now => (Change::RevokeAllBefore(second(moment)), false),
            Ask::AllBefore(moment) => {
                self.all_before = self.all_before.max(Some(moment));
                for robot in self.robots.values_mut() {
                    robot.epoch += 1;
                    robot.keys.iter_mut().filter(|key| key.1 < moment).for_each(|key| key.3 = true);
                }
                (Change::RevokeAllBefore(second(moment)), true)
            }
            Ask::AcceptRestored(lost) => {
                let change = Change::AcceptRestored { journal: Sequence(self.sequence + lost) };
                if lost > 0 {
                    self.sequence += lost;
                    for robot in self.robots.values_mut() {
                        robot.epoch += lost + 1;
                        robot.keys.iter_mut().for_each(|key| key.3 = true);
                    }
                }
                (change, lost > 0)
            }
        }
    }

    fn on(&mut self, robot: usize, change: impl FnOnce(&mut ModelRobot)) -> bool {
        self.robots.get_mut(NAMES[robot]).map(change).is_some()
    }

    fn assert_equal(&self, state: &State, now: i64) {
        let snapshot = state.snapshot();
        assert_eq!(snapshot.sequence(), Sequence(self.sequence));
        assert_eq!(snapshot.all_before(), self.all_before.map(second));
        assert!(self.tokens.iter().all(|token| snapshot.is_token_revoked(token)));
        let names: Vec<_> = snapshot.robots().map(|entry| entry.robot.name.to_string()).collect();
        assert_eq!(names, self.robots.keys().copied().collect::<Vec<_>>());
        for (name, robot) in &self.robots {
            let entry = super::robot(state, name);
            assert_eq!((entry.robot.epoch.0, entry.grants_revision), (robot.epoch, robot.revision), "{name}");
            assert_eq!(entry.enabled, !robot.disabled);
            let keys = |entry: &RobotEntry| {
                entry.keys.iter().map(|key| (key.id.to_string(), key.is_live(second(now)))).collect::<Vec<_>>()
            };
            let expected = robot.keys.iter().map(|key| (key_id(key.0), !key.3 && now < key.2)).collect::<Vec<_>>();
            assert_eq!(keys(&entry), expected, "{name}");
            let mut grants: Vec<_> = snapshot.grants().of(&entry.robot.id).map(|grant| grant.id.to_string()).collect();
            let mut expected = robot.grants.clone();
            grants.sort();
            expected.sort();
            assert_eq!(grants, expected, "{name}");
        }
        let live = snapshot.keys.values().filter(|key| key.is_live(second(now))).count();
        let expected = self.robots.values().flat_map(|robot| &robot.keys).filter(|key| !key.3 && now < key.2).count();
        assert_eq!(live, expected);
    }
}

fn run(steps: &[Step]) {
    let folder = Folder::new();
    let mut state = folder.open();
    let mut model = Model::default();
    for (now, step) in (1..).zip(steps) {
        match step {
            Step::Restart => {
                let before = facts(&state);
                drop(state);
                state = folder.open();
                assert_eq!(facts(&state), before);
            }
            Step::Abandon(robot) => drop(state.begin(Change::RevokeRobot(name(NAMES[*robot])), at(now))),
            Step::Ask(ask) => {
                let (change, possible) = model.take(&state, *ask, now);
                let applied = state.begin(change, at(now)).and_then(|pending| pending.commit());
                assert_eq!(applied.is_ok(), possible, "{ask:?}: {applied:?}");
                if let Ok(applied) = applied {
                    model.sequence += 1;
                    if let Ask::Grant(robot) = ask {
                        model.on(*robot, |robot| robot.grants.extend(applied.grants.iter().map(ToString::to_string)));
                    }
                }
            }
        }
        model.assert_equal(&state, now);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_changes_is_what_the_model_says(steps in steps()) {
        run(&steps);
    }
}
