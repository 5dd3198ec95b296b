//! What the clusters do by themselves: ranges and pins, image automation, commit statuses, dispatches
//! and webhooks.

use lab::clusters::{Cluster, Key, Kind, Trigger};
use serde_json::{Value, json};

use crate::world::{Post, World, eventually, until};

/// A world with one Helm environment; `version` is a pin or a range.
async fn helm(environment: &str, version: &str) -> (World, Cluster) {
    let world = World::new().await;
    world.release("1.1.6");
    bootstrap(&world, environment);
    declare(&world, environment, version);
    let cluster = world.cluster(environment, 1024).await;
    (world, cluster)
}

/// The same, when the release is there.
async fn deployed_helm(environment: &str, version: &str) -> (World, Cluster) {
    let (world, cluster) = helm(environment, version).await;
    deployed(&cluster, "1.1.6").await;
    (world, cluster)
}

fn bootstrap(world: &World, environment: &str) {
    let manifests = include_str!("manifests/flux.yaml")
        .replace("ENVIRONMENT", environment)
        .replace("FORGE", &world.address.to_string());
    let path = format!("clusters/{environment}/all.yaml");
    world.push(&path, &manifests, "sources");
}

fn declare(world: &World, environment: &str, version: &str) -> String {
    let manifests = include_str!("manifests/helm.yaml")
        .replace("ENVIRONMENT", environment)
        .replace("VERSION", version)
        .replace("FORGE", &world.address.to_string());
    let path = format!("environments/{environment}/podinfo.yaml");
    world.push(&path, &manifests, &format!("{environment} {version}"))
}

fn get(cluster: &Cluster, kind: &str, name: &str) -> Value {
    let key = Key::new(Kind::named(kind).unwrap(), "app-podinfo", name);
    let object = cluster.store().get(&key);
    object.map(|object| (*object).clone()).unwrap_or_default()
}

fn release(cluster: &Cluster) -> Value {
    get(cluster, "HelmRelease", "podinfo")
}

/// Declares a version that is published now, whose upgrade fails; the commit's id.
fn declare_failing(world: &World, cluster: &Cluster, version: &str) -> String {
    let ordered = world.faults.order("helm-upgrade-fails", Some("uat"));
    ordered.unwrap();
    declare_published(world, cluster, version)
}

fn declare_published(world: &World, cluster: &Cluster, version: &str) -> String {
    world.release(version);
    cluster.trigger(Trigger::Charts);
    let commit = declare(world, "uat", version);
    cluster.trigger(Trigger::Git);
    commit
}

/// Status and reason of Ready.
fn ready(object: &Value) -> [Value; 2] {
    let conditions = object["status"]["conditions"].as_array();
    let mut conditions = conditions.into_iter().flatten();
    let ready = conditions.find(|condition| condition["type"] == "Ready");
    ["status", "reason"].map(|field| ready.map_or(Value::Null, |ready| ready[field].clone()))
}

/// The chart version of the newest entry of a release's history.
fn newest(cluster: &Cluster) -> Value {
    release(cluster)["status"]["history"][0]["chartVersion"].clone()
}

async fn deployed(cluster: &Cluster, version: &str) {
    until(&format!("{version} is deployed and tested"), || {
        newest(cluster) == version && ready(&release(cluster)) == ["True", "TestSucceeded"]
    })
    .await;
}

fn served(world: &World) -> String {
    world.app.serving().unwrap().version
}

fn dispatched_revision(dispatch: &Post) -> Value {
    dispatch.json()["client_payload"]["metadata"]["revision"].clone()
}

#[tokio::test]
async fn a_range_follows_the_chart_repository_and_a_pin_does_not() {
    let (world, ranged) = deployed_helm("dev-test", ">=0.0.3").await;
    let (other, pinned) = deployed_helm("uat", "1.1.6").await;
    world.release("1.1.7");
    other.release("1.1.7");
    ranged.trigger(Trigger::Charts);
    pinned.trigger(Trigger::Charts);
    deployed(&ranged, "1.1.7").await;
    let generation = &release(&ranged)["metadata"]["generation"];
    assert_eq!(generation, 1, "a range never moves the generation");
    assert_eq!(served(&world), "1.1.7");
    assert_eq!(newest(&pinned), "1.1.6");
}

#[tokio::test]
async fn a_proven_release_is_dispatched_once_and_signed_for_weft() {
    let (world, _cluster) = deployed_helm("uat", "1.1.6").await;
    let dispatch = eventually("the dispatch", || world.posts("/dispatches").pop()).await;
    assert_eq!(dispatch.path, "/api/v3/repos/demo/podinfo/dispatches");
    assert_eq!(dispatch.headers["authorization"], "Bearer a-github-token");
    let body = dispatch.json();
    assert_eq!(body["event_type"], "HelmRelease/podinfo.app-podinfo");
    let payload = &body["client_payload"];
    assert_eq!(payload["reason"], "TestSucceeded");
    assert_eq!(payload["severity"], "info");
    let metadata = json!({"revision": "1.1.6", "app-version": "1.1.6", "env": "uat"});
    assert_eq!(payload["metadata"], metadata);
    assert_eq!(payload["reportingController"], "helm-controller");

    let hook = eventually("the webhook for the tests", || {
        let mut hooks = world.posts("/promotions/hooks/flux/uat").into_iter();
        hooks.find(|hook| hook.json()["reason"] == "TestSucceeded")
    })
    .await;
    let signature = lab::sign("a-secret", &hook.body);
    assert_eq!(hook.headers["x-signature"], signature);
    assert_eq!(hook.headers["gotk-component"], "helm-controller");
    assert_eq!(world.posts("/dispatches").len(), 1);
}

#[tokio::test]
async fn the_commits_status_stays_a_success_over_a_release_that_failed() {
    let (world, cluster) = deployed_helm("uat", "1.1.6").await;
    let commit = declare_failing(&world, &cluster, "1.1.7");
    until("the rollback", || {
        ready(&release(&cluster)) == ["False", "RollbackSucceeded"]
    })
    .await;
    let path = format!("/statuses/{commit}");
    let status = eventually("the commit's status", || world.posts(&path).pop()).await;
    let body = status.json();
    assert_eq!(body["state"], "success");
    assert_eq!(body["description"], "reconciliation succeeded");
    let context = body["context"].as_str().unwrap();
    let uid = context.strip_prefix("kustomization/app-promo-podinfo-uat/");
    assert_eq!(uid.expect(context).len(), 8);
    assert_eq!(served(&world), "1.1.6", "the old release still answers");
    let dispatches = world.posts("/dispatches");
    assert!(
        dispatches
            .iter()
            .all(|it| dispatched_revision(it) == "1.1.6"),
        "a rollback is never dispatched by this alert, nor the release that failed"
    );
}

#[tokio::test]
async fn a_release_that_was_given_up_is_tried_again_when_someone_resets_it() {
    let (world, cluster) = deployed_helm("uat", "1.1.6").await;
    declare_failing(&world, &cluster, "1.1.7");
    until("the controller gives up", || {
        let status = release(&cluster)["status"].to_string();
        status.contains("RetriesExceeded")
    })
    .await;
    let asked = json!({"reconcile.fluxcd.io/requestedAt": "1", "reconcile.fluxcd.io/resetAt": "1"});
    let key = Key::of(&release(&cluster)).unwrap();
    let patch = json!({"metadata": {"annotations": asked}});
    cluster.store().merge_patch(&key, &patch);
    deployed(&cluster, "1.1.7").await;
    until("the request is handled", || {
        release(&cluster)["status"]["lastHandledReconcileAt"] == "1"
    })
    .await;
}

#[tokio::test]
async fn a_lost_dispatch_is_lost_once() {
    let (world, cluster) = helm("uat", "1.1.6").await;
    world.faults.order("dispatch-lost", None).unwrap();
    deployed(&cluster, "1.1.6").await;
    until("the fault strikes", || world.faults.list().is_empty()).await;
    declare_published(&world, &cluster, "1.1.7");
    deployed(&cluster, "1.1.7").await;
    let dispatch = eventually("the next dispatch", || world.posts("/dispatches").pop()).await;
    assert_eq!(dispatched_revision(&dispatch), "1.1.7");
    assert_eq!(world.posts("/dispatches").len(), 1);
}

#[tokio::test]
async fn what_leaves_git_leaves_the_cluster() {
    let (world, cluster) = deployed_helm("uat", "1.1.6").await;
    let rest = "apiVersion: v1\nkind: Namespace\nmetadata: {name: app-podinfo}\n";
    let path = "environments/uat/podinfo.yaml";
    world.push(path, rest, "uat: take podinfo away");
    cluster.trigger(Trigger::Git);
    until("the release is gone", || release(&cluster).is_null()).await;
    until("its chart is gone", || {
        get(&cluster, "HelmChart", "app-podinfo-podinfo").is_null()
    })
    .await;
}

#[tokio::test]
async fn a_branch_build_is_written_into_git_and_served_in_dev() {
    let world = World::new().await;
    let path = "environments/dev/podinfo.yaml";
    world.image("5.1.5");
    bootstrap(&world, "dev");
    world.push(path, include_str!("manifests/dev.yaml"), "dev");
    let cluster = world.cluster("dev", 1024).await;
    let serves = |tag: &str| {
        let serving = world.app.serving();
        serving.is_some_and(|serving| serving.version == tag)
    };
    until("5.1.5 is served", || serves("5.1.5")).await;
    let tag = "fix-ui-1a2b3c4-1700000000";
    world.image(tag);
    cluster.trigger(Trigger::Images);
    until("the automation's commit", || {
        world.last_commit("%an") == "fluxcdbot"
    })
    .await;
    let message = format!("dev: ghcr.io/demo/podinfo:5.1.5 -> ghcr.io/demo/podinfo:{tag}");
    assert_eq!(world.last_commit("%s"), message);
    let marker = format!(
        "image: ghcr.io/demo/podinfo:{tag} # {{\"$imagepolicy\": \"app-podinfo:podinfo\"}}"
    );
    assert!(world.read(path).contains(&marker));
    cluster.trigger(Trigger::Git);
    until("the branch build is served", || serves(tag)).await;
    let deployment = || get(&cluster, "Deployment", "podinfo");
    assert_eq!(deployment()["metadata"]["generation"], 2);
    until("the rollout is over", || {
        let status = &deployment()["status"];
        let counts = ["replicas", "updatedReplicas", "availableReplicas"];
        status["observedGeneration"] == 2 && counts.iter().all(|count| status[count] == 1)
    })
    .await;
    let pushed = eventually("the automation says what it pushed", || {
        let automation = get(&cluster, "ImageUpdateAutomation", "podinfo");
        let commit = automation["status"]["lastPushCommit"].as_str();
        commit.map(str::to_owned)
    })
    .await;
    assert_eq!(pushed, world.last_commit("%H"));
}

#[tokio::test]
async fn paused_controllers_do_nothing_until_they_go_on() {
    let (world, cluster) = helm("uat", "1.1.6").await;
    bootstrap(&world, "stg");
    declare(&world, "stg", "1.1.6");
    let witness = world.cluster("stg", 1024).await;
    deployed(&cluster, "1.1.6").await;
    deployed(&witness, "1.1.6").await;
    world.release("1.1.7");
    cluster.pause_controllers(true);
    for environment in ["uat", "stg"] {
        declare(&world, environment, "1.1.7");
    }
    for cluster in [&cluster, &witness] {
        cluster.trigger(Trigger::Charts);
        cluster.trigger(Trigger::Git);
    }
    deployed(&witness, "1.1.7").await;
    let declared = &release(&cluster)["spec"]["chart"]["spec"]["version"];
    assert_eq!(declared, "1.1.6");
    cluster.pause_controllers(false);
    deployed(&cluster, "1.1.7").await;
}
