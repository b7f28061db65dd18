//! The set of characters that a window terminal knows: JIS X 0208 and JIS X 0212 (S 3-1-8).

use std::sync::LazyLock;

use encoding_rs::EUC_JP;

/// One of the two coded character sets of S 3-1-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Plane {
    /// JIS X 0208: 6,879 characters.
    JisX0208,
    /// JIS X 0212: 6,067 characters, the tilde U+007E among them (cell 2-23).
    JisX0212,
}

/// The characters that may stand in a certified name or address.
#[derive(Debug)]
pub struct Repertoire {
    jis_x_0208: Bitmap,
    jis_x_0212: Bitmap,
}

impl Repertoire {
    /// The repertoire of S 3-1-8, built once.
    pub fn standard() -> &'static Self {
        static STANDARD: LazyLock<Repertoire> = LazyLock::new(Repertoire::build);
        &STANDARD
    }

    /// Whether `c` may stand in a name or address as it is.
    pub fn contains(&self, c: char) -> bool {
        self.plane(c).is_some() || is_half_width_latin(c)
    }

    /// The coded character set that `c` belongs to, if any; the two are disjoint.
    pub fn plane(&self, c: char) -> Option<Plane> {
        if self.jis_x_0208.contains(c) {
            Some(Plane::JisX0208)
        } else {
            self.jis_x_0212.contains(c).then_some(Plane::JisX0212)
        }
    }

    /// Decodes every cell of both sets.
    ///
    /// Decoding, not encoding, is the test: the encoder of encoding_rs never writes JIS X 0212
    /// and accepts the NEC and IBM rows (9 to 15 and 85 to 94), which are in neither standard.
    fn build() -> Self {
        let mut repertoire = Self { jis_x_0208: Bitmap::new(), jis_x_0212: Bitmap::new() };
        for (row, cell) in (1..=94).flat_map(|row| (1..=94).map(move |cell| (row, cell))) {
            let bytes = [0xA0 + row, 0xA0 + cell];
            if matches!(row, 1..=8 | 16..=84)
                && let Some(c) = decode(&bytes)
            {
                repertoire.jis_x_0208.insert(of_same_cell(c).unwrap_or(c));
            }
            if let Some(c) = decode(&[0x8F, bytes[0], bytes[1]]) {
                repertoire.jis_x_0212.insert(as_jis_x_0212_maps(row, cell, c));
            }
        }
        repertoire
    }
}

/// Whether `c` is one of the half-width characters that the resident record itself uses.
///
/// S 3-1-7 names the alphabet and Arabic numerals, without saying of which width. A foreign
/// resident's name stands in the record in the half-width Latin letters of the residence card,
/// and addresses carry half-width house numbers, so the letters, digits, space, hyphen, full stop
/// and apostrophe of JIS X 0201 pass as they are. Its other symbols and half-width katakana occur
/// in no record and stay out.
fn is_half_width_latin(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '.' | '\'')
}

fn decode(bytes: &[u8]) -> Option<char> {
    let text = EUC_JP.decode_without_bom_handling_and_without_replacement(bytes)?;
    let mut scalars = text.chars();
    scalars.next().filter(|_| scalars.next().is_none())
}

/// Cells of JIS X 0208 that Microsoft's table, and so the WHATWG decoder and many a keyboard, reads
/// as another character: theirs, then the one of the standard.
///
/// They are 1-33, 1-34, 1-61, 1-81, 1-82 and 2-44.
const MICROSOFT_CELLS: [(char, char); 6] = [
    ('\u{FF5E}', '\u{301C}'),
    ('\u{2225}', '\u{2016}'),
    ('\u{FF0D}', '\u{2212}'),
    ('\u{FFE0}', '\u{00A2}'),
    ('\u{FFE1}', '\u{00A3}'),
    ('\u{FFE2}', '\u{00AC}'),
];

/// The character of the standard for the cell that Microsoft reads as `c`, if there is one.
pub(super) fn of_same_cell(c: char) -> Option<char> {
    MICROSOFT_CELLS.iter().find(|(microsoft, _)| *microsoft == c).map(|(_, jis)| *jis)
}

/// The character that JIS X 0212 means by a cell: its tilde is the one of ASCII, not U+FF5E.
fn as_jis_x_0212_maps(row: u8, cell: u8, decoded: char) -> char {
    if (row, cell) == (2, 23) { '~' } else { decoded }
}

/// A set of characters of the Basic Multilingual Plane, one bit each (both sets lie within it).
#[derive(Debug)]
struct Bitmap(Box<[u64; 1024]>);

impl Bitmap {
    fn new() -> Self {
        Self(Box::new([0; 1024]))
    }

    fn contains(&self, c: char) -> bool {
        let point = c as usize;
        self.0.get(point / 64).is_some_and(|word| word >> (point % 64) & 1 == 1)
    }

    fn insert(&mut self, c: char) {
        let point = c as usize;
        if let Some(word) = self.0.get_mut(point / 64) {
            *word |= 1 << (point % 64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p8_the_two_sets_have_the_size_of_their_standards_and_are_disjoint() {
        let repertoire = Repertoire::standard();
        let count = |set: &Bitmap| ('\0'..=char::MAX).filter(|c| set.contains(*c)).count();
        assert_eq!(count(&repertoire.jis_x_0208), 6_879);
        assert_eq!(count(&repertoire.jis_x_0212), 6_067);
        let both =
            |c: &char| repertoire.jis_x_0208.contains(*c) && repertoire.jis_x_0212.contains(*c);
        assert_eq!(('\0'..=char::MAX).find(both), None);
    }

    #[test]
    fn p8_hard_characters_lie_where_the_standards_put_them() {
        let repertoire = Repertoire::standard();
        for c in ['濵', '麴'] {
            assert_eq!(repertoire.plane(c), Some(Plane::JisX0212), "{c}");
        }
        for c in ['髙', '\u{FA11}', '德', '瀨', '栁', '圡', '𠮷', '①', '㈱', '\u{FF5E}'] {
            assert_eq!(repertoire.plane(c), None, "{c}");
        }
    }
}
