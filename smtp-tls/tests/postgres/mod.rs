//! A PostgreSQL server of a test's own, on a Unix socket in a folder of its own.

use core::time::Duration;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A server that runs. Dropping it ends it.
pub(crate) struct Server {
    folder: PathBuf,
    user: Option<(u32, u32)>,
    process: Option<Child>,
}

impl Server {
    pub(crate) fn start(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("pg-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        // The server refuses to run as root.
        let user = (fs::metadata(&folder).unwrap().uid() == 0).then(unprivileged);
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid)).unwrap();
        }
        let mut server = Self { folder, user, process: None };
        let made = server
            .command("initdb")
            .args(["--username=tlsrpt", "--auth=trust", "--no-sync", "--pgdata=data"])
            .stdout(Stdio::null())
            .status();
        assert!(made.unwrap().success(), "initdb failed");
        server.run();
        server
    }

    /// Starts the server again after [`stop`](Self::stop).
    pub(crate) fn run(&mut self) {
        let mut command = self.command("postgres");
        command.args(["-D", "data", "-c", "listen_addresses=", "-k"]).arg(&self.folder);
        command.args(["-c", "fsync=off"]).stderr(Stdio::null());
        self.process = Some(command.spawn().unwrap());
        let address = self.address();
        for _ in 0..600 {
            if UnixStream::connect(self.folder.join(".s.PGSQL.5432")).is_ok() {
                let mut query = Command::new("psql");
                query.args([&address, "-qc", "SELECT 1"]).stdout(Stdio::null());
                if query.stderr(Stdio::null()).status().unwrap().success() {
                    return;
                }
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the server does not answer after 30 seconds");
    }

    /// Ends the server, and all connections with it.
    pub(crate) fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        let _ = Command::new("kill").args(["-QUIT", &process.id().to_string()]).status();
        let _ = process.wait();
    }

    /// The connection string.
    pub(crate) fn address(&self) -> String {
        format!("host={} user=tlsrpt dbname=postgres", self.folder.display())
    }

    /// What the server answers to these statements, without a heading.
    #[allow(dead_code, reason = "not every test that has a server says something to it by hand")]
    pub(crate) fn sql(&self, statements: &str) -> String {
        let mut psql = Command::new("psql");
        let out = psql.args([&self.address(), "-qtAc", statements]).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(programs().join(program));
        command.current_dir(&self.folder).env("LC_ALL", "C");
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The folder that Debian puts the newest server's programs into.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let programs = versions.map(|version| version.path().join("bin"));
    programs
        .filter(|folder| folder.join("postgres").exists())
        .max()
        .expect("postgresql is not installed: apt-get install postgresql, or run ./test")
}

/// The user that Debian's package makes.
fn unprivileged() -> (u32, u32) {
    let owned = fs::metadata(Path::new("/var/lib/postgresql")).unwrap();
    assert_ne!(owned.uid(), 0);
    (owned.uid(), owned.gid())
}
