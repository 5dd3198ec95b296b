//! What the server writes is what the page reads: a field that has another name on one side fails here.

use model::api::{self, Journeys, Promoted, ReleasePlan, ReleaseStarted};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::*;
use crate::json;

/// A body of the server in which every field that the page reads is filled, by the name of its type.
fn body(name: &str) -> Value {
    let mut bodies: Value = serde_json::from_str(include_str!("bodies.json")).unwrap();
    bodies[name].take()
}

/// A body that holds the card of a promotion.
fn body_with_card(name: &str) -> Value {
    let mut body = body(name);
    body["card"] = self::body("PromotionCard");
    body
}

/// Reads `body`, which is as the server's type `S` writes it, as the page's type `P`, and compares all
/// that it read with what was sent.
fn assert_reads<S: DeserializeOwned + Serialize, P: DeserializeOwned + Serialize>(body: &Value) {
    let sent = serde_json::to_value(S::deserialize(body).unwrap()).unwrap();
    assert_eq!(sent, *body, "the server writes another body");
    let read = json::from_str::<P>(&sent.to_string()).unwrap();
    assert_part(&serde_json::to_value(read).unwrap(), &sent, "body");
}

/// Whether all of `read` is in `sent`. A field that is empty proves nothing, and fails too.
fn assert_part(read: &Value, sent: &Value, path: &str) {
    match (read, sent) {
        (Value::Object(read), Value::Object(_)) => {
            for (name, value) in read {
                let path = format!("{path}.{name}");
                assert_part(value, sent.get(name).unwrap_or(&Value::Null), &path);
            }
        }
        (Value::Array(items), Value::Array(sent)) => {
            assert_eq!(items.len(), sent.len(), "{path}");
            assert!(!items.is_empty(), "{path} is empty");
            for (read, sent) in items.iter().zip(sent) {
                assert_part(read, sent, path);
            }
        }
        _ => {
            assert!(
                !read.is_null(),
                "{path} was not read, or the test leaves it empty"
            );
            assert_eq!(read, sent, "{path}");
        }
    }
}

#[test]
fn the_page_reads_a_board_and_its_rows_as_they_were_sent() {
    assert_reads::<api::Board, Board>(&body("Board"));
    assert_reads::<api::Row, Row>(&body("Rows")["rows"][0]);
    assert_reads::<api::Rows, Rows>(&body("Rows"));
}

#[test]
fn the_page_reads_a_session_as_it_was_sent() {
    assert_reads::<api::Session, Session>(&body("Session"));
}

#[test]
fn the_page_reads_a_card_alone_in_an_answer_and_in_a_problem() {
    assert_reads::<api::PromotionCard, PromotionCard>(&body("PromotionCard"));
    assert_reads::<api::ActionResult, ActionResult>(&body_with_card("ActionResult"));
    assert_reads::<api::Problem, Problem>(&body_with_card("Problem"));
}

#[test]
fn the_page_reads_an_objects_events_and_reconciliation_as_they_were_sent() {
    assert_reads::<api::object::Reconcile, Reconcile>(&body("Reconcile"));
    assert_reads::<api::object::Events, api::object::Events>(&body("Events"));
}

#[test]
fn the_page_reads_the_journal_and_the_journeys_as_they_were_sent() {
    assert_reads::<api::Record, Record>(&body("Record"));
    assert_reads::<Journeys, Journeys>(&body("Journeys"));
}

#[test]
fn the_page_reads_a_release_plan_and_the_answers_to_actions_as_they_were_sent() {
    assert_reads::<ReleasePlan, ReleasePlan>(&body("ReleasePlan"));
    assert_reads::<ReleaseStarted, ReleaseStarted>(&body("ReleaseStarted"));
    assert_reads::<Promoted, Promoted>(&body("Promoted"));
}
