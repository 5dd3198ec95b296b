//! A release on its way, and what the witness says in the end.

use std::env;
use std::process::Command;

use testbed::process::{program, run};

use crate::stage::{Stage, say};

/// The stage itself waits until everything is proven.
pub fn from_nothing(stage: &mut Stage) {
    for name in testbed::ENVIRONMENTS {
        assert_eq!(stage.environment_view(name)["verdict"]["state"], "proven");
    }
    for name in ["dev-test", "uat", "stg", "prod"] {
        let release = stage.raw(name, "helmrelease");
        assert_eq!(
            release["status"]["history"][0]["status"], "deployed",
            "{name}"
        );
    }
}

pub fn branch_build(stage: &mut Stage) {
    let forge = &stage.world.forge;
    let build = forge.push_branch_build("#0a7d4f", "ana");
    let build = stage.runtime.block_on(build).unwrap();
    let colour = |environment: &serde_json::Value| environment["release"]["colour"].clone();
    stage.until("dev", "proven in the branch's colour", |environment| {
        environment["verdict"]["state"] == "proven" && colour(environment) == "#0a7d4f"
    });
    let deployment = stage.raw("dev", "deployment");
    let image = &deployment["spec"]["template"]["spec"]["containers"][0]["image"];
    let image = image.as_str().unwrap();
    assert!(image.contains(&build.sha[..7]), "{image}");
}

/// The release is started, merged and approved up to prod in Chromium.
pub fn by_clicks(stage: &mut Stage) {
    let newest = "1.1.5";
    stage.merging_the_release_of(newest, |stage| clicks(stage, "walk"));
    for name in ["dev-test", "uat", "stg", "prod"] {
        stage.until_proven(name, newest);
        let release = stage.raw(name, "helmrelease");
        let held = &release["status"]["history"][0];
        assert_eq!(held["status"], "deployed", "{name}");
        assert!(held["chartVersion"].as_str().unwrap().starts_with(newest));
    }
}

/// Has a person do in Chromium what `tests/browser/real/<name>.spec.ts` says.
pub fn clicks(stage: &Stage, name: &str) {
    let folder = tests::root().join("tests/browser");
    let results =
        env::var_os("WEFT_BROWSER_RESULTS").map_or_else(|| folder.join("results"), Into::into);
    let mut node = Command::new("node");
    node.current_dir(&folder)
        .args(["node_modules/@playwright/test/cli.js", "test", name])
        .arg("--config=playwright.real.config.mjs")
        .env("WEFT_URL", stage.weft.home().as_str())
        .env("WEFT_BROWSER_RESULTS", results.join("real"))
        .env("WEFT_CHROMIUM", program("WEFT_CHROMIUM").unwrap());
    let said = run(&mut node, "").unwrap();
    assert!(said.success, "{}{}", said.stdout, said.stderr);
    say(said.stdout.trim());
}

pub fn never_a_lie(stage: &mut Stage) {
    let (rounds, longest, lies) = stage.witness.statement();
    say(&format!(
        "the witness looked {rounds} times; `proven` outlived the truth by {longest} at most"
    ));
    assert!(rounds > 100, "it hardly looked");
    assert!(lies.is_empty(), "{lies:#?}");
}
