//! The programs, their versions, and how each is built.

use super::modules::{GoTool, Package, Replace};

/// podinfo's module. Its tags have no `v`, so that Go knows the version, 6.9.2, by its commit only.
pub const PODINFO: (&str, &str) = (
    "github.com/stefanprodan/podinfo",
    "v1.8.1-0.20250910200901-e86405a8674e",
);

/// Kubernetes, and what of it is published beside it.
const KUBERNETES: &str = "v1.36.3";
const KUBERNETES_STAGING: &str = "v0.36.3";

/// All of them, the quickest to build first.
pub const ALL: [GoTool; 5] = [
    GoTool {
        name: "actionlint",
        version: "v1.7.12",
        time: "seconds",
        packages: &[Package {
            program: "actionlint",
            path: "github.com/rhysd/actionlint/cmd/actionlint",
            version: "v1.7.12",
            variable: "WEFT_REAL_ACTIONLINT",
        }],
        replaces: &[],
        ldflags: "",
    },
    GoTool {
        name: "podinfo",
        version: PODINFO.1,
        time: "half a minute",
        packages: &[Package {
            program: "podinfo",
            path: "github.com/stefanprodan/podinfo/cmd/podinfo",
            version: PODINFO.1,
            variable: "WEFT_REAL_PODINFO",
        }],
        replaces: &[],
        ldflags: "",
    },
    GoTool {
        name: "etcd",
        version: "v3.6.8",
        time: "under a minute",
        packages: &[Package {
            program: "etcd",
            path: "go.etcd.io/etcd/server/v3",
            version: "v3.6.8",
            variable: "WEFT_REAL_ETCD",
        }],
        replaces: &[],
        ldflags: "",
    },
    GoTool {
        name: "helm",
        version: "v3.22.0",
        time: "two to three minutes",
        packages: &[Package {
            program: "helm",
            path: "helm.sh/helm/v3/cmd/helm",
            version: "v3.22.0",
            variable: "WEFT_REAL_HELM",
        }],
        replaces: &[],
        ldflags: "",
    },
    GoTool {
        name: "kubernetes",
        version: KUBERNETES,
        time: "five to six minutes",
        packages: &[
            Package {
                program: "kube-apiserver",
                path: "k8s.io/kubernetes/cmd/kube-apiserver",
                version: KUBERNETES,
                variable: "WEFT_REAL_KUBE_APISERVER",
            },
            Package {
                program: "kubectl",
                path: "k8s.io/kubernetes/cmd/kubectl",
                version: KUBERNETES,
                variable: "WEFT_REAL_KUBECTL",
            },
        ],
        replaces: &[Replace {
            module: "k8s.io/kubernetes",
            version: KUBERNETES,
            by: KUBERNETES_STAGING,
        }],
        // Clients and Helm refuse a server that does not say which version it is.
        ldflags: "-X k8s.io/component-base/version.gitVersion=v1.36.3 \
                  -X k8s.io/component-base/version.gitMajor=1 \
                  -X k8s.io/component-base/version.gitMinor=36 \
                  -X k8s.io/client-go/pkg/version.gitVersion=v1.36.3 \
                  -X k8s.io/client-go/pkg/version.gitMajor=1 \
                  -X k8s.io/client-go/pkg/version.gitMinor=36",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_is_linked_with_the_version_that_is_built() {
        for tool in ALL.iter().filter(|tool| tool.name == "kubernetes") {
            let wanted = format!("gitVersion={KUBERNETES} ");
            assert_eq!(tool.ldflags.matches(&wanted).count(), 2, "{}", tool.ldflags);
        }
    }
}
