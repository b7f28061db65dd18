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
    /// Whether the office has a delivered key down for the slot.
    pub(super) is_recorded: bool,
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
    /// The erasure was cut off after the card's part: the office follows.
    RecordErasure,
    /// No remedy of ours: what a person has to do.
    ByHand(&'static str),
}

/// What a slot needs, or `None` when card, office and CA agree.
pub(super) fn remedy(facts: &SlotFacts) -> Option<Remedy> {
    match &facts.bound {
        Some(bound) => bound_remedy(facts, *bound),
        None => unbound_remedy(facts),
    }
}

fn bound_remedy(facts: &SlotFacts, bound: Bound) -> Option<Remedy> {
    use ApplicationState as A;
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
        (None | Some(StateName::Revoked), Loading::Nothing) => None,
        (None | Some(StateName::Revoked), Loading::Stray) => Some(Remedy::ClearLoading),
        (None | Some(StateName::Revoked), Loading::AsRecorded) => Some(Remedy::DeliverRecorded),
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

fn unbound_remedy(facts: &SlotFacts) -> Option<Remedy> {
    match facts.loading {
        Loading::Nothing => {}
        Loading::AsRecorded => return Some(Remedy::DeliverRecorded),
        Loading::Certified | Loading::Uncertified | Loading::Stray => {
            return Some(Remedy::ClearLoading);
        }
    }
    match (facts.delivered, facts.is_recorded) {
        (Delivered::Nothing, false) | (Delivered::AsRecorded, true) => None,
        (Delivered::Nothing, true) => Some(Remedy::RecordErasure),
        _ => Some(Remedy::ByHand("the card holds a key that the office did not deliver: erase it")),
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

    const LOADINGS: [(Loading, &str); 4] = [
        (Loading::Nothing, "nothing"),
        (Loading::Certified, "certified"),
        (Loading::Uncertified, "uncertified"),
        (Loading::Stray, "stray"),
    ];

    fn row(
        state: ApplicationState,
        certificate: Option<StateName>,
        delivered: Delivered,
    ) -> String {
        let bound = Some(Bound { state, certificate });
        let cells = LOADINGS.map(|(loading, _)| {
            short(remedy(&SlotFacts { loading, delivered, is_recorded: false, bound }))
        });
        cells.join(" ")
    }

    fn short(remedy: Option<Remedy>) -> &'static str {
        match remedy {
            None => "-",
            Some(Remedy::FinishIssue) => "issue",
            Some(Remedy::FinishDelivery) => "delivery",
            Some(Remedy::DeliverRecorded) => "again",
            Some(Remedy::FinishDiscard) => "discard",
            Some(Remedy::ClearLoading) => "clear",
            Some(Remedy::RecordErasure) => "erased",
            Some(Remedy::ByHand(_)) => "hand",
        }
    }

    /// By what is loading: nothing, certified, uncertified, stray.
    #[test]
    fn l1_a_bound_slot_is_mended_by_what_card_and_ca_have() {
        use ApplicationState::{Approved, Completed, Issued, Verified};
        use StateName::{Good, Held, Intended, Revoked, Undelivered};
        let nothing = Delivered::Nothing;
        for (state, certificate, delivered, expected) in [
            (Verified, None, nothing, "- issue issue clear"),
            (Approved, None, nothing, "- issue issue clear"),
            (Verified, Some(Revoked), nothing, "- issue issue clear"),
            (Verified, Some(Undelivered), nothing, "issue issue issue issue"),
            (Verified, Some(Intended), nothing, "hand hand hand hand"),
            (Verified, Some(Good), nothing, "hand hand hand hand"),
            (Issued, Some(Undelivered), nothing, "hand - hand hand"),
            (Issued, Some(Undelivered), Delivered::AsRecorded, "hand - hand hand"),
            (Issued, Some(Good), nothing, "hand delivery hand hand"),
            (Issued, Some(Held), Delivered::AsRecorded, "hand delivery hand hand"),
            (Issued, Some(Good), Delivered::OfBound, "delivery delivery delivery delivery"),
            (Issued, Some(Revoked), nothing, "discard discard discard discard"),
            (Issued, Some(Revoked), Delivered::OfBound, "delivery delivery delivery delivery"),
            (Issued, None, nothing, "hand hand hand hand"),
            (Completed, Some(Good), Delivered::AsRecorded, "hand hand hand hand"),
        ] {
            assert_eq!(row(state, certificate, delivered), expected, "{state:?} {certificate:?}");
        }
    }

    #[test]
    fn l1_a_free_slot_holds_what_the_office_delivered_and_loads_nothing() {
        for (delivered, is_recorded, expected) in [
            (Delivered::Nothing, false, "-"),
            (Delivered::AsRecorded, true, "-"),
            (Delivered::Nothing, true, "erased"),
            (Delivered::Unknown, false, "hand"),
            (Delivered::Unknown, true, "hand"),
        ] {
            let free = |loading| SlotFacts { loading, delivered, is_recorded, bound: None };
            assert_eq!(short(remedy(&free(Loading::Nothing))), expected, "{delivered:?}");
            assert_eq!(short(remedy(&free(Loading::Stray))), "clear", "{delivered:?}");
            // Never clear: its certificate is in force, and the key is nowhere else.
            assert_eq!(short(remedy(&free(Loading::AsRecorded))), "again", "{delivered:?}");
        }
    }
}
