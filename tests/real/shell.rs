//! Every shell script of ours, as shellcheck reads it.

use std::process::Command;

use crate::files::{below, folder};
use crate::peers::{peer, run};

#[test]
#[ignore = "needs real peers: cargo xtask test --real"]
fn shellcheck_takes_every_script() {
    let mut scripts = below(&folder("gitops"), &[".sh"]);
    scripts.extend(below(&folder("deploy"), &[".sh"]));
    assert!(!scripts.is_empty(), "there are no scripts");
    scripts.push(folder(".ci/run"));
    run(Command::new(peer("WEFT_REAL_SHELLCHECK")).args(scripts)).ok();
}
