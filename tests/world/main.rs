//! The whole walk and every fault on the real world: real API servers, real Flux, Helm, and what git
//! says compiled and run. `cargo xtask test --real` builds these and says where they are.
//!
//! One world serves all tests, one after the other, while a witness who shares no code with Weft
//! compares what the board says with the clusters' own objects and the apps' own answers.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

mod faults;
mod stage;
mod walk;
mod witness;

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::{Arguments, Trial};

use self::stage::Stage;

type Scene = fn(&mut Stage);

/// In the order in which they are played; each begins and ends with everything proven.
const SCENES: [(&str, Scene); 15] = [
    (
        "every_environment_is_proven_from_nothing",
        walk::from_nothing,
    ),
    ("a_branch_build_reaches_dev_by_itself", walk::branch_build),
    ("a_release_goes_to_prod_by_clicks", walk::by_clicks),
    (
        "an_upgrade_that_is_refused_at_once",
        faults::refused_at_once,
    ),
    ("an_upgrade_that_never_gets_ready", faults::never_ready),
    ("a_failing_chart_test", faults::failing_test),
    ("a_chart_that_does_not_exist", faults::missing_chart),
    ("a_suspended_release", faults::suspended),
    ("broken_yaml", faults::broken_yaml),
    ("a_wrong_git_credential", faults::wrong_credential),
    ("a_dispatch_that_the_forge_loses", faults::lost_dispatch),
    (
        "a_controller_stopped_and_started",
        faults::controller_stopped,
    ),
    ("an_api_server_restarted", faults::api_server_restarted),
    ("an_app_killed", faults::app_killed),
    (
        "nothing_was_called_proven_while_it_was_not",
        walk::never_a_lie,
    ),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // One world: one scene after the other.
    arguments.test_threads = Some(1);
    let stage: Arc<Mutex<Option<Stage>>> = Arc::default();
    let trials = SCENES
        .into_iter()
        .map(|(name, scene)| {
            let stage = Arc::clone(&stage);
            let play = move || {
                let mut stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
                let stage = stage.get_or_insert_with(Stage::set);
                stage.scene(name);
                scene(stage);
                Ok(())
            };
            // Left out unless asked for, since it takes the real programs.
            Trial::test(name, play).with_ignored_flag(true)
        })
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    let ended = stage.lock().unwrap_or_else(PoisonError::into_inner).take();
    drop(ended);
    conclusion.exit_code()
}
