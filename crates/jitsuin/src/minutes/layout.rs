//! The minutes on sheets of A4: lines broken, sheets filled, nothing drawn yet.

use super::content::Block;
use super::font::Measure;

/// A4 (ISO 216) in points, and its margins.
pub(super) const SHEET: (f32, f32) = (595.28, 841.89);
const MARGIN: f32 = 56.7;
const FOOT: f32 = 36.0;

/// Where the values of fields begin.
const VALUE: f32 = MARGIN + 135.0;

const BODY: f32 = 9.0;
const SMALL: f32 = 7.5;

/// Something on a sheet; places are in points from its upper left corner.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    /// A text on its base line.
    Text { x: f32, y: f32, size: f32, text: String },
    /// A horizontal line.
    Rule { from: f32, to: f32, y: f32 },
}

/// One sheet.
pub(super) type Sheet = Vec<Mark>;

/// Lays the blocks out, and numbers the sheets in their foot.
pub(super) fn sheets(blocks: &[Block], foot: &str, measure: &Measure<'_>) -> Vec<Sheet> {
    let mut flow = Flow { measure, sheets: vec![Vec::new()], y: MARGIN };
    for (index, block) in blocks.iter().enumerate() {
        // A heading does not stay behind alone at the end of a sheet.
        if matches!(block, Block::Section(_) | Block::Part(_)) && index > 0 {
            flow.keep(70.0);
        }
        flow.add(block);
    }
    let mut sheets = flow.sheets;
    let count = sheets.len();
    for (number, sheet) in (1..).zip(&mut sheets) {
        let text = measure.printable(&format!("{foot}　{number} / {count}"));
        let x = SHEET.0 - MARGIN - measure.width(&text, SMALL);
        sheet.push(Mark::Text { x, y: SHEET.1 - FOOT, size: SMALL, text });
    }
    sheets
}

struct Flow<'a> {
    measure: &'a Measure<'a>,
    sheets: Vec<Sheet>,
    /// The lower edge of what is on the last sheet.
    y: f32,
}

impl Flow<'_> {
    fn add(&mut self, block: &Block) {
        match block {
            Block::Title(text) => self.paragraph(text, 16.0, 10.0),
            Block::Notice(text) => self.paragraph(text, 12.0, 8.0),
            Block::Section(text) => {
                self.y += 10.0;
                self.paragraph(text, 12.0, 2.0);
                self.rule(MARGIN);
                self.y += 4.0;
            }
            Block::Part(text) => {
                self.y += 6.0;
                self.paragraph(text, 10.0, 2.0);
            }
            Block::Sentence(text) => self.paragraph(text, BODY, 4.0),
            Block::Verbatim(text) => text.lines().for_each(|line| self.paragraph(line, SMALL, 0.0)),
            Block::Fields(fields) => {
                fields.iter().for_each(|(name, value)| self.field(name, value))
            }
            Block::Signature(seat, person) => {
                self.keep(34.0);
                self.y += 18.0;
                self.paragraph(&format!("{seat}　{person}"), BODY, 2.0);
                self.rule(VALUE);
            }
        }
    }

    /// Goes to a new sheet unless so much room is left.
    fn keep(&mut self, room: f32) {
        if self.y + room > SHEET.1 - MARGIN {
            self.sheets.push(Vec::new());
            self.y = MARGIN;
        }
    }

    fn paragraph(&mut self, text: &str, size: f32, after: f32) {
        for line in broken(self.measure, text, size, SHEET.0 - 2.0 * MARGIN) {
            self.line(&[(MARGIN, line)], size);
        }
        self.y += after;
    }

    fn field(&mut self, name: &str, value: &str) {
        let names = broken(self.measure, name, BODY, VALUE - MARGIN - 8.0);
        let values = broken(self.measure, value, BODY, SHEET.0 - MARGIN - VALUE);
        for index in 0..names.len().max(values.len()) {
            let at = |x: f32, lines: &[String]| lines.get(index).map(|line| (x, line.clone()));
            let texts: Vec<(f32, String)> =
                [at(MARGIN, &names), at(VALUE, &values)].into_iter().flatten().collect();
            self.line(&texts, BODY);
        }
    }

    fn line(&mut self, texts: &[(f32, String)], size: f32) {
        let height = size * 1.5;
        self.keep(height);
        self.y += height;
        let y = self.y - size * 0.4;
        for (x, text) in texts {
            self.put(Mark::Text { x: *x, y, size, text: text.clone() });
        }
    }

    fn rule(&mut self, from: f32) {
        self.put(Mark::Rule { from, to: SHEET.0 - MARGIN, y: self.y });
    }

    fn put(&mut self, mark: Mark) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.push(mark);
        }
    }
}

/// Breaks a text into lines of at most this width; an empty text is one empty line.
fn broken(measure: &Measure<'_>, text: &str, size: f32, width: f32) -> Vec<String> {
    let text = measure.printable(text);
    let mut lines = vec![];
    let mut rest = text.as_str();
    loop {
        let end = fitting(measure, rest, size, width);
        lines.push(rest[..end].trim_end().to_owned());
        rest = &rest[end..];
        if rest.is_empty() {
            return lines;
        }
    }
}

/// How many octets of the text fit on a line: up to the last place where it may be broken.
fn fitting(measure: &Measure<'_>, text: &str, size: f32, width: f32) -> usize {
    let mut used = 0.0;
    let mut last_break = 0;
    let mut before = None;
    for (place, character) in text.char_indices() {
        if before.is_some_and(|before| may_break(before, character)) {
            last_break = place;
        }
        used += measure.advance(character) * size;
        if used > width && place > 0 {
            return if last_break > 0 { last_break } else { place };
        }
        before = Some(character);
    }
    text.len()
}

/// Whether a line may end between these two: after a space or colon, or beside a wide character,
/// but a closing mark stays with what it closes, and an opening one with what it opens.
fn may_break(before: char, after: char) -> bool {
    if "、。，．）」』：・ー".contains(after) || "（「『".contains(before) {
        return false;
    }
    matches!(before, ' ' | ':' | '/' | ',') || !before.is_ascii() || !after.is_ascii()
}
