//! A PC/SC service of the demo's own, with two virtual readers: the machine's is left alone.

use std::fs;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::again;

/// The driver of virtual readers, from Debian's vsmartcard-vpcd.
const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";

/// The variable in which clients look for the service's socket.
const VARIABLE: &str = "PCSCLITE_CSOCK_NAME";

/// The name of the socket.
const SOCKET: &str = "pcscd.comm";

/// The name that clients see, before the slot's number.
const READER: &str = "Virtual PCD";

/// Starting takes some 15 ms; a machine that is busy takes longer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How many pairs of ports are tried: another program may take one between look and use.
const ATTEMPTS: usize = 5;

/// What has the service take the socket handed over as descriptor 3, as its service manager would.
///
/// The first argument is the directory of readers, the others are options.
const TAKE_OVER: &str = r#"exec 3<&0 </dev/null; export LISTEN_FDS=1 LISTEN_PID=$$
directory=$1; shift; exec pcscd --foreground --config "$directory" "$@""#;

/// The service, running; it ends when this is dropped, or this process does.
pub(super) struct Pcscd {
    child: Child,
    socket: PathBuf,
    port: u16,
}

/// Has this process ask the service that will stand in `directory`, where it asks one at all.
pub(super) fn ask_here(directory: &Path) -> Result<()> {
    if cfg!(feature = "pcsc") {
        fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        again::with(VARIABLE, &fs::canonicalize(directory)?.join(SOCKET))?;
    }
    Ok(())
}

/// The Debian packages that are missing here.
pub(super) fn missing_packages() -> Vec<&'static str> {
    let found = |program: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|place| place.join(program).exists())
            || Path::new("/usr/sbin").join(program).exists()
    };
    let needs = [("pcscd", found("pcscd")), ("vsmartcard-vpcd", Path::new(DRIVER).exists())];
    needs.into_iter().filter(|(_, is_there)| !is_there).map(|(package, _)| package).collect()
}

impl Pcscd {
    /// Starts the service with its socket and configuration in `directory`, which is made anew.
    pub(super) fn start(directory: &Path) -> Result<Self> {
        for _ in 0..ATTEMPTS {
            if let Some(started) = Self::try_start(directory)? {
                return Ok(started);
            }
        }
        bail!("pcscd: its virtual readers got no port in {ATTEMPTS} attempts")
    }

    /// The socket for clients: the value of `PCSCLITE_CSOCK_NAME`.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Where a card is put into the reader of this slot, 0 or 1.
    pub(super) fn address(&self, slot: u16) -> std::net::SocketAddr {
        (std::net::Ipv4Addr::LOCALHOST, self.port + slot).into()
    }

    /// The name of the reader of a slot.
    pub(super) fn reader(slot: u16) -> String {
        format!("{READER} 00 {slot:02}")
    }

    /// Starts on one pair of ports; nothing, when somebody else got one of them first.
    fn try_start(directory: &Path) -> Result<Option<Self>> {
        if directory.exists() {
            fs::remove_dir_all(directory).with_context(|| directory.display().to_string())?;
        }
        fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        // The service works in another directory.
        let directory = fs::canonicalize(directory)?;
        let configuration = directory.join("readers");
        fs::create_dir(&configuration)?;
        let Some(port) = free_pair()? else { return Ok(None) };
        fs::write(configuration.join("vpcd"), reader_configuration(port))?;
        let socket = directory.join(SOCKET);
        let listener = UnixListener::bind(&socket).with_context(|| socket.display().to_string())?;
        let log = fs::File::create(directory.join("log"))?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "sh", "-c", TAKE_OVER, "sh"]).arg(&configuration);
        command.args(without_polkit());
        command.stdin(OwnedFd::from(listener)).stdout(log.try_clone()?).stderr(log);
        // Debian has the service in /usr/sbin, which is not in everybody's path.
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{path}:/usr/sbin"));
        let child = command.spawn().context("pcscd: cannot be started")?;
        let mut started = Self { child, socket, port };
        Ok(started.has_both_ports()?.then_some(started))
    }

    /// Waits until the service listens where it was told to, and not somebody else.
    fn has_both_ports(&mut self) -> Result<bool> {
        let end = Instant::now() + TIMEOUT;
        let log = self.socket.with_file_name("log");
        while Instant::now() < end {
            if [self.port, self.port + 1].iter().all(|port| listens(self.child.id(), *port)) {
                return Ok(true);
            }
            let said = fs::read_to_string(&log).unwrap_or_default();
            if said.contains("init failed") {
                return Ok(false);
            }
            if self.child.try_wait()?.is_some() {
                bail!("pcscd: ended at once: {}", said.trim());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(false)
    }
}

impl Drop for Pcscd {
    fn drop(&mut self) {
        // It may have ended by itself, and there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn reader_configuration(port: u16) -> String {
    format!(
        "FRIENDLYNAME \"{READER}\"\nDEVICENAME /dev/null:0x{port:X}\nLIBPATH {DRIVER}\nCHANNELID 0x{port:X}\n"
    )
}

/// Newer services ask polkit who may use a reader; this one is for whoever may open its socket.
fn without_polkit() -> Option<&'static str> {
    const OPTION: &str = "--disable-polkit";
    let help = Command::new("pcscd").arg("--help").output();
    let help = help.or_else(|_| Command::new("/usr/sbin/pcscd").arg("--help").output()).ok()?;
    let said = [help.stdout, help.stderr].concat();
    String::from_utf8_lossy(&said).contains(OPTION).then_some(OPTION)
}

/// A port that is free now, with the one after it: the driver gives its second slot the next.
fn free_pair() -> Result<Option<u16>> {
    let first = TcpListener::bind(("0.0.0.0", 0))?;
    let port = first.local_addr()?.port();
    let next = port.checked_add(1).map(|next| TcpListener::bind(("0.0.0.0", next)));
    Ok(matches!(next, Some(Ok(_))).then_some(port))
}

/// Whether the process has the socket that listens at this port.
fn listens(process: u32, port: u16) -> bool {
    let Ok(table) = fs::read_to_string("/proc/net/tcp") else { return false };
    let Ok(files) = fs::read_dir(format!("/proc/{process}/fd")) else { return false };
    let links: Vec<_> =
        files.flatten().filter_map(|file| fs::read_link(file.path()).ok()).collect();
    let ours = |inode: &str| {
        let socket = PathBuf::from(format!("socket:[{inode}]"));
        links.contains(&socket)
    };
    table.lines().skip(1).any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // Local address, state (0A is LISTEN) and inode (proc(5)).
        matches!(fields.as_slice(), [_, local, _, "0A", _, _, _, _, _, inode, ..]
            if local.ends_with(&format!(":{port:04X}")) && ours(inode))
    })
}
