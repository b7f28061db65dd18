//! The socket by which the owner of the machine's installation reaches the process that serves it.
//!
//! Who connects runs as the owner of the process, or as root: the socket lies in a directory of the
//! owner's alone, and the operating system says who the other side is (unix(7), `SO_PEERCRED`). It proves
//! nothing about the person, who shows a token as everywhere.

use std::fs::{self, File};
use std::future::Future;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::peer::Peer;
use crate::server::{SENDING, SHUTDOWN, talk};
use status::http::Stalling;

/// Connections at once: a command has one for as long as it runs.
pub const CONNECTIONS: usize = 16;

/// Time after which a connection takes no more requests: longer than any operation.
const LIFETIME: Duration = Duration::from_secs(48 * 3600);

/// A socket that is bound, by its name and the directory in which it lies.
#[derive(Debug)]
pub struct Socket {
    listener: std::os::unix::net::UnixListener,
    name: Name,
}

/// The name of a socket, which is taken away when this is dropped.
#[derive(Debug)]
struct Name(PathBuf);

impl Socket {
    /// Binds it in the place of one that an earlier process left. The caller owns the installation.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn bind(path: &Path) -> io::Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let (_directory, short) = short(path)?;
        let listener = std::os::unix::net::UnixListener::bind(short)?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, name: Name(path.to_owned()) })
    }

    /// Serves `router` ([`crate::api::router`]) until `shutdown` completes; running operations are let
    /// finish.
    ///
    /// # Errors
    /// It cannot be listened on.
    pub async fn serve(self, router: Router, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let Self { listener, name } = self;
        let listener = UnixListener::from_std(listener)?;
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let (stop, stopping) = watch::channel(false);
        let mut connections = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            let accepted = async {
                let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
                listener.accept().await.map(|(stream, _)| (stream, place))
            };
            tokio::select! {
                () = &mut shutdown => break,
                accepted = accepted => match accepted {
                    Ok((stream, place)) if is_ours(&stream) => {
                        let (router, stopping) = (router.clone(), stopping.clone());
                        let stream = Stalling::new(stream, SENDING);
                        connections.spawn(async move {
                            let _place = place;
                            let talk = talk(stream, Peer::local(), router, LIFETIME, stopping).await;
                            if let Err(error) = talk {
                                tracing::debug!(%error, "a local connection ended");
                            }
                        });
                    }
                    Ok(_) => tracing::warn!("another user of the machine was turned away"),
                    Err(error) => {
                        tracing::warn!(%error, "a local connection could not be accepted");
                        sleep(Duration::from_millis(100)).await;
                    }
                },
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
        // Whoever comes now finds nobody.
        drop((listener, name));
        stop.send_replace(true);
        let finished = async { while connections.join_next().await.is_some() {} };
        // What is still running after that is dropped with the set.
        let _ = timeout(SHUTDOWN, finished).await;
        Ok(())
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        // One that is left behind refuses connections, which says the same.
        let _ = fs::remove_file(&self.0);
    }
}

/// A connection to the process that listens at `path`.
///
/// # Errors
/// [`io::ErrorKind::NotFound`] and [`io::ErrorKind::ConnectionRefused`] where nobody does.
pub(crate) async fn connect(path: &Path) -> io::Result<UnixStream> {
    let (_directory, short) = short(path)?;
    UnixStream::connect(short).await
}

/// Whether the process at the other end runs as who runs this one, or as root.
fn is_ours(stream: &UnixStream) -> bool {
    let ours = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|other| [0, ours].contains(&other.uid()))
}

/// A path for the same file that fits into the address of a socket, which has 108 octets; valid for as long
/// as the directory is open.
fn short(path: &Path) -> io::Result<(File, PathBuf)> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::other("a socket has a name in a directory"));
    };
    let directory = File::open(parent)?;
    let link = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()));
    Ok((directory, link.join(name)))
}
