//! The stand-in for image-reflector-controller, the one controller that cannot be built from the
//! module proxy: it scans the registry and writes what the real one writes into the status of
//! ImageRepositories and ImagePolicies, which the real image-automation-controller reads.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use kube::api::{ListParams, Patch, PatchParams};
use kube::core::DynamicObject;
use kube::discovery::ApiResource;
use kube::{Api, ResourceExt as _};
use lab::clusters::choose_tag;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use crate::objects::{condition, resource};

const GROUP: &str = "image.toolkit.fluxcd.io";
/// How often it looks by itself: more often than the objects ask for, since it costs nothing here.
const INTERVAL: Duration = Duration::from_secs(5);

/// Scans this forge's registry for one cluster, until the handle is dropped and whenever it is told.
pub(crate) fn start(
    client: kube::Client,
    forge: Url,
    look: Arc<Notify>,
) -> anyhow::Result<AbortOnDropHandle<()>> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    Ok(AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            if let Err(error) = scan(&client, &http, &forge).await {
                tracing::debug!("the registry was not scanned: {error:#}");
            }
            tokio::select! {
                () = look.notified() => {}
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    })))
}

async fn scan(client: &kube::Client, http: &reqwest::Client, forge: &Url) -> anyhow::Result<()> {
    let repository_kind = resource(GROUP, "v1", "ImageRepository", "imagerepositories");
    let policy_kind = resource(GROUP, "v1", "ImagePolicy", "imagepolicies");
    let all = ListParams::default();
    let repositories = Api::<DynamicObject>::all_with(client.clone(), &repository_kind);
    let policies = Api::<DynamicObject>::all_with(client.clone(), &policy_kind);
    for repository in &repositories.list(&all).await? {
        let image = repository.data["spec"]["image"]
            .as_str()
            .context("an ImageRepository without an image")?;
        let path = image.split_once('/').map_or(image, |(_, path)| path);
        let url = forge.join(&format!("v2/{path}/tags/list"))?;
        let answer: Value = http.get(url).send().await?.json().await?;
        let tags: Vec<String> = serde_json::from_value(answer["tags"].clone())
            .with_context(|| format!("{image} has no tags"))?;
        let message = format!("successful scan: found {} tags", tags.len());
        let status = json!({
            "canonicalImageName": image,
            "lastScanResult": { "tagCount": tags.len(), "scanTime": crate::objects::now() },
        });
        let api = beside(client, repository, &repository_kind);
        write(&api, repository, status, ("True", "Succeeded", &message)).await?;
        for policy in &policies.list(&all).await? {
            let spec = &policy.data["spec"];
            let reference = &spec["imageRepositoryRef"];
            let own = policy.namespace();
            let namespace = reference["namespace"].as_str().or(own.as_deref());
            if reference["name"] != repository.name_any().as_str()
                || namespace != repository.namespace().as_deref()
            {
                continue;
            }
            let api = beside(client, policy, &policy_kind);
            match choose_tag(spec, &tags) {
                Ok(tag) => {
                    let message = format!("Latest image tag for {image} resolved to {tag}");
                    let status = json!({ "latestRef": { "name": image, "tag": tag } });
                    write(&api, policy, status, ("True", "Succeeded", &message)).await?;
                }
                Err(why) => {
                    let failed = ("False", "Failure", why.as_str());
                    write(&api, policy, json!({}), failed).await?;
                }
            }
        }
    }
    Ok(())
}

/// Writes a status with its Ready condition, unless it says the same already.
async fn write(
    api: &Api<DynamicObject>,
    object: &DynamicObject,
    mut status: Value,
    (ready, reason, message): (&str, &str, &str),
) -> anyhow::Result<()> {
    let before = &object.data["status"];
    let same = before["conditions"][0]["message"] == message
        && before["observedGeneration"].as_i64() == object.metadata.generation
        && before["latestRef"] == status["latestRef"];
    if same {
        return Ok(());
    }
    let generation = object.metadata.generation.unwrap_or(1);
    status["observedGeneration"] = generation.into();
    status["conditions"] = json!([condition("Ready", ready, reason, message, generation)]);
    let patch = Patch::Merge(json!({ "status": status }));
    api.patch_status(&object.name_any(), &PatchParams::default(), &patch)
        .await?;
    Ok(())
}

/// The API of a kind in the namespace of an object.
fn beside(client: &kube::Client, object: &DynamicObject, kind: &ApiResource) -> Api<DynamicObject> {
    Api::namespaced_with(
        client.clone(),
        &object.namespace().unwrap_or_default(),
        kind,
    )
}
