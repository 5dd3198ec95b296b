//! `deploy/weft/rbac.yaml` is enough for Weft, and no more than it needs.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::prod::{Prod, by_token, deployed};
use super::weft::Weft;
use crate::files::documents;
use crate::programs::Complaints;

const ACCOUNT: &str = "--as=system:serviceaccount:weft:weft";

/// Verb and resource of a group.
type Right = (String, String, String);

fn texts(list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The single rights that rules give.
fn rights(rules: &Value) -> BTreeSet<Right> {
    let mut rights = BTreeSet::new();
    for rule in rules.as_array().unwrap() {
        for group in texts(&rule["apiGroups"]) {
            for resource in texts(&rule["resources"]) {
                for verb in texts(&rule["verbs"]) {
                    rights.insert((verb, resource.clone(), group.clone()));
                }
            }
        }
    }
    rights
}

/// The role of the file, with these rights instead.
fn role(rights: &BTreeSet<Right>) -> Value {
    let mut role = written();
    role["rules"] = rights
        .iter()
        .map(|(verb, resource, group)| {
            json!({"apiGroups": [group], "resources": [resource], "verbs": [verb]})
        })
        .collect();
    role
}

fn written() -> Value {
    let mut documents = documents(&deployed("rbac.yaml"));
    let role = documents
        .iter()
        .position(|document| document["kind"] == "ClusterRole")
        .unwrap();
    documents.swap_remove(role)
}

async fn weft(prod: &Prod) -> Weft {
    let (token, ca) = (prod.token(), prod.certificate());
    let access = by_token(&prod.cluster.plane.url());
    Weft::beside_everything(&access, &[("token", &token), ("ca", &ca)]).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real programs: cargo xtask test --real"]
async fn the_role_is_enough_and_each_right_in_it_is_needed() {
    let prod = Prod::start();
    let whole = rights(&written()["rules"]);
    let with_all = weft(&prod).await;
    with_all.until_well().await;
    drop(with_all);
    let mut complaints = Complaints::default();
    // Events are read only when somebody asks for them, so no watch breaks without them.
    for right in whole.iter().filter(|(_, resource, _)| resource != "events") {
        let mut rest = whole.clone();
        rest.remove(right);
        prod.cluster.plane.apply(&role(&rest).to_string()).unwrap();
        let (verb, resource, _) = right;
        let without = weft(&prod).await;
        without
            .until("it is heard", |weft| {
                weft.failing("prod").is_some() || weft.is_well("prod")
            })
            .await;
        match without.failing("prod") {
            Some(why) if why.starts_with(&format!("the token may not {verb} ")) => {}
            said => complaints.add(&format!("without {verb} {resource}"), &format!("{said:?}")),
        }
    }
    complaints.none();
}

/// What the account may do, as the API server says, but for what every account may: ask just that.
fn held(prod: &Prod) -> BTreeSet<Right> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": "web"},
    });
    let groups = [
        "--as-group=system:serviceaccounts",
        "--as-group=system:authenticated",
    ];
    let words = [
        "create",
        "--validate=false",
        "--filename=-",
        "--output=json",
        ACCOUNT,
    ];
    let words = [&words[..], &groups].concat();
    let said = prod.cluster.plane.run(&words, &review.to_string()).unwrap();
    let said: Value = serde_json::from_str(&said.ok().unwrap()).unwrap();
    assert_eq!(said["status"]["incomplete"], false, "{said}");
    let mut has = rights(&said["status"]["resourceRules"]);
    has.retain(|(verb, resource, _)| !(verb == "create" && resource.starts_with("selfsubject")));
    has
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real programs: cargo xtask test --real"]
async fn the_optional_role_may_patch_what_flux_reconciles_and_nothing_else() {
    let prod = Prod::start();
    let before = held(&prod);
    prod.install("reconciler.yaml");
    let has = held(&prod);
    let more: Vec<&Right> = has.difference(&before).collect();
    assert!(!more.is_empty());
    for (verb, resource, group) in more {
        assert_eq!(verb, "patch", "{resource}");
        assert!(
            group.ends_with(".toolkit.fluxcd.io"),
            "{resource} of {group}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real programs: cargo xtask test --real"]
async fn the_account_may_do_nothing_else() {
    let prod = Prod::start();
    let has = held(&prod);
    assert_eq!(has, rights(&written()["rules"]));
    // The same by the other way to ask, for what would hurt most.
    for (verb, resource) in [
        ("get", "secrets"),
        ("list", "secrets"),
        ("watch", "configmaps"),
        ("patch", "helmreleases.helm.toolkit.fluxcd.io"),
        ("create", "serviceaccounts/token"),
        ("create", "pods/exec"),
        ("impersonate", "users"),
        ("*", "*"),
    ] {
        let words = ["auth", "can-i", verb, resource, "--all-namespaces", ACCOUNT];
        let answer = prod.cluster.plane.run(&words, "").unwrap();
        assert_eq!(
            answer.stdout.trim(),
            "no",
            "{verb} {resource}: {}",
            answer.stderr
        );
    }
}
