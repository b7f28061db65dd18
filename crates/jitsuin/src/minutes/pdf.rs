//! The minutes as PDF, with the font's used characters in it.

use anyhow::{Context, Result, anyhow};
use krilla::color::luma;
use krilla::geom::{PathBuilder, Point};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings};

use super::content::Block;
use super::font::{Measure, MinutesFont};
use super::layout::{Mark, SHEET, Sheet, sheets};

/// The document; the same blocks make the same octets.
///
/// # Errors
/// What the font or the writer says.
pub(super) fn render(
    title: &str,
    foot: &str,
    blocks: &[Block],
    font: &MinutesFont,
) -> Result<Vec<u8>> {
    let measure = font.measure()?;
    let mut document = Document::new_with(SerializeSettings::default());
    let metadata = Metadata::new().title(title.to_owned()).language("ja".to_owned());
    document.set_metadata(metadata.creator("jitsuin".to_owned()));
    for sheet in sheets(blocks, foot, &measure) {
        let settings = PageSettings::from_wh(SHEET.0, SHEET.1).context("a sheet of A4")?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        draw(&mut surface, &sheet, font, &measure);
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|error| anyhow!("the minutes' PDF: {error}"))
}

fn draw(surface: &mut Surface<'_>, sheet: &Sheet, font: &MinutesFont, measure: &Measure<'_>) {
    for mark in sheet {
        match mark {
            Mark::Text { x, y, size, text } => {
                surface.set_stroke(None);
                surface
                    .set_fill(Some(Fill { paint: luma::Color::black().into(), ..Fill::default() }));
                let glyphs = measure.glyphs(text);
                let start = Point::from_xy(*x, *y);
                surface.draw_glyphs(start, &glyphs, font.font.clone(), text, *size, false);
            }
            Mark::Rule { from, to, y } => {
                let mut path = PathBuilder::new();
                path.move_to(*from, *y);
                path.line_to(*to, *y);
                surface.set_fill(None);
                surface.set_stroke(Some(Stroke {
                    paint: luma::Color::black().into(),
                    width: 0.5,
                    ..Stroke::default()
                }));
                if let Some(path) = path.finish() {
                    surface.draw_path(&path);
                }
            }
        }
    }
}
