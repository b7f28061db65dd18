//! Where the demo takes place.

/// Saitama, Kawagoe, Kawaguchi, Tokorozawa and Koshigaya: both CAs serve them.
pub(super) const MUNICIPALITIES: [&str; 5] = ["11100", "11201", "11203", "11208", "11222"];
