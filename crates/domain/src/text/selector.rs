//! Variation selectors, which choose a form of the character before them.

/// Whether `c` selects a glyph of the character before it (Unicode 23.4): FE00 to FE0F for
/// standardised, E0100 to E01EF for ideographic variation sequences.
pub(super) fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}
