//! The values that matter, combined; and values that the chart's schema must refuse.

use serde_json::{Value, json};

/// Every choice of one of each: ingress, autoscaling, what the page shows, and where it runs.
pub fn combinations() -> Vec<Value> {
    let choices = [
        vec![
            json!({}),
            json!({ "ingress": { "enabled": true } }),
            json!({ "ingress": {
                "enabled": true,
                "className": "nginx",
                "annotations": { "example.com/note": "yes" },
                "hosts": ["podinfo.example.com", "*.example.org"],
                "tls": [{ "secretName": "podinfo-tls", "hosts": ["podinfo.example.com"] }],
            } }),
        ],
        vec![
            json!({ "replicaCount": 0 }),
            json!({ "replicaCount": 3, "autoscaling": { "enabled": true, "minReplicas": 1 } }),
        ],
        vec![
            json!({ "ui": { "color": "", "message": "", "logo": "" } }),
            json!({ "ui": { "color": "#34577c" } }),
            json!({ "ui": { "message": "yes: \"{{ braces }}\" # and 'quotes'" } }),
            json!({ "ui": { "logo": "https://example.com/logo.png?a=1&b=2" } }),
            json!({ "ui": {
                "color": "#E3AD64", "message": "no", "logo": "https://example.com/1.png",
            } }),
        ],
        vec![
            json!({ "service": { "type": "ClusterIP", "port": 80 } }),
            json!({
                "service": { "type": "LoadBalancer", "port": 9898 },
                "image": {
                    "repository": "registry.example.com:5000/demo/podinfo",
                    "tag": "main-0123abc-1790000000",
                    "pullPolicy": "Always",
                    "pullSecrets": [{ "name": "ghcr" }],
                },
                "resources": { "requests": { "cpu": 1, "memory": "64Mi" }, "limits": {} },
                "podAnnotations": { "example.com/count": "1" },
                "podLabels": { "example.com/team": "web" },
                "nodeSelector": { "kubernetes.io/os": "linux" },
                "tolerations": [{ "key": "spot", "operator": "Exists", "effect": "NoSchedule" }],
                "affinity": { "podAntiAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [{
                        "weight": 100,
                        "podAffinityTerm": {
                            "topologyKey": "kubernetes.io/hostname",
                            "labelSelector": { "matchLabels": { "app": "podinfo" } },
                        },
                    }],
                } },
            }),
        ],
    ];
    choices
        .into_iter()
        .fold(vec![json!({})], |combined, choice| {
            let with_each = |one: &Value| -> Vec<Value> {
                choice.iter().map(|other| united(one, other)).collect()
            };
            combined.iter().flat_map(with_each).collect()
        })
}

/// Values that are refused, with the key that the refusal must name.
pub fn refused() -> Vec<(Value, &'static str)> {
    vec![
        (json!({ "ui": { "color": "red" } }), "color"),
        (json!({ "ui": { "color": "#12345" } }), "color"),
        (json!({ "ui": { "color": "#12345g" } }), "color"),
        (json!({ "ui": { "colour": "#123456" } }), "colour"),
        (json!({ "ui": { "logo": "javascript:alert(1)" } }), "logo"),
        (json!({ "replicas": 2 }), "replicas"),
        (json!({ "replicaCount": "2" }), "replicaCount"),
        (json!({ "image": { "tag": "" } }), "tag"),
        (json!({ "image": { "tag": 1.1 } }), "tag"),
        (
            json!({ "image": { "pullPolicy": "Sometimes" } }),
            "pullPolicy",
        ),
        (json!({ "service": { "port": 0 } }), "port"),
        (
            json!({ "ingress": { "enabled": true, "hosts": ["not a host"] } }),
            "hosts",
        ),
        (json!({ "autoscaling": { "enabled": "yes" } }), "enabled"),
    ]
}

/// Both values; they have no key in common.
fn united(one: &Value, other: &Value) -> Value {
    let fields = [one, other].map(|value| value.as_object().unwrap().clone());
    Value::Object(fields.into_iter().flatten().collect())
}
