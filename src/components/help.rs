//! The keyboard shortcuts, on `?`.

use leptos::html::Dialog;
use leptos::prelude::*;
use stylers_macro::style_sheet;

use crate::keys::on_key;
use crate::view_ext::CollectErased;

/// The help dialog, closed until `?` is pressed.
#[component]
pub fn Help() -> impl IntoView {
    let class = style_sheet!("style/help.css");
    let dialog = NodeRef::<Dialog>::new();
    on_key(move |key| {
        let opens = key == "?";
        if let Some(dialog) = dialog
            .get_untracked()
            .filter(|dialog| opens && !dialog.open())
        {
            // Fails only where the dialog is open already, or not in the document.
            dialog.show_modal().ok();
        }
        opens
    });
    let keys = [
        ("/", "search the board"),
        ("j k", "next and last pipeline"),
        ("a", "open the promotion that waits"),
        ("r", "start a release of the pipeline"),
        ("?", "this help"),
    ];
    let rows = keys.map(|(key, does)| {
        view! { class=class,
            <div class="pair">
                <dt>
                    <kbd class="key">{key}</kbd>
                </dt>
                <dd>{does}</dd>
            </div>
        }
    });
    view! { class=class,
        <dialog node_ref=dialog class="help" aria-label="Keys" data-testid="help">
            <h2 class="title">"Keys"</h2>
            <dl>{rows.collect_erased()}</dl>
            <form method="dialog">
                <button class="close">"Close"</button>
            </form>
        </dialog>
    }
}
