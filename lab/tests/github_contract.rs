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
use serde_json::json;

#[tokio::test]
#[ignore = "needs the packages of its folder; `cargo xtask test` fetches them"]
async fn every_answer_is_as_github_describes_it() {
    let world = World::seeded().await;
    let stg = world.forge.open_promotion("stg").await.unwrap().unwrap();
    let (number, head) = (stg.number, stg.head.clone());
    let one = |rest: &str| format!("pulls/{number}{rest}");
    // Each answer with GitHub's name of the operation.
    let mut answers = Vec::new();
    let mut ask = async |operation: &str, login: &str, method, path: &str, body| {
        let answer = world.api(login, method, path, body).await;
        answers.push(json!({
            "operation": operation, "status": answer.status, "body": answer.json,
        }));
        answer.json
    };

    for (operation, path) in [
        ("repos/get", String::new()),
        ("pulls/list", "pulls?state=all".to_owned()),
        ("pulls/get", one("")),
        ("pulls/get", "pulls/1".to_owned()),
        ("pulls/get", "pulls/999".to_owned()),
        ("pulls/list-files", one("/files")),
        (
            "repos/list-commit-statuses-for-ref",
            "commits/main/statuses".to_owned(),
        ),
        ("repos/get-branch-rules", "rules/branches/main".to_owned()),
        ("repos/compare-commits", "compare/main...HEAD".to_owned()),
        (
            "repos/compare-commits",
            format!("compare/main...{}", stg.head_ref),
        ),
        ("repos/get-commit", "commits/main".to_owned()),
        ("repos/get-content", "contents/README.md".to_owned()),
        ("git/get-ref", "git/ref/heads/main".to_owned()),
        (
            "actions/list-workflow-runs-for-repo",
            "actions/runs".to_owned(),
        ),
    ] {
        ask(operation, "sam", Method::GET, &path, None).await;
    }

    let approve = || Some(json!({ "event": "APPROVE" }));
    let (path, create) = (one("/reviews"), "pulls/create-review");
    ask(create, "weft-demo[bot]", Method::POST, &path, approve()).await;
    let review = ask(create, "sam", Method::POST, &path, approve()).await;
    let dismissal = format!("{path}/{}/dismissals", review["id"]);
    let (merge, status) = (one("/merge"), format!("statuses/{head}"));
    let comments = format!("issues/{number}/comments");
    let (post, put, patch) = (Method::POST, Method::PUT, Method::PATCH);
    let another = json!({ "title": "Another", "head": "another", "base": "main" });
    for (operation, login, method, path, body) in [
        (
            "pulls/dismiss-review",
            "sam",
            &put,
            &*dismissal,
            json!({ "message": "Not yet" }),
        ),
        ("pulls/merge", "sam", &put, &merge, json!({})),
        (
            "pulls/merge",
            "sam",
            &put,
            &merge,
            json!({ "sha": "0".repeat(40) }),
        ),
        (
            "issues/create-comment",
            "kim",
            &post,
            &comments,
            json!({ "body": "Looks good" }),
        ),
        (
            "repos/create-commit-status",
            "fluxcdbot",
            &post,
            &status,
            json!({ "state": "success", "context": "kustomization/uat/1234abcd" }),
        ),
        (
            "git/create-ref",
            "ana",
            &post,
            "git/refs",
            json!({ "ref": "refs/heads/another", "sha": head }),
        ),
        ("pulls/create", "ana", &post, "pulls", another.clone()),
        ("pulls/create", "ana", &post, "pulls", another),
        (
            "pulls/update",
            "sam",
            &patch,
            &one(""),
            json!({ "state": "closed" }),
        ),
        ("pulls/merge", "kim", &put, "pulls/1/merge", json!({})),
    ] {
        ask(operation, login, method.clone(), path, Some(body)).await;
    }
    ask("issues/list-comments", "sam", Method::GET, &comments, None).await;

    let file = tempfile::NamedTempFile::new().unwrap();
    serde_json::to_writer(file.as_file(), &answers).unwrap();
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
