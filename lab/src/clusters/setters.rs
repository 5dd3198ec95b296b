//! The setters of image automation: values with the marker `# {"$imagepolicy": "ns:name"}`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

static MARKED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?m)^(?<lead>[ \t]*(?:- +)?[\w./-]+:[ \t]*)(?<value>[^\s#]+)(?<marker>[ \t]+#[ \t]*\{\s*"\$imagepolicy":\s*"(?<policy>[^":]+:[^":]+)"\s*\}.*)$"#,
    )
    .expect("the pattern is a constant")
});

/// Image and tag that each policy chose, by its `namespace:name`.
pub type Choices = BTreeMap<String, (String, String)>;

/// One value that was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub old: String,
    pub new: String,
}

/// The text with every marked value replaced by the choice of its policy, and the replacements.
pub fn write(text: &str, chosen: &Choices) -> (String, Vec<Written>) {
    let mut written = Vec::new();
    let text = MARKED.replace_all(text, |found: &Captures<'_>| {
        let Some((image, tag)) = chosen.get(&found["policy"]) else {
            return found[0].to_owned();
        };
        let new = format!("{image}:{tag}");
        let line = format!("{}{new}{}", &found["lead"], &found["marker"]);
        let old = found["value"].to_owned();
        if old != new {
            written.push(Written { old, new });
        }
        line
    });
    (text.into_owned(), written)
}

/// A commit message from the template's `{{range .Changed.Changes}}…{{end}}`, of which `print` and
/// `println` of `.OldValue` and `.NewValue` are understood.
pub fn message(template: &str, written: &[Written]) -> String {
    let Some((before, rest)) = template.split_once("{{range .Changed.Changes}}") else {
        return template.to_owned();
    };
    let (each, after) = rest.split_once("{{end}}").unwrap_or((rest, ""));
    let mut message = before.to_owned();
    for change in written {
        let mut line = each.to_owned();
        for (field, value) in [(".OldValue", &change.old), (".NewValue", &change.new)] {
            line = line.replace(&format!("{{{{print {field}}}}}"), value);
            line = line.replace(&format!("{{{{println {field}}}}}"), &format!("{value}\n"));
        }
        message.push_str(&line);
    }
    message.push_str(after);
    message.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen() -> Choices {
        let image = "ghcr.io/demo/podinfo".to_owned();
        let choice = (image, "fix-ui-1a2b3c4-17".to_owned());
        Choices::from([("app-podinfo:podinfo".to_owned(), choice)])
    }

    #[test]
    fn only_marked_lines_are_written_and_keep_their_marker() {
        let text = "image: other:1\n          image: ghcr.io/demo/podinfo:5.1.5 # {\"$imagepolicy\": \"app-podinfo:podinfo\"}\n";
        let (after, written) = write(text, &chosen());
        assert_eq!(
            after,
            "image: other:1\n          image: ghcr.io/demo/podinfo:fix-ui-1a2b3c4-17 # {\"$imagepolicy\": \"app-podinfo:podinfo\"}\n"
        );
        assert_eq!(written.len(), 1);
        assert_eq!(write(&after, &chosen()).1, []);
    }

    #[test]
    fn the_message_says_what_became_what() {
        let template =
            "dev: {{range .Changed.Changes}}{{print .OldValue}} -> {{println .NewValue}}{{end}}";
        let written = [Written {
            old: "a:1".into(),
            new: "a:2".into(),
        }];
        assert_eq!(message(template, &written), "dev: a:1 -> a:2");
    }
}
