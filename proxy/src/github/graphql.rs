//! GraphQL: sending a query, and reading errors that come with HTTP 200.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Credentials, Error, GitHub};

/// One page of a connection.
#[derive(Deserialize)]
pub(super) struct Nodes<T> {
    pub(super) nodes: Vec<T>,
}

#[derive(Deserialize)]
pub(super) struct Oid {
    pub(super) oid: String,
}

/// The fragment of every query that reads pull requests.
const PULL_REQUEST: &str = include_str!("queries/pull_request.graphql");

pub(super) struct GraphqlQuery {
    text: String,
    variables: Value,
}

impl GraphqlQuery {
    /// Creates a query; adds the fragment where the text uses it.
    pub(super) fn new(text: &str, variables: Value) -> Self {
        let mut text = text.to_owned();
        if text.contains("...PullRequestFields") {
            text.push_str(PULL_REQUEST);
        }
        Self { text, variables }
    }

    /// Creates a query whose marked blocks are repeated `count` times.
    pub(super) fn repeated(text: &str, count: usize, variables: Value) -> Self {
        Self::new(&repeat(text, count), variables)
    }
}

/// Repeats each block between `# for each environment` and `# end`, with `_0` as its number.
fn repeat(text: &str, count: usize) -> String {
    let mut whole = String::with_capacity(text.len() * 2);
    let mut block: Option<String> = None;
    for line in text.lines() {
        match (line.trim(), &mut block) {
            ("# for each environment", _) => block = Some(String::new()),
            ("# end", Some(lines)) => {
                for at in 0..count {
                    whole.push_str(&lines.replace("_0", &format!("_{at}")));
                }
                block = None;
            }
            (_, Some(lines)) => {
                lines.push_str(line);
                lines.push('\n');
            }
            (_, None) => {
                whole.push_str(line);
                whole.push('\n');
            }
        }
    }
    whole
}

impl GitHub {
    /// Sends a query and returns its `data`.
    pub(super) async fn query(
        &self,
        credentials: Credentials<'_>,
        query: &GraphqlQuery,
    ) -> Result<Value, Error> {
        let body = json!({"query": query.text, "variables": query.variables});
        let answer = self.post_query(credentials, &body).await?;
        self.data(answer)
    }

    /// Sends a mutation, never twice, and returns its `data`.
    pub(super) async fn mutate(
        &self,
        credentials: Credentials<'_>,
        mutation: &str,
        input: Value,
    ) -> Result<Value, Error> {
        let body = json!({"query": mutation, "variables": {"input": input}});
        let answer = self.post_mutation(credentials, &body).await?;
        self.data(answer)
    }

    fn data(&self, mut answer: Value) -> Result<Value, Error> {
        let errors = answer
            .get("errors")
            .and_then(Value::as_array)
            .filter(|errors| !errors.is_empty());
        if let Some(errors) = errors {
            return Err(self.error_of(errors));
        }
        match answer.get_mut("data").map(Value::take) {
            Some(data @ Value::Object(_)) => Ok(data),
            _ => Err(Error::malformed("it has neither data nor errors")),
        }
    }

    fn error_of(&self, errors: &[Value]) -> Error {
        let text = |name: &str| {
            errors
                .iter()
                .find_map(|error| error.get(name).and_then(Value::as_str))
                .unwrap_or_default()
        };
        match text("type") {
            "NOT_FOUND" => Error::NotFound,
            "FORBIDDEN" => Error::Forbidden {
                reason: model::flux::cut(text("message"), 200),
            },
            "STALE_DATA" => Error::Conflict {
                message: model::flux::cut(text("message"), 200),
            },
            // The answer does not say until when; a minute is what GitHub asks for without a hint.
            "RATE_LIMITED" => Error::RateLimited {
                until: self.now() + std::time::Duration::from_secs(60),
            },
            _ => Error::malformed(text("message")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_block_is_repeated_for_each_environment() {
        let text = "query(\n# for each environment\n$path_0: String!\n# end\n) {\n# for each environment\nfile_0: object(expression: $path_0)\n# end\n}";
        assert_eq!(
            repeat(text, 2),
            "query(\n$path_0: String!\n$path_1: String!\n) {\nfile_0: object(expression: $path_0)\nfile_1: object(expression: $path_1)\n}\n"
        );
    }
}
