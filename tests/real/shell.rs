//! Every shell script of ours, as shellcheck reads it.

use std::process::Command;

use crate::files::{folder, scripts_below};
use crate::programs::{program, run};

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn shellcheck_takes_every_script() {
    let mut scripts = Vec::new();
    for place in ["gitops", "deploy", ".ci"] {
        let found = scripts_below(&folder(place));
        assert!(!found.is_empty(), "there are no scripts in {place}");
        scripts.extend(found);
    }
    run(Command::new(program("WEFT_REAL_SHELLCHECK")).args(scripts));
}
