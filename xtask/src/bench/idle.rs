//! Memory and processor of an idle demo, read from Linux's `/proc`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::{command, output, say};
use crate::workspace::Workspace;

/// The limit of resident memory, in bytes.
const MEMORY: f64 = 150e6;
/// The limit of processor time, as a part of one core.
const PROCESSOR: f64 = 0.03;
/// Waited before measuring, so that starting is over.
const SETTLE: Duration = Duration::from_secs(10);
/// The length of the measurement.
const SPAN: Duration = Duration::from_secs(30);

/// Starts the demo, leaves it idle, and prints its use of memory and processor.
pub fn run(workspace: &Workspace, weft: &Path) -> Result<()> {
    let mut demo = command(weft)
        .args(["demo", "--port", "0", "--no-open", "--static-dir"])
        .arg(workspace.dist())
        .stdout(Stdio::piped())
        .spawn()
        .context("the demo could not be started")?;
    let measured = listening(&mut demo).and_then(|()| measure(demo.id()));
    demo.kill()?;
    demo.wait()?;
    let (memory, processor) = measured?;
    println!(
        "idle: {:.0} MB resident of {:.0} MB, {:.1} % of a core of {:.1} %",
        memory / 1e6,
        MEMORY / 1e6,
        processor * 100.0,
        PROCESSOR * 100.0
    );
    if memory > MEMORY || processor > PROCESSOR {
        bail!("the idle demo is over its budget");
    }
    Ok(())
}

/// Waits until the demo listens, and goes on draining its output.
fn listening(demo: &mut Child) -> Result<()> {
    let output = demo.stdout.take().context("the demo has no output")?;
    let mut lines = BufReader::new(output).lines();
    for line in lines.by_ref() {
        if line?.starts_with("weft: listening on ") {
            thread::spawn(move || lines.for_each(drop));
            return Ok(());
        }
    }
    bail!("the demo ended before it served");
}

/// Returns the resident bytes at the end, and the part of a core that the process and its reaped
/// children used.
fn measure(process: u32) -> Result<(f64, f64)> {
    let ticks_per_second: f64 = output(command("getconf").arg("CLK_TCK"))?.parse()?;
    say("measuring the idle demo (40 s)");
    thread::sleep(SETTLE);
    let before = ticks(process)?;
    let began = Instant::now();
    thread::sleep(SPAN);
    let used = (ticks(process)? - before) / ticks_per_second;
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let resident = resident(&status).context("/proc tells no resident memory")?;
    Ok((resident, used / began.elapsed().as_secs_f64()))
}

fn ticks(process: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    busy(&stat).context("/proc tells no processor time")
}

/// `utime`, `stime`, `cutime` and `cstime` of proc(5): fields 14 to 17, where the second, the
/// name in brackets, may hold spaces.
fn busy(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let times: Vec<f64> = fields
        .split_whitespace()
        .skip(11)
        .take(4)
        .filter_map(|field| field.parse().ok())
        .collect();
    (times.len() == 4).then(|| times.iter().sum())
}

/// `VmRSS:  123 kB`, in bytes.
fn resident(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_adds_own_time_and_that_of_ended_children() {
        let stat = "42 (weft (x) y) S 1 42 42 0 -1 4194304 1 2 3 4 10 20 30 40 20 0 9 0 1";
        assert_eq!(busy(stat), Some(100.0));
        assert_eq!(busy("42 (weft) S 1"), None);
    }

    #[test]
    fn resident_memory_is_given_in_bytes() {
        assert_eq!(resident("Name:\tweft\nVmRSS:\t  100 kB\n"), Some(102_400.0));
    }
}
