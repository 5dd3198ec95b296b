//! Real peers as child processes: where they are, how they are run, and that none outlives its owner.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process};

/// How long a peer may take to be ready. The API server needs three seconds on an idle context.
const START_TIMEOUT: Duration = Duration::from_secs(90);
/// How long a peer may take to end; an API server waits for its watchers.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a condition is looked at again.
const POLL_INTERVAL: Duration = Duration::from_millis(25);

/// A peer's program, by the variable that says where it is.
pub fn program(variable: &str) -> anyhow::Result<PathBuf> {
    env::var_os(variable)
        .map(PathBuf::from)
        .with_context(|| format!("{variable} is not set; run this by `cargo xtask`"))
}

/// How a command ended.
#[derive(Debug)]
pub struct Finished {
    /// Whether it did what it should.
    pub success: bool,
    /// What it wrote on standard output.
    pub stdout: String,
    /// What it wrote on standard error.
    pub stderr: String,
}

impl Finished {
    /// What it wrote on standard output; all that it wrote is the error, when it failed.
    pub fn ok(self) -> anyhow::Result<String> {
        ensure!(self.success, "{}{}", self.stdout, self.stderr);
        Ok(self.stdout)
    }
}

/// Runs a command to its end with this on its standard input; fails when it succeeds without having read
/// all.
pub fn run(command: &mut Command, input: &str) -> anyhow::Result<Finished> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{command:?} does not start"))?;
    let mut stdin = child.stdin.take().context("a child without an input")?;
    let input = input.to_owned();
    // Aside, since a child that answers before it has read all would wait for us for ever.
    let writing = thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output()?;
    let written = writing.join().is_ok_and(|written| written.is_ok());
    let success = output.status.success();
    ensure!(written || !success, "{command:?} did not read all");
    Ok(Finished {
        success,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// A server that can be stopped and started again, and ends when it is dropped.
pub struct Server {
    command: Command,
    child: Option<Child>,
    log: PathBuf,
}

impl Server {
    /// Starts it; what it says goes to `LOG.log`.
    pub fn start(command: Command, log: &Path) -> anyhow::Result<Self> {
        let mut server = Self {
            command,
            child: None,
            log: log.with_extension("log"),
        };
        server.restart()?;
        Ok(server)
    }

    /// Starts it as it was started before, unless it runs.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        if self.child.is_some() {
            return Ok(());
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)?;
        let child = self
            .command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("{:?} does not start", self.command))?;
        self.child = Some(child);
        Ok(())
    }

    /// Its process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Asks it to end, and ends it when it has not after a while.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        terminate(child.id());
        let began = Instant::now();
        while began.elapsed() < STOP_TIMEOUT {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(POLL_INTERVAL);
        }
        end(&mut child);
    }

    /// Ends it at once, as a power failure would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            end(&mut child);
        }
    }

    /// Waits until it accepts connections.
    pub fn listens(&mut self, port: u16) -> anyhow::Result<()> {
        self.wait_until("it listens", || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        })
    }

    /// Waits until something holds; fails with the end of its log when it has ended meanwhile, or at the
    /// deadline.
    pub fn wait_until(&mut self, what: &str, holds: impl Fn() -> bool) -> anyhow::Result<()> {
        let began = Instant::now();
        while !holds() {
            let ended = match &mut self.child {
                Some(child) => child.try_wait()?,
                None => None,
            };
            ensure!(
                ended.is_none() && began.elapsed() < START_TIMEOUT,
                "in vain: {what} ({ended:?})\n{}",
                self.log_tail()
            );
            thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    fn log_tail(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Asks a process to end.
pub(crate) fn terminate(id: u32) {
    let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
    // Fails only when it has ended already, which is what is wanted.
    let _ = pid.map(|pid| kill_process(pid, Signal::TERM));
}

fn end(child: &mut Child) {
    // Fails only when it has ended already, which is what is wanted.
    let _ = child.kill();
    let _ = child.wait();
}

/// Where ports are taken from: below those that systems give to whoever connects to something, so that
/// none is gone again before its server listens.
const PORTS: Range<u16> = 20_000..32_000;

/// Ports that nobody listens on and that nobody here was given before.
pub fn free_ports<const N: usize>() -> anyhow::Result<[u16; N]> {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock();
    let mut ports = [0; N];
    for port in &mut ports {
        *port = (0..PORTS.len())
            .map(|_| rand::random_range(PORTS))
            .find(|port| {
                !given.contains(port) && TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()
            })
            .context("there are no free ports")?;
        given.insert(*port);
    }
    Ok(ports)
}

/// Writes a file that only its owner may read.
pub fn write_secret(path: &Path, contents: &str) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true).mode(0o600);
    let mut file: File = options
        .open(path)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(file.write_all(contents.as_bytes())?)
}
