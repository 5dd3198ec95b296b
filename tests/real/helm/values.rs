//! The values that matter, combined; and values that the chart's schema must refuse.

use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Values {
    /// Of ingress, autoscaling, what the page shows, and where it runs: the values to choose from.
    choices: Vec<Vec<Value>>,
    /// Values that are refused, with the key that the refusal must name.
    refused: Vec<(Value, String)>,
}

fn values() -> Values {
    serde_json::from_str(include_str!("values.json")).unwrap()
}

/// Every choice of one of each.
pub fn combinations() -> Vec<Value> {
    values()
        .choices
        .into_iter()
        .fold(vec![json!({})], |combined, choice| {
            let with_each = |one: &Value| -> Vec<Value> {
                choice.iter().map(|other| united(one, other)).collect()
            };
            combined.iter().flat_map(with_each).collect()
        })
}

/// Values that are refused, with the key that the refusal must name.
pub fn refused() -> Vec<(Value, String)> {
    values().refused
}

/// Both values; they have no key in common.
fn united(one: &Value, other: &Value) -> Value {
    let fields = [one, other].map(|value| value.as_object().unwrap().clone());
    Value::Object(fields.into_iter().flatten().collect())
}
