//! Until when the people of a role can come in: what lets people in ends, and somebody must be left who
//! enrols the others.

use jiff::Timestamp;

use super::CredentialKind;

/// Until when something lets its person act; [`Timestamp::MIN`] where nothing does, and
/// [`Timestamp::MAX`] where it has no end.
///
/// A password and a program's token count for nothing: they cannot make a credential that is strong
/// (ADR 0019). The secret of an enrolment can.
pub fn way_in_until(
    credentials: impl IntoIterator<Item = (CredentialKind, Option<Timestamp>)>,
) -> Timestamp {
    let counts = |kind: CredentialKind| kind.is_strong() || kind == CredentialKind::Enrolment;
    let counted = credentials.into_iter().filter(|(kind, _)| counts(*kind));
    let ends = counted.map(|(_, expires)| expires.unwrap_or(Timestamp::MAX));
    ends.max().unwrap_or(Timestamp::MIN)
}

/// Until when `least` people of a role can come in, where `ways` has [`way_in_until`] of everybody in
/// office who has it. An installation that has fewer people is held to those it has; one that has
/// nobody in the role says nothing.
pub fn role_filled_until(
    least: u32,
    ways: impl IntoIterator<Item = Timestamp>,
) -> Option<Timestamp> {
    let mut ways: Vec<_> = ways.into_iter().collect();
    ways.sort_unstable_by(|one, other| other.cmp(one));
    let wanted = usize::try_from(least).unwrap_or(usize::MAX).clamp(1, ways.len().max(1));
    ways.get(wanted - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn w3_only_what_can_make_a_strong_credential_is_a_way_in() {
        use CredentialKind as K;
        assert_eq!(way_in_until([]), Timestamp::MIN);
        assert_eq!(
            way_in_until([(K::Password, None), (K::ProgramToken, Some(at(9)))]),
            Timestamp::MIN
        );
        assert_eq!(
            way_in_until([(K::Enrolment, Some(at(1))), (K::ConsoleToken, Some(at(3)))]),
            at(3)
        );
        assert_eq!(
            way_in_until([(K::Passkey, None), (K::ConsoleToken, Some(at(3)))]),
            Timestamp::MAX
        );
    }

    #[test]
    fn w3_a_role_is_filled_until_the_last_of_those_it_needs_is_shut_out() {
        assert_eq!(role_filled_until(1, []), None);
        assert_eq!(role_filled_until(1, [at(1), at(3), at(2)]), Some(at(3)));
        assert_eq!(role_filled_until(2, [at(1), at(3), at(2)]), Some(at(2)));
        assert_eq!(role_filled_until(2, [at(5)]), Some(at(5)), "held to those it has");
        assert_eq!(role_filled_until(2, [at(5), Timestamp::MIN]), Some(Timestamp::MIN));
    }
}
