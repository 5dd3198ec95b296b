//! What the clusters do by themselves: ranges and pins, image automation, commit statuses, dispatches
//! and webhooks.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod clusters_world;

use clusters_world::{World, eventually};
use hmac::{Hmac, KeyInit as _, Mac as _};
use lab::clusters::{Cluster, Key, Kind, Timings, Trigger};
use serde_json::{Value, json};
use sha2::Sha256;

fn sources(environment: &str) -> String {
    format!(
        r#"
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{name: podinfo, namespace: flux-system}}
spec: {{interval: 1m, url: "https://github.com/demo/podinfo", ref: {{branch: main}}}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: app-promo-podinfo-{environment}, namespace: flux-system}}
spec: {{interval: 5m, path: ./environments/{environment}, prune: true, sourceRef: {{kind: GitRepository, name: podinfo}}}}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata: {{name: commit-status, namespace: flux-system}}
spec: {{type: github, address: "https://github.com/demo/podinfo"}}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {{name: commit-status, namespace: flux-system}}
spec: {{providerRef: {{name: commit-status}}, eventSources: [{{kind: Kustomization, name: app-promo-podinfo-{environment}}}]}}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata: {{name: weft, namespace: flux-system}}
spec: {{type: generic-hmac, address: "https://weft.example.com/promotions/hooks/flux/{environment}"}}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {{name: weft, namespace: flux-system}}
spec: {{providerRef: {{name: weft}}, eventSources: [{{kind: HelmRelease, name: podinfo, namespace: app-podinfo}}]}}
"#
    )
}

fn helm_environment(environment: &str, version: &str) -> String {
    format!(
        r#"
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {{name: podinfo, namespace: app-podinfo}}
spec: {{interval: 1m, url: "https://demo.github.io/podinfo/"}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: podinfo, namespace: app-podinfo}}
spec:
  interval: 10m
  timeout: 2m
  chart: {{spec: {{chart: podinfo, version: "{version}", interval: 1m, sourceRef: {{kind: HelmRepository, name: podinfo}}}}}}
  upgrade: {{remediation: {{retries: 0, remediateLastFailure: true}}}}
  test: {{enable: true}}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata: {{name: github-dispatch, namespace: app-podinfo}}
spec: {{type: githubdispatch, address: "https://github.com/demo/podinfo"}}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {{name: podinfo-dispatch, namespace: app-podinfo}}
spec:
  providerRef: {{name: github-dispatch}}
  eventMetadata: {{env: {environment}}}
  eventSources: [{{kind: HelmRelease, name: podinfo}}]
  inclusionList: ['^Helm test succeeded.*']
  exclusionList: ['.*no test hooks$']
"#
    )
}

/// A world with one Helm environment; `version` is a pin or a range.
async fn helm(environment: &str, version: &str) -> (World, Cluster) {
    let world = World::new().await;
    world.release("1.1.6");
    let sources = over_http(&world, &sources(environment));
    world.push(
        &format!("clusters/{environment}/all.yaml"),
        &sources,
        "sources",
    );
    declare(&world, environment, version);
    let cluster = world.cluster(environment, Timings::instant(), 1024).await;
    (world, cluster)
}

/// Providers talk HTTP while the world's git is read from disk, so their addresses name its server.
fn over_http(world: &World, manifests: &str) -> String {
    let address = format!("address: \"http://{}/demo/podinfo\"", world.address);
    manifests.replace("address: \"https://github.com/demo/podinfo\"", &address)
}

fn declare(world: &World, environment: &str, version: &str) -> String {
    let manifests = over_http(world, &helm_environment(environment, version));
    world.push(
        &format!("environments/{environment}/podinfo.yaml"),
        &manifests,
        &format!("{environment} {version}"),
    )
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
    let fault = world.faults.order("helm-upgrade-fails", Some("uat"));
    fault.unwrap();
    declare_published(world, cluster, version)
}

fn declare_published(world: &World, cluster: &Cluster, version: &str) -> String {
    world.release(version);
    cluster.trigger(Trigger::Charts);
    let commit = declare(world, "uat", version);
    cluster.trigger(Trigger::Git);
    commit
}

fn ready(object: &Value) -> (String, String) {
    let conditions = object["status"]["conditions"].as_array();
    let ready = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition["type"] == "Ready");
    let text = |name: &str| {
        ready
            .and_then(|ready| ready[name].as_str())
            .unwrap_or_default()
            .to_owned()
    };
    (text("status"), text("reason"))
}

async fn deployed(cluster: &Cluster, version: &str) {
    eventually(&format!("{version} is deployed and tested"), || {
        let object = release(cluster);
        let newest = object["status"]["history"][0]["chartVersion"] == json!(version);
        (newest && ready(&object) == ("True".into(), "TestSucceeded".into())).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_range_follows_the_chart_repository_and_a_pin_does_not() {
    let (world, ranged) = helm("dev-test", ">=0.0.3").await;
    let (other, pinned) = helm("uat", "1.1.6").await;
    deployed(&ranged, "1.1.6").await;
    deployed(&pinned, "1.1.6").await;
    world.release("1.1.7");
    other.release("1.1.7");
    ranged.trigger(Trigger::Charts);
    pinned.trigger(Trigger::Charts);
    deployed(&ranged, "1.1.7").await;
    assert_eq!(
        release(&ranged)["metadata"]["generation"],
        1,
        "a range never moves the generation"
    );
    assert_eq!(world.app.served.lock().last().unwrap().version, "1.1.7");
    assert_eq!(
        release(&pinned)["status"]["history"][0]["chartVersion"],
        "1.1.6"
    );
}

#[tokio::test]
async fn a_proven_release_is_dispatched_once_and_signed_for_weft() {
    let (world, cluster) = helm("uat", "1.1.6").await;
    deployed(&cluster, "1.1.6").await;
    let dispatch = eventually("the dispatch", || world.posts("/dispatches").pop()).await;
    assert_eq!(dispatch.path, "/api/v3/repos/demo/podinfo/dispatches");
    assert_eq!(dispatch.headers["authorization"], "Bearer a-github-token");
    let body = dispatch.json();
    assert_eq!(body["event_type"], "HelmRelease/podinfo.app-podinfo");
    let payload = &body["client_payload"];
    assert_eq!(payload["reason"], "TestSucceeded");
    assert_eq!(payload["severity"], "info");
    assert_eq!(
        payload["metadata"],
        json!({"revision": "1.1.6", "app-version": "1.1.6", "env": "uat"})
    );
    assert_eq!(payload["reportingController"], "helm-controller");

    let hook = eventually("the webhook for the tests", || {
        let hooks = world.posts("/promotions/hooks/flux/uat");
        hooks
            .into_iter()
            .find(|hook| hook.json()["reason"] == "TestSucceeded")
    })
    .await;
    let mut mac = Hmac::<Sha256>::new_from_slice(b"a-secret").unwrap();
    mac.update(&hook.body);
    let expected = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    assert_eq!(hook.headers["x-signature"], expected);
    assert_eq!(hook.headers["gotk-component"], "helm-controller");
    assert_eq!(world.posts("/dispatches").len(), 1);
}

#[tokio::test]
async fn the_commits_status_stays_a_success_over_a_release_that_failed() {
    let (world, cluster) = helm("uat", "1.1.6").await;
    deployed(&cluster, "1.1.6").await;
    let commit = declare_failing(&world, &cluster, "1.1.7");
    eventually("the rollback", || {
        (ready(&release(&cluster)) == ("False".into(), "RollbackSucceeded".into())).then_some(())
    })
    .await;
    let status = eventually("the commit's status", || {
        world.posts(&format!("/statuses/{commit}")).pop()
    })
    .await;
    let body = status.json();
    assert_eq!(body["state"], "success");
    assert_eq!(body["description"], "reconciliation succeeded");
    let context = body["context"].as_str().unwrap();
    assert!(
        context.starts_with("kustomization/app-promo-podinfo-uat/"),
        "{context}"
    );
    assert_eq!(context.rsplit('/').next().unwrap().len(), 8);
    assert_eq!(
        world.app.served.lock().last().unwrap().version,
        "1.1.6",
        "the old release still answers"
    );
    let promoted = world
        .posts("/dispatches")
        .iter()
        .all(|dispatch| dispatch.json()["client_payload"]["metadata"]["revision"] == "1.1.6");
    assert!(
        promoted,
        "a rollback is never dispatched by this alert, nor the release that failed"
    );
}

#[tokio::test]
async fn a_release_that_was_given_up_is_tried_again_when_someone_resets_it() {
    let (world, cluster) = helm("uat", "1.1.6").await;
    deployed(&cluster, "1.1.6").await;
    declare_failing(&world, &cluster, "1.1.7");
    eventually("the controller gives up", || {
        release(&cluster)["status"]
            .to_string()
            .contains("RetriesExceeded")
            .then_some(())
    })
    .await;
    let asked = json!({"reconcile.fluxcd.io/requestedAt": "1", "reconcile.fluxcd.io/resetAt": "1"});
    let key = Key::of(&release(&cluster)).unwrap();
    let patch = json!({"metadata": {"annotations": asked}});
    cluster.store().merge_patch(&key, &patch);
    deployed(&cluster, "1.1.7").await;
    eventually("the request is handled", || {
        (release(&cluster)["status"]["lastHandledReconcileAt"] == "1").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_lost_dispatch_is_lost_once() {
    let (world, cluster) = helm("uat", "1.1.6").await;
    world.faults.order("dispatch-lost", None).unwrap();
    deployed(&cluster, "1.1.6").await;
    eventually("the fault strikes", || {
        world.faults.list().is_empty().then_some(())
    })
    .await;
    declare_published(&world, &cluster, "1.1.7");
    deployed(&cluster, "1.1.7").await;
    let dispatch = eventually("the next dispatch", || world.posts("/dispatches").pop()).await;
    assert_eq!(
        dispatch.json()["client_payload"]["metadata"]["revision"],
        "1.1.7"
    );
    assert_eq!(world.posts("/dispatches").len(), 1);
}

#[tokio::test]
async fn what_leaves_git_leaves_the_cluster() {
    let (world, cluster) = helm("uat", "1.1.6").await;
    deployed(&cluster, "1.1.6").await;
    world.push(
        "environments/uat/podinfo.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: app-podinfo}\n",
        "uat: take podinfo away",
    );
    cluster.trigger(Trigger::Git);
    eventually("the release is gone", || {
        release(&cluster).is_null().then_some(())
    })
    .await;
    eventually("its chart is gone", || {
        let chart = get(&cluster, "HelmChart", "app-podinfo-podinfo");
        chart.is_null().then_some(())
    })
    .await;
}

const DEV: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: podinfo, namespace: app-podinfo}
spec:
  template:
    spec:
      containers:
        - name: podinfo
          image: ghcr.io/demo/podinfo:5.1.5 # {"$imagepolicy": "app-podinfo:podinfo"}
---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata: {name: podinfo, namespace: app-podinfo}
spec: {image: ghcr.io/demo/podinfo, interval: 1m}
---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata: {name: podinfo, namespace: app-podinfo}
spec:
  imageRepositoryRef: {name: podinfo}
  filterTags: {pattern: '^.+-[a-f0-9]{7}-(?P<ts>[0-9]+)$', extract: '$ts'}
  policy: {numerical: {order: asc}}
---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageUpdateAutomation
metadata: {name: podinfo, namespace: app-podinfo}
spec:
  interval: 1m
  sourceRef: {kind: GitRepository, name: podinfo, namespace: flux-system}
  git:
    checkout: {ref: {branch: main}}
    commit:
      author: {name: fluxcdbot, email: fluxcdbot@users.noreply.github.com}
      messageTemplate: 'dev: {{range .Changed.Changes}}{{print .OldValue}} -> {{println .NewValue}}{{end}}'
    push: {branch: main}
  update: {path: ./environments/dev, strategy: Setters}
"#;

#[tokio::test]
async fn a_branch_build_is_written_into_git_and_served_in_dev() {
    let world = World::new().await;
    world.image("5.1.5");
    world.push("clusters/dev/all.yaml", &sources("dev"), "sources");
    world.push("environments/dev/podinfo.yaml", DEV, "dev");
    let cluster = world.cluster("dev", Timings::instant(), 1024).await;
    let serving = |tag: &str| {
        let served = world.app.served.lock();
        served
            .last()
            .is_some_and(|running| running.version == tag)
            .then_some(())
    };
    eventually("5.1.5 is served", || serving("5.1.5")).await;
    let tag = "fix-ui-1a2b3c4-1700000000";
    world.image(tag);
    cluster.trigger(Trigger::Images);
    eventually("the automation's commit", || {
        (world.last_commit("%an") == "fluxcdbot").then_some(())
    })
    .await;
    assert_eq!(
        world.last_commit("%s"),
        format!("dev: ghcr.io/demo/podinfo:5.1.5 -> ghcr.io/demo/podinfo:{tag}")
    );
    let marker = format!(
        "image: ghcr.io/demo/podinfo:{tag} # {{\"$imagepolicy\": \"app-podinfo:podinfo\"}}"
    );
    assert!(
        world
            .read("environments/dev/podinfo.yaml")
            .contains(&marker)
    );
    cluster.trigger(Trigger::Git);
    eventually("the branch build is served", || serving(tag)).await;
    let deployment = || get(&cluster, "Deployment", "podinfo");
    assert_eq!(deployment()["metadata"]["generation"], 2);
    eventually("the rollout is over", || {
        let deployment = deployment();
        let status = &deployment["status"];
        let done = [
            ("observedGeneration", 2),
            ("replicas", 1),
            ("updatedReplicas", 1),
            ("availableReplicas", 1),
        ];
        done.iter()
            .all(|(name, count)| status[*name] == json!(count))
            .then_some(())
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
    world.push("clusters/stg/all.yaml", &sources("stg"), "stg");
    declare(&world, "stg", "1.1.6");
    let witness = world.cluster("stg", Timings::instant(), 1024).await;
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
    assert_eq!(
        release(&cluster)["spec"]["chart"]["spec"]["version"],
        "1.1.6"
    );
    cluster.pause_controllers(false);
    deployed(&cluster, "1.1.7").await;
}
