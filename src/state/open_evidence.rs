//! Which evidence is open: at most one in a row of environments.

use leptos::prelude::*;
use model::chain::LinkName;

use crate::erased::ErasedSignal;
use crate::keys::on_key;

/// An environment by its name, and one of its links.
type EvidenceKey = (String, LinkName);

/// The open evidence, shared by the chains of a row.
#[derive(Clone, Copy)]
pub struct OpenEvidence(ErasedSignal<Option<EvidenceKey>>);

impl OpenEvidence {
    /// The link of the environment whose evidence is open; subscribes the current reactive scope.
    pub fn link_of(self, environment: &str) -> Option<LinkName> {
        link_of(&self.0.read(), environment)
    }

    /// Opens the evidence of a link, in place of any other.
    pub fn open(self, environment: &str, link: LinkName) {
        self.0.set(Some((environment.to_owned(), link)));
    }

    /// Opens the evidence of a link, or closes it where it is open.
    pub fn toggle(self, environment: &str, link: LinkName) {
        if link_of(&self.0.read_untracked(), environment) == Some(link) {
            self.close();
        } else {
            self.open(environment, link);
        }
    }

    /// Closes what is open.
    pub fn close(self) {
        self.0.set(None);
    }
}

fn link_of(open: &Option<EvidenceKey>, environment: &str) -> Option<LinkName> {
    let (at, link) = open.as_ref()?;
    (at == environment).then_some(*link)
}

/// Provides the context, with nothing open; Escape closes what is.
pub fn provide_open_evidence() {
    let open = ErasedSignal::<Option<EvidenceKey>>::new(None);
    provide_context(OpenEvidence(open));
    on_key(move |key| {
        let closes = key == "Escape" && open.with_untracked(Option::is_some);
        if closes {
            open.set(None);
        }
        closes
    });
}
