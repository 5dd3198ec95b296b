//! The event stream of a page, with reconnection.

use std::rc::Rc;

use futures::channel::mpsc;
use futures::future::abortable;
use futures::{StreamExt, join};
use gloo_timers::future::TimeoutFuture;
use leptos::ev;
use leptos::prelude::*;
use model::Timestamp;

use super::clock::Clock;
use super::live::Live;
use crate::api::{self, StreamEvent};
use crate::erased::spawn_local;

/// The first delay before the stream is opened again, in milliseconds.
const MIN_DELAY: u32 = 500;

/// The longest delay, in milliseconds.
const MAX_DELAY: u32 = 8_000;

/// Doubles the delay while no events come; starts over once some have come.
fn next_delay(delay: u32, received: bool) -> u32 {
    if received {
        MIN_DELAY
    } else {
        (delay * 2).min(MAX_DELAY)
    }
}

/// A handler of events: it takes the name and the data.
type OnEvent = dyn Fn(&str, &str);

/// Calls `refetch` once, then hands the name and data of every event to `on_event` while the calling component
/// is mounted.
///
/// Calls `refetch` again when events come after a break, and when the browser's tab is shown again.
pub fn use_event_stream(
    path: String,
    refetch: &Rc<dyn Fn()>,
    on_event: impl Fn(&str, &str) + 'static,
) {
    let on_event: Box<OnEvent> = Box::new(on_event);
    let live = expect_context::<Live>();
    let clock = expect_context::<Clock>();
    refetch();
    let (sink, mut events) = mpsc::unbounded();
    let again = Rc::clone(refetch);
    let (task, handle) = abortable(async move {
        let reading = async {
            let mut broken = false;
            while let Some(event) = events.next().await {
                match event {
                    StreamEvent::Message(name, data) => {
                        if let ("ping", Ok(at)) = (name, Timestamp::parse(data.trim_matches('"'))) {
                            clock.set_by(at);
                        }
                        live.record_event();
                        if std::mem::take(&mut broken) {
                            again();
                        }
                        on_event(name, &data);
                    }
                    StreamEvent::Disconnected | StreamEvent::Closed => {
                        broken = true;
                        live.record_break();
                    }
                }
            }
        };
        let opening = async {
            let mut delay = MIN_DELAY;
            loop {
                let received = api::subscribe(&path, &sink).await;
                TimeoutFuture::new(delay).await;
                delay = next_delay(delay, received);
            }
        };
        join!(reading, opening);
    });
    spawn_local(async move {
        // The task only ends by being aborted, when the component is unmounted.
        task.await.ok();
    });
    on_cleanup(move || handle.abort());
    let refetch = Rc::clone(refetch);
    let listener = window_event_listener(ev::visibilitychange, move |_| {
        if !document().hidden() {
            refetch();
        }
    });
    on_cleanup(move || listener.remove());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_stream_is_asked_ever_more_rarely() {
        let mut delay = MIN_DELAY;
        for expected in [1_000, 2_000, 4_000, 8_000, 8_000] {
            delay = next_delay(delay, false);
            assert_eq!(delay, expected);
        }
        assert_eq!(next_delay(delay, true), MIN_DELAY);
    }
}
