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

/// Later ones need `fluxcd/pkg/artifact`, which the module proxy does not have.
const SOURCE_CONTROLLER: &str = "v1.3.0";

/// All of them, the quickest to build first.
pub const ALL: [GoTool; 7] = [
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
        time: "six to seven minutes",
        packages: &[
            Package {
                program: "kube-apiserver",
                path: "k8s.io/kubernetes/cmd/kube-apiserver",
                version: KUBERNETES,
                variable: "WEFT_REAL_KUBE_APISERVER",
            },
            Package {
                program: "kube-controller-manager",
                path: "k8s.io/kubernetes/cmd/kube-controller-manager",
                version: KUBERNETES,
                variable: "WEFT_REAL_KUBE_CONTROLLER_MANAGER",
            },
            Package {
                program: "kubectl",
                path: "k8s.io/kubernetes/cmd/kubectl",
                version: KUBERNETES,
                variable: "WEFT_REAL_KUBECTL",
            },
        ],
        replaces: &[Replace::Unversioned {
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
    GoTool {
        name: "source-controller",
        version: SOURCE_CONTROLLER,
        time: "two to three minutes",
        packages: &[Package {
            program: "source-controller",
            path: "github.com/fluxcd/source-controller",
            version: SOURCE_CONTROLLER,
            variable: "WEFT_REAL_SOURCE_CONTROLLER",
        }],
        // It does not compile with the release that its `go.mod` leads to.
        replaces: &[Replace::At {
            module: "github.com/opencontainers/go-digest",
            version: "v1.0.1-0.20231025023718-d50d2fec9c98",
        }],
        ldflags: "",
    },
    GoTool {
        name: "flux-controllers",
        version: "v2.9",
        time: "six to seven minutes",
        packages: &[
            Package {
                program: "kustomize-controller",
                path: "github.com/fluxcd/kustomize-controller",
                version: "v1.9.4",
                variable: "WEFT_REAL_KUSTOMIZE_CONTROLLER",
            },
            Package {
                program: "helm-controller",
                path: "github.com/fluxcd/helm-controller",
                version: "v1.6.3",
                variable: "WEFT_REAL_HELM_CONTROLLER",
            },
            Package {
                program: "notification-controller",
                path: "github.com/fluxcd/notification-controller",
                version: "v1.9.3",
                variable: "WEFT_REAL_NOTIFICATION_CONTROLLER",
            },
            Package {
                program: "image-automation-controller",
                path: "github.com/fluxcd/image-automation-controller",
                version: "v1.2.4",
                variable: "WEFT_REAL_IMAGE_AUTOMATION_CONTROLLER",
            },
        ],
        replaces: &[],
        ldflags: "",
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
