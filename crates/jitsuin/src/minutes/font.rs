//! The Japanese font of the minutes: found on the machine, never part of the program.

use std::path::Path;

use anyhow::{Context, Result, bail};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

/// Where the package fonts-ipaexfont-gothic of Debian, and of others, puts it.
const PLACES: &[&str] = &[
    "/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf",
    "/usr/share/fonts/truetype/fonts-ipaexfont-gothic/ipaexg.ttf",
    "/usr/share/fonts/ipaexfont-gothic/ipaexg.ttf",
];

/// The font's file, and what the pages need of it.
pub(super) struct MinutesFont {
    data: Vec<u8>,
    pub(super) font: Font,
}

impl MinutesFont {
    /// Finds IPAexGothic.
    ///
    /// # Errors
    /// It is not there, and which package has it.
    pub(super) fn find() -> Result<Self> {
        Self::find_in(PLACES)
    }

    pub(super) fn find_in(places: &[&str]) -> Result<Self> {
        match places.iter().find(|place| Path::new(place).exists()) {
            Some(place) => Self::read(Path::new(place)),
            None => bail!(
                "the minutes need the font IPAexGothic, and {} is not there: install the package \
                 fonts-ipaexfont",
                places.join(" or ")
            ),
        }
    }

    /// Reads a font file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let data = std::fs::read(path).with_context(|| path.display().to_string())?;
        FontRef::new(&data).ok().with_context(|| format!("{}: no font", path.display()))?;
        let font = Font::new(data.clone().into(), 0);
        let font = font.with_context(|| format!("{}: no font", path.display()))?;
        Ok(Self { data, font })
    }

    /// What measures texts and finds their glyphs.
    ///
    /// # Errors
    /// The font cannot be read, which was tried before.
    pub(super) fn measure(&self) -> Result<Measure<'_>> {
        Ok(Measure { font: FontRef::new(&self.data).context("the font of the minutes")? })
    }
}

/// Measures texts, one glyph for each character: neither Japanese nor ASCII needs more.
pub(super) struct Measure<'a> {
    font: FontRef<'a>,
}

impl Measure<'_> {
    /// The text with each character that the font lacks told by its number, and no control
    /// characters, so that nothing disappears from the page in silence.
    pub(super) fn printable(&self, text: &str) -> String {
        let charmap = self.font.charmap();
        let mut shown = String::with_capacity(text.len());
        for character in text.chars() {
            if character == '\t' {
                shown.push_str("    ");
            } else if !character.is_control() && charmap.map(character).is_some() {
                shown.push(character);
            } else {
                shown.push_str(&format!("[U+{:04X}]", u32::from(character)));
            }
        }
        shown
    }

    /// How wide a character is, as a part of the font's size.
    pub(super) fn advance(&self, character: char) -> f32 {
        let glyph = self.font.charmap().map(character).unwrap_or_default();
        let metrics = self.font.glyph_metrics(Size::new(1.0), LocationRef::default());
        metrics.advance_width(glyph).unwrap_or(1.0)
    }

    /// How wide a text is, at this size.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|character| self.advance(character)).sum::<f32>() * size
    }

    /// The glyphs of a line.
    pub(super) fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        let charmap = self.font.charmap();
        let glyph = |(start, character): (usize, char)| {
            let id = GlyphId::new(charmap.map(character).unwrap_or_default().to_u32());
            let range = start..start + character.len_utf8();
            KrillaGlyph::new(id, self.advance(character), 0.0, 0.0, 0.0, range, None)
        };
        text.char_indices().map(glyph).collect()
    }
}
