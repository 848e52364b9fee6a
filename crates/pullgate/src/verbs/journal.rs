//! `pullgate audit` and `pullgate why`: reading the journal from its files, whether or not a server runs.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use audit::{Checkpoint, Filter, Joined, Probed, ReadError, Tail};

use state::State;

use crate::cli::Filters;
use crate::config::Configuration;
use crate::data_folder::DataFolder;
use crate::house::{JOURNAL, checkpoint_key, secret_key};
use crate::output::{Exit, Failure, print, print_json, print_table};
use crate::verbs::why;

/// Pause between two looks at a journal that has nothing new.
const PAUSE: Duration = Duration::from_millis(100);

/// `pullgate audit query`.
pub(crate) fn query(configuration: &Configuration, filter: &Filter, json: bool) -> Result<Exit, Failure> {
    let found = audit::query(&journal(configuration)?, filter).map_err(failure)?;
    if json {
        for joined in &found {
            print_json(&joined.to_json())?;
        }
        return Ok(Exit::Yes);
    }
    let rows: Vec<[String; 8]> = found.iter().map(row).collect();
    print_table(["leaf", "time", "decision", "who", "action", "repository", "status", "request"], &rows)?;
    Ok(Exit::Yes)
}

/// `pullgate audit query --kind probe`.
pub(crate) fn probes(configuration: &Configuration, filter: &Filter, json: bool) -> Result<Exit, Failure> {
    let (since, until) = (filter.since, filter.until);
    if *filter != (Filter { since, until, ..Filter::default() }) {
        return Err(Failure::usage("only --since and --until go with --kind probe: the others are about decisions"));
    }
    let found = audit::probes(&journal(configuration)?, since, until).map_err(failure)?;
    if json {
        found.iter().try_for_each(|probed| print_json(&probed.to_json()))?;
        return Ok(Exit::Yes);
    }
    let rows: Vec<[String; 7]> = found.iter().map(probed).collect();
    print_table(["leaf", "time", "probe", "outcome", "failed", "open", "run"], &rows)?;
    Ok(Exit::Yes)
}

fn probed(probed: &Probed) -> [String; 7] {
    let ids = |ids: &[String]| if ids.is_empty() { "-".to_owned() } else { ids.join(",") };
    let run = &probed.run;
    [
        probed.sequence.to_string(),
        run.time.clone(),
        run.probe.to_string(),
        run.outcome.clone(),
        ids(&run.failed),
        ids(&run.open),
        run.run.clone().unwrap_or_else(|| "-".to_owned()),
    ]
}

/// `pullgate audit tail`: every decision as it is made, until interrupted.
pub(crate) fn tail(configuration: &Configuration, filter: &Filter, json: bool) -> Result<Exit, Failure> {
    let mut tail = Tail::new(&journal(configuration)?, filter.clone()).map_err(failure)?;
    loop {
        for joined in tail.next_batch().map_err(failure)? {
            if json {
                print_json(&joined.to_json())?
            } else {
                print(&format!("{}\n", row(&joined).join("  ")))?
            };
        }
        sleep(PAUSE);
    }
}

/// `pullgate audit verify`: exit 0 intact, 1 broken, 2 could not tell.
pub(crate) fn verify(configuration: &Configuration) -> Result<Exit, Failure> {
    let folder = journal(configuration)?;
    let key = secret_key(configuration, false).map_err(Failure::unknown)?;
    let known = State::stored_checkpoint(&configuration.data, &key)
        .map_err(Failure::unknown)?
        .map(|(size, root)| Checkpoint { size, root: root.into() });
    let key = checkpoint_key(&key).map_err(Failure::unknown)?;
    let report = audit::verify_journal(&folder, key.public(), known).map_err(failure)?;
    print(&format!("{report}\n"))?;
    Ok(Exit::Yes)
}

/// `pullgate why ID`.
pub(crate) fn why(configuration: &Configuration, id: &str) -> Result<Exit, Failure> {
    let Some(joined) = audit::find(&journal(configuration)?, id).map_err(failure)? else {
        let hint = "a stranger's refusal beyond the twentieth a minute is only counted; `pullgate audit query` shows what stands in full";
        let unknown = Failure::no(format!("the journal has no request `{id}`"));
        return Err(unknown.hints([hint.to_owned()]));
    };
    print(&why::explain(&joined))?;
    Ok(Exit::Yes)
}

/// The journal of a data folder that `serve` has made.
fn journal(configuration: &Configuration) -> Result<PathBuf, Failure> {
    Ok(DataFolder::existing(&configuration.data)?.path().join(JOURNAL))
}

/// The filter that the flags say.
pub(crate) fn filter(filters: &Filters) -> Filter {
    let text = |value: &Option<String>| value.clone();
    Filter {
        since: None,
        until: None,
        principal: text(&filters.principal),
        repository: filters.repository.as_ref().map(ToString::to_string),
        action: filters.action.map(|asked| asked.as_str().to_owned()),
        decision: filters.decision,
        source: filters.source.map(|source| source.to_string()),
        digest: filters.digest.as_ref().map(ToString::to_string),
        tag: filters.tag.as_ref().map(ToString::to_string),
        credential: text(&filters.credential),
        request_id: text(&filters.request_id),
    }
}

fn failure(error: ReadError) -> Failure {
    match error {
        ReadError::Broken(_) => Failure::no(error),
        ReadError::Unreadable { .. } => Failure::unknown(error),
    }
}

fn row(joined: &Joined) -> [String; 8] {
    let record = &joined.record;
    let principal = record.principal.as_ref();
    let who = principal.map(|principal| principal.name.clone().unwrap_or_else(|| principal.kind.clone()));
    let status = joined.outcome.as_ref().map(|outcome| outcome.status).or(record.status);
    let place = [record.repository.as_deref(), record.tag.as_deref()].into_iter().flatten().collect::<Vec<_>>();
    [
        joined.sequence.to_string(),
        record.time.clone(),
        record.decision.map_or_else(String::new, |decision| decision.as_str().to_owned()),
        who.unwrap_or_else(|| "-".to_owned()),
        record.action.clone().or_else(|| record.route.clone()).unwrap_or_else(|| record.method.clone()),
        place.join(":"),
        status.map_or_else(|| "-".to_owned(), |status| status.to_string()),
        record.request_id.clone(),
    ]
}
