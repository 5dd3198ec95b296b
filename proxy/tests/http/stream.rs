//! The event stream: the present first, then changes, a heartbeat, resuming, and the end.

use std::time::Duration;

use futures::StreamExt;
use model::Observation;
use model::observation::{Fact, Live, SourceName};
use reqwest::Response;

use crate::world::{TestApp, World};

/// The events of a stream, as a browser would parse them.
struct Events {
    response: Response,
    text: String,
}

#[derive(Debug, Default, PartialEq)]
struct Event {
    name: String,
    id: String,
    data: String,
}

impl Events {
    async fn open(app: &TestApp, query: &str, last: Option<&str>) -> Self {
        let mut request = app.stranger().get(&format!("api/v1/stream{query}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response,
            text: String::new(),
        }
    }

    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((whole, rest)) = self.text.split_once("\n\n") {
                let mut event = Event::default();
                for (field, value) in whole.lines().filter_map(|line| line.split_once(": ")) {
                    match field {
                        "event" => event.name = value.into(),
                        "id" => event.id = value.into(),
                        "data" => event.data = value.into(),
                        _ => {}
                    }
                }
                self.text = rest.to_owned();
                return Some(event);
            }
            let within = tokio::time::timeout(Duration::from_secs(15), self.response.chunk());
            let chunk = within.await.expect("an event within 15 s").unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn named(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.name == name {
                return event;
            }
        }
    }
}

/// The live app of uat answers with a version that it did not answer before.
fn observe(app: &TestApp, version: &str) {
    let answer = Live::Answer {
        version: model::AppVersion(version.into()),
        revision: None,
        colour: None,
        message: None,
    };
    let pipeline = app.app.boards.pipeline(&crate::world::podinfo()).unwrap();
    let now = model::Timestamp::from(app.clock.now());
    pipeline.observe(Observation {
        source: SourceName::live("uat"),
        at: now,
        sequence: u64::try_from(now.millis()).unwrap(),
        fact: Fact::Live("uat".into(), "uat".into(), answer),
    });
}

#[tokio::test]
async fn a_stream_begins_with_the_present_board_and_tells_every_change() {
    let app = World::default().start().await;
    let mut events = Events::open(&app, "?pipeline=app-podinfo/podinfo", None).await;
    let first = events.named("board").await;
    assert!(first.data.contains("\"environments\""));
    observe(&app, "5.1.8");
    let next = loop {
        let next = events.named("board").await;
        if next.data.contains("5.1.8") {
            break next;
        }
    };
    let version = |event: &Event| event.id.parse::<u64>().unwrap();
    assert!(version(&next) > version(&first), "versions rise");
}

#[tokio::test]
async fn who_has_the_present_board_does_not_get_it_again() {
    let app = World::default().start().await;
    let query = "?pipeline=app-podinfo/podinfo";
    let mut events = Events::open(&app, query, None).await;
    let mut last = events.named("board").await;
    // Ages make new versions while somebody listens: until none came between the two streams.
    for _ in 0..20 {
        let mut again = Events::open(&app, query, Some(&last.id)).await;
        let first = again.next().await.unwrap();
        if first.name == "ping" {
            return;
        }
        assert_ne!(first.id, last.id, "the known board is skipped");
        last = first;
    }
    panic!("a new version came between any two streams");
}

#[tokio::test]
async fn who_has_an_old_board_gets_the_present_one() {
    let app = World::default().start().await;
    let mut events = Events::open(&app, "?pipeline=app-podinfo/podinfo", Some("1")).await;
    assert_eq!(events.next().await.unwrap().name, "board");
}

#[tokio::test]
async fn without_a_pipeline_the_stream_tells_rows() {
    let app = World::default().start().await;
    let mut events = Events::open(&app, "", None).await;
    let row = events.named("row").await;
    assert!(row.data.contains("\"cells\""));
}

#[tokio::test]
async fn the_heart_beats_with_the_servers_time() {
    let app = World::default().start().await;
    let mut events = Events::open(&app, "", None).await;
    for _ in 0..2 {
        let ping = events.named("ping").await;
        assert!(ping.data.starts_with("{\"at\":\"20"), "{}", ping.data);
    }
}

#[tokio::test]
async fn the_end_of_the_server_ends_the_stream() {
    let app = World::default().start().await;
    let mut events = Events::open(&app, "", None).await;
    events.named("row").await;
    app.app.shutdown.cancel();
    let rest = async { while events.next().await.is_some() {} };
    let ended = tokio::time::timeout(Duration::from_secs(5), rest).await;
    assert!(ended.is_ok(), "the stream ends");
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    while app.stranger().get("healthz").send().await.is_ok() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "nothing is accepted any more"
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn many_may_listen() {
    let app = World::default().start().await;
    let opened = (0..50).map(|_| Events::open(&app, "", None));
    let mut all: Vec<Events> = futures::stream::iter(opened).buffered(50).collect().await;
    for events in &mut all {
        events.named("row").await;
    }
}
