//! The evidence for a promotion: the state of the environment before.

use model::ChartVersion;
use model::api::{EnvironmentView, EvidenceLine};
use model::chain::{LinkState, VerdictState};

/// Whether the environment before is proven to serve the promoted release.
pub(super) fn holds(before: Option<&EnvironmentView>, release: Option<&ChartVersion>) -> bool {
    before.is_some_and(|view| {
        view.verdict.state == VerdictState::Proven
            && release.is_some()
            && view.release.chart.as_ref() == release
    })
}

/// Returns the evidence line by line: the served release, the verdict, and each of the four links.
pub(super) fn lines(
    before: Option<&EnvironmentView>,
    release: Option<&ChartVersion>,
) -> Vec<EvidenceLine> {
    let Some(view) = before else {
        return Vec::new();
    };
    let mut lines = vec![serves(view, release)];
    lines.push(EvidenceLine {
        ok: view.verdict.state == VerdictState::Proven,
        sentence: format!("{} is {}.", view.name, view.verdict.state.word()),
        at: Some(view.verdict.since),
    });
    lines.extend(view.links.iter().map(|link| {
        EvidenceLine {
            ok: link.state == LinkState::Holds,
            sentence: format!("{}: {}", link.label, link.sentence),
            at: link
                .evidence
                .as_ref()
                .and_then(|evidence| evidence.confirmed_at),
        }
    }));
    lines
}

fn serves(view: &EnvironmentView, release: Option<&ChartVersion>) -> EvidenceLine {
    let name = &view.name;
    let served = view.release.chart.as_ref();
    let ok = release.is_some() && served == release;
    let sentence = match (served, release) {
        (Some(served), Some(_)) if ok => {
            format!("{name} serves {served}, which is what would be promoted.")
        }
        (Some(served), Some(release)) => format!("{name} serves {served}, not {release}."),
        (Some(served), None) => {
            format!("{name} serves {served}; what would be promoted is not known.")
        }
        (None, _) => format!("It is not known which release {name} serves."),
    };
    EvidenceLine {
        ok,
        sentence,
        at: view.seen_at,
    }
}
