//! What the server shows in a handshake, taken up anew whenever it was certified anew.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use web::tls::ServerIdentity;

use crate::own_tls::TlsFiles;
use crate::system::System;

/// How often is looked for a new certificate: it costs the reading of a file.
const INTERVAL: Duration = Duration::from_secs(1);

/// What is shown now, and from which files.
pub(super) struct Shown {
    pub(super) identity: Arc<ServerIdentity>,
    files: TlsFiles,
}

impl Shown {
    /// What was certified last, whether it has ended or not.
    pub(super) fn read(system: &System) -> Result<Self> {
        const CURE: &str =
            "data/tls: `jitsuin init` has the server certified anew by the custodians";
        let files = TlsFiles::read(&system.home).context(CURE)?;
        let files = files.context("the server has no TLS certificate; run `jitsuin init`")?;
        let identity = ServerIdentity::new(&files.chain, &files.key).context(CURE)?;
        let identity = Arc::new(identity);
        Ok(Self { identity, files })
    }

    /// Keeps it up to date until `stop` completes. What fails is said and tried again.
    pub(super) async fn follow(mut self, system: &System, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(INTERVAL) => {}
            }
            if let Err(error) = self.adopt(system) {
                tracing::error!("the TLS certificate: {error:#}");
            }
        }
    }

    fn adopt(&mut self, system: &System) -> Result<()> {
        if let Some(files) = TlsFiles::read(&system.home)?.filter(|files| *files != self.files) {
            self.identity.replace(&files.chain, &files.key)?;
            self.files = files;
        }
        Ok(())
    }
}
