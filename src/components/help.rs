//! What the keys do, on `?`.

use leptos::html::Dialog;
use leptos::prelude::*;
use stylers_macro::style_sheet;

use crate::seam::Listed;

use crate::keys::on_key;

/// The help, closed until somebody asks for it.
#[component]
pub fn Help() -> impl IntoView {
    let class = style_sheet!("style/help.css");
    let dialog = NodeRef::<Dialog>::new();
    on_key(move |key| {
        let asked = key == "?";
        if let Some(dialog) = dialog
            .get_untracked()
            .filter(|dialog| asked && !dialog.open())
        {
            // Only a dialog that is open already, or not on the page, refuses to be shown.
            dialog.show_modal().ok();
        }
        asked
    });
    let keys = [
        ("/", "search the board"),
        ("j k", "next and last pipeline"),
        ("a", "open the promotion that waits"),
        ("r", "start a release of the pipeline"),
        ("?", "this help"),
    ];
    let rows = keys.map(|(key, does)| {
        view! { class=class, <div class="pair"><dt><kbd class="key">{key}</kbd></dt><dd>{does}</dd></div> }
    });
    view! { class=class,
        <dialog node_ref=dialog class="help" aria-label="Keys" data-testid="help">
            <h2 class="title">"Keys"</h2>
            <dl>{rows.listed()}</dl>
            <form method="dialog"><button class="close">"Close"</button></form>
        </dialog>
    }
}
