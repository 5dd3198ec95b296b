//! The way in that a Pod has: by its environment, and by the files that Kubernetes mounts there.

use std::env;
use std::fs;
use std::process::Command;

use super::prod::Prod;
use super::weft::Weft;
use crate::programs::run;

/// Makes the folder that only a Pod has, for this process and its children alone, and goes on.
const AS_IN_A_POD: &str = "mount -t tmpfs none /run && \
    mkdir -p /var/run/secrets/kubernetes.io && \
    cp -r \"$FILES\" /var/run/secrets/kubernetes.io/serviceaccount && exec \"$@\"";
const NAME: &str = "clusters::pod::a_pod_reads_the_cluster_that_it_runs_in";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real programs: cargo xtask test --real"]
async fn a_pod_reads_the_cluster_that_it_runs_in() {
    if env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
        let weft = Weft::beside(&[("prod", "{in_cluster: true}")], &[]).await;
        weft.until_well().await;
        assert_eq!(weft.deployed("prod").as_deref(), Some("1.1.6"));
        return;
    }
    let prod = Prod::start();
    prod.put("1.1.6");
    let files = prod.scratch().join("serviceaccount");
    fs::create_dir(&files).unwrap();
    fs::write(files.join("token"), prod.token().trim()).unwrap();
    fs::write(files.join("ca.crt"), prod.certificate()).unwrap();
    // This test again, in a world of mounts of its own.
    let mut again = Command::new("unshare");
    again
        .args(["--map-root-user", "--mount", "sh", "-c", AS_IN_A_POD, "sh"])
        .arg(env::current_exe().unwrap())
        .args(["--ignored", "--exact", NAME])
        .env("FILES", &files)
        .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        .env("KUBERNETES_SERVICE_PORT", prod.port().to_string());
    let said = run(&mut again);
    assert!(said.contains("1 passed"), "{said}");
}
