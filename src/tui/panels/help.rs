//! What lies over a page: the help, made from the action table, and the list of presets.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};

use super::density::wrapped;
use super::explain;
use super::heat;
use crate::snapshot::thumbnail;
use crate::tui::action::{ACTIONS, Group, Row};
use crate::tui::model::{Model, Palette, Popup, PresetLine};
use crate::tui::palette;
use crate::tui::words;

/// Draws the popup, if there is one.
pub(crate) fn draw(model: &Model, buffer: &mut Buffer, area: Rect, page: &str) {
    if let Some(palette) = &model.palette {
        return found(model, buffer, area, palette);
    }
    match model.popup {
        Some(Popup::Help(scroll)) => help(model, buffer, area, scroll),
        Some(Popup::Words(scroll)) => {
            let width = area.width.min(100);
            let list = explain::lines(model, page, usize::from(width.saturating_sub(3)));
            let size = (width, list.len() as u16 + 2);
            let inner = window(
                model,
                buffer,
                area,
                size,
                " what is this (esc closes, ↑↓ scroll) ",
            );
            explain::draw(&list, buffer, inner, scroll);
        }
        Some(Popup::Presets(chosen)) => presets(model, buffer, area, chosen),
        None => {}
    }
}

/// A window in the middle, cleared; returns its inside.
fn window(model: &Model, buffer: &mut Buffer, area: Rect, size: (u16, u16), title: &str) -> Rect {
    let (width, height) = (size.0.min(area.width), size.1.min(area.height));
    let place = Rect::new(
        area.x + (area.width - width) / 2,
        area.y + (area.height - height) / 2,
        width,
        height,
    );
    Clear.render(place, buffer);
    let block = Block::bordered()
        .border_style(model.theme.dim())
        .title(Span::styled(title, model.theme.title()));
    let inner = block.inner(place);
    block.render(place, buffer);
    inner
}

/// The keys of a row: "r", "← h", "1…0".
fn keys(model: &Model, row: &Row) -> String {
    match model.keys.keys(row).as_slice() {
        [first, .., last] if row.keys.len() > 3 => format!("{}…{}", first.name(), last.name()),
        keys => keys
            .iter()
            .map(|key| key.name())
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// The help's lines for a group.
fn lines(model: &Model, group: Group) -> Vec<Line<'static>> {
    let mut lines = vec![Line::from(Span::styled(
        format!(" {}", group.title()),
        model.theme.title(),
    ))];
    for row in ACTIONS.iter().filter(|row| row.group == group) {
        lines.push(Line::from(vec![
            Span::styled(format!(" {:>9}  ", keys(model, row)), model.theme.key()),
            Span::raw(row.about),
        ]));
    }
    lines
}

/// The keys in two columns, or in one where the window is narrow.
fn columns(model: &Model, width: u16) -> Vec<Vec<Line<'static>>> {
    if width >= 78 {
        let left = [Group::Run, Group::Parameters]
            .iter()
            .flat_map(|group| lines(model, *group))
            .collect();
        let right = [Group::View, Group::Program]
            .iter()
            .flat_map(|group| lines(model, *group))
            .collect();
        vec![left, right]
    } else {
        vec![
            Group::ALL
                .iter()
                .flat_map(|group| lines(model, *group))
                .collect(),
        ]
    }
}

/// How far a text can be scrolled in such an area: its last line is then at the bottom.
#[must_use]
pub(crate) fn last(model: &Model, area: Rect, popup: Popup, page: &str) -> usize {
    let (lines, around) = match popup {
        Popup::Help(_) => {
            let columns = columns(model, area.width);
            (columns.iter().map(Vec::len).max().unwrap_or(0), 5)
        }
        Popup::Words(_) => {
            let width = usize::from(area.width.min(100).saturating_sub(3));
            (explain::lines(model, page, width).len(), 2)
        }
        Popup::Presets(_) => return model.presets.len().saturating_sub(1),
    };
    let rows = (lines + around)
        .min(usize::from(area.height))
        .saturating_sub(2);
    lines.saturating_sub(rows)
}

fn help(model: &Model, buffer: &mut Buffer, area: Rect, scroll: usize) {
    let columns = columns(model, area.width);
    let rows = columns.iter().map(Vec::len).max().unwrap_or(0) as u16;
    let notes = [
        " Left: the tokens, colour and glyph by cluster. Right: the density ρ = dμ/dσ,",
        " their limit n → ∞ at the same angles. β, D, system change at the next frame.",
    ];
    let width = if columns.len() == 2 { 92 } else { 58 };
    let inner = window(
        model,
        buffer,
        area,
        (width, rows + 5),
        " keys (↑↓ scroll, esc closes) ",
    );
    let column_width = inner.width / columns.len() as u16;
    let room = usize::from(inner.height);
    let scroll = scroll.min(usize::from(rows).saturating_sub(room));
    for (index, column) in columns.iter().enumerate() {
        let x = inner.x + index as u16 * column_width;
        for (row, line) in column.iter().skip(scroll).take(room).enumerate() {
            words::line(buffer, x, inner.y + row as u16, line, column_width);
        }
    }
    if inner.height >= rows + 2 {
        let first = inner.bottom() - 2;
        for (row, note) in notes.iter().enumerate() {
            words::text(
                buffer,
                inner.x,
                first + row as u16,
                note,
                usize::from(inner.width),
                model.theme.dim(),
            );
        }
    }
}

/// What was typed, those that fit, and what the chosen one does.
fn found(model: &Model, buffer: &mut Buffer, area: Rect, palette: &Palette) {
    let list = palette::found(model, palette);
    let title = if palette.presets {
        " find a preset: enter starts it, esc closes "
    } else {
        " find or set anything: tab completes, = sets a key, enter, esc "
    };
    let height = (list.len() as u16 + 5).clamp(7, 20);
    let inner = window(model, buffer, area, (90, height), title);
    let width = usize::from(inner.width);
    let ask = if palette.presets { "/" } else { ":" };
    let typed = Line::from(vec![
        Span::styled(format!(" {ask}"), model.theme.key()),
        Span::raw(palette.text.clone()),
        Span::styled("▏", model.theme.title()),
    ]);
    words::line(buffer, inner.x, inner.y, &typed, inner.width);
    let rows = usize::from(inner.height.saturating_sub(3));
    let first = palette.chosen.saturating_sub(rows.saturating_sub(1));
    let label = list
        .iter()
        .map(|entry| entry.label.chars().count())
        .max()
        .unwrap_or(0)
        .min(34);
    for (line, (index, entry)) in (inner.y + 1..)
        .zip(list.iter().enumerate().skip(first))
        .take(rows)
    {
        let style = if index == palette.chosen {
            model.theme.selected()
        } else {
            Style::new()
        };
        let text = format!(" {:<label$}  {}", entry.label, entry.about);
        let text = words::fitted(&text, width);
        words::text(
            buffer,
            inner.x,
            line,
            format!("{text:<width$}"),
            width,
            style,
        );
    }
    let chosen = list
        .get(palette.chosen)
        .map_or("nothing is called so", |entry| &entry.about);
    let about = wrapped(chosen, width.saturating_sub(2));
    for (line, text) in (inner.bottom() - 2..inner.bottom()).zip(&about) {
        words::text(
            buffer,
            inner.x + 1,
            line,
            text,
            width - 1,
            model.theme.dim(),
        );
    }
}

/// Columns of the list, and of the picture beside it.
const LIST: u16 = 76;
const ASIDE: u16 = 44;

/// Columns of the picture where it has no room beside the list, and of the list that then has it below.
const SMALL: u16 = 20;
const ROOM: u16 = 60;

/// What becomes of a preset's tokens, if that is known.
fn at_a_glance(model: &Model, buffer: &mut Buffer, area: Rect, name: &str) {
    let (theme, dim) = (model.theme, model.theme.dim());
    let Some(rows) = thumbnail::of_preset(name) else {
        let width = usize::from(area.width);
        return words::text(buffer, area.x, area.y, "no picture of this one", width, dim);
    };
    let small = usize::from(area.width) < thumbnail::COLUMNS;
    let rows = if small {
        thumbnail::smaller(&rows, usize::from(area.width), 2 * usize::from(area.height))
    } else {
        rows
    };
    // the darkest level is the ground
    let level = |digit: usize| digit * (theme.levels() - 1) / (thumbnail::LEVELS - 1);
    for (row, pair) in rows
        .chunks_exact(2)
        .enumerate()
        .take(usize::from(area.height))
    {
        let y = area.y + row as u16;
        for (column, (upper, lower)) in pair[0].iter().zip(&pair[1]).enumerate() {
            let x = area.x + column as u16;
            let (upper, lower) = (level(*upper), level(*lower));
            heat::cell(theme, buffer, (x, y), (upper, lower));
        }
    }
    let below = area.y + rows.len() as u16 / 2;
    for (row, line) in [
        "⟨x_i,x_j⟩ of its tokens, from −1 to 1 ↑,",
        "from its beginning to its end",
    ]
    .iter()
    .enumerate()
    {
        let y = below + row as u16;
        if y < area.bottom() {
            words::text(buffer, area.x, y, line, usize::from(area.width), dim);
        }
    }
}

// long: the rows, their headings, and what the chosen one is about
fn presets(model: &Model, buffer: &mut Buffer, area: Rect, chosen: usize) {
    let count = model.presets.len();
    let height = (count as u16 + 8).min(area.height);
    let pictured = area.width >= LIST + ASIDE;
    let width = if pictured { LIST + ASIDE } else { LIST };
    let title = " presets: ↑↓ choose, enter starts, esc closes ";
    let mut inner = window(model, buffer, area, (width, height), title);
    if let Some(preset) = model.presets.get(chosen).filter(|_| pictured) {
        inner.width -= ASIDE;
        let aside = Rect {
            x: inner.right() + 1,
            width: ASIDE - 2,
            ..inner
        };
        at_a_glance(model, buffer, aside, &preset.name);
    }
    let room = !pictured && inner.width >= ROOM;
    let beside = if room { SMALL + 1 } else { 0 };
    // what the longest says is not cut, wherever in the list one stands
    let sentences = (model.presets.iter())
        .map(|preset| wrapped(&about(preset), usize::from(inner.width - beside) - 2).len())
        .max()
        .unwrap_or(0);
    // own files may say more than there is room for
    let height = usize::from(inner.height);
    let rows = height.saturating_sub(sentences.clamp(5, (height / 2).max(5)) + 1);
    let rows = rows.max(1);
    let first = chosen
        .saturating_sub(rows.saturating_sub(1))
        .min(count.saturating_sub(rows));
    for (row, index) in (first..count).take(rows).enumerate() {
        let preset = &model.presets[index];
        let digit = if index < 10 {
            ((index + 1) % 10).to_string()
        } else {
            " ".into()
        };
        let style = if index == chosen {
            model.theme.selected()
        } else {
            Style::new()
        };
        let width = usize::from(inner.width);
        let text = format!(" {digit}  {:<18} {}", preset.name, preset.title);
        let y = inner.y + row as u16;
        words::text(buffer, inner.x, y, format!("{text:<width$}"), width, style);
        // where another section begins, its name at the right
        let before = index
            .checked_sub(1)
            .map(|before| &model.presets[before].section);
        let section = words::fitted(&preset.section, width / 3);
        let free = width.saturating_sub(text.chars().count() + section.chars().count() + 2);
        if before != Some(&preset.section) && index != chosen && free > 0 {
            let at = inner.right() - section.chars().count() as u16 - 1;
            words::put(buffer, at, y, section, model.theme.dim());
        }
    }
    let below = inner.y + rows as u16 + 1;
    let Some(preset) = model.presets.get(chosen) else {
        return;
    };
    let mut area = Rect {
        y: below,
        height: inner.bottom().saturating_sub(below),
        ..inner
    };
    if room && area.height >= 4 {
        area.width -= beside;
        let aside = Rect {
            x: area.right() + 1,
            width: SMALL,
            ..area
        };
        at_a_glance(model, buffer, aside, &preset.name);
    }
    let lines = wrapped(&about(preset), usize::from(area.width.saturating_sub(2)));
    for (line, y) in lines.iter().zip(area.y..area.bottom()) {
        let width = usize::from(area.width - 1);
        words::text(buffer, area.x + 1, y, line, width, model.theme.dim());
    }
}

/// What a preset is about.
fn about(preset: &PresetLine) -> String {
    if preset.section.is_empty() {
        preset.about.clone()
    } else {
        format!("{}: {}", preset.section, preset.about)
    }
}
