//! Keyboard shortcuts of one key; the help lists them.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// Calls `handle` with each key that is pressed while the calling component is mounted.
///
/// `handle` returns whether it used the key. Keys in a field, and shortcuts of the browser, are left alone.
pub fn on_key(handle: impl Fn(&str) -> bool + 'static) {
    let handle: Box<dyn Fn(&str) -> bool> = Box::new(handle);
    let listener = window_event_listener(ev::keydown, move |event| {
        if is_typing(&event) || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        if handle(&event.key()) {
            event.prevent_default();
        }
    });
    on_cleanup(move || listener.remove());
}

/// Whether a key is pressed in a field.
fn is_typing(event: &web_sys::KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target
        .is_some_and(|target| matches!(target.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"))
}
