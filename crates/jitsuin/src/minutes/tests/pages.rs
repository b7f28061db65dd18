//! What is on the pages, as poppler and Python read them.

use testkit::{Scratch, run};

use super::super::content::{Block, content};
use super::fixture::{SCRIPT, Signer, record};
use super::*;

/// Reads the page with Python's parser: every element is closed, and nothing is a script or comes
/// from elsewhere. Prints the texts.
const PARSER: &str = r#"
import html.parser, sys
class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.seen, self.texts = [], set(), []
    def handle_starttag(self, tag, attributes):
        self.seen.add(tag)
        if tag not in ('meta',):
            self.open.append(tag)
        assert not any(name in ('src', 'href') or name.startswith('on') for name, _ in attributes)
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
    def handle_data(self, data):
        if self.open and self.open[-1] != 'style':
            self.texts.append(data)
page = Page()
page.feed(open(sys.argv[1], encoding='utf-8', newline='').read())
page.close()
assert page.open == [], page.open
assert page.seen <= set('html head meta title style body h1 h2 h3 p pre table tr th td div span'.split()), page.seen
sys.stdout.buffer.write('\n'.join(page.texts).encode())
"#;

fn packed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Every text of the minutes, without white space.
fn texts(record: &Record) -> Vec<String> {
    let blocks = content(record).expect("blocks");
    let texts = blocks.iter().flat_map(|block| match block {
        Block::Title(text)
        | Block::Notice(text)
        | Block::Section(text)
        | Block::Part(text)
        | Block::Sentence(text)
        | Block::Verbatim(text) => vec![text.clone()],
        Block::Fields(fields) => {
            fields.iter().flat_map(|(name, value)| [name.clone(), value.clone()]).collect()
        }
        Block::Signature(seat, person) => vec![seat.clone(), person.clone()],
    });
    texts.map(|text| packed(&text)).collect()
}

fn html_text(scratch: &Scratch, minutes: &Minutes) -> String {
    scratch.write("parse.py", PARSER);
    scratch.write("minutes.html", &minutes.html);
    let output = run(scratch.path(), "python3", &["parse.py", "minutes.html"]);
    assert!(output.success, "{}", output.text);
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The text of the PDF without white space and without the numbers of the sheets.
fn pdf_text(scratch: &Scratch, minutes: &Minutes) -> String {
    scratch.write("minutes.pdf", &minutes.pdf);
    // In any other mode it takes the hyphen at the end of a line for one that divides a word.
    let output = run(scratch.path(), "pdftotext", &["-layout", "minutes.pdf", "-"]);
    assert!(output.success, "{}", output.text);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let sheets: Vec<String> = text.split('\u{c}').map(packed).filter(|s| !s.is_empty()).collect();
    let count = sheets.len();
    let without_foot = (1..).zip(&sheets).map(|(number, sheet)| {
        let foot = format!("genesis-2026{number}/{count}");
        sheet.strip_suffix(&foot).unwrap_or_else(|| panic!("{foot}: {sheet}")).to_owned()
    });
    without_foot.collect()
}

#[test]
fn k3_html_and_pdf_show_every_text_of_the_record() {
    let scratch = Scratch::new();
    let record = record(&scratch, SCRIPT);
    let minutes = Minutes::draw_up(&record, &Signer::new(1)).expect("minutes");
    let (html, pdf) = (packed(&html_text(&scratch, &minutes)), pdf_text(&scratch, &minutes));
    for text in texts(&record) {
        assert!(html.contains(&text), "the page lacks {text}");
        assert!(pdf.contains(&text), "the PDF lacks {text}\n{pdf}");
    }
    let key = record.steps[0].facts.as_ref().expect("facts").keys[0].spki_sha256;
    let certificate = record.steps[1].facts.as_ref().expect("facts").certificates[0].clone();
    for expected in [
        "橋渡し認証局鍵生成式<試行>&実施記録".to_owned(),
        domain::hexadecimal::colon_hex(&key),
        x509::fingerprint::sha256_colon_hex(&certificate),
        "2026-12-0110:00:10JST（2026-12-0101:00:10UTC）監査ログ10".to_owned(),
        "秘密鍵管理者".to_owned(),
        "custodian-2（出席:第2回）".to_owned(),
        "custodian-3（出席:欠席）".to_owned(),
        "-----BEGINCERTIFICATE-----".to_owned(),
    ] {
        assert!(html.contains(&expected) && pdf.contains(&expected), "{expected}\n{pdf}");
    }
}

#[test]
fn k3_the_pdf_is_a4_with_its_font_inside() {
    let scratch = Scratch::new();
    let minutes = Minutes::draw_up(&record(&scratch, SCRIPT), &Signer::new(1)).expect("minutes");
    scratch.write("minutes.pdf", &minutes.pdf);
    let told = run(scratch.path(), "pdfinfo", &["minutes.pdf"]);
    assert!(told.success && told.text.contains("A4"), "{}", told.text);
    let fonts = run(scratch.path(), "pdffonts", &["minutes.pdf"]);
    let row = fonts.text.lines().find(|line| line.contains("IPAexGothic")).expect("the font");
    let words: Vec<&str> = row.split_whitespace().collect();
    // The columns emb, sub and uni: inside, only what is used, and searchable.
    assert!(words.windows(3).any(|three| three == ["yes", "yes", "yes"]), "{}", fonts.text);
    assert!(minutes.pdf.len() < 200_000, "{} octets", minutes.pdf.len());
}

#[test]
fn k3_a_rehearsal_says_so_and_no_character_disappears() {
    let scratch = Scratch::new();
    let script = SCRIPT.replace("第一認証室", "第一認証室🖋");
    let rehearsal = Record { rehearsal: true, ..record(&scratch, &script) };
    let minutes = Minutes::draw_up(&rehearsal, &Signer::new(1)).expect("minutes");
    let (html, pdf) = (html_text(&scratch, &minutes), pdf_text(&scratch, &minutes));
    let notice = "これはリハーサルの記録であり、生成した鍵は使用されない。";
    assert!(html.contains(notice) && pdf.contains(notice));
    assert!(html.contains("第一認証室🖋") && pdf.contains("第一認証室[U+1F58B]"));
    assert!(minutes.note.contains("\nsort rehearsal\n"));
}
