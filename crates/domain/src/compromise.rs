//! The worst day: a CA's key counts as compromised, and what follows in order (A 5.7.3, S 4-14-2).

use crate::named::named;

named! {
    /// How far the procedure for one compromised key has come; it never goes back.
    CompromiseState {
        /// Declared by two people: nothing is issued under the key from this commit on.
        Declared = "declared",
        /// Everything that the key signed is revoked with reason 2.
        Revoked = "revoked",
        /// Every list of the key is published with it.
        Listed = "listed",
        /// The notice stands in the web repository.
        Announced = "announced",
        /// The notification of the bridge CA is prepared; what is left is people's work.
        Completed = "completed",
    }
}

impl CompromiseState {
    /// What comes next; nothing after the last.
    pub fn next(self) -> Option<Self> {
        let place = Self::ALL.iter().position(|state| *state == self)?;
        Self::ALL.into_iter().nth(place + 1)
    }

    /// What has to be done to leave this state, in words.
    pub fn task(self) -> &'static str {
        match self {
            Self::Declared => "revoke everything that the key signed, with reason 2 (cACompromise)",
            Self::Revoked => "publish every list of the key at once",
            Self::Listed => "post the notice in the web repository",
            Self::Announced => "prepare the notification of the bridge CA",
            Self::Completed => "hand the notification to the bridge CA and inform the holders",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k7_the_procedure_has_one_way_and_an_end() {
        let mut state = CompromiseState::Declared;
        let mut passed = vec![state];
        while let Some(next) = state.next() {
            state = next;
            passed.push(state);
        }
        assert_eq!(passed, CompromiseState::ALL);
    }
}
