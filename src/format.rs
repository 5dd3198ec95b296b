//! Formats values for the screen: ages, releases, and the icons and classes of states.

use std::time::Duration;

use model::api::Tone;
use model::chain::{LinkState, VerdictState};
use model::release_history::{EnvironmentVisit, ReleaseHistory};
use model::time::in_words;
use model::{Release, Timestamp};

/// An age, such as `2 s ago`; `never` without a time.
pub fn ago(at: Option<Timestamp>, now: Timestamp) -> String {
    at.map_or_else(
        || "never".to_owned(),
        |at| format!("{} ago", in_words(now.since(at))),
    )
}

/// A waiting time, such as `waits 42 min`; empty without a start.
pub fn waiting_time(since: Option<Timestamp>, now: Timestamp) -> String {
    since.map_or_else(String::new, |since| {
        format!("waits {}", in_words(now.since(since)))
    })
}

/// The icon of a verdict, and the CSS class that colours it. The icon is always shown beside a word: icons are hidden
/// from screen readers.
pub fn verdict_icon(state: VerdictState) -> (&'static str, &'static str) {
    match state {
        VerdictState::Proven => ("✓", "ok"),
        VerdictState::Rolling => ("…", "run"),
        VerdictState::Failed => ("✕", "bad"),
        VerdictState::Drifted => ("≠", "warn"),
        VerdictState::Stale => ("◷", "warn"),
        VerdictState::Unknown => ("?", "soft"),
    }
}

/// The icon of a link, and the CSS class that colours it.
pub fn link_icon(state: LinkState) -> (&'static str, &'static str) {
    match state {
        LinkState::Holds => ("✓", "ok"),
        LinkState::Progressing => ("…", "run"),
        LinkState::Failed => ("✕", "bad"),
        LinkState::Drifted => ("≠", "warn"),
        LinkState::Suspended => ("‖", "warn"),
        LinkState::Stale => ("◷", "warn"),
        LinkState::Unknown => ("?", "none"),
    }
}

/// The CSS class that colours a headline.
pub fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Calm => "calm",
        Tone::Moving => "moving",
        Tone::Waiting => "waiting",
        Tone::Alarm => "alarm",
    }
}

/// The line under a version, such as `app 5.1.8 · amber #b8791f`.
pub fn release_summary(release: &Release) -> String {
    let mut parts = Vec::new();
    if let Some(app) = release.app.as_ref().filter(|app| app.0 != release.label()) {
        parts.push(format!("app {app}"));
    }
    if let Some(commit) = release
        .image_tag
        .as_deref()
        .and_then(model::release::commit_of)
    {
        parts.push(commit.to_owned());
    }
    if let Some(colour) = release.colour {
        parts.push(format!("{} {colour}", colour.name()));
    }
    parts.join(" · ")
}

/// A release's visit of an environment in one sentence.
pub fn visit_summary(
    history: &ReleaseHistory,
    environment: &str,
    visit: &EnvironmentVisit,
    now: Timestamp,
) -> String {
    let mut parts = vec![format!("{} in {environment}", history.release)];
    if let Some(at) = visit.arrived_at {
        let stayed = in_words(visit.left_at.unwrap_or(now).since(at));
        parts.push(format!(
            "deployed {} ago, there for {stayed}",
            in_words(now.since(at))
        ));
    }
    if let Some(number) = visit.number {
        parts.push(format!("#{number}"));
    }
    if let Some(by) = &visit.approved_by {
        parts.push(format!("approved by {by}"));
    }
    if let Some(at) = visit.failed_at {
        let end = if visit.rolled_back {
            " and was rolled back"
        } else {
            ""
        };
        parts.push(format!("failed {} ago{end}", in_words(now.since(at))));
    }
    parts.join(", ")
}

/// Capitalizes the first letter.
pub fn capitalize(word: &str) -> String {
    let mut word = word.to_owned();
    if let Some(first) = word.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    word
}

/// The status of a lost connection, such as `Last seen 42 s ago`.
pub fn last_seen(age: Duration) -> String {
    format!("Last seen {} ago", in_words(age))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{AppVersion, ChartVersion, Colour};

    #[test]
    fn a_release_is_summed_up_by_its_app_and_colour() {
        let release = Release {
            chart: ChartVersion::parse("1.1.7").ok(),
            app: Some(AppVersion("5.1.8".into())),
            image_tag: None,
            colour: Colour::parse("#b8791f").ok(),
        };
        assert_eq!(release_summary(&release), "app 5.1.8 · amber #b8791f");
    }

    #[test]
    fn a_branch_build_is_summed_up_by_its_commit() {
        let release = Release {
            image_tag: Some("fix-ui-a1b9c3e-1790000000".into()),
            colour: Colour::parse("#7a4fb5").ok(),
            ..Release::default()
        };
        assert_eq!(release_summary(&release), "a1b9c3e · violet #7a4fb5");
    }

    #[test]
    fn words_get_their_capital() {
        assert_eq!(capitalize("proven"), "Proven");
        assert_eq!(capitalize(""), "");
    }
}
