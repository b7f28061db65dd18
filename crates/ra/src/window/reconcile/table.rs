//! The decision table of reconciliation: card × office × CA, without effects.

use domain::application::ApplicationState;
use domain::certificate::StateName;

/// What is known of one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SlotFacts {
    /// What the card is loading.
    pub(super) loading: Loading,
    /// What the card has given its holder.
    pub(super) delivered: Delivered,
    /// What the office has down as delivered in the slot.
    pub(super) recorded: Recorded,
    /// The application that the slot is bound to, if it is bound.
    pub(super) bound: Option<Bound>,
}

/// A key on its way, on the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loading {
    /// None.
    Nothing,
    /// The one that the application's certificate is for.
    Certified,
    /// One of the application's that no certificate of it is for.
    Uncertified,
    /// The one that the office has down as delivered, with a certificate in force.
    AsRecorded,
    /// Not the application's.
    Stray,
}

/// A delivered key, on the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivered {
    /// None.
    Nothing,
    /// The one that the office has down as delivered.
    AsRecorded,
    /// The one of the application that the slot is bound to.
    OfBound,
    /// Another.
    Unknown,
}

/// What the office has down as delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recorded {
    /// Nothing.
    Nothing,
    /// A key whose certificate is in force, or not known to have ended.
    InForce,
    /// A key whose certificate was revoked or has expired.
    Ended,
}

/// An application that a slot is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bound {
    /// Where it stands.
    pub(super) state: ApplicationState,
    /// The state of its newest certificate, if it has one.
    pub(super) certificate: Option<StateName>,
}

/// What does not agree, and what mends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The issue was cut off: it is carried on to its end.
    FinishIssue,
    /// The delivery was cut off after the CA's part: card and office follow.
    FinishDelivery,
    /// What the delivery wrote did not last on the card, for which it stands in the office: the card
    /// delivers it once more. A key whose certificate is in force is never given up.
    DeliverRecorded,
    /// The destruction before delivery was cut off, or the certificate was revoked meanwhile: what
    /// is loading ends with it (A 4.9.9).
    FinishDiscard,
    /// The card is loading what nobody waits for: it gives it up.
    ClearLoading,
    /// The erasure was cut off after the card's part: the office follows. Never while the certificate
    /// is in force: an erasure comes after its end.
    RecordErasure,
    /// No remedy of ours: what a person has to do.
    ByHand(&'static str),
}

/// What a slot needs, in this order; nothing when card, office and CA agree.
///
/// What was delivered is held against the office whatever the slot is bound to; what is loading, by
/// where its application stands.
pub(super) fn remedies(facts: &SlotFacts) -> Vec<Remedy> {
    let delivered = delivered_remedy(facts);
    delivered.into_iter().chain(loading_remedy(facts)).collect()
}

fn delivered_remedy(facts: &SlotFacts) -> Option<Remedy> {
    if facts.loading == Loading::AsRecorded {
        return Some(Remedy::DeliverRecorded);
    }
    let is_issued = facts.bound.is_some_and(|bound| bound.state == ApplicationState::Issued);
    match (facts.delivered, facts.recorded) {
        (Delivered::Nothing, Recorded::Nothing) | (Delivered::AsRecorded, _) => None,
        // A delivery that was cut off after the card's part.
        (Delivered::OfBound, _) if is_issued => None,
        (Delivered::Nothing, Recorded::Ended) => Some(Remedy::RecordErasure),
        (Delivered::Nothing, Recorded::InForce) => Some(Remedy::ByHand(
            "the card does not hold a key whose certificate is in force: revoke that",
        )),
        _ => Some(Remedy::ByHand("the card holds a key that the office did not deliver: erase it")),
    }
}

fn loading_remedy(facts: &SlotFacts) -> Option<Remedy> {
    use ApplicationState as A;
    let Some(bound) = facts.bound else {
        return match facts.loading {
            Loading::Nothing | Loading::AsRecorded => None,
            Loading::Certified | Loading::Uncertified | Loading::Stray => {
                Some(Remedy::ClearLoading)
            }
        };
    };
    match bound.state {
        A::Received | A::Verified | A::Approved => issue_remedy(facts.loading, bound.certificate),
        A::Issued => delivery_remedy(facts, bound.certificate),
        A::Completed | A::Refused | A::Withdrawn => {
            Some(Remedy::ByHand("the slot is bound to an application that has ended"))
        }
    }
}

/// Before the office has the certificate down as issued.
fn issue_remedy(loading: Loading, certificate: Option<StateName>) -> Option<Remedy> {
    match (certificate, loading) {
        (Some(StateName::Undelivered), _) => Some(Remedy::FinishIssue),
        (Some(StateName::Intended), _) => {
            Some(Remedy::ByHand("its certificate is being issued: the CA's start-up settles it"))
        }
        (Some(StateName::Good | StateName::Held), _) => {
            Some(Remedy::ByHand("its certificate is in force and was never delivered: revoke it"))
        }
        (None | Some(StateName::Revoked), Loading::Nothing | Loading::AsRecorded) => None,
        (None | Some(StateName::Revoked), Loading::Stray) => Some(Remedy::ClearLoading),
        (None | Some(StateName::Revoked), Loading::Certified | Loading::Uncertified) => {
            Some(Remedy::FinishIssue)
        }
    }
}

/// Between issue and delivery.
fn delivery_remedy(facts: &SlotFacts, certificate: Option<StateName>) -> Option<Remedy> {
    let is_loaded = facts.loading == Loading::Certified;
    let is_delivered = facts.delivered == Delivered::OfBound;
    match certificate {
        Some(StateName::Undelivered) if is_loaded => None,
        Some(StateName::Undelivered) => {
            Some(Remedy::ByHand("the card does not hold what was issued: discard it, issue again"))
        }
        Some(StateName::Good | StateName::Held) if is_loaded || is_delivered => {
            Some(Remedy::FinishDelivery)
        }
        Some(StateName::Good | StateName::Held) => Some(Remedy::ByHand(
            "its certificate is in force and the card does not hold the key: revoke it",
        )),
        Some(StateName::Revoked) if is_delivered => Some(Remedy::FinishDelivery),
        Some(StateName::Revoked) => Some(Remedy::FinishDiscard),
        Some(StateName::Intended) | None => {
            Some(Remedy::ByHand("the CA does not have the certificate that was issued"))
        }
    }
}

impl Remedy {
    /// What does not agree, for whoever reads the finding.
    pub fn finding(self) -> &'static str {
        match self {
            Self::FinishIssue => "an issue was cut off",
            Self::FinishDelivery => "a delivery was cut off after the CA had put it in force",
            Self::DeliverRecorded => "the card does not have in use what was delivered with it",
            Self::FinishDiscard => "what is loading was revoked or destroyed before delivery",
            Self::ClearLoading => "the card is loading what nobody waits for",
            Self::RecordErasure => "the slot was erased, and the office does not know",
            Self::ByHand(what) => what,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOADINGS: [Loading; 5] = [
        Loading::Nothing,
        Loading::Certified,
        Loading::Uncertified,
        Loading::Stray,
        Loading::AsRecorded,
    ];

    fn row(delivered: Delivered, recorded: Recorded, bound: Option<Bound>) -> String {
        let cell = |loading| {
            let found = remedies(&SlotFacts { loading, delivered, recorded, bound });
            match found.is_empty() {
                true => "-".to_owned(),
                false => found.into_iter().map(short).collect::<Vec<_>>().join("+"),
            }
        };
        LOADINGS.map(cell).join(" ")
    }

    fn short(remedy: Remedy) -> &'static str {
        match remedy {
            Remedy::FinishIssue => "issue",
            Remedy::FinishDelivery => "delivery",
            Remedy::DeliverRecorded => "again",
            Remedy::FinishDiscard => "discard",
            Remedy::ClearLoading => "clear",
            Remedy::RecordErasure => "erased",
            Remedy::ByHand(_) => "hand",
        }
    }

    /// By what is loading: nothing, certified, uncertified, stray, and what is down as delivered.
    #[test]
    fn l1_a_bound_slot_is_mended_by_what_card_and_ca_have() {
        use ApplicationState::{Approved, Completed, Issued, Verified};
        use Delivered::{AsRecorded, Nothing, OfBound};
        use StateName::{Good, Held, Intended, Revoked, Undelivered};
        for (state, certificate, delivered, expected) in [
            (Verified, None, Nothing, "- issue issue clear again"),
            (Approved, None, Nothing, "- issue issue clear again"),
            (Verified, Some(Revoked), Nothing, "- issue issue clear again"),
            (Verified, Some(Undelivered), Nothing, "issue issue issue issue again+issue"),
            (Verified, Some(Intended), Nothing, "hand hand hand hand again+hand"),
            (Verified, Some(Good), Nothing, "hand hand hand hand again+hand"),
            (Issued, Some(Undelivered), Nothing, "hand - hand hand again+hand"),
            (Issued, Some(Undelivered), AsRecorded, "hand - hand hand again+hand"),
            (Issued, Some(Good), Nothing, "hand delivery hand hand again+hand"),
            (Issued, Some(Held), AsRecorded, "hand delivery hand hand again+hand"),
            (Issued, Some(Good), OfBound, "delivery delivery delivery delivery again+delivery"),
            (Issued, Some(Revoked), Nothing, "discard discard discard discard again+discard"),
            (Issued, Some(Revoked), OfBound, "delivery delivery delivery delivery again+delivery"),
            (Issued, None, Nothing, "hand hand hand hand again+hand"),
            (Completed, Some(Good), AsRecorded, "hand hand hand hand again+hand"),
        ] {
            let bound = Some(Bound { state, certificate });
            let row = row(delivered, Recorded::Nothing, bound);
            assert_eq!(row, expected, "{state:?} {certificate:?} {delivered:?}");
        }
    }

    #[test]
    fn l1_a_free_slot_holds_what_the_office_delivered_and_loads_nothing() {
        for (delivered, recorded, expected) in [
            (Delivered::Nothing, Recorded::Nothing, "- clear clear clear again"),
            (Delivered::AsRecorded, Recorded::InForce, "- clear clear clear again"),
            (Delivered::AsRecorded, Recorded::Ended, "- clear clear clear again"),
            (
                Delivered::Nothing,
                Recorded::Ended,
                "erased erased+clear erased+clear erased+clear again",
            ),
            (Delivered::Nothing, Recorded::InForce, "hand hand+clear hand+clear hand+clear again"),
            (Delivered::Unknown, Recorded::Nothing, "hand hand+clear hand+clear hand+clear again"),
            (Delivered::Unknown, Recorded::InForce, "hand hand+clear hand+clear hand+clear again"),
        ] {
            assert_eq!(row(delivered, recorded, None), expected, "{delivered:?} {recorded:?}");
        }
    }

    #[test]
    fn l1_a_bound_slot_hides_nothing_of_what_was_delivered() {
        use ApplicationState::{Issued, Verified};
        use Recorded::{Ended, InForce};
        use StateName::Undelivered;
        for (state, certificate, recorded, expected) in [
            (Verified, None, InForce, "hand hand+issue hand+issue hand+clear again"),
            (Verified, None, Ended, "erased erased+issue erased+issue erased+clear again"),
            (Issued, Some(Undelivered), InForce, "hand+hand hand hand+hand hand+hand again+hand"),
            (
                Issued,
                Some(Undelivered),
                Ended,
                "erased+hand erased erased+hand erased+hand again+hand",
            ),
        ] {
            let bound = Some(Bound { state, certificate });
            assert_eq!(
                row(Delivered::Nothing, recorded, bound),
                expected,
                "{state:?} {recorded:?}"
            );
        }
    }

    /// Whatever else is known: nobody may note as erased what somebody may rely on (S 4-4-2-1).
    #[test]
    fn w1_no_erasure_is_noted_while_the_certificate_is_in_force() {
        for state in ApplicationState::ALL {
            for delivered in [Delivered::Nothing, Delivered::OfBound, Delivered::Unknown] {
                let bound = Some(Bound { state, certificate: None });
                let rows = [bound, None].map(|bound| row(delivered, Recorded::InForce, bound));
                assert!(rows.iter().all(|row| !row.contains("erased")), "{state:?} {rows:?}");
            }
        }
    }
}
