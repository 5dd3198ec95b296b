//! What writes the newest image into git, where that fails or is suspended.

use super::links::{Place, evidence, link};
use super::{Link, LinkName, LinkState};
use crate::flux::{self, Outcome, SourceKind};

impl Place<'_> {
    /// What image automation says against its declaration being the newest: it fails or is suspended.
    pub(super) fn automated(&self, tag: &str) -> Option<Link> {
        let names = self.target.flux.image_automation.as_ref()?;
        let policy =
            self.observations
                .supply(&self.target.cluster, SourceKind::ImagePolicy, &names.policy);
        let images = policy.and_then(|seen| seen.value.images.as_ref());
        let steps = [
            images.map(|name| (SourceKind::ImageRepository, name)),
            Some((SourceKind::ImagePolicy, &names.policy)),
            Some((SourceKind::ImageUpdateAutomation, &names.automation)),
        ];
        // What comes first explains what comes after it.
        steps.into_iter().flatten().find_map(|(kind, name)| {
            let seen = self.observations.supply(&self.target.cluster, kind, name)?;
            let reading = seen.value;
            let (state, sentence) = match &reading.outcome {
                _ if reading.suspended => (
                    LinkState::Suspended,
                    format!(
                        "The {} {name} is suspended: no newer image than {tag} is written.",
                        kind.as_str()
                    ),
                ),
                // Nothing newer is hidden by a policy that has never chosen anything.
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
                        // As after a merge between its fetch and its push: Flux tries again at once.
                        Some(since) if !reading.stalled && self.settles(since) => {
                            LinkState::Progressing
                        }
                        _ => LinkState::Failed,
                    };
                    let why = flux::say(message, 160);
                    (state, format!("{} ({reason}): {why}", cannot(kind)))
                }
                _ => return None,
            };
            let evidence = evidence(
                &seen,
                kind.as_str(),
                name,
                reading.found.clone(),
                reading.ready.as_ref(),
                &reading.outcome,
            );
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
