//! The last line: keys and what they do here, as many as fit.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::run::worker::Status;
use crate::tui::action::{ACTIONS, Action};
use crate::tui::model::Model;
use crate::tui::pages::PAGES;
use crate::tui::sweeping;
use crate::tui::words;

/// The keys of the action table, as many as fit.
pub(crate) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    // letters are letters while a name is typed
    if model.place.is_some() {
        return;
    }
    let theme = model.theme;
    let sweeping = sweeping::on_page(model);
    let mut line = Line::default();
    for row in ACTIONS {
        let Some((keys, word)) = row.hint else {
            continue;
        };
        let own = model.keys.keys(row).first().map(|key| key.name());
        let keys = own
            .filter(|_| model.keys.changed(row))
            .unwrap_or_else(|| keys.to_owned());
        let shown = match row.action {
            Action::Turn(_) => model.page == 0 && model.has_sphere(),
            Action::Picture if sweeping => true,
            Action::Picture => model.page == 0 && model.has_two_pictures(),
            _ => true,
        };
        if !shown {
            continue;
        }
        let word = match row.action {
            Action::More if sweeping => "cell",
            Action::More if PAGES[model.page % PAGES.len()].name == "values" => "choose",
            Action::Picture if sweeping => "observable",
            Action::Picture if !model.has_sphere() && model.gaze.map => "angles",
            Action::Picture if !model.has_sphere() => "products",
            Action::Picture if model.gaze.map => "globe",
            Action::Pause if model.report.status == Status::Finished => "go on",
            Action::Pause if model.paused => "go on",
            _ => word,
        };
        if line.width() + keys.chars().count() + word.chars().count() + 4 > usize::from(area.width)
        {
            continue;
        }
        line.push_span(Span::raw(if line.spans.is_empty() { " " } else { "  " }));
        line.push_span(Span::styled(keys, theme.key()));
        line.push_span(Span::styled(format!(" {word}"), theme.dim()));
    }
    words::line(buffer, area.x, area.y, &line, area.width);
}
