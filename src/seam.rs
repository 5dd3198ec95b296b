//! Seams of the views: what changes is boxed, so that the browser loads one drawing routine for all
//! closures instead of one for each.

use leptos::prelude::*;

/// A part that is drawn again when what it reads changes.
pub fn part<V: IntoView + 'static>(draw: impl Fn() -> V + Send + 'static) -> AnyView {
    let draw: Box<dyn Fn() -> AnyView + Send> = Box::new(move || draw().into_any());
    draw.into_any()
}

/// A list of views, all drawn by the one routine for those of any kind.
pub trait Listed: IntoIterator + Sized {
    /// Collects them.
    fn listed(self) -> Vec<AnyView>
    where
        Self::Item: IntoView + 'static,
    {
        let views = self.into_iter();
        views.map(|view| view.into_view().into_any()).collect()
    }
}

impl<I: IntoIterator> Listed for I {}

/// A text or an attribute that follows what it reads.
pub fn text<T: Into<String>>(read: impl Fn() -> T + Send + Sync + 'static) -> Signal<String> {
    let read: Box<dyn Fn() -> String + Send + Sync> = Box::new(move || read().into());
    Signal::derive(read)
}

/// The classes of an element whose looks change. They must name the sheet's scope too: a `class` that
/// changes replaces the whole attribute, and with it the scope that `view!` has added once.
pub fn looks<T: Into<String>>(
    scope: &'static str,
    read: impl Fn() -> T + Send + Sync + 'static,
) -> Signal<String> {
    text(move || {
        let mut classes: String = read().into();
        classes.push(' ');
        classes.push_str(scope);
        classes
    })
}

/// An attribute that is there or not.
pub fn flag(read: impl Fn() -> bool + Send + Sync + 'static) -> Signal<bool> {
    let read: Box<dyn Fn() -> bool + Send + Sync> = Box::new(read);
    Signal::derive(read)
}

/// What a click does.
pub fn tap(act: impl Fn() + 'static) -> Box<dyn FnMut(web_sys::MouseEvent)> {
    Box::new(move |_| act())
}
