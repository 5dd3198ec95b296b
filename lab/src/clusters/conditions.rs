//! Editing a status as Flux's controllers do: conditions in their order, and a transition time that
//! moves only when a condition says something new.

use serde_json::{Map, Value, json};

use super::object;

/// The order in which conditions stand; those that are not named here follow.
const ORDER: [&str; 10] = [
    "Stalled",
    "Reconciling",
    "Ready",
    "Released",
    "Remediated",
    "TestSuccess",
    "ArtifactOutdated",
    "FetchFailed",
    "ArtifactInStorage",
    "Available",
];

/// The status of one object while it is edited.
pub struct Status<'a> {
    fields: &'a mut Map<String, Value>,
    /// `metadata.generation` of the object: what its conditions speak of.
    pub generation: i64,
    /// The present time, as Kubernetes writes it.
    pub now: String,
}

impl<'a> Status<'a> {
    pub(super) fn of(object: &'a mut Value, now: String) -> Self {
        let generation = object::generation(object);
        let status = &mut object["status"];
        if !status.is_object() {
            *status = json!({});
        }
        let fields = status
            .as_object_mut()
            .expect("the line above made it an object");
        Self {
            fields,
            generation,
            now,
        }
    }

    /// Sets a field; null takes it away.
    pub fn put(&mut self, name: &str, value: Value) {
        if value.is_null() {
            self.fields.remove(name);
        } else {
            self.fields.insert(name.to_owned(), value);
        }
    }

    /// A field of the status.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    /// A condition of the status.
    #[must_use]
    pub fn condition(&self, name: &str) -> Option<&Value> {
        self.fields
            .get("conditions")?
            .as_array()?
            .iter()
            .find(|condition| object::text(condition, "/type") == Some(name))
    }

    /// Says that the controller is done with the present generation.
    pub fn observe(&mut self) {
        self.put("observedGeneration", json!(self.generation));
    }

    /// Sets a condition at the present generation.
    pub fn set(&mut self, name: &str, status: &str, reason: &str, message: &str) {
        let mut conditions = self.take_conditions();
        let said = |condition: &Value| {
            ["status", "reason", "message"]
                .map(|field| condition.get(field).cloned().unwrap_or_default())
        };
        let mut next = json!({
            "type": name, "status": status, "reason": reason, "message": message,
            "observedGeneration": self.generation, "lastTransitionTime": self.now,
        });
        let place = conditions
            .iter()
            .position(|condition| object::text(condition, "/type") == Some(name));
        match place {
            Some(place) => {
                if said(&conditions[place]) == said(&next) {
                    next["lastTransitionTime"] = conditions[place]["lastTransitionTime"].clone();
                }
                conditions[place] = next;
            }
            None => conditions.push(next),
        }
        conditions.sort_by_key(|condition| {
            let name = object::text(condition, "/type").unwrap_or_default();
            ORDER
                .iter()
                .position(|known| *known == name)
                .unwrap_or(ORDER.len())
        });
        self.put("conditions", Value::Array(conditions));
    }

    /// Takes conditions away.
    pub fn clear(&mut self, names: &[&str]) {
        if !self.fields.contains_key("conditions") {
            return;
        }
        let mut conditions = self.take_conditions();
        conditions.retain(|condition| {
            object::text(condition, "/type").is_none_or(|name| !names.contains(&name))
        });
        self.put("conditions", Value::Array(conditions));
    }

    /// Reconciling True and Ready Unknown, both with the message of a source that is working.
    pub fn progressing(&mut self, message: &str) {
        self.clear(&["Stalled"]);
        self.set("Reconciling", "True", "Progressing", message);
        self.set("Ready", "Unknown", "Progressing", message);
    }

    fn take_conditions(&mut self) -> Vec<Value> {
        match self.fields.remove("conditions") {
            Some(Value::Array(conditions)) => conditions,
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_says_the_same_keeps_its_transition_time_at_a_new_generation() {
        let mut object = json!({"metadata": {"generation": 1}});
        Status::of(&mut object, "2026-01-01T00:00:00Z".into()).set(
            "Ready",
            "True",
            "Succeeded",
            "done",
        );
        object["metadata"]["generation"] = json!(2);
        Status::of(&mut object, "2026-01-01T00:01:00Z".into()).set(
            "Ready",
            "True",
            "Succeeded",
            "done",
        );
        let ready = object::condition(&object, "Ready").unwrap();
        assert_eq!(ready["lastTransitionTime"], "2026-01-01T00:00:00Z");
        assert_eq!(ready["observedGeneration"], 2);
        Status::of(&mut object, "2026-01-01T00:02:00Z".into()).set(
            "Ready",
            "True",
            "Succeeded",
            "again",
        );
        let ready = object::condition(&object, "Ready").unwrap();
        assert_eq!(ready["lastTransitionTime"], "2026-01-01T00:02:00Z");
    }

    #[test]
    fn what_a_controller_does_now_stands_before_what_is() {
        let mut object = json!({"metadata": {"generation": 1}});
        let mut status = Status::of(&mut object, "2026-01-01T00:00:00Z".into());
        status.set("TestSuccess", "True", "TestSucceeded", "");
        status.set("Ready", "True", "TestSucceeded", "");
        status.set("Reconciling", "True", "Progressing", "");
        let types: Vec<_> = object["status"]["conditions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|condition| condition["type"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(types, ["Reconciling", "Ready", "TestSuccess"]);
    }
}
