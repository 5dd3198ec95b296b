//! The manifests below one path of a commit, as kustomize-controller builds them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::kinds::NAMESPACE;
use super::object::text;
use super::yaml;

type FileTree = BTreeMap<String, Vec<u8>>;

/// All documents below `path` in the order in which they are applied: namespaces first, then by
/// group, kind, namespace and name; else kustomize-controller's message. A `kustomization.yaml` there
/// selects the files.
pub fn build(files: &FileTree, path: &str) -> Result<Vec<Value>, String> {
    let directory = path.trim_start_matches("./").trim_matches('/');
    let prefix = match directory {
        "" => String::new(),
        directory => format!("{directory}/"),
    };
    let selected = select(files, &prefix)?;
    if selected.is_empty() {
        return Err(format!(
            "kustomization path not found: stat /tmp/kustomization-1234567890/{directory}: no such file or directory"
        ));
    }
    let mut documents = Vec::new();
    for file in selected {
        let malformed = |what: &str| {
            format!(
                "failed to decode Kubernetes YAML from /tmp/kustomization-1234567890/{file}: MalformedYAMLError: yaml: {what}"
            )
        };
        let contents = files.get(&file).ok_or_else(|| {
            format!("accumulating resources: stat {file}: no such file or directory")
        })?;
        let contents = std::str::from_utf8(contents).map_err(|_| malformed("invalid UTF-8"))?;
        let read = yaml::documents(contents).map_err(|error| malformed(&first_line(&error)))?;
        for document in read {
            if text(&document, "/kind").is_none() || text(&document, "/metadata/name").is_none() {
                return Err(malformed("an object has no kind or no name"));
            }
            documents.push(document);
        }
    }
    documents.sort_by_cached_key(|document| {
        let pointers = [
            "/apiVersion",
            "/kind",
            "/metadata/namespace",
            "/metadata/name",
        ];
        let parts = pointers.map(|pointer| text(document, pointer).unwrap_or_default().to_owned());
        (parts[1] != NAMESPACE.kind, parts)
    });
    Ok(documents)
}

fn select(files: &FileTree, prefix: &str) -> Result<Vec<String>, String> {
    let Some(kustomization) = files.get(&format!("{prefix}kustomization.yaml")) else {
        let below = files.keys().filter(|path| path.starts_with(prefix));
        let yaml = below.filter(|path| path.ends_with(".yaml") || path.ends_with(".yml"));
        return Ok(yaml.cloned().collect());
    };
    let kustomization = yaml::document(&String::from_utf8_lossy(kustomization))
        .map_err(|error| format!("invalid Kustomization: {}", first_line(&error)))?;
    let resources = kustomization["resources"].as_array().into_iter().flatten();
    let resources = resources.filter_map(Value::as_str);
    let paths = resources.map(|name| format!("{prefix}{}", name.trim_start_matches("./")));
    Ok(paths.collect())
}

fn first_line(error: &serde_saphyr::Error) -> String {
    let message = error.to_string();
    message.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::clusters::object::Key;

    fn tree(entries: &[(&str, &[u8])]) -> FileTree {
        let entries = entries.iter();
        let files = entries.map(|(path, contents)| ((*path).to_owned(), contents.to_vec()));
        files.collect()
    }

    #[test]
    fn all_documents_below_the_path_are_built_namespaces_first() {
        let files = tree(&[
            (
                "environments/uat/a.yaml",
                b"apiVersion: v1\nkind: Service\nmetadata: {name: s}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n",
            ),
            (
                "environments/stg/b.yaml",
                b"apiVersion: v1\nkind: Service\nmetadata: {name: other}\n",
            ),
        ]);
        let built = build(&files, "./environments/uat").unwrap();
        let kinds = built.iter().map(|object| &object["kind"]);
        assert!(kinds.eq(["Namespace", "Service"]), "{built:#?}");
    }

    #[test]
    fn broken_yaml_is_named_by_its_file() {
        let files = tree(&[("environments/uat/podinfo.yaml", b"a: [1\nb: }\n")]);
        let error = build(&files, "./environments/uat").unwrap_err();
        assert!(
            error.starts_with("failed to decode Kubernetes YAML from /tmp/kustomization-1234567890/environments/uat/podinfo.yaml: MalformedYAMLError: yaml: "),
            "{error}"
        );
    }

    #[test]
    fn a_path_without_manifests_is_not_found() {
        let error = build(&FileTree::new(), "./nowhere").unwrap_err();
        assert!(error.starts_with("kustomization path not found"));
    }

    #[test]
    fn every_folder_of_the_promotion_repository_lists_its_files_and_names_only_kinds_served() {
        let files = tree(crate::seed::FILES);
        for folder in ["environments", "clusters"] {
            for environment in crate::jobs::ENVIRONMENTS {
                let path = format!("{folder}/{environment}/");
                let listed: BTreeSet<String> = select(&files, &path).unwrap().into_iter().collect();
                let present = files.keys().filter(|file| {
                    file.starts_with(&path) && !file.ends_with("kustomization.yaml")
                });
                assert_eq!(listed, present.cloned().collect(), "{path}");
                for manifest in build(&files, &path).unwrap() {
                    assert!(Key::of(&manifest).is_some(), "{path}: {manifest}");
                }
            }
        }
    }
}
