//! HTML by hand: text is escaped unless it is markup already.

use std::fmt::{self, Write as _};

/// Text on its way into a page; `Display` escapes it, for content and quoted attributes alike.
#[derive(Debug, Clone, Copy)]
pub struct Text<T>(pub T);

impl<T: fmt::Display> fmt::Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

/// Escapes all that passes through.
struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| match c {
            '&' => self.0.write_str("&amp;"),
            '<' => self.0.write_str("&lt;"),
            '>' => self.0.write_str("&gt;"),
            '"' => self.0.write_str("&quot;"),
            '\'' => self.0.write_str("&#39;"),
            other => self.0.write_char(other),
        })
    }
}

/// An address that may stand in a link: http and https only, else the page would carry scripts.
pub(crate) fn link(uri: &str, words: &str) -> String {
    if uri.starts_with("https://") || uri.starts_with("http://") || uri.starts_with('/') {
        format!("<a href=\"{}\">{}</a>", Text(uri), Text(words))
    } else {
        Text(words).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v4_w9_text_cannot_become_markup() {
        assert_eq!(Text("<a b=\"c\">&'").to_string(), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;");
        assert_eq!(link("javascript:alert(1)", "<b>"), "&lt;b&gt;");
        assert_eq!(link("/a\"b", "c"), "<a href=\"/a&quot;b\">c</a>");
    }
}
