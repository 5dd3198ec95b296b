//! Flux's custom resource definitions, as its modules hold them.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::process::program;

/// What source-controller 1.3.0, the newest that can be built from the module proxy, still watches as
/// `v1beta2`; the definitions of Flux 2.9 have it as `v1` only, and without it that controller's
/// HelmCharts never start.
const IN_V1BETA2: [&str; 2] = ["buckets.source", "ocirepositories.source"];

/// All of them, as one List.
pub fn flux() -> anyhow::Result<String> {
    let mut items = Vec::new();
    for folder in env::split_paths(&program("WEFT_REAL_FLUX_CRDS")?) {
        let mut files: Vec<PathBuf> = fs::read_dir(&folder)
            .with_context(|| format!("reading {}", folder.display()))?
            .map(|file| Ok(file?.path()))
            .collect::<anyhow::Result<_>>()?;
        files.sort();
        for file in files {
            let text = fs::read_to_string(&file)?;
            let mut definition: Value = serde_saphyr::from_str(&text)
                .with_context(|| format!("reading {}", file.display()))?;
            let name = definition["metadata"]["name"].as_str().unwrap_or_default();
            if IN_V1BETA2.iter().any(|known| name.starts_with(known)) {
                serve_in_v1beta2(&mut definition)
                    .with_context(|| format!("{} has no version v1", file.display()))?;
            }
            items.push(definition);
        }
    }
    Ok(json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string())
}

fn serve_in_v1beta2(definition: &mut Value) -> Option<()> {
    let versions = definition.pointer_mut("/spec/versions")?.as_array_mut()?;
    versions.retain(|version| version["name"] != "v1beta2");
    let mut older = versions
        .iter()
        .find(|version| version["name"] == "v1")?
        .clone();
    older["name"] = "v1beta2".into();
    older["storage"] = false.into();
    older["served"] = true.into();
    versions.push(older);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_version_is_served_beside_the_stored_one() {
        let mut definition = json!({"spec": {"versions": [
            {"name": "v1", "served": true, "storage": true, "schema": {"a": 1}},
        ]}});
        serve_in_v1beta2(&mut definition).expect("a v1");
        let versions = &definition["spec"]["versions"];
        assert_eq!(versions[0]["storage"], true);
        assert_eq!(versions[1]["name"], "v1beta2");
        assert_eq!(versions[1]["storage"], false);
        assert_eq!(versions[1]["schema"], versions[0]["schema"]);
    }
}
