//! Where a card is in its life, as it tells itself and as its report shows it.

domain::named! {
    /// Where a card is in its life.
    LifeState {
        /// No key is on it: as manufactured, or after all its keys were erased.
        Blank = "blank",
        /// Keys are on it that nobody can use yet.
        Unusable = "unusable",
        /// Its holder can use at least one key.
        Delivered = "delivered",
        /// It does nothing any more.
        Destroyed = "destroyed",
    }
}

impl LifeState {
    /// The life of a card that works, by its slots: whether each is delivered, and whether it is
    /// loading.
    pub fn of_slots(slots: [(bool, bool); 2]) -> Self {
        if slots.iter().any(|(is_delivered, _)| *is_delivered) {
            Self::Delivered
        } else if slots.iter().any(|(_, is_loading)| *is_loading) {
            Self::Unusable
        } else {
            Self::Blank
        }
    }
}
