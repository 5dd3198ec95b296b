//! The lab's REST answers and GraphQL schema, and Weft's GraphQL queries, held against what GitHub
//! publishes. Needs the packages of `github_contract/` (`cargo xtask test` fetches them), so it runs only
//! when asked for.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

mod github_world;

use std::path::{Path, PathBuf};

use apollo_compiler::ast::{FieldDefinition, InputValueDefinition};
use apollo_compiler::collections::IndexMap;
use apollo_compiler::schema::{Component, ExtendedType};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Name, Node, Schema};
use github_world::{World, queries};
use reqwest::Method;
use serde_json::{Value, json};

/// The answers collected so far, each with GitHub's name of the operation.
struct Answers<'a> {
    world: &'a World,
    list: Vec<Value>,
}

impl Answers<'_> {
    async fn ask(
        &mut self,
        operation: &str,
        login: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Value {
        let answer = self.world.api(login, method, path, body).await;
        self.list.push(json!({
            "operation": operation, "status": answer.status, "body": answer.json,
        }));
        answer.json
    }

    async fn read(&mut self, operation: &str, path: &str) -> Value {
        self.ask(operation, "sam", Method::GET, path, None).await
    }
}

#[tokio::test]
#[ignore = "needs the packages of its folder; `cargo xtask test` fetches them"]
async fn every_answer_is_as_github_describes_it() {
    let world = World::seeded().await;
    let mut answers = Answers {
        world: &world,
        list: Vec::new(),
    };
    let stg = world.forge.open_promotion("stg").await.unwrap().unwrap();
    let (number, head) = (stg.number, stg.head.clone());
    let one = |rest: &str| format!("pulls/{number}{rest}");

    answers.read("repos/get", "").await;
    answers.read("pulls/list", "pulls?state=all").await;
    answers.read("pulls/get", &one("")).await;
    answers.read("pulls/get", "pulls/1").await;
    answers.read("pulls/get", "pulls/999").await;
    answers.read("pulls/list-files", &one("/files")).await;
    answers
        .read(
            "repos/list-commit-statuses-for-ref",
            "commits/main/statuses",
        )
        .await;
    answers
        .read("repos/get-branch-rules", "rules/branches/main")
        .await;
    answers
        .read("repos/compare-commits", "compare/main...HEAD")
        .await;
    let basehead = format!("compare/main...{}", stg.head_ref);
    answers.read("repos/compare-commits", &basehead).await;
    answers.read("repos/get-commit", "commits/main").await;
    answers
        .read("repos/get-content", "contents/README.md")
        .await;
    answers.read("git/get-ref", "git/ref/heads/main").await;
    answers
        .read("actions/list-workflow-runs-for-repo", "actions/runs")
        .await;

    let post = Method::POST;
    let own = json!({ "event": "APPROVE" });
    let path = one("/reviews");
    answers
        .ask(
            "pulls/create-review",
            "weft-demo[bot]",
            post.clone(),
            &path,
            Some(own.clone()),
        )
        .await;
    let review = answers
        .ask("pulls/create-review", "sam", post.clone(), &path, Some(own))
        .await;
    let dismissal = format!("pulls/{number}/reviews/{}/dismissals", review["id"]);
    let message = json!({ "message": "Not yet" });
    answers
        .ask(
            "pulls/dismiss-review",
            "sam",
            Method::PUT,
            &dismissal,
            Some(message),
        )
        .await;
    let merge = one("/merge");
    answers
        .ask("pulls/merge", "sam", Method::PUT, &merge, Some(json!({})))
        .await;
    let stale = json!({ "sha": "0".repeat(40) });
    answers
        .ask("pulls/merge", "sam", Method::PUT, &merge, Some(stale))
        .await;
    let body = json!({ "body": "Looks good" });
    let issue = format!("issues/{number}/comments");
    answers
        .ask(
            "issues/create-comment",
            "kim",
            post.clone(),
            &issue,
            Some(body),
        )
        .await;
    let status = json!({ "state": "success", "context": "kustomization/uat/1234abcd" });
    let path = format!("statuses/{head}");
    answers
        .ask(
            "repos/create-commit-status",
            "fluxcdbot",
            post.clone(),
            &path,
            Some(status),
        )
        .await;
    let reference = json!({ "ref": "refs/heads/another", "sha": head });
    answers
        .ask(
            "git/create-ref",
            "ana",
            post.clone(),
            "git/refs",
            Some(reference),
        )
        .await;
    let opening = json!({ "title": "Another", "head": "another", "base": "main" });
    answers
        .ask(
            "pulls/create",
            "ana",
            post.clone(),
            "pulls",
            Some(opening.clone()),
        )
        .await;
    answers
        .ask("pulls/create", "ana", post.clone(), "pulls", Some(opening))
        .await;
    let closed = json!({ "state": "closed" });
    answers
        .ask(
            "pulls/update",
            "sam",
            Method::PATCH,
            &one(""),
            Some(closed.clone()),
        )
        .await;
    answers
        .ask(
            "pulls/merge",
            "kim",
            Method::PUT,
            "pulls/1/merge",
            Some(json!({})),
        )
        .await;

    let file = tempfile::NamedTempFile::new().unwrap();
    serde_json::to_writer(file.as_file(), &answers.list).unwrap();
    let output = tokio::process::Command::new("node")
        .arg(packages().join("check.mjs"))
        .arg(file.path())
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The folder with the fetched packages.
fn packages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/github_contract")
}

/// GitHub's whole published schema.
fn published() -> Valid<Schema> {
    let path = packages().join("node_modules/@octokit/graphql-schema/schema.graphql");
    let text = std::fs::read_to_string(&path).unwrap();
    Schema::parse_and_validate(text, path).unwrap_or_else(|invalid| {
        // Fields of an enterprise's owner are published twice.
        let others = invalid.errors.iter().map(|error| error.to_string());
        let others: Vec<_> = others
            .filter(|error| !error.contains("duplicate"))
            .collect();
        assert!(others.is_empty(), "{others:?}");
        Valid::assume_valid(invalid.partial)
    })
}

#[test]
#[ignore = "needs the packages of its folder; `cargo xtask test` fetches them"]
fn every_query_of_weft_is_valid_by_githubs_schema() {
    let schema = published();
    let queries = queries();
    assert!(queries.len() >= 5, "{queries:?}");
    for (name, text) in &queries {
        if let Err(invalid) = ExecutableDocument::parse_and_validate(&schema, text, name) {
            panic!("{}", invalid.errors);
        }
    }
}

#[test]
#[ignore = "needs the packages of its folder; `cargo xtask test` fetches them"]
fn the_labs_schema_is_a_part_of_githubs() {
    let whole = published();
    let part = include_str!("../src/github/graphql/schema.graphql");
    let part = Schema::parse_and_validate(part, "schema.graphql").unwrap();
    let mut differences = Vec::new();
    for (name, ours) in part.types.iter().filter(|(_, ty)| !ty.is_built_in()) {
        let theirs = whole.types.get(name);
        let theirs = theirs.unwrap_or_else(|| panic!("GitHub has no type {name}"));
        differences.extend(
            compare(ours, theirs)
                .into_iter()
                .map(|what| format!("{name}: {what}")),
        );
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

/// Where a type of the lab's schema is not what GitHub's has under the same name.
fn compare(ours: &ExtendedType, theirs: &ExtendedType) -> Vec<String> {
    let subset = |ours: Vec<&Name>, theirs: Vec<&Name>| -> Vec<String> {
        let missing = ours.into_iter().filter(|name| !theirs.contains(name));
        missing
            .map(|name| format!("GitHub has no {name}"))
            .collect()
    };
    match (ours, theirs) {
        (ExtendedType::Object(ours), ExtendedType::Object(theirs)) => {
            let names = |ty: &apollo_compiler::schema::ObjectType| -> Vec<Name> {
                ty.implements_interfaces
                    .iter()
                    .map(|name| name.name.clone())
                    .collect()
            };
            let (our_names, their_names) = (names(ours), names(theirs));
            let mut all = subset(our_names.iter().collect(), their_names.iter().collect());
            all.extend(compare_fields(&ours.fields, &theirs.fields));
            all
        }
        (ExtendedType::Interface(ours), ExtendedType::Interface(theirs)) => {
            compare_fields(&ours.fields, &theirs.fields)
        }
        (ExtendedType::Union(ours), ExtendedType::Union(theirs)) => {
            let ours = ours.members.iter().map(|member| &member.name);
            subset(
                ours.collect(),
                theirs.members.iter().map(|member| &member.name).collect(),
            )
        }
        (ExtendedType::Enum(ours), ExtendedType::Enum(theirs)) => {
            subset(ours.values.keys().collect(), theirs.values.keys().collect())
        }
        (ExtendedType::InputObject(ours), ExtendedType::InputObject(theirs)) => {
            let ours: Vec<_> = ours.fields.values().map(|field| &field.node).collect();
            compare_inputs(
                &ours,
                &theirs
                    .fields
                    .values()
                    .map(|field| &field.node)
                    .collect::<Vec<_>>(),
            )
        }
        (ExtendedType::Scalar(_), ExtendedType::Scalar(_)) => Vec::new(),
        _ => vec!["is another kind of type at GitHub".to_owned()],
    }
}

fn compare_fields(
    ours: &IndexMap<Name, Component<FieldDefinition>>,
    theirs: &IndexMap<Name, Component<FieldDefinition>>,
) -> Vec<String> {
    let mut differences = Vec::new();
    for (name, field) in ours {
        let Some(other) = theirs.get(name) else {
            differences.push(format!("GitHub has no field {name}"));
            continue;
        };
        if field.ty != other.ty {
            differences.push(format!("{name} is {} at GitHub", other.ty));
        }
        let arguments = compare_inputs(
            &field.arguments.iter().collect::<Vec<_>>(),
            &other.arguments.iter().collect::<Vec<_>>(),
        );
        differences.extend(arguments.into_iter().map(|what| format!("{name}: {what}")));
    }
    differences
}

/// Compares arguments or input fields: ours are GitHub's, and none that GitHub requires is missing.
fn compare_inputs(
    ours: &[&Node<InputValueDefinition>],
    theirs: &[&Node<InputValueDefinition>],
) -> Vec<String> {
    let mut differences = Vec::new();
    for input in ours {
        match theirs.iter().find(|other| other.name == input.name) {
            Some(other) if other.ty == input.ty && other.default_value == input.default_value => {}
            Some(other) => differences.push(format!("{} is {} at GitHub", input.name, other.ty)),
            None => differences.push(format!("GitHub has no input {}", input.name)),
        }
    }
    for other in theirs.iter().filter(|other| other.is_required()) {
        if ours.iter().all(|input| input.name != other.name) {
            differences.push(format!("GitHub requires {}", other.name));
        }
    }
    differences
}
