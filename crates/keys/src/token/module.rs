//! PKCS#11 modules of this process: each is loaded and initialised once, whoever uses it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::RvError;

use super::code;
use crate::error::KeyError;

/// The modules of this process by their true path: C_Initialize is for the process, not the caller.
static LOADED: Mutex<BTreeMap<PathBuf, Arc<Module>>> = Mutex::new(BTreeMap::new());

/// A module is started anew no more often than this: it ends the sessions of every token that it
/// serves, and a token that is not there stays away for a while.
const BETWEEN_RESTARTS: Duration = Duration::from_secs(1);

/// How often a module was started. Handles of an earlier start may mean other things now.
pub(super) type Starts = u64;

/// A loaded module.
#[derive(Debug)]
pub(super) struct Module {
    /// The functions of the module.
    pub(super) context: Pkcs11,
    /// Read by all who hold handles, written by who starts the module again or logs in: so that
    /// nobody works with a handle while what it means changes.
    running: RwLock<Starts>,
    /// When it was last started anew.
    restarted: Mutex<Option<Instant>>,
}

impl Module {
    /// The module of a path, loaded at the first call.
    pub(super) fn load(path: &Path) -> Result<Arc<Self>, KeyError> {
        let failed = |reason: String| KeyError::TokenDriver { path: path.to_owned(), reason };
        let true_path = fs::canonicalize(path).map_err(|error| failed(error.to_string()))?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = loaded.get(&true_path) {
            return Ok(Arc::clone(module));
        }
        let context = Pkcs11::new(&true_path).map_err(|error| failed(code::name(&error)))?;
        let module = {
            let (running, restarted) = (RwLock::new(0), Mutex::new(None));
            Arc::new(Self { context, running, restarted })
        };
        module.start(&mut module.pause()).map_err(|error| failed(error.to_string()))?;
        loaded.insert(true_path, Arc::clone(&module));
        Ok(module)
    }

    /// The right to use handles, and of which start they must be.
    pub(super) fn running(&self) -> RwLockReadGuard<'_, Starts> {
        self.running.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to change what handles mean.
    pub(super) fn pause(&self) -> RwLockWriteGuard<'_, Starts> {
        self.running.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the module and starts it anew: a driver that saw its token go looks for it again only then.
    /// Whether it was done, which it is not twice in a moment.
    pub(super) fn restart(&self, starts: &mut Starts) -> Result<bool, KeyError> {
        let mut restarted = self.restarted.lock().unwrap_or_else(PoisonError::into_inner);
        if restarted.is_some_and(|at| at.elapsed() < BETWEEN_RESTARTS) {
            return Ok(false);
        }
        *restarted = Some(Instant::now());
        match self.context.clone().finalize() {
            Ok(()) => {}
            Err(error) if code::value(&error) == Some(RvError::CryptokiNotInitialized) => {}
            Err(error) => {
                let action = "ending the module";
                return Err(KeyError::Token { action, code: code::name(&error) });
            }
        }
        self.start(starts)?;
        Ok(true)
    }

    /// Starts the module unless it runs.
    pub(super) fn start(&self, starts: &mut Starts) -> Result<(), KeyError> {
        let locking = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        match self.context.initialize(locking) {
            Ok(()) => *starts += 1,
            Err(error) if code::value(&error) == Some(RvError::CryptokiAlreadyInitialized) => {}
            Err(error) => {
                return Err(KeyError::Token {
                    action: "starting the module",
                    code: code::name(&error),
                });
            }
        }
        Ok(())
    }
}
