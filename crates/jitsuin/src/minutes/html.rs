//! The minutes as one page of HTML that needs nothing else, and prints.

use status::html::Text;

use super::content::Block;

const STYLE: &str = "\
body{font-family:'IPAexGothic','Noto Sans CJK JP',sans-serif;max-width:52rem;margin:2rem auto;\
padding:0 1rem;line-height:1.5}\
h1{font-size:1.5rem}h2{font-size:1.2rem;border-bottom:1px solid}h3{font-size:1rem}\
table{border-collapse:collapse;width:100%}\
th,td{border:1px solid #888;padding:.2rem .5rem;text-align:left;vertical-align:top;\
overflow-wrap:anywhere}th{width:14rem;font-weight:normal;background:#f2f2f2}\
pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.8rem}\
.notice{border:2px solid;padding:.5rem}\
.line{border-bottom:1px solid;padding-top:2rem;display:flex;gap:2rem}\
@media print{body{margin:0;max-width:none}h2,h3{break-after:avoid}tr,.line{break-inside:avoid}}";

/// The page.
pub(super) fn render(title: &str, blocks: &[Block]) -> String {
    let mut page = String::from("<!DOCTYPE html>\n<html lang=\"ja\">\n<head>\n");
    page += "<meta charset=\"utf-8\">\n";
    page += &format!("<title>{}</title>\n<style>{STYLE}</style>\n", Text(title));
    page += "</head>\n<body>\n";
    for block in blocks {
        page += &rendered(block);
    }
    page + "</body>\n</html>\n"
}

fn rendered(block: &Block) -> String {
    match block {
        Block::Title(text) => element("h1", text),
        Block::Notice(text) => format!("<p class=\"notice\">{}</p>\n", Text(text)),
        Block::Section(text) => element("h2", text),
        Block::Part(text) => element("h3", text),
        Block::Sentence(text) => element("p", text),
        Block::Verbatim(text) => element("pre", text),
        Block::Fields(fields) => {
            let rows = fields.iter().map(|(name, value)| {
                format!("<tr><th>{}</th><td>{}</td></tr>\n", Text(name), Text(value))
            });
            format!("<table>\n{}</table>\n", rows.collect::<String>())
        }
        Block::Signature(seat, person) => format!(
            "<div class=\"line\"><span>{}</span><span>{}</span></div>\n",
            Text(seat),
            Text(person)
        ),
    }
}

fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>\n", Text(text))
}
