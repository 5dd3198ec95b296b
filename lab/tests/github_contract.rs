//! The lab's REST answers and GraphQL schema, and Weft's GraphQL queries, held against what GitHub
//! publishes. Needs the packages of `github_contract/` (`cargo xtask test` fetches them), so it runs only
//! when asked for.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[allow(dead_code, reason = "the other tests of GitHub use the rest")]
#[path = "github/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use apollo_compiler::ast::InputValueDefinition;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Node, Schema};
use reqwest::Method;
use serde_json::{Value, json};
use world::{World, queries};

#[tokio::test]
#[ignore = "needs the packages of its folder; `cargo xtask test` fetches them"]
async fn every_answer_is_as_github_describes_it() {
    let world = World::seeded().await;
    let stg = world.promotion("stg").await.unwrap();
    // Each answer with GitHub's name of the operation.
    let mut answers = Vec::new();
    let mut ask = async |operation: &str, login: &str, method, path: &str, body| {
        let answer = world.api(login, method, path, body).await;
        answers.push(json!({
            "operation": operation, "status": answer.status, "body": answer.json,
        }));
        answer.json
    };

    let pull = format!("pulls/{}", stg.number);
    let compare = format!("compare/main...{}", stg.head_ref);
    let list = "repos/list-commit-statuses-for-ref";
    for (operation, path) in [
        ("repos/get", ""),
        ("pulls/list", "pulls?state=all"),
        ("pulls/get", &pull),
        ("pulls/get", "pulls/1"),
        ("pulls/get", "pulls/999"),
        ("pulls/list-files", &format!("{pull}/files")),
        (list, "commits/main/statuses"),
        ("repos/get-branch-rules", "rules/branches/main"),
        ("repos/compare-commits", "compare/main...HEAD"),
        ("repos/compare-commits", &compare),
        ("repos/get-commit", "commits/main"),
        ("repos/get-content", "contents/README.md"),
        ("git/get-ref", "git/ref/heads/main"),
        ("actions/list-workflow-runs-for-repo", "actions/runs"),
    ] {
        ask(operation, "sam", Method::GET, path, Value::Null).await;
    }

    let (reviews, create) = (format!("{pull}/reviews"), "pulls/create-review");
    let approve = || json!({ "event": "APPROVE" });
    ask(create, "weft-demo[bot]", Method::POST, &reviews, approve()).await;
    let review = ask(create, "sam", Method::POST, &reviews, approve()).await;
    let dismissal = format!("{reviews}/{}/dismissals", review["id"]);
    let (merge, status) = (format!("{pull}/merge"), format!("statuses/{}", stg.head));
    let comments = format!("issues/{}/comments", stg.number);
    let message = json!({ "message": "Not yet" });
    let moved = json!({ "sha": "0".repeat(40) });
    let comment = json!({ "body": "Looks good" });
    let success = json!({ "state": "success", "context": "kustomization/uat/1234abcd" });
    let branch = json!({ "ref": "refs/heads/another", "sha": stg.head });
    let another = json!({ "title": "Another", "head": "another", "base": "main" });
    let closed = json!({ "state": "closed" });
    let set = "repos/create-commit-status";
    let (post, put, patch) = (Method::POST, Method::PUT, Method::PATCH);
    for (operation, login, method, path, body) in [
        ("pulls/dismiss-review", "sam", &put, &*dismissal, message),
        ("pulls/merge", "sam", &put, &merge, json!({})),
        ("pulls/merge", "sam", &put, &merge, moved),
        ("issues/create-comment", "kim", &post, &comments, comment),
        (set, "fluxcdbot", &post, &status, success),
        ("git/create-ref", "ana", &post, "git/refs", branch),
        ("pulls/create", "ana", &post, "pulls", another.clone()),
        ("pulls/create", "ana", &post, "pulls", another),
        ("pulls/update", "sam", &patch, &pull, closed),
        ("pulls/merge", "kim", &put, "pulls/1/merge", json!({})),
    ] {
        ask(operation, login, method.clone(), path, body).await;
    }
    let list = "issues/list-comments";
    ask(list, "sam", Method::GET, &comments, Value::Null).await;

    let file = tempfile::NamedTempFile::new().unwrap();
    serde_json::to_writer(file.as_file(), &answers).unwrap();
    let output = tokio::process::Command::new("node")
        .arg(packages().join("check.mjs"))
        .arg(file.path())
        .output()
        .await
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
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
    let ours: BTreeSet<String> = part.types.values().flat_map(statements).collect();
    let theirs: BTreeSet<String> = whole.types.values().flat_map(statements).collect();
    let foreign: Vec<_> = ours.difference(&theirs).collect();
    assert!(foreign.is_empty(), "not so at GitHub: {foreign:#?}");
    let lacking: Vec<_> = theirs
        .difference(&ours)
        .filter_map(|required| required.split_once(" requires "))
        .filter(|(owner, _)| ours.contains(&format!("there is {owner}")))
        .collect();
    assert!(lacking.is_empty(), "required by GitHub: {lacking:#?}");
}

/// Everything that a schema says of one type, a sentence each.
fn statements(ty: &ExtendedType) -> Vec<String> {
    let name = ty.name();
    let mut said = vec![format!("there is {name}")];
    let (kind, fields) = match ty {
        _ if ty.is_built_in() => return Vec::new(),
        ExtendedType::Object(object) => {
            let interfaces = object.implements_interfaces.iter();
            said.extend(interfaces.map(|it| format!("{name} implements {}", it.name)));
            ("an object", Some(&object.fields))
        }
        ExtendedType::Interface(interface) => ("an interface", Some(&interface.fields)),
        ExtendedType::Union(union) => {
            let members = union.members.iter();
            said.extend(members.map(|member| format!("{name} may be {}", member.name)));
            ("a union", None)
        }
        ExtendedType::Enum(values) => {
            let values = values.values.keys();
            said.extend(values.map(|value| format!("{name} has the value {value}")));
            ("an enum", None)
        }
        ExtendedType::InputObject(input) => {
            let fields = input.fields.values();
            said.extend(fields.flat_map(|field| of_input(name, field)));
            ("an input object", None)
        }
        ExtendedType::Scalar(_) => ("a scalar", None),
    };
    said.push(format!("{name} is {kind}"));
    for (field, definition) in fields.into_iter().flatten() {
        let field = format!("{name}.{field}");
        said.push(format!("there is {field}"));
        said.push(format!("{field} is {}", definition.ty));
        let arguments = definition.arguments.iter();
        said.extend(arguments.flat_map(|argument| of_input(&field, argument)));
    }
    said
}

/// What is said of an argument or an input field of `owner`.
fn of_input(owner: &str, input: &Node<InputValueDefinition>) -> Vec<String> {
    let name = &input.name;
    let default = input.default_value.as_ref().map(ToString::to_string);
    let mut said = vec![format!("{owner} takes {name}: {} = {default:?}", input.ty)];
    if input.is_required() {
        said.push(format!("{owner} requires {name}"));
    }
    said
}
