//! What every backend of the journal must do, as one suite that their tests run.

use std::future::Future;
use std::sync::Arc;

use model::chain::VerdictState;
use model::journal::{Entry, Event};
use model::pipeline::{PipelineName, RepositoryName};
use model::{ChartVersion, CommitId, EnvironmentName, Timestamp};
use serde_json::json;

use super::{ActionKey, Journal};

/// Holds a backend against the trait's words. `make` gives an empty journal each time it is called.
///
/// # Panics
/// When the backend does something else than the trait says.
pub async fn conformance<F, J>(make: F)
where
    F: Fn() -> J,
    J: Future<Output = Arc<dyn Journal>>,
{
    entries_come_back_as_they_were_written(&*make().await).await;
    equal_keys_are_written_once(&*make().await).await;
    pages_follow_on_without_gap_or_overlap(&*make().await).await;
    pipelines_do_not_see_each_other(&*make().await).await;
    a_span_holds_its_beginning_and_not_its_end(&*make().await).await;
    the_last_verdict_of_each_environment_is_found(&*make().await).await;
    an_intent_is_used_once_even_by_many_at_a_time(make().await).await;
    the_first_outcome_of_an_action_stays(&*make().await).await;
    make().await.ping().await.expect("an open journal answers");
}

fn pipeline(name: &str) -> PipelineName {
    PipelineName::new("app-podinfo", name)
}

fn entry(minute: i64, key: &str) -> Entry {
    Entry {
        id: 0,
        at: Timestamp::from_millis(minute * 60_000),
        written_at: Timestamp::from_millis(minute * 60_000 + 5),
        pipeline: pipeline("podinfo"),
        environment: Some("uat".into()),
        release: ChartVersion::parse("1.1.7").ok(),
        colour: None,
        who: Some("sam".into()),
        source: "github".into(),
        sentence: "«1.1.7» went into uat".into(),
        event: Event::PromotionMerged { number: 64 },
        key: key.into(),
    }
}

fn verdict(minute: i64, environment: &str, to: VerdictState) -> Entry {
    Entry {
        environment: Some(environment.into()),
        event: Event::Verdict {
            from: None,
            to,
            breaks_at: None,
        },
        ..entry(minute, &format!("{environment}-{minute}"))
    }
}

fn minutes(entries: &[Entry]) -> Vec<i64> {
    entries
        .iter()
        .map(|entry| entry.at.millis() / 60_000)
        .collect()
}

async fn append(journal: &dyn Journal, entries: &[Entry]) -> Vec<Entry> {
    journal.append(entries).await.expect("entries are written")
}

async fn page(journal: &dyn Journal, before: Option<u64>, limit: usize) -> Vec<Entry> {
    journal
        .page(&pipeline("podinfo"), before, limit)
        .await
        .expect("a page is read")
}

async fn entries_come_back_as_they_were_written(journal: &dyn Journal) {
    let written = append(
        journal,
        &[entry(1, "a"), verdict(2, "uat", VerdictState::Proven)],
    )
    .await;
    assert!(written[0].id > 0 && written[1].id > written[0].id);
    let mut read = page(journal, None, 10).await;
    read.reverse();
    assert_eq!(read, written, "all of an entry survives, its id included");
    assert!(append(journal, &[]).await.is_empty());
}

async fn equal_keys_are_written_once(journal: &dyn Journal) {
    append(journal, &[entry(1, "a")]).await;
    let again = [entry(2, "a"), entry(3, "b"), entry(4, "b")];
    let written = append(journal, &again).await;
    assert_eq!(minutes(&written), [3], "only the new key is written, once");
    assert_eq!(minutes(&page(journal, None, 10).await), [3, 1]);
}

async fn pages_follow_on_without_gap_or_overlap(journal: &dyn Journal) {
    // Read from a history: older ones are written later, and two happened at the same time.
    let all: Vec<Entry> = [5, 6, 1, 3, 3, 2]
        .iter()
        .enumerate()
        .map(|(at, minute)| entry(*minute, &at.to_string()))
        .collect();
    append(journal, &all).await;
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let next = page(journal, before, 2).await;
        let Some(last) = next.last() else { break };
        before = Some(last.id);
        seen.extend(next);
    }
    assert_eq!(minutes(&seen), [6, 5, 3, 3, 2, 1], "newest first");
    let mut ids: Vec<u64> = seen.iter().map(|entry| entry.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6, "no entry is on two pages");
    assert!(page(journal, Some(999_999), 2).await.is_empty());
}

async fn pipelines_do_not_see_each_other(journal: &dyn Journal) {
    let other = Entry {
        pipeline: pipeline("other"),
        ..entry(1, "a")
    };
    let written = append(journal, &[entry(1, "a"), other]).await;
    assert_eq!(
        written.len(),
        2,
        "equal keys of two pipelines are two entries"
    );
    assert_eq!(page(journal, None, 10).await.len(), 1);
    assert!(
        page(journal, Some(written[1].id), 10).await.is_empty(),
        "another pipeline's entry is no place in this one"
    );
}

async fn a_span_holds_its_beginning_and_not_its_end(journal: &dyn Journal) {
    let all: Vec<Entry> = [4, 1, 3, 2]
        .iter()
        .map(|minute| entry(*minute, &minute.to_string()))
        .collect();
    append(journal, &all).await;
    let at = |minute: i64| Timestamp::from_millis(minute * 60_000);
    let found = journal
        .between(&pipeline("podinfo"), at(2), at(4))
        .await
        .expect("a span is read");
    assert_eq!(minutes(&found), [2, 3], "oldest first");
}

async fn the_last_verdict_of_each_environment_is_found(journal: &dyn Journal) {
    append(
        journal,
        &[
            verdict(1, "uat", VerdictState::Proven),
            verdict(2, "stg", VerdictState::Rolling),
            verdict(3, "uat", VerdictState::Failed),
            entry(4, "merged"),
        ],
    )
    .await;
    let mut last: Vec<(Option<EnvironmentName>, i64)> = journal
        .last_verdicts(&pipeline("podinfo"))
        .await
        .expect("verdicts are read")
        .into_iter()
        .map(|entry| (entry.environment, entry.at.millis() / 60_000))
        .collect();
    last.sort();
    assert_eq!(last, [(Some("stg".into()), 2), (Some("uat".into()), 3)]);
}

async fn an_intent_is_used_once_even_by_many_at_a_time(journal: Arc<dyn Journal>) {
    let ends = Timestamp::from_millis(300_000);
    let taps = (0..8).map(|_| {
        let journal = Arc::clone(&journal);
        tokio::spawn(async move { journal.consume_intent("one", 7, ends).await })
    });
    let mut firsts = 0;
    for tap in futures::future::join_all(taps).await {
        let first = tap
            .expect("no tap panics")
            .expect("the intent is looked up");
        firsts += usize::from(first);
    }
    assert_eq!(firsts, 1, "exactly one tap is the first");
    let other = journal.consume_intent("two", 7, ends).await;
    assert!(other.expect("the intent is looked up"));
}

async fn the_first_outcome_of_an_action_stays(journal: &dyn Journal) {
    let key = ActionKey {
        user: 7,
        repository: RepositoryName::new("demo", "podinfo"),
        number: 64,
        head: CommitId::new("9f3c1a7"),
        action: "approve".into(),
    };
    let none = journal.outcome(&key).await.expect("outcomes are read");
    assert_eq!(none, None);
    for outcome in [json!({"merged": true}), json!({"merged": false})] {
        journal
            .store_outcome(&key, &outcome)
            .await
            .expect("outcomes are written");
    }
    let stored = journal.outcome(&key).await.expect("outcomes are read");
    assert_eq!(stored, Some(json!({"merged": true})));
    let other = ActionKey {
        head: CommitId::new("0000000"),
        ..key
    };
    let none = journal.outcome(&other).await.expect("outcomes are read");
    assert_eq!(none, None, "another head is another action");
}
