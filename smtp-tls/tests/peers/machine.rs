//! Programs of other people in a namespace of their own, and the folder that they share with a test.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use std::time::Instant;

/// A folder that is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("smtp-tls-peers-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        // The users of the mail servers write here, too.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Processes in a namespace; all of them end when this is dropped, and when the test process ends.
#[derive(Debug)]
pub(crate) struct Machine {
    process: Child,
}

impl Machine {
    /// Lays the packages over the system and runs a script, which has to print `ready` and to end with
    /// its standard input. An error is what it printed.
    pub(crate) fn start(
        packages: &str,
        users: &[&str],
        script: &str,
        folder: &Folder,
    ) -> Result<Self, String> {
        let suite = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let unpacked = suite.join("target/peers").join(packages);
        assert!(
            unpacked.is_dir(),
            "this test needs {}: run `conformance/debian/unpack target/peers/{packages} {packages}`",
            unpacked.display()
        );
        let over = [&[unpacked.to_str().unwrap()], users].concat().join(",");
        let mut process = Command::new(suite.join("conformance/debian/enter"))
            .args([over.as_str(), "bash", "-c", script, packages])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let is_ready = lines.any(|line| line.unwrap() == "ready");
        let mut machine = Self { process };
        if is_ready {
            return Ok(machine);
        }
        let status = machine.process.wait().unwrap();
        let mut said = String::new();
        machine.process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_ne!(status.code(), Some(77), "this test needs root: {said}");
        Err(format!("{packages} does not start: {status}: {said}"))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // With it goes the first process of the namespace, and with that all others.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// So many ports of loopback that nobody listens at now.
pub(crate) fn free_ports(count: usize) -> Vec<u16> {
    let held: Vec<_> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    held.iter().map(|listener| listener.local_addr().unwrap().port()).collect()
}

/// Starts what `attempt` starts with free ports, with others if somebody has taken one meanwhile.
pub(crate) fn with_free_ports<T>(count: usize, attempt: impl Fn(&[u16]) -> Result<T, String>) -> T {
    let mut said = String::new();
    for _ in 0..3 {
        match attempt(&free_ports(count)) {
            Ok(started) => return started,
            Err(error) => said = error,
        }
    }
    panic!("{said}");
}

/// Waits until something is there.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: nothing after a minute");
        std::thread::sleep(Duration::from_millis(20));
    }
}
