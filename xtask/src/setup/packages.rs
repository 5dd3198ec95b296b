//! Package managers, as far as they can be used without asking: apt, as root or where sudo wants no
//! password; and rustup.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::process::{command, on_path, output, run, say, succeeds_within};
use crate::workspace::Workspace;

/// Makes sure that a program is on PATH, from the Debian package of that name if need be.
pub fn require(program: &str, package: &str, what: &str) -> Result<()> {
    if on_path(program).is_some() {
        return Ok(());
    }
    if install(&[package], what, "up to a minute")? && on_path(program).is_some() {
        return Ok(());
    }
    bail!("{what} (`{program}`) is missing and could not be installed; install it by hand");
}

/// Adds something to the toolchain with rustup; `false` when rustup is missing or fails.
pub fn rustup_add(workspace: &Workspace, kind: &str, name: &str, what: &str) -> bool {
    if on_path("rustup").is_none() {
        return false;
    }
    say(&format!(
        "adding {what} to the compiler with rustup (under a minute)"
    ));
    let mut rustup = command("rustup");
    rustup.current_dir(&workspace.root);
    let added = run(rustup.args([kind, "add", name]));
    if let Err(error) = &added {
        say(&format!("{what} could not be added: {error:#}"));
    }
    added.is_ok()
}

/// Installs packages with apt. `false` when this machine has no apt that may be used unasked, or
/// when apt could not do it.
pub fn install(packages: &[&str], what: &str, time: &str) -> Result<bool> {
    let Some(before) = privilege()? else {
        return Ok(false);
    };
    say(&format!(
        "installing {what} with apt-get ({}; {time})",
        packages.join(" ")
    ));
    let apt = |arguments: &[&str]| {
        let mut words = before.clone();
        words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        words.extend(["-q", "-y", "-o", "DPkg::Lock::Timeout=300"]);
        words.extend(arguments);
        run(command(words[0]).args(&words[1..]))
    };
    let mut arguments = vec!["install", "--no-install-recommends"];
    arguments.extend(packages);
    let installed = apt(&["update"]).and_then(|()| apt(&arguments));
    if let Err(error) = &installed {
        say(&format!("apt-get did not install {what}: {error:#}"));
    }
    Ok(installed.is_ok())
}

/// Whether packages can be installed without asking.
pub fn unasked() -> Result<bool> {
    Ok(privilege()?.is_some())
}

/// The words that go before `apt-get`: none as root, sudo where it asks for nothing.
fn privilege() -> Result<Option<Vec<&'static str>>> {
    if on_path("apt-get").is_none() {
        return Ok(None);
    }
    if output(command("id").arg("-u"))? == "0" {
        return Ok(Some(Vec::new()));
    }
    let unasked = succeeds_within(
        command("sudo").args(["-n", "true"]),
        Duration::from_secs(10),
    )?;
    Ok(unasked.then(|| vec!["sudo", "-n"]))
}
