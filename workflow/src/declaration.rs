//! The release that an environment's file asks for.

use model::ChartVersion;
use model::flux::image_tag;
use model::observation::Desired;
use model::pipeline::{Deployer, EnvironmentSpec, ObjectName};
use serde_json::Value;

/// Reads what the text of an environment's file asks for; an error is the end of a sentence.
pub fn desired_in(text: &str, environment: &EnvironmentSpec) -> Result<Desired, String> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| {
        let error = error.without_snippet().to_string();
        format!("it is not valid YAML, {}", model::flux::cut(&error, 120))
    })?;
    let deployer = environment.targets.first().map(|target| &target.deployer);
    match deployer {
        Some(Deployer::HelmRelease(name)) => {
            let release = find(&documents, "HelmRelease", name)?;
            let version = version_of(release, &documents, name)
                .ok_or_else(|| format!("the HelmRelease {name} names no chart version"))?;
            Ok(ChartVersion::parse(version)
                .map_or_else(|_| Desired::Range(version.to_owned()), Desired::Chart))
        }
        Some(Deployer::Deployment(name)) => {
            let deployment = find(&documents, "Deployment", name)?;
            let image = deployment
                .pointer("/spec/template/spec/containers/0/image")
                .and_then(Value::as_str)
                .ok_or_else(|| format!("the Deployment {name} names no image"))?;
            image_tag(image)
                .map(|tag| Desired::Image(tag.to_owned()))
                .ok_or_else(|| format!("the image {image} has no tag"))
        }
        None => Err("no target says what deploys it".into()),
    }
}

/// Returns the version or range that a HelmRelease asks for: its own, or that of its `chartRef`, which must be
/// in the same file.
fn version_of<'a>(
    release: &'a Value,
    documents: &'a [Value],
    name: &ObjectName,
) -> Option<&'a str> {
    let text = |object: &'a Value, pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let Some(reference) = release.pointer("/spec/chartRef") else {
        return text(release, "/spec/chart/spec/version");
    };
    let namespace = text(reference, "/namespace").unwrap_or(&name.namespace);
    let named = ObjectName::new(namespace, text(reference, "/name")?);
    let kind = text(reference, "/kind")?;
    let source = find(documents, kind, &named).ok()?;
    match kind {
        "OCIRepository" => ["/spec/ref/semver", "/spec/ref/tag"]
            .into_iter()
            .find_map(|pointer| text(source, pointer)),
        _ => text(source, "/spec/version"),
    }
}

/// Returns the chart version that a promotion carries: what its file pins, else the last word of its title.
pub fn release_in(
    text: Option<&str>,
    title: &str,
    environment: &EnvironmentSpec,
) -> Option<ChartVersion> {
    match text.map(|text| desired_in(text, environment)) {
        Some(Ok(Desired::Chart(version))) => Some(version),
        Some(_) => None,
        None => version_in_title(title),
    }
}

/// Returns the chart version at the end of a title such as `Promote app-podinfo/podinfo in uat to 1.1.7`.
pub fn version_in_title(title: &str) -> Option<ChartVersion> {
    let last = title.split_whitespace().last()?;
    ChartVersion::parse(last.strip_prefix('v').unwrap_or(last)).ok()
}

fn find<'a>(documents: &'a [Value], kind: &str, name: &ObjectName) -> Result<&'a Value, String> {
    documents
        .iter()
        .find(|document| {
            let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
            // A Kustomization may set the namespace, so an object without one fits by its name.
            text("/kind") == Some(kind)
                && text("/metadata/name") == Some(&name.name)
                && text("/metadata/namespace").is_none_or(|space| space == name.namespace)
        })
        .ok_or_else(|| format!("it holds no {kind} {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::pipeline::{FluxSpec, GateKind, TargetSpec};

    fn environment(deployer: Deployer) -> EnvironmentSpec {
        let flux = ObjectName::new("flux-system", "podinfo");
        EnvironmentSpec {
            name: "uat".into(),
            gate: GateKind::Approval,
            user_facing: false,
            path: "environments/uat/podinfo-helmrelease.yaml".into(),
            link: None,
            targets: vec![TargetSpec {
                name: "uat".into(),
                cluster: "uat".into(),
                git_repository: flux.clone(),
                kustomization: flux,
                deployer,
                live_url: "http://localhost".into(),
                flux: FluxSpec::default(),
            }],
        }
    }

    fn podinfo() -> ObjectName {
        ObjectName::new("app-podinfo", "podinfo")
    }

    fn release(version: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: app-podinfo}}\n---\nkind: HelmRelease\nmetadata: {{name: podinfo, namespace: app-podinfo}}\nspec: {{chart: {{spec: {{version: {version}}}}}}}\n"
        )
    }

    #[test]
    fn a_pinned_version_and_a_range_are_told_apart() {
        let environment = environment(Deployer::HelmRelease(podinfo()));
        let pinned = desired_in(&release("1.1.7"), &environment);
        assert_eq!(
            pinned.map(|desired| desired.to_string()),
            Ok("1.1.7".into())
        );
        let range = desired_in(&release("'>=0.0.3'"), &environment);
        assert_eq!(range, Ok(Desired::Range(">=0.0.3".into())));
    }

    #[test]
    fn a_chart_that_is_referred_to_is_asked_for_by_what_is_referred_to() {
        let environment = environment(Deployer::HelmRelease(podinfo()));
        let of = |kind: &str, source: &str| {
            let text = format!(
                "kind: HelmRelease\nmetadata: {{name: podinfo}}\nspec: {{chartRef: {{kind: {kind}, name: charts}}}}\n---\nkind: {kind}\nmetadata: {{name: charts}}\nspec: {source}\n"
            );
            desired_in(&text, &environment)
        };
        let chart = Desired::Chart(ChartVersion::parse("1.1.7").unwrap());
        let range = Desired::Range(">=0.0.3".into());
        let registry = "OCIRepository";
        assert_eq!(of(registry, "{ref: {tag: 1.1.7}}"), Ok(chart.clone()));
        assert_eq!(of(registry, "{ref: {semver: '>=0.0.3'}}"), Ok(range));
        assert_eq!(of("HelmChart", "{version: 1.1.7}"), Ok(chart));
        assert!(of(registry, "{ref: {digest: 'sha256:00'}}").is_err());
    }

    #[test]
    fn an_image_is_declared_by_its_tag_though_the_registry_has_a_port() {
        let environment = environment(Deployer::Deployment(podinfo()));
        let text = "kind: Deployment\nmetadata: {name: podinfo}\nspec: {template: {spec: {containers: [{image: 'localhost:5000/demo/podinfo:fix-a1b9c3e-1'}]}}}";
        assert_eq!(
            desired_in(text, &environment),
            Ok(Desired::Image("fix-a1b9c3e-1".into()))
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_says_why() {
        let environment = environment(Deployer::HelmRelease(podinfo()));
        for (text, word) in [
            ("a: [", "not valid YAML"),
            (
                "kind: Namespace",
                "holds no HelmRelease app-podinfo/podinfo",
            ),
            (
                "kind: HelmRelease\nmetadata: {name: podinfo}",
                "names no chart version",
            ),
        ] {
            let why = desired_in(text, &environment).unwrap_err();
            assert!(why.contains(word), "{why}");
        }
    }

    #[test]
    fn a_promotion_without_its_file_is_read_by_its_title() {
        let environment = environment(Deployer::HelmRelease(podinfo()));
        let title = "Promote app-podinfo/podinfo in uat to 1.1.7";
        let version = |text: Option<&str>| release_in(text, title, &environment);
        assert_eq!(version(None), ChartVersion::parse("1.1.7").ok());
        assert_eq!(
            version(Some(&release("1.1.8"))),
            ChartVersion::parse("1.1.8").ok()
        );
        assert_eq!(version(Some("kind: Namespace")), None);
    }
}
