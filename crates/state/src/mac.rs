//! Message authentication codes over rows in a canonical form: no two contents share their bytes.

use aws_lc_rs::hmac::{self, HMAC_SHA256};

use crate::robot::RobotEntry;
use crate::secret_key::{Purpose, SecretKey};

/// The key of the codes.
#[derive(Clone, Debug)]
pub(crate) struct MacKey(hmac::Key);

/// HMAC-SHA-256 of something canonical.
pub(crate) type Mac = [u8; 32];

impl MacKey {
    pub(crate) fn new(key: &SecretKey, purpose: Purpose) -> Self {
        Self(hmac::Key::new(HMAC_SHA256, key.derive(purpose).as_slice()))
    }

    /// Of bytes as they are.
    pub(crate) fn of(&self, bytes: &[u8]) -> Mac {
        fixed(hmac::sign(&self.0, bytes))
    }

    /// Begins a canonical form; `kind` keeps the forms of different things apart.
    pub(crate) fn begin(&self, kind: &str) -> Canonical {
        let mut canonical = Canonical(hmac::Context::with_key(&self.0));
        canonical.text(kind);
        canonical
    }

    /// Of a robot with all its keys and grants.
    pub(crate) fn of_robot(&self, entry: &RobotEntry) -> Mac {
        let mut form = self.begin("robot 1");
        let robot = &entry.robot;
        form.text(robot.id.as_str()).text(robot.name.as_str()).text(&robot.owner).number(robot.epoch.0);
        form.text(&entry.purpose).text(&entry.created.to_string()).number(u64::from(entry.enabled));
        form.maybe(entry.deleted.map(|time| time.to_string()).as_deref()).number(entry.grants_revision);
        form.number(entry.keys.len() as u64);
        for key in &entry.keys {
            form.text(key.id.as_str()).bytes(&key.hash);
            form.text(&key.created.to_string()).text(&key.expires.to_string()).number(u64::from(key.revoked));
        }
        form.number(entry.grants.len() as u64);
        for grant in &entry.grants {
            form.text(grant.id.as_str()).text(&grant.pattern.to_string()).text(&grant.actions.to_string());
            form.maybe(grant.until.map(|time| time.to_string()).as_deref()).maybe(grant.reason.as_deref());
        }
        form.end()
    }
}

/// Compares without telling by time where the difference is.
pub(crate) fn equal(left: &[u8], right: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(left, right).is_ok()
}

/// A form under way: every part is written with its length, so that parts cannot move into each other.
pub(crate) struct Canonical(hmac::Context);

impl Canonical {
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
        self
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    pub(crate) fn number(&mut self, number: u64) -> &mut Self {
        self.0.update(&number.to_be_bytes());
        self
    }

    pub(crate) fn maybe(&mut self, text: Option<&str>) -> &mut Self {
        self.number(u64::from(text.is_some())).text(text.unwrap_or_default())
    }

    pub(crate) fn end(self) -> Mac {
        fixed(self.0.sign())
    }
}

fn fixed(tag: hmac::Tag) -> Mac {
    let mut mac = [0; 32];
    mac.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cannot_move_into_each_other() {
        let key = MacKey(hmac::Key::new(HMAC_SHA256, &[7; 32]));
        let form = |build: fn(&mut Canonical) -> &mut Canonical| {
            let mut form = key.begin("test");
            build(&mut form);
            form.end()
        };
        let forms = [
            form(|form| form.text("ab").text("c")),
            form(|form| form.text("a").text("bc")),
            form(|form| form.text("abc")),
            form(|form| form.maybe(None)),
            form(|form| form.maybe(Some(""))),
            form(|form| form.number(0)),
            key.begin("other").end(),
        ];
        let distinct: std::collections::BTreeSet<_> = forms.iter().collect();
        assert_eq!(distinct.len(), forms.len());
    }
}
