//! Values that parts of the page follow. Signals of all types share one implementation here, since
//! the browser would load a copy for each; what hangs on a value follows a text that tells of it.

use std::any::Any;
use std::cell::Cell;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use leptos::prelude::*;

/// A value that parts of the page follow. It ends with the component that made it; from then on
/// setting it does nothing, for an answer may come when nobody waits for it any more.
pub struct Held<T> {
    cell: RwSignal<Arc<dyn Any + Send + Sync>>,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Held<T> {}

impl<T: Send + Sync + 'static> Held<T> {
    /// Holds a value.
    pub fn new(value: T) -> Self {
        Self {
            cell: RwSignal::new(Arc::new(value)),
            of: PhantomData,
        }
    }

    /// It, followed by whoever reads it here.
    pub fn get(self) -> Arc<T> {
        own(self.cell.get())
    }

    /// It, without following it.
    pub fn peek(self) -> Arc<T> {
        own(self.cell.get_untracked())
    }

    /// Changes it.
    pub fn set(self, value: T) {
        // What is given back is the value for a page that has gone.
        drop(self.cell.try_set(Arc::new(value)));
    }

    /// Whether the component that made it has gone.
    pub fn gone(self) -> bool {
        self.cell.is_disposed()
    }
}

impl<T: Clone + Send + Sync + 'static> Held<T> {
    /// A copy of it, followed by whoever reads it here.
    pub fn value(self) -> T {
        self.get().as_ref().clone()
    }
}

impl<T: Send + Sync + 'static> Held<Option<T>> {
    /// What `read` finds in it, where there is something; followed by whoever reads it here.
    pub fn map<R>(self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.get().as_ref().as_ref().map(read)
    }
}

fn own<T: Send + Sync + 'static>(value: Arc<dyn Any + Send + Sync>) -> Arc<T> {
    match value.downcast() {
        Ok(value) => value,
        Err(_) => unreachable!("a cell only ever holds the type that it was made with"),
    }
}

/// A text that others follow only as far as it changes.
pub fn settled(read: impl Fn() -> String + Send + Sync + 'static) -> Memo<String> {
    let read: Box<dyn Fn() -> String + Send + Sync> = Box::new(read);
    Memo::new(move |_| read())
}

/// Follows a text, whatever it says. A memo that is only tracked is never computed, and so never tells.
pub fn heed(of: Memo<String>) {
    of.with(|_| ());
}

/// Does something now, and again whenever what it reads has changed.
pub fn watch(act: impl Fn() + 'static) {
    let act: Box<dyn Fn()> = Box::new(act);
    Effect::new(move |_: Option<()>| act());
}

/// Does something whenever a text has changed, but not at first.
pub fn on_change(of: Memo<String>, act: impl Fn() + 'static) {
    let first = Cell::new(true);
    watch(move || {
        heed(of);
        if !first.replace(false) {
            untrack(&act);
        }
    });
}

/// Lets something go on beside the page.
pub fn spawn(work: impl Future<Output = ()> + 'static) {
    let work: Pin<Box<dyn Future<Output = ()>>> = Box::pin(work);
    leptos::task::spawn_local(work);
}
