//! Real peers as child processes: where they are, how they are run, and that none outlives its test.

use std::env;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a peer may take to be ready. The API server needs three seconds on an idle machine.
const DEADLINE: Duration = Duration::from_secs(90);

/// A peer, by the variable that says where it is.
pub fn peer(variable: &str) -> PathBuf {
    env::var_os(variable)
        .map(PathBuf::from)
        .unwrap_or_else(|| panic!("{variable} is not set; run `cargo xtask test --real`"))
}

/// `go` as the peers were built with it, in this folder, writing nothing into it.
pub fn go(folder: &Path) -> Command {
    let mut go = Command::new(peer("WEFT_REAL_GO"));
    go.current_dir(folder)
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "-mod=readonly")
        .env("GOTOOLCHAIN", "local")
        .env("GOWORK", "off");
    go
}

/// How a command ended.
pub struct Ended {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// What it wrote on standard output; the test fails with all that it wrote when it failed.
    #[track_caller]
    pub fn ok(self) -> String {
        assert!(self.success, "{}{}", self.stdout, self.stderr);
        self.stdout
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Ended {
    run_with(command, "")
}

/// Runs a command to its end with this on its standard input.
pub fn run_with(command: &mut Command, input: &str) -> Ended {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // Aside, since a child that answers before it has read all would wait for us for ever.
    let writing = thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let written = writing.join().unwrap();
    let success = output.status.success();
    assert!(written.is_ok() || !success, "{command:?} did not read all");
    Ended {
        success,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A server that is ended, and waited for, when it is dropped.
pub struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts it; what it says goes to a file in `folder`.
    pub fn start(command: &mut Command, folder: &Path) -> Self {
        let name = Path::new(command.get_program()).file_name().unwrap();
        let log = folder.join(name).with_extension("log");
        let file = File::create(&log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        Self { child, log }
    }

    /// Waits until it accepts connections.
    pub fn listens(&mut self, port: u16) {
        self.wait_until("it listens", || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        });
    }

    /// Waits until something holds; the test fails with the end of the server's log when it has
    /// ended meanwhile, or at the deadline.
    pub fn wait_until(&mut self, what: &str, holds: impl Fn() -> bool) {
        let began = Instant::now();
        while !holds() {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && began.elapsed() < DEADLINE,
                "in vain: {what} ({ended:?})\n{}",
                self.last_words()
            );
            thread::sleep(Duration::from_millis(25));
        }
    }

    fn last_words(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only when it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ports that nobody listens on, all different.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// What went wrong where, or nothing: for tests that look at many things and tell of all.
#[derive(Default)]
pub struct Complaints(String);

impl Complaints {
    /// Adds one.
    pub fn add(&mut self, place: &str, what: &str) {
        writeln!(self.0, "{place}: {}", what.trim_end()).unwrap();
    }

    /// The test fails with all of them.
    #[track_caller]
    pub fn none(self) {
        assert!(self.0.is_empty(), "\n{}", self.0);
    }
}
