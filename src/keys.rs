//! Single keys as shortcuts; the header's help tells of them.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// Hands each single key to `act` while the calling component is mounted, unless somebody is typing
/// or means a shortcut of the browser; `act` says whether the key was its own.
pub fn on_key(act: impl Fn(&str) -> bool + 'static) {
    let act: Box<dyn Fn(&str) -> bool> = Box::new(act);
    let listener = window_event_listener(ev::keydown, move |event| {
        if typing(&event) || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        if act(&event.key()) {
            event.prevent_default();
        }
    });
    on_cleanup(move || listener.remove());
}

/// Whether a key is meant for a field.
fn typing(event: &web_sys::KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target
        .is_some_and(|target| matches!(target.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"))
}
