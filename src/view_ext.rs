//! Views, attributes and handlers with erased types, so that the first load brings one rendering routine for all
//! closures instead of one for each.

use leptos::prelude::*;

/// A view that is rendered again when a value that it reads changes.
pub fn dynamic<V: IntoView + 'static>(render: impl Fn() -> V + Send + 'static) -> AnyView {
    let render: Box<dyn Fn() -> AnyView + Send> = Box::new(move || render().into_any());
    render.into_any()
}

/// Leptos' `collect_view` with erased types.
pub trait CollectErased: IntoIterator + Sized {
    /// Collects an iterator of views.
    fn collect_erased(self) -> Vec<AnyView>
    where
        Self::Item: IntoView + 'static,
    {
        let views = self.into_iter();
        views.map(|view| view.into_view().into_any()).collect()
    }
}

impl<I: IntoIterator> CollectErased for I {}

/// A derived signal for an attribute with a text.
pub fn text_signal<T: Into<String>>(
    read: impl Fn() -> T + Send + Sync + 'static,
) -> Signal<String> {
    let read: Box<dyn Fn() -> String + Send + Sync> = Box::new(move || read().into());
    Signal::derive(read)
}

/// A derived signal for a `class` that changes.
///
/// `scope` is the class of the component's sheet: a `class` that changes replaces the whole attribute, and with it
/// the scope that `view!` has added once.
pub fn class_signal<T: Into<String>>(
    scope: &'static str,
    read: impl Fn() -> T + Send + Sync + 'static,
) -> Signal<String> {
    text_signal(move || {
        let mut classes: String = read().into();
        classes.push(' ');
        classes.push_str(scope);
        classes
    })
}

/// A derived signal for a boolean attribute such as `disabled`.
pub fn bool_signal(read: impl Fn() -> bool + Send + Sync + 'static) -> Signal<bool> {
    let read: Box<dyn Fn() -> bool + Send + Sync> = Box::new(read);
    Signal::derive(read)
}

/// A handler for `on:click` that ignores the event.
pub fn on_click(handle: impl Fn() + 'static) -> Box<dyn FnMut(web_sys::MouseEvent)> {
    Box::new(move |_| handle())
}
