//! Edits of a status, with conditions whose transition time moves only when they change.

use serde_json::{Map, Value, json};

use super::object;

/// The status of one object while it is edited.
pub struct StatusEditor<'a> {
    fields: &'a mut Map<String, Value>,
    /// `metadata.generation` of the object, which its conditions are written for.
    pub generation: i64,
    /// The present time, as Kubernetes writes it.
    pub now: String,
}

impl<'a> StatusEditor<'a> {
    pub(super) fn new(object: &'a mut Value, now: String) -> Self {
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

    /// Sets a field; null removes it.
    pub fn put(&mut self, name: &str, value: Value) {
        if value.is_null() {
            self.fields.remove(name);
        } else {
            self.fields.insert(name.to_owned(), value);
        }
    }

    /// A field of the status.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    /// The condition of this type.
    pub fn condition(&self, name: &str) -> Option<&Value> {
        let mut conditions = self.fields.get("conditions")?.as_array()?.iter();
        conditions.find(|condition| condition["type"] == name)
    }

    /// Sets `observedGeneration` to the present generation.
    pub fn observe(&mut self) {
        self.put("observedGeneration", json!(self.generation));
    }

    /// Sets a condition at the present generation.
    pub fn set(&mut self, name: &str, status: &str, reason: &str, message: &str) {
        let mut next = json!({
            "type": name, "status": status, "reason": reason, "message": message,
            "observedGeneration": self.generation, "lastTransitionTime": self.now,
        });
        let conditions = self.conditions();
        match conditions.iter_mut().find(|known| known["type"] == name) {
            Some(known) => {
                let same = |field: &&str| known[field] == next[field];
                if ["status", "reason", "message"].iter().all(same) {
                    next["lastTransitionTime"] = known["lastTransitionTime"].take();
                }
                *known = next;
            }
            None => conditions.push(next),
        }
    }

    /// Removes conditions.
    pub fn clear(&mut self, names: &[&str]) {
        if self.fields.contains_key("conditions") {
            let kept = |condition: &Value| !names.iter().any(|name| condition["type"] == *name);
            self.conditions().retain(kept);
        }
    }

    /// Sets Reconciling True and Ready Unknown, both with the message of a source at work.
    pub fn progress(&mut self, message: &str) {
        self.clear(&["Stalled"]);
        self.set("Reconciling", "True", "Progressing", message);
        self.set("Ready", "Unknown", "Progressing", message);
    }

    fn conditions(&mut self) -> &mut Vec<Value> {
        let conditions = self.fields.entry("conditions").or_insert(json!([]));
        conditions.as_array_mut().expect("conditions are a list")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_says_the_same_keeps_its_transition_time_at_a_new_generation() {
        let mut object = json!({"metadata": {"generation": 1}});
        let mut ready = |generation: i64, now: &str, message: &str| {
            object["metadata"]["generation"] = json!(generation);
            let mut status = StatusEditor::new(&mut object, now.into());
            status.set("Ready", "True", "Succeeded", message);
            status.condition("Ready").unwrap().clone()
        };
        ready(1, "2026-01-01T00:00:00Z", "done");
        let same = ready(2, "2026-01-01T00:01:00Z", "done");
        assert_eq!(same["lastTransitionTime"], "2026-01-01T00:00:00Z");
        assert_eq!(same["observedGeneration"], 2);
        let other = ready(2, "2026-01-01T00:02:00Z", "again");
        assert_eq!(other["lastTransitionTime"], "2026-01-01T00:02:00Z");
    }
}
