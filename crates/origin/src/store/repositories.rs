//! The list of repositories, as far as whoever asks may see it.
//!
//! What is hidden shows in nothing: not in the names, not in whether the list goes on, not in where it does.

use policy::Visible;
use protocol::{Page, Repository, Request};
use rusqlite::OptionalExtension;

use super::{Store, schema};
use crate::body::Upload;
use crate::error::StoreError;
use crate::served::Served;

/// The most names in one answer, and how many it has where nobody says: they fit into one slice of the wire.
const MAX_PAGE: usize = 1000;
/// Names that are looked at before other requests get their turn.
const AT_ONCE: u64 = 32;

impl Store {
    /// The visible names behind the last page, in ASCII order.
    pub(crate) async fn list_repositories<B: Upload>(
        &self,
        page: &Page,
        visible: &Visible,
        body: &B,
    ) -> Result<Served, StoreError> {
        let n = page.n.and_then(|n| usize::try_from(n).ok()).unwrap_or(MAX_PAGE).min(MAX_PAGE);
        // One more than fit: the list goes on where another visible name does.
        let mut names = self.visible(visible, page.last.as_deref(), n.saturating_add(1), body).await?;
        let more = names.len() > n;
        names.truncate(n);
        let texts: Vec<&str> = names.iter().map(Repository::as_str).collect();
        let served = Served::json(200, serde_json::json!({ "repositories": texts }).to_string());
        Ok(match names.last().filter(|_| more) {
            Some(last) => {
                let page = Page { n: Some(n as u64), last: Some(last.to_string()) };
                served.followed_by(&Request::Catalog { page })
            }
            None => served,
        })
    }

    /// At most `limit` visible names behind `last`.
    async fn visible<B: Upload>(
        &self,
        visible: &Visible,
        last: Option<&str>,
        limit: usize,
        body: &B,
    ) -> Result<Vec<Repository>, StoreError> {
        let (mut names, mut looked_at) = (Vec::new(), 0_u64);
        for area in visible.areas() {
            let (first, end) = area.span();
            let mut from = last.map(behind).unwrap_or_default().max(first);
            while let Some(name) = self.next_name(&from, &end)? {
                looked_at = looked_at.saturating_add(1);
                self.pause(looked_at, body).await?;
                from = behind(name.as_str());
                if visible.shows(&name)? {
                    names.push(name);
                }
                if names.len() == limit {
                    return Ok(names);
                }
            }
        }
        Ok(names)
    }

    /// The first name in a span, at the cost of two look-ups; the database is free again when it is known.
    fn next_name(&self, first: &str, end: &str) -> rusqlite::Result<Option<Repository>> {
        let query = "SELECT repository FROM (
            SELECT min(repository) AS repository FROM manifest WHERE repository >= ?1 AND repository < ?2
            UNION ALL SELECT min(repository) FROM blob WHERE repository >= ?1 AND repository < ?2
        ) WHERE repository IS NOT NULL ORDER BY repository LIMIT 1";
        let database = self.database();
        let mut statement = database.prepare_cached(query)?;
        statement.query_row([first, end], |row| schema::column(row, 0)).optional()
    }

    /// Lets others go on, and sees whether this request still may.
    async fn pause<B: Upload>(&self, looked_at: u64, body: &B) -> Result<(), StoreError> {
        let limit = self.settings.looks_per_page;
        if looked_at > limit {
            return Err(StoreError::TooManyHidden { limit });
        }
        if looked_at.is_multiple_of(AT_ONCE) {
            tokio::task::yield_now().await;
        }
        if body.standing() { Ok(()) } else { Err(StoreError::Revoked) }
    }
}

/// Where the names behind this one begin: `!` sorts before everything that may go on in a name.
fn behind(name: &str) -> String {
    format!("{name}!")
}
