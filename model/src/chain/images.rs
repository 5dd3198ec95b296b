//! The image automation behind a declaration, where it fails or is suspended.

use super::link::{Link, LinkName, LinkState};
use super::target_context::{Status, TargetContext, failure, link};
use crate::flux::{self, Kind, Outcome, SourceKind};

impl TargetContext<'_> {
    /// Returns why a declared image tag may not be the newest: image automation fails or is suspended.
    pub(super) fn automated(&self, tag: &str) -> Option<Link> {
        let names = self.target.flux.image_automation.as_ref()?;
        let policy =
            self.observations
                .source(&self.target.cluster, SourceKind::ImagePolicy, &names.policy);
        let images = policy.and_then(|observed| observed.value.images.as_ref());
        let steps = [
            images.map(|name| (SourceKind::ImageRepository, name)),
            Some((SourceKind::ImagePolicy, &names.policy)),
            Some((SourceKind::ImageUpdateAutomation, &names.automation)),
        ];
        // The failure of an earlier step explains that of a later one.
        steps.into_iter().flatten().find_map(|(kind, name)| {
            let observed = self.observations.source(&self.target.cluster, kind, name)?;
            let reading = observed.value;
            let (state, sentence) = match &reading.outcome {
                _ if reading.suspended => (
                    LinkState::Suspended,
                    format!(
                        "The {} {name} is suspended: no newer image than {tag} is written.",
                        kind.as_str()
                    ),
                ),
                // A policy that has never chosen an image hides nothing newer.
                Outcome::Failed { reason, message }
                    if kind == SourceKind::ImagePolicy && reading.found.is_none() =>
                {
                    let why = flux::say(message, 120);
                    let sentence = format!(
                        "git declares {tag}. No image was ever chosen for it ({reason}): {why}"
                    );
                    (LinkState::Holds, sentence)
                }
                Outcome::Failed { reason, message } => {
                    let since = reading.ready.as_ref().and_then(|ready| ready.since);
                    let state = match since {
                        // A merge between its fetch and its push; Flux retries at once.
                        Some(since) if !reading.stalled && self.settles(since) => {
                            LinkState::Progressing
                        }
                        _ => LinkState::Failed,
                    };
                    (state, failure(cannot(kind), reason, message))
                }
                _ => return None,
            };
            let status = Status {
                revision: reading.found.clone(),
                ready: reading.ready.as_ref(),
                outcome: &reading.outcome,
            };
            let evidence = self.evidence(&observed, Kind::Source(kind), name, status);
            Some(link(LinkName::Declared, state, sentence, Some(evidence)))
        })
    }
}

fn cannot(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::ImagePolicy => "The image policy finds no image",
        SourceKind::ImageUpdateAutomation => "Image automation cannot write to git",
        _ => "The image's tags cannot be read",
    }
}
