//! A login to one token, kept through lost sessions, restarts and changed handles.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use cryptoki::context::Function;
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::AuthPin;

use super::code::{self, Remedy};
use super::login::{self, PinFlags};
use super::module::{Module, Starts};
use super::objects::{Access, TokenKey};
use super::pool::Pool;
use super::{TokenConfig, slots};
use crate::error::KeyError;
use crate::label::KeyLabel;

/// How often something is tried that can be tried again. A lost login costs two tries: the stale
/// handle is noticed before the login; two losses in a row are survived.
const TRIES: u32 = 5;

/// How long a token that cannot be reached is left alone before the next try.
const PAUSE: Duration = Duration::from_millis(200);

/// How long a thread waits for a session of a token that grants no more of them.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Why a piece of work in a session ended early.
#[derive(Debug)]
pub(super) enum Fault {
    /// The token failed: this may have a remedy.
    Token(Error),
    /// We refuse: trying again changes nothing.
    Refused(KeyError),
}

/// A login to a token.
pub(super) struct Connection {
    config: TokenConfig,
    module: Arc<Module>,
    pin: AuthPin,
    sessions: Pool<Session>,
    present: Mutex<Present>,
}

/// What holds until the next reconnection.
#[derive(Default)]
struct Present {
    slot: Option<Slot>,
    starts: Starts,
    keys: BTreeMap<KeyLabel, Arc<TokenKey>>,
    /// Set for good by a refused PIN: a token locks itself after a few wrong ones.
    refused: Option<&'static str>,
}

impl Connection {
    /// Connects and logs in, so that a wrong PIN is known at once.
    pub(super) fn open(config: &TokenConfig, pin: &str) -> Result<Self, KeyError> {
        let connection = Self {
            config: config.clone(),
            module: Module::load(&config.module)?,
            pin: AuthPin::from(pin),
            sessions: Pool::new(TIMEOUT),
            present: Mutex::default(),
        };
        connection.connect(&mut connection.module.pause(), Login::First)?;
        Ok(connection)
    }

    /// The name of the token.
    pub(super) fn token(&self) -> &str {
        &self.config.token_label
    }

    /// Does work that may be repeated: after a lost session, say, it begins anew.
    pub(super) fn run<T>(
        &self,
        action: &'static str,
        work: impl Fn(&Access<'_>) -> Result<T, Fault>,
    ) -> Result<T, KeyError> {
        self.run_up_to(TRIES, action, &work)
    }

    /// Does work that must not be repeated, in a session that was just seen to be logged in.
    pub(super) fn run_once<T>(
        &self,
        action: &'static str,
        work: impl Fn(&Access<'_>) -> Result<T, Fault>,
    ) -> Result<T, KeyError> {
        self.run(action, |access| access.expect_login())?;
        self.run_up_to(1, action, &work)
    }

    /// The cached key of a label.
    pub(super) fn known(&self, label: &KeyLabel) -> Option<Arc<TokenKey>> {
        self.present().keys.get(label).cloned()
    }

    /// Keeps a key that was looked up.
    pub(super) fn know(&self, label: &KeyLabel, key: &Arc<TokenKey>) {
        self.present().keys.insert(label.clone(), Arc::clone(key));
    }

    /// Forgets a key.
    pub(super) fn forget(&self, label: &KeyLabel) {
        self.present().keys.remove(label);
    }

    fn run_up_to<T>(
        &self,
        tries: u32,
        action: &'static str,
        work: &impl Fn(&Access<'_>) -> Result<T, Fault>,
    ) -> Result<T, KeyError> {
        let mut tried = 0;
        loop {
            let epoch = self.sessions.epoch();
            let error = match self.try_once(work) {
                Ok(done) => return Ok(done),
                Err(Fault::Refused(error)) => return Err(error),
                Err(Fault::Token(error)) => error,
            };
            tried += 1;
            let failed = || KeyError::Token { action, code: code::name(&error) };
            match code::remedy(&error) {
                Remedy::Report | Remedy::Wait => return Err(failed()),
                Remedy::LookUpAgain => self.present().keys.clear(),
                Remedy::Reconnect => self.reconnect(epoch, tried < tries)?,
            }
            if tried >= tries {
                return Err(failed());
            }
        }
    }

    /// One try. A session that saw a failure is not used again.
    fn try_once<T>(&self, work: &impl Fn(&Access<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let running = self.module.running();
        let slot = {
            let present = self.present();
            if present.starts != *running {
                let lost = RvError::CryptokiNotInitialized;
                return Err(Error::Pkcs11(lost, Function::OpenSession).into());
            }
            present.slot.ok_or(Error::Pkcs11(RvError::TokenNotPresent, Function::OpenSession))?
        };
        let context = &self.module.context;
        // Closing is ours: a session dropped after a restart could name another's new one.
        let (epoch, session) = self.sessions.take(|| context.open_rw_session_no_drop(slot))?;
        let done = work(&Access { connection: self, session: &session });
        let over = match &done {
            Ok(_) | Err(Fault::Refused(_)) => self.sessions.give_back(epoch, session),
            Err(Fault::Token(_)) => {
                self.sessions.forget(epoch);
                Some(session)
            }
        };
        if let Some(session) = over {
            // It may be lost already, which is what closing wants.
            let _ = session.close();
        }
        done
    }

    /// Connects again, unless another thread has since `epoch`.
    ///
    /// A token that cannot be reached is left alone for a moment if it may be tried again.
    fn reconnect(&self, epoch: u64, again: bool) -> Result<(), KeyError> {
        let connected = {
            let mut starts = self.module.pause();
            if self.sessions.epoch() != epoch && self.present().slot.is_some() {
                return Ok(());
            }
            self.connect(&mut starts, Login::Again)
        };
        match connected {
            Err(KeyError::PinRefused { .. }) => connected,
            Err(_) if again => {
                thread::sleep(PAUSE);
                Ok(())
            }
            connected => connected,
        }
    }

    /// Starts the module anew and connects again. A driver keeps a list of objects, and may miss what
    /// another process added while it added something itself (SoftHSM2 does).
    pub(super) fn renew(&self) -> Result<(), KeyError> {
        let mut starts = self.module.pause();
        self.module.restart(&mut starts)?;
        self.connect(&mut starts, Login::Again)
    }

    fn connect(&self, starts: &mut Starts, login: Login) -> Result<(), KeyError> {
        let before = self.disconnect();
        self.module.start(starts)?;
        for session in self.sessions.reset() {
            if before == *starts {
                // It may be lost already, which is what closing wants.
                let _ = session.close();
            }
        }
        let (slot, token) = self.find_token(starts)?;
        if let Some(rule) = self.present().refused.or(login::obstacle(PinFlags::from(&token))) {
            return Err(self.pin_refused(rule));
        }
        let opened = self.module.context.open_rw_session_no_drop(slot);
        let session = opened.map_err(|error| self.failed("opening a session", &error))?;
        let logged_in = self.log_in(&session, login);
        if logged_in.is_err() {
            let _ = session.close();
            return logged_in;
        }
        self.sessions.add(session);
        let mut present = self.present();
        present.starts = *starts;
        present.slot = Some(slot);
        Ok(())
    }

    /// The slot of the token. A driver may hold a token for gone that has come back: it is started
    /// anew before it is believed.
    fn find_token(&self, starts: &mut Starts) -> Result<(Slot, TokenInfo), KeyError> {
        let found = slots::named(&self.module.context, self.token());
        match found {
            Err(KeyError::TokenRefused { .. } | KeyError::Token { .. })
                if self.module.restart(starts)? =>
            {
                slots::named(&self.module.context, self.token())
            }
            found => found,
        }
    }

    /// Forgets slot and handles; tells of which start of the module they were.
    fn disconnect(&self) -> Starts {
        let mut present = self.present();
        present.slot = None;
        present.keys.clear();
        present.starts
    }

    fn log_in(&self, session: &Session, login: Login) -> Result<(), KeyError> {
        let try_it = || session.login(UserType::User, Some(&self.pin));
        let already = |error: &Error| code::value(error) == Some(RvError::UserAlreadyLoggedIn);
        let tried = match (try_it(), login) {
            (Err(error), Login::Again) if already(&error) => Ok(()),
            // Somebody else of this process is logged in; only a login of our own proves the PIN.
            (Err(error), Login::First) if already(&error) => {
                session.logout().and_then(|()| try_it())
            }
            (tried, _) => tried,
        };
        tried.map_err(|error| match login::refusal(&error) {
            Some(rule) => {
                self.present().refused = Some(rule);
                self.pin_refused(rule)
            }
            None => self.failed("logging in", &error),
        })
    }

    fn pin_refused(&self, rule: &'static str) -> KeyError {
        KeyError::PinRefused { token: self.token().to_owned(), rule }
    }

    fn failed(&self, action: &'static str, error: &Error) -> KeyError {
        KeyError::Token { action, code: code::name(error) }
    }

    /// The lock guards the table alone and is never held while the token works.
    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a login has to prove the PIN.
#[derive(Clone, Copy)]
enum Login {
    First,
    Again,
}

impl Drop for Connection {
    /// Logs out, so that the keys are of no use to the rest of the process.
    fn drop(&mut self) {
        let starts = self.module.pause();
        if self.disconnect() != *starts {
            return;
        }
        let idle = self.sessions.reset();
        if let Some(session) = idle.first() {
            let _ = session.logout();
        }
        for session in idle {
            let _ = session.close();
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({})", self.token())
    }
}

impl Access<'_> {
    /// Proves that nothing is found because there is nothing: a driver whose token went away finds
    /// nothing either, and without a login private keys are hidden.
    pub(super) fn expect_token(&self) -> Result<(), Fault> {
        self.expect_login()?;
        let gone = || Error::Pkcs11(RvError::TokenNotPresent, Function::FindObjects);
        let slot = self.connection.present().slot.ok_or_else(gone)?;
        let token = self.connection.module.context.get_token_info(slot)?;
        let is_ours = token.token_initialized() && token.label() == self.connection.token();
        if is_ours { Ok(()) } else { Err(gone().into()) }
    }

    /// Proves that the session is logged in: without a login private keys are simply not found.
    pub(super) fn expect_login(&self) -> Result<(), Fault> {
        match self.session.get_session_info()?.session_state() {
            SessionState::RwUser => Ok(()),
            _ => Err(Error::Pkcs11(RvError::UserNotLoggedIn, Function::FindObjects).into()),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Token(error)
    }
}

impl From<KeyError> for Fault {
    fn from(error: KeyError) -> Self {
        Self::Refused(error)
    }
}
