//! The first link: what git declares.

use super::link::{Evidence, Link, LinkName, LinkState};
use super::target_context::{TargetContext, link};
use crate::observation::{Declared, Desired, Observed};

impl TargetContext<'_> {
    pub(super) fn declared(&self, declared: Option<Observed<'_, Declared>>) -> Link {
        let name = LinkName::Declared;
        let Some(observed) = declared else {
            return self.unknown(name, "GitHub has not told what git declares");
        };
        let value = observed.value;
        let commit = value.commits.last().unwrap_or(&value.head);
        let author = value.changed_by.as_ref();
        let evidence = Evidence {
            source: observed.source.to_string(),
            object: None,
            location: Some(value.path.clone()),
            revision: Some(commit.short().to_owned()),
            condition: author.map(|by| format!("committed by {by}")),
            message: value.desired.as_ref().err().cloned(),
            confirmed_at: Some(observed.confirmed_at),
        };
        if let Some(stale) = self.stale(name, &observed, self.tolerances.github, &evidence) {
            return stale;
        }
        let (state, sentence) = match &value.desired {
            Ok(Desired::Range(range)) => (LinkState::Holds, format!("git follows charts {range}.")),
            Ok(desired) => {
                if let Desired::Image(tag) = desired
                    && let Some(automated) = self.automated(tag)
                {
                    return automated;
                }
                (LinkState::Holds, format!("git declares {desired}."))
            }
            Err(why) => {
                let sentence = format!("{} cannot be read: {why}.", value.path);
                (LinkState::Failed, sentence)
            }
        };
        link(name, state, sentence, Some(evidence))
    }
}
