//! What proves who somebody is, who may have which of it, and how passwords end and lock.

use jiff::{SignedDuration, Timestamp};

use super::Role;
use super::guessed::guessed;
use crate::named::named;

/// Days after which a password must be changed (A 5.2.3.1: パスワードは定期的に変更する).
pub const PASSWORD_DAYS: i64 = 90;

/// Characters of the shortest password; it stands beside no second factor.
pub const MIN_PASSWORD_LENGTH: usize = 12;

/// Characters of the longest password: what is hashed has a bound.
pub const MAX_PASSWORD_LENGTH: usize = 128;

/// Wrong passwords after which an account is locked.
pub const MAX_FAILURES: u32 = 5;

/// Minutes within which they count together, and minutes that the lock lasts.
pub const LOCKOUT_MINUTES: i64 = 15;

/// Hours within which an enrolment secret must be used.
pub const ENROLMENT_HOURS: i64 = 24;

/// Days that a token lasts unless told.
pub const TOKEN_DAYS: i64 = 90;

/// Days that a token lasts at most: who leaves unnoticed is let in no longer than that.
pub const MAX_TOKEN_DAYS: i64 = 366;

/// Hours after which a session ends.
pub const SESSION_HOURS: i64 = 8;

/// Minutes without a request after which a session ends.
pub const SESSION_IDLE_MINUTES: i64 = 15;

named! {
    /// What somebody shows to be let in.
    CredentialKind {
        /// A client certificate, pinned for its person; its key may be on an IC card.
        ClientCertificate = "client-certificate",
        /// A passkey (WebAuthn), which its device opens by a finger, a face or a PIN.
        Passkey = "passkey",
        /// A token bound to the console where it was made.
        ConsoleToken = "console-token",
        /// A token that works from anywhere, for programs.
        ProgramToken = "program-token",
        /// An id with a password.
        Password = "password",
        /// The one-time secret with which somebody sets their first credential.
        Enrolment = "enrolment",
    }
}

impl CredentialKind {
    /// Whether it is bound to something its person has, so that it is not enough to learn it.
    pub fn is_strong(self) -> bool {
        matches!(self, Self::ClientCertificate | Self::Passkey | Self::ConsoleToken)
    }
}

/// Which kinds of credential a role may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialRule {
    /// The kinds.
    pub kinds: &'static [CredentialKind],
    /// Why, with the clause.
    pub rule: &'static str,
}

/// The row of a role. A person with several roles may have what all of them may have.
pub fn credential_rule(role: Role) -> CredentialRule {
    use CredentialKind as K;
    const PEOPLE: &[CredentialKind] =
        &[K::ClientCertificate, K::Passkey, K::ConsoleToken, K::Password, K::Enrolment];
    const WITH_PROGRAMS: &[CredentialKind] = &[
        K::ClientCertificate,
        K::Passkey,
        K::ConsoleToken,
        K::ProgramToken,
        K::Password,
        K::Enrolment,
    ];
    let (kinds, rule) = match role {
        Role::WindowClerk | Role::WindowSupervisor => (
            PEOPLE,
            "strong for issue and revocation, a password for support (A 5.1.2.2, S 5-1-2-2)",
        ),
        Role::GeneralOperator | Role::RepositoryOperator => {
            (WITH_PROGRAMS, "IC card or password (A 5.2.3.1, S 5-2-3); programs that maintain")
        }
        Role::Verifier => (
            &[K::ClientCertificate, K::ProgramToken, K::Enrolment][..],
            "a server has no fingers and no memory (A 1.3.4.1)",
        ),
        _ => (PEOPLE, "IC card or password, the latter changed regularly (A 5.2.3.1, S 5-2-3)"),
    };
    CredentialRule { kinds, rule }
}

/// Whether a password may be set, without looking at anything but itself, its person's id and the list
/// of common ones.
///
/// # Errors
/// The rule that it breaks.
pub fn check_password(password: &str, id: &str) -> Result<(), &'static str> {
    let length = password.chars().count();
    if length < MIN_PASSWORD_LENGTH {
        return Err("it has at least 12 characters");
    }
    if length > MAX_PASSWORD_LENGTH {
        return Err("it has at most 128 characters");
    }
    if password.chars().any(char::is_control) {
        return Err("it has no control characters");
    }
    if password.to_lowercase().contains(&id.to_lowercase()) {
        return Err("it does not hold its person's id");
    }
    if let Some(rule) = guessed(password, id) {
        return Err(rule);
    }
    Ok(())
}

/// Within this the wrong ones count together, and for as long the lock holds.
const SPAN: SignedDuration = SignedDuration::from_mins(LOCKOUT_MINUTES);

/// The wrong passwords of one person, and the lock that follows from them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attempts {
    /// How many count.
    pub failures: u32,
    /// When the first of them was.
    pub since: Option<Timestamp>,
    /// Until when no password is looked at.
    pub locked_until: Option<Timestamp>,
}

impl Attempts {
    /// Whether no password is looked at now. A lock that ends later than one that began now was made by a
    /// clock that was ahead, and locks nobody.
    pub fn is_locked(self, now: Timestamp) -> bool {
        self.locked_until.is_some_and(|until| now < until && until.duration_since(now) <= SPAN)
    }

    /// After one more wrong password.
    #[must_use]
    pub fn after_failure(self, now: Timestamp) -> Self {
        let recent = self.since.filter(|since| now.duration_since(*since).abs() <= SPAN);
        let failures = if recent.is_some() { self.failures + 1 } else { 1 };
        if failures < MAX_FAILURES {
            return Self { failures, since: recent.or(Some(now)), locked_until: None };
        }
        let until = now.checked_add(SPAN).unwrap_or(Timestamp::MAX);
        Self { failures: 0, since: None, locked_until: Some(until) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn w3_five_wrong_passwords_within_fifteen_minutes_lock_for_fifteen() {
        let mut attempts = Attempts::default();
        for minute in 0..4 {
            attempts = attempts.after_failure(at(minute));
            assert!(!attempts.is_locked(at(minute)), "{minute}");
        }
        attempts = attempts.after_failure(at(4));
        assert!(attempts.is_locked(at(4)) && attempts.is_locked(at(18)));
        assert!(!attempts.is_locked(at(19)));
    }

    /// A start with a clock that was a month ahead, which was set right after it.
    #[test]
    fn w3_e9_a_lock_of_a_clock_that_was_ahead_locks_nobody_once_it_is_right() {
        let mut attempts = Attempts::default();
        let ahead = 30 * 24 * 60;
        for minute in 0..5 {
            attempts = attempts.after_failure(at(ahead + minute));
        }
        assert!(attempts.is_locked(at(ahead + 5)));
        assert!(!attempts.is_locked(at(0)));
        let attempts = Attempts { failures: 4, since: Some(at(ahead)), locked_until: None };
        assert_eq!(attempts.after_failure(at(0)).failures, 1, "no failures of then count now");
    }

    #[test]
    fn w3_wrong_passwords_far_apart_do_not_lock() {
        let mut attempts = Attempts::default();
        for time in 0..20 {
            attempts = attempts.after_failure(at(time * 16));
            assert!(!attempts.is_locked(at(time * 16)), "{time}");
        }
    }

    #[test]
    fn w3_weak_passwords_are_refused_by_a_rule() {
        let long = "x1".repeat(65);
        for weak in
            ["elevencharz", "aaaaaaaaaaaaaaa", "xx-Clerk-1-xxxx", "bell\u{7}rings-twice", &long]
        {
            assert!(check_password(weak, "clerk-1").is_err(), "{weak}");
        }
        assert_eq!(check_password("正しい馬と電池とホチキスの針", "clerk-1"), Ok(()));
    }

    #[test]
    fn w2_passwords_and_program_tokens_are_not_strong() {
        use CredentialKind as K;
        let strong = [K::ClientCertificate, K::Passkey, K::ConsoleToken];
        for kind in K::ALL {
            assert_eq!(kind.is_strong(), strong.contains(&kind), "{kind}");
        }
        for role in Role::ALL.into_iter().filter(|role| role.is_municipal()) {
            assert!(!credential_rule(role).kinds.contains(&K::ProgramToken));
        }
    }
}
