//! The OpenAPI description against the routes that the server really has.

use std::path::Path;

use reqwest::Method;
use serde_json::Value;

use crate::world::{TestApp, World};

async fn description() -> (TestApp, Value) {
    let app = World::default().start().await;
    let described = app.json("api/v1/openapi.json").await;
    (app, described)
}

/// A path with its parameters filled in.
fn filled(path: &str) -> String {
    let values = [
        ("{namespace}/{name}", "app-podinfo/podinfo"),
        ("{environment}", "uat"),
        ("{owner}/{repo}/{number}", "demo/podinfo/1"),
        ("{cluster}", "uat"),
    ];
    let filled = values.iter().fold(path.to_owned(), |path, (name, value)| {
        path.replace(name, value)
    });
    assert!(!filled.contains('{'), "{path}");
    filled.trim_start_matches('/').to_owned()
}

#[tokio::test]
async fn every_described_operation_is_there_and_no_other_method_is() {
    let (app, described) = description().await;
    let browser = app.stranger();
    let paths = described["paths"].as_object().unwrap();
    assert!(paths.len() > 20, "{paths:#?}");
    for (path, item) in paths {
        let url = filled(path);
        for (name, method) in [("get", Method::GET), ("post", Method::POST)] {
            let answer = browser.request(method, &url).send().await.unwrap();
            let status = answer.status();
            if item.get(name).is_none() {
                assert_eq!(status, 405, "{name} {path} is not described");
                continue;
            }
            assert_ne!(status, 405, "{name} {path}");
            if status == 404 {
                let problem: Value = answer.json().await.unwrap();
                let nowhere = "There is nothing at this address.";
                assert_ne!(problem["detail"], nowhere, "{name} {path}");
            }
        }
    }
}

/// Each `.route(` beside the described routes, and what it is for.
const NOT_DESCRIBED: [&str; 4] = [
    // All of Weft, below its base path.
    ".nest_service(base, own)",
    // What is reserved for the interface and is none of its addresses.
    ".route(&format!(\"/{reserved}/{{*rest}}\"), nowhere.clone())",
    // Redirects to the page.
    ".route(bare, get(move || async move { Redirect::permanent(&home) }))",
    ".route(\"/\", get(move || async move { Redirect::temporary(&home) }))",
];

#[test]
fn no_handler_is_mounted_beside_the_description() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let mut text = std::fs::read_to_string(&path).unwrap();
            for known in NOT_DESCRIBED {
                text = text.replacen(known, "", 1);
            }
            for mounts in [".route(", ".route_service(", ".nest(", ".nest_service("] {
                assert!(!text.contains(mounts), "{mounts} in {}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn every_operation_says_what_it_does_and_answers_errors_with_problem_details() {
    let (_app, described) = description().await;
    assert_eq!(described["servers"][0]["url"], "/promotions");
    let problem = &described["components"]["schemas"]["Problem"];
    assert!(problem["properties"]["request_id"].is_object());
    for (path, item) in described["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path}");
            let default = &operation["responses"]["default"];
            let schema = &default["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/Problem", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn every_schema_that_is_named_is_there() {
    let (_app, described) = description().await;
    let schemas = &described["components"]["schemas"];
    let text = described.to_string();
    for (at, start) in text.match_indices("#/components/schemas/") {
        let name = text[at + start.len()..].split('"').next().unwrap();
        assert!(schemas[name].is_object(), "{name}");
    }
}
