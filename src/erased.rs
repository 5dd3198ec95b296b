//! Signals and effects with erased types.
//!
//! Every `RwSignal<T>`, `Effect` and spawned future brings a copy of Leptos' code for its own type to the first
//! load. Here all of them share one copy: the types are erased behind `dyn Any`, `dyn Fn` and `dyn Future`.
//! Computed values that others subscribe to are texts (`Memo<String>`), for the same reason.

use std::any::Any;
use std::cell::Cell;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;

/// A reactive value, like `RwSignal<T>`.
///
/// It is disposed with the component that created it; setting it afterwards does nothing, so that a late answer
/// of the server needs no check.
pub struct ErasedSignal<T> {
    inner: RwSignal<Arc<dyn Any + Send + Sync>>,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for ErasedSignal<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ErasedSignal<T> {}

impl<T: Default + Send + Sync + 'static> Default for ErasedSignal<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Send + Sync + 'static> ErasedSignal<T> {
    /// Creates a signal with an initial value.
    pub fn new(value: T) -> Self {
        Self {
            inner: RwSignal::new(Arc::new(value)),
            of: PhantomData,
        }
    }

    /// Returns the value without cloning it, and subscribes the current reactive scope.
    pub fn read(self) -> Arc<T> {
        downcast(self.inner.get())
    }

    /// Returns the value without cloning it, and without subscribing.
    pub fn read_untracked(self) -> Arc<T> {
        downcast(self.inner.get_untracked())
    }

    /// Applies `read` to the value, and subscribes the current reactive scope.
    pub fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.read())
    }

    /// Applies `read` to the value without subscribing.
    pub fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.read_untracked())
    }

    /// Replaces the value and notifies the subscribers.
    pub fn set(self, value: T) {
        // A disposed signal gives the value back.
        drop(self.inner.try_set(Arc::new(value)));
    }

    /// Whether the component that created the signal is gone.
    pub fn is_disposed(self) -> bool {
        self.inner.is_disposed()
    }
}

impl<T: PartialEq + Send + Sync + 'static> ErasedSignal<T> {
    /// Replaces the value and notifies the subscribers, unless it is the same.
    pub fn set_if_changed(self, value: T) {
        if self.with_untracked(|current| *current != value) {
            self.set(value);
        }
    }
}

impl<T: Clone + Send + Sync + 'static> ErasedSignal<T> {
    /// Clones the value, and subscribes the current reactive scope.
    pub fn get(self) -> T {
        self.with(T::clone)
    }

    /// Clones the value without subscribing.
    pub fn get_untracked(self) -> T {
        self.with_untracked(T::clone)
    }
}

impl<T: Send + Sync + 'static> ErasedSignal<Option<T>> {
    /// Applies `read` to the value inside `Some`, and subscribes the current reactive scope.
    pub fn map<R>(self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.with(|value| value.as_ref().map(read))
    }
}

fn downcast<T: Send + Sync + 'static>(value: Arc<dyn Any + Send + Sync>) -> Arc<T> {
    match value.downcast() {
        Ok(value) => value,
        Err(_) => unreachable!("a signal only ever holds the type that it was created with"),
    }
}

/// Creates a memo: a computed text whose subscribers run only when it changes.
pub fn memo(compute: impl Fn() -> String + Send + Sync + 'static) -> Memo<String> {
    let compute: Box<dyn Fn() -> String + Send + Sync> = Box::new(compute);
    Memo::new(move |_| compute())
}

/// Subscribes the current reactive scope to a memo without using its value.
///
/// `Memo::track` does not compute a memo that nobody reads, and such a memo never notifies.
pub fn track(memo: Memo<String>) {
    memo.with(|_| ());
}

/// Runs `run` now, and again whenever a value that it reads has changed.
pub fn effect(run: impl Fn() + 'static) {
    let run: Box<dyn Fn()> = Box::new(run);
    Effect::new(move |_: Option<()>| run());
}

/// Runs `run` whenever the memo has changed, but not at first.
pub fn on_change(memo: Memo<String>, run: impl Fn() + 'static) {
    let first = Cell::new(true);
    effect(move || {
        track(memo);
        if !first.replace(false) {
            untrack(&run);
        }
    });
}

/// Spawns a future on the browser's event loop.
pub fn spawn_local(future: impl Future<Output = ()> + 'static) {
    let future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(future);
    leptos::task::spawn_local(future);
}

/// Calls `run` every `interval` milliseconds, until the component that is mounted now is gone.
pub fn every(interval: u32, run: impl Fn() + 'static) {
    let mounted = ErasedSignal::new(());
    spawn_local(async move {
        loop {
            TimeoutFuture::new(interval).await;
            if mounted.is_disposed() {
                return;
            }
            run();
        }
    });
}
