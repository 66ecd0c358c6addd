//! The text of a publication as a page shows it: Markdown, and nothing that its author could do with a page besides. HTML
//! in it is shown as text, links lead where one can see that they lead, pictures are the publication's own.

use proto::disclosure::v1::File;
use pulldown_cmark::{Alignment, CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};

use super::super::words::encode;

/// What a text consists of at most; one of more is shown as it was written.
const MOST: usize = 50_000;

/// The files of a publication, and where they are fetched.
pub struct Files<'a> {
    pub files: &'a [File],
    pub address: &'a dyn Fn(&File) -> String,
}

impl Files<'_> {
    fn find(&self, file_name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.file_name == file_name || encode(&file.file_name) == file_name)
    }
}

/// HTML of a text whose highest headings are of this level; their ids begin with `id`.
pub fn html(text: &str, level: usize, id: &str, files: &Files<'_>) -> String {
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let events: Vec<_> = parser.take(MOST + 1).collect();
    if events.len() > MOST {
        return format!("<pre>{}</pre>", escaped(text));
    }
    let mut page = Writer { files, level, id, headings: 0, tables: 0, above: Vec::new(), links: Vec::new() };
    let (mut shown, mut events) = (Vec::with_capacity(events.len()), events.into_iter());
    while let Some(event) = events.next() {
        match event {
            Event::Start(Tag::Image { dest_url, .. }) => {
                shown.push(page.picture(&dest_url, &alternative(&mut events)));
            }
            Event::Start(Tag::Table(columns)) => shown.extend(page.table(columns.len())),
            Event::End(TagEnd::Table) => shown.extend([event, Event::Html("</div>\n".into())]),
            event => shown.push(page.event(event)),
        }
    }
    let mut out = String::with_capacity(text.len() * 2);
    html::push_html(&mut out, shown.into_iter());
    out
}

struct Writer<'a> {
    files: &'a Files<'a>,
    level: usize,
    id: &'a str,
    headings: usize,
    tables: usize,
    /// The headings that the present text stands under, as they were written.
    above: Vec<HeadingLevel>,
    /// Whether each link that is open is shown as one.
    links: Vec<bool>,
}

impl Writer<'_> {
    fn event<'e>(&mut self, event: Event<'e>) -> Event<'e> {
        match event {
            Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
            Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
            Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
            Event::Start(Tag::Heading { level, .. }) => self.heading(level),
            Event::End(TagEnd::Heading(_)) => Event::Html(format!("</h{}>\n", self.shown_level()).into()),
            Event::Start(Tag::Link { link_type, dest_url, .. }) => self.link(link_type, &dest_url),
            Event::End(TagEnd::Link) => {
                let shown = self.links.pop().unwrap_or_default();
                Event::InlineHtml(if shown { "</a>" } else { "" }.into())
            }
            event => event,
        }
    }

    /// Wide ones are moved by the keyboard too. An alignment would be a style of its own, which the policy of these pages
    /// forbids.
    fn table<'e>(&mut self, columns: usize) -> [Event<'e>; 2] {
        self.tables += 1;
        let region = format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"表格{}-{}\">",
            self.id, self.tables
        );
        [Event::Html(region.into()), Event::Start(Tag::Table(vec![Alignment::None; columns]))]
    }

    /// One level below the heading that it stands under, whatever was left out between them.
    fn heading<'e>(&mut self, written: HeadingLevel) -> Event<'e> {
        while self.above.last().is_some_and(|above| *above >= written) {
            self.above.pop();
        }
        self.above.push(written);
        self.headings += 1;
        Event::Html(format!("<h{} id=\"{}-{}\">", self.shown_level(), self.id, self.headings).into())
    }

    fn shown_level(&self) -> usize {
        (self.level + self.above.len().saturating_sub(1)).min(6)
    }

    fn link<'e>(&mut self, kind: LinkType, to: &str) -> Event<'e> {
        let own = self.files.find(to).map(self.files.address);
        let mail = kind == LinkType::Email;
        let address = own.or_else(|| leads(to).then(|| to.to_owned()));
        let address = address.or_else(|| mail.then(|| format!("mailto:{to}")));
        self.links.push(address.is_some());
        let open = address.map(|to| format!("<a href=\"{}\" rel=\"nofollow noopener\">", escaped(&to)));
        Event::InlineHtml(open.unwrap_or_default().into())
    }

    /// A picture of the publication; of any other only what it says.
    fn picture<'e>(&self, to: &str, alternative: &str) -> Event<'e> {
        let found = self.files.find(to).filter(|file| file.media_type.starts_with("image/"));
        let Some(file) = found else { return Event::Text(CowStr::from(alternative.to_owned())) };
        let alternative = if alternative.is_empty() { &file.alternative } else { alternative };
        let (address, alternative) = (escaped(&(self.files.address)(file)), escaped(alternative));
        let (width, height) = (file.width, file.height);
        let size = if width > 0 && height > 0 { format!(" width=\"{width}\" height=\"{height}\"") } else { "".into() };
        Event::InlineHtml(format!("<img src=\"{address}\" alt=\"{alternative}\"{size} loading=\"lazy\">").into())
    }
}

/// Everything up to the picture's end, as text.
fn alternative<'e>(events: &mut impl Iterator<Item = Event<'e>>) -> String {
    let (mut text, mut inside) = (String::new(), 1);
    for event in events {
        match event {
            Event::Start(Tag::Image { .. }) => inside += 1,
            Event::End(TagEnd::Image) => inside -= 1,
            Event::Text(part) | Event::Code(part) | Event::InlineHtml(part) => text += &part,
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            _ => {}
        }
        if inside == 0 {
            break;
        }
    }
    text
}

/// Whether an address is one to follow: of the web, of mail, or of these pages.
fn leads(to: &str) -> bool {
    let scheme = |scheme: &str| to.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
    let here = to.starts_with('#') || to.starts_with('/') && !to[1..].starts_with(['/', '\\']);
    let plain = !to.chars().any(|c| c.is_control() || c.is_whitespace());
    plain && (here || ["http://", "https://", "mailto:"].into_iter().any(scheme))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let files = [
            File {
                file_name: "flow.png".into(),
                media_type: "image/png".into(),
                alternative: "办理流程图".into(),
                width: 800,
                height: 600,
                ..Default::default()
            },
            File { file_name: "申请表.docx".into(), ..Default::default() },
        ];
        html(text, 3, "t", &Files { files: &files, address: &|file| format!("/files/x?f={}", encode(&file.file_name)) })
    }

    #[test]
    fn html_is_shown_as_text() {
        for hostile in [
            "<script>alert(1)</script>",
            "before <img src=x onerror=alert(1)> after",
            "<div>\n<b onclick=x>\n</div>",
            "<!-- --><?php ?><![CDATA[x]]><!DOCTYPE x>",
            "<a href='javascript:x'>y</a>",
            "| a |\n|---|\n| <svg onload=x> |",
            "# <iframe src=//evil>",
            "`<script>`",
            "[<script>](https://a.b)",
            "![<script>](https://a.b/c.png)",
        ] {
            let html = shown(hostile);
            for tag in ["<script", "<img", "<b ", "<!", "<?", "<a href='", "<svg", "<iframe"] {
                assert!(!html.contains(tag), "{hostile}: {html}");
            }
        }
        assert_eq!(shown("<b>x</b>"), "<p>&lt;b&gt;x&lt;/b&gt;</p>\n");
    }

    #[test]
    fn links_lead_to_the_web_to_mail_to_these_pages_and_to_the_publications_files() {
        for to in ["https://a.b/c?d=e", "HTTP://a.b", "mailto:x@a.b", "/guides", "#t-1"] {
            assert!(
                shown(&format!("[x]({to})")).contains(&format!("<a href=\"{to}\" rel=\"nofollow noopener\">x</a>"))
            );
        }
        assert!(shown("<x@a.b>").contains("href=\"mailto:x@a.b\""));
        assert!(shown("[表](申请表.docx)").contains("href=\"/files/x?f=%E7%94%B3"));
        for to in [
            "javascript:alert(1)",
            "JaVaScRiPt:x",
            "data:text/html,x",
            "//evil",
            "/\\evil",
            "vbscript:x",
            "x",
            "&#106;avascript:x",
        ] {
            let html = shown(&format!("[x]({to})"));
            assert!(!html.contains("<a"), "{to}: {html}");
        }
        let html = shown("[x](<java\tscript:x>) [y](https://a.b/\"onclick=x)");
        assert!(!html.contains("\"onclick") && !html.contains("script:x\""), "{html}");
    }

    #[test]
    fn pictures_are_the_publications_own() {
        let own = "<img src=\"/files/x?f=flow.png\" alt=\"流程\" width=\"800\" height=\"600\" loading=\"lazy\">";
        assert!(shown("![流程](flow.png)").contains(own));
        assert!(shown("![](flow.png)").contains("alt=\"办理流程图\""));
        for other in ["https://evil/x.png", "data:image/png;base64,AA==", "申请表.docx", "../flow.png", "//evil"] {
            let html = shown(&format!("![said]({other})"));
            assert!(!html.contains("<img") && html.contains("said"), "{html}");
        }
    }

    #[test]
    fn headings_begin_below_the_pages_own_and_leave_out_no_level() {
        let html = shown("# a\n\n#### b\n\n## c\n\n###### d\n\n# e");
        let tags: Vec<_> = html.lines().filter(|line| line.starts_with("<h")).map(|line| &line[1..3]).collect();
        assert_eq!(tags, ["h3", "h4", "h4", "h5", "h3"]);
        assert!(html.contains("<h4 id=\"t-2\">b</h4>"));
    }

    #[test]
    fn a_table_has_no_style_and_a_text_that_is_too_much_is_shown_as_it_is() {
        let html = shown("| a | b |\n|:--|--:|\n| 1 | 2 |");
        assert!(html.contains("<table>") && !html.contains("style"), "{html}");
        let deep = ">".repeat(200_000);
        assert!(shown(&deep).starts_with("<pre>&gt;"));
        let wide = format!("{}\n{}\n{}", "|a".repeat(30_000), "|-".repeat(30_000), "|\n".repeat(30_000));
        assert!(shown(&wide).len() < 4 << 20);
    }
}
