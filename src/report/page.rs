//! A report as one HTML file: no script, nothing fetched, readable on paper and in the dark.

use std::fmt::Write;
use std::io;
use std::path::Path;

use super::Report;
use super::check::{CLOSE, Check, EQUAL, ERRORS};
use crate::figure::MARK;
use crate::sweep::zarr::write_whole;

const STYLE: &str = "
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 1240px; margin: 2em auto; padding: 0 1em; }
h1 { line-height: 1.2; } h2 { margin-top: 2em; border-bottom: 1px solid #8886; }
table { border-collapse: collapse; } td, th { padding: .3em .8em; text-align: left; vertical-align: top; border-bottom: 1px solid #8884; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2em 1.2em; } dt { opacity: .7; } dd { margin: 0; }
pre { padding: .8em 1em; overflow-x: auto; background: #8882; border-radius: 6px; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(480px, 1fr)); gap: 1em; }
figure { margin: 0; background: #fff; border-radius: 6px; } figure svg { width: 100%; height: auto; display: block; }
.agrees { color: #0a7d4f; font-weight: 600; } .close { color: #9a6700; font-weight: 600; } .differs { color: #c2410c; font-weight: 600; }
small { opacity: .7; } @media print { figure { break-inside: avoid; } }
";

/// Text between tags.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A measured or predicted number.
fn number(value: f64) -> String {
    match value.abs() {
        _ if value.is_nan() => "–".into(),
        size if size != 0.0 && !(1e-4..1e6).contains(&size) => format!("{value:.6e}"),
        _ => format!("{value:.8}"),
    }
}

impl Report {
    /// Writes the page, as a whole or not at all.
    ///
    /// # Errors
    /// The operating system's.
    pub fn write_to(&self, path: &Path) -> io::Result<()> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        write_whole(
            path,
            self.html().as_bytes(),
            folder.unwrap_or(Path::new(".")),
        )
    }

    /// The page.
    #[must_use]
    pub fn html(&self) -> String {
        let mut text = String::new();
        // writing to a String cannot fail
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let title = escaped(&self.title);
        writeln!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">"
        )?;
        writeln!(
            out,
            "<meta name=\"viewport\" content=\"width=device-width\">"
        )?;
        writeln!(
            out,
            "<title>{title}</title>\n<style>{STYLE}</style>\n<h1>{title}</h1>\n<dl>"
        )?;
        for (name, value) in &self.facts {
            writeln!(out, "<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(value))?;
        }
        writeln!(out, "</dl>")?;
        if !self.notes.is_empty() {
            writeln!(out, "<h2>Notes</h2>\n<ul>")?;
            self.notes
                .iter()
                .try_for_each(|note| writeln!(out, "<li>{}</li>", escaped(note)))?;
            writeln!(out, "</ul>")?;
        }
        self.write_checks(out)?;
        writeln!(out, "<h2>Pictures</h2>\n<div class=\"figures\">")?;
        for figure in &self.figures {
            writeln!(
                out,
                "<figure id=\"{}\">{}</figure>",
                escaped(&figure.name),
                figure.svg.trim()
            )?;
        }
        writeln!(out, "</div>\n<h2>Once more</h2>")?;
        writeln!(
            out,
            "<p>The same bits, in the folder of this page:</p>\n<pre>{}</pre>",
            escaped(&self.command)
        )?;
        writeln!(
            out,
            "<p>experiment.toml:</p>\n<pre>{}</pre>\n</html>",
            escaped(self.experiment.trim())
        )?;
        out.push_str(MARK);
        Ok(())
    }

    fn write_checks(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "<h2>Predictions beside the measurement</h2>")?;
        if self.checks.is_empty() {
            return writeln!(
                out,
                "<p>No formula of ours speaks of what was measured here.</p>"
            );
        }
        writeln!(
            out,
            "<table>\n<tr><th>observable</th><th>prediction</th><th>compared</th><th>measured</th><th>predicted</th><th>apart</th><th>verdict</th></tr>"
        )?;
        self.checks
            .iter()
            .try_for_each(|check| write_check(out, check))?;
        writeln!(
            out,
            "</table>\n<p><small>Numbers are those where the two are farthest apart. <em>agrees</em>: within {EQUAL:e} of the largest predicted value, or within {ERRORS} standard errors at every point (1/R of the value where all R runs say the same); <em>close</em>: within {} %; <em>differs</em>: farther. A law of a limit (n → ∞, small amplitudes, many dimensions) is not refuted by a run away from it.</small></p>",
            100.0 * CLOSE
        )
    }
}

fn write_check(out: &mut String, check: &Check) -> std::fmt::Result {
    let verdict = check.verdict.word();
    writeln!(
        out,
        "<tr><td>{}<br><small>{}</small></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"{verdict}\">{verdict}</td></tr>",
        escaped(&check.observable),
        escaped(&check.about),
        escaped(&check.source),
        escaped(&check.range),
        number(check.measured),
        number(check.predicted),
        escaped(&check.difference),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_has_written_stays_text() {
        let report = Report {
            title: "<b>β & co</b>".into(),
            facts: Vec::new(),
            checks: Vec::new(),
            figures: Vec::new(),
            notes: vec!["a < b".into()],
            command: "metastable run x".into(),
            experiment: "title = \"<script>\"".into(),
        };
        let html = report.html();
        assert!(html.contains("<h1>&lt;b&gt;β &amp; co&lt;/b&gt;</h1>"));
        assert!(html.contains("a &lt; b") && !html.contains("<script>"));
        assert!(html.ends_with(MARK));
    }
}
