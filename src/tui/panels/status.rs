//! The lines that are always in sight: the title above; message, status and hints below.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::density::wrapped;
use super::spectrum::degree_name;
use super::timeline;
use crate::experiment::notation::superscript;
use crate::run::worker::Status;
use crate::snapshot::view::{Carried, Density, FieldView, Picture};
use crate::tui::captions;
use crate::tui::model::{Message, Model};
use crate::tui::number::{short, tidy};
use crate::tui::pages::PAGES;
use crate::tui::place;
use crate::tui::words;

/// Characters of the title that the tabs leave at least.
const TITLE: usize = 26;

/// "metastable  TITLE · SA · n 64 · d 2 · β 9 · D 0", and the pages.
pub(crate) fn title(model: &Model, buffer: &mut Buffer, area: Rect) {
    let theme = model.theme;
    let facts = facts(model);
    let page = PAGES[model.page % PAGES.len()].name;
    let spans = (tabs(model, area.width).into_iter()).map(|(index, text)| {
        let chosen = PAGES[index].name == page;
        let style = if chosen {
            theme.selected()
        } else {
            theme.dim()
        };
        Span::styled(text, style)
    });
    let tabs: Line = Line::from(spans.collect::<Vec<_>>());
    let width = usize::from(area.width).saturating_sub(tabs.width() + 1);
    let room = width.saturating_sub(13 + facts.chars().count());
    let title = words::fitted(&model.title(), room);
    let line = Line::from(vec![
        Span::styled(" metastable  ", theme.key()),
        Span::styled(title, theme.title()),
        Span::styled(facts, Style::new()),
    ]);
    words::line(buffer, area.x, area.y, &line, width as u16);
    words::line(
        buffer,
        area.right().saturating_sub(tabs.width() as u16),
        area.y,
        &tabs,
        area.width,
    );
}

/// What runs, in numbers.
fn facts(model: &Model) -> String {
    let tokens = &model.experiment.tokens;
    format!(
        " · {} · n {} · d {} · β {} · D {}",
        model.system(),
        tokens.count,
        tokens.dimension,
        tidy(model.attention().beta),
        tidy(model.diffusion()),
    )
}

/// The pages that are shown and what stands on their tabs: they shorten before they hide, all names, their beginnings, the present page alone.
fn tabs(model: &Model, width: u16) -> Vec<(usize, String)> {
    let wanted = model.title().chars().count().min(TITLE);
    let room = usize::from(width).saturating_sub(13 + facts(model).chars().count() + wanted);
    let here = model.page % PAGES.len();
    let named = |letters: usize| -> Vec<(usize, String)> {
        (PAGES.iter().enumerate())
            .filter(|(_, page)| (page.shown)(model))
            .map(|(index, page)| {
                let letters = if index == here { usize::MAX } else { letters };
                let name: String = page.name.chars().take(letters).collect();
                (index, format!(" {name} "))
            })
            .collect()
    };
    let long =
        |tabs: &[(usize, String)]| tabs.iter().map(|tab| tab.1.chars().count()).sum::<usize>();
    [usize::MAX, 4, 3]
        .into_iter()
        .map(named)
        .find(|tabs| long(tabs) < room)
        .unwrap_or_else(|| vec![(here, format!(" {} ", PAGES[here].name))])
}

/// The page whose tab is in this column.
#[must_use]
pub(crate) fn tab_at(model: &Model, width: u16, column: u16) -> Option<usize> {
    let tabs = tabs(model, width);
    let all: usize = tabs.iter().map(|tab| tab.1.chars().count()).sum();
    let mut at = usize::from(width).saturating_sub(all);
    for (page, text) in tabs {
        let end = at + text.chars().count();
        if (at..end).contains(&usize::from(column)) {
            return Some(page);
        }
        at = end;
    }
    None
}

/// A message, or a measured growth rate beside its prediction, or what to look at.
pub(crate) fn message(model: &Model, buffer: &mut Buffer, area: Rect) {
    let (text, style) = message_text(model, area.width);
    // Texts from files may have several lines.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let room = usize::from(area.width).saturating_sub(2);
    let lines = if area.height > 1 {
        wrapped(&text, room)
    } else {
        vec![text]
    };
    for (row, line) in lines.iter().take(usize::from(area.height)).enumerate() {
        let cut = line.chars().count() > room;
        let line = if cut {
            // the rest is a key away
            format!(" {} (i)", words::fitted(line, room.saturating_sub(4)))
        } else {
            format!(" {line}")
        };
        words::text(
            buffer,
            area.x,
            area.y + row as u16,
            line,
            usize::from(area.width),
            style,
        );
    }
}

/// Windows of less height give the line of the passing text to the page.
const LOW: u16 = 14;

/// How many lines the message needs: a passing text one, an answer to the reader up to three.
#[must_use]
pub(crate) fn message_height(model: &Model, window: Rect) -> u16 {
    let width = window.width;
    if let Some(place) = &model.place {
        return lines_of(&place::line(place, width), width);
    }
    match &model.message {
        Some(Message::Note(text) | Message::Error(text)) => lines_of(text, width),
        None => match timeline::looking(model) {
            Some(text) => lines_of(&text, width),
            None if window.height < LOW => u16::from(model.saving.is_some()),
            None => captions::text(model).map_or(1, |text| lines_of(text, width).min(2)),
        },
    }
}

fn lines_of(text: &str, width: u16) -> u16 {
    let lines = wrapped(text, usize::from(width).saturating_sub(2)).len();
    lines.clamp(1, 3) as u16
}

fn message_text(model: &Model, width: u16) -> (String, Style) {
    let theme = model.theme;
    if let Some(place) = &model.place {
        return (place::line(place, width), theme.title());
    }
    match (&model.message, model.saving) {
        (Some(Message::Error(text)), _) => (text.clone(), theme.failure()),
        (Some(Message::Note(text)), _) => (text.clone(), theme.warning()),
        (None, Some(share)) => (format!("saving: {:.0} %", 100.0 * share), theme.warning()),
        (None, None) if model.looks_back() => (
            timeline::looking(model).unwrap_or_default(),
            theme.warning(),
        ),
        (None, None) => match (captions::text(model), growth(model)) {
            (Some(text), _) => (text.to_owned(), Style::reset()),
            (None, Some(text)) => (text, theme.theory()),
            (None, None) => (about(model), theme.dim()),
        },
    }
}

/// What the experiment says is to be seen; from a quarter of the run on what has become of the tokens, and in its second half its notes, if
/// there are any.
fn about(model: &Model) -> String {
    let share = model.snapshot().map_or(0.0, |snapshot| {
        snapshot.experiment.time.clock(snapshot.frame)
            / snapshot
                .experiment
                .time
                .clock(snapshot.experiment.time.recorded() - 1)
    });
    let note = model.snapshot().and_then(|snapshot| snapshot.notes.first());
    match note.filter(|_| share >= 0.5) {
        Some(note) => format!("note: {note}"),
        None => (happening(model).filter(|_| share >= 0.25))
            .unwrap_or_else(|| model.experiment.about.clone()),
    }
}

/// "t 6.6: 4 clusters of tokens, ▼ 55 %, ▲ 34 %, ■ 6 %, ★ 5 %; 3 of the density": the glyphs are those of the picture.
fn happening(model: &Model) -> Option<String> {
    let snapshot = model.snapshot()?;
    let clusters = &snapshot.tokens.clusters;
    let few = 1..=6;
    if snapshot.tokens.count < 3 || !few.contains(&clusters.len()) {
        return None;
    }
    let shares: Vec<String> = (clusters.iter().enumerate())
        .map(|(index, cluster)| {
            let glyph = model
                .theme
                .glyph(model.slots().get(index).copied(), model.ascii());
            format!("{glyph} {:.0} %", 100.0 * cluster.mass)
        })
        .collect();
    let clusters = if clusters.len() == 1 {
        "one cluster of all tokens".to_owned()
    } else {
        format!(
            "{} clusters of tokens, {}",
            clusters.len(),
            shares.join(", ")
        )
    };
    let density = (snapshot.resolved())
        .filter(|density| density.clusters.len() != snapshot.tokens.clusters.len())
        .map_or_else(String::new, |density| match density.clusters.len() {
            0 => "; none of the density".to_owned(),
            count => format!("; {count} of the density"),
        });
    Some(format!("t {}: {clusters}{density}", tidy(snapshot.time)))
}

/// "growth k = 4: measured 0.7041, theory 0.7045 (−0.06 %)" while |m_k| is small.
fn growth(model: &Model) -> Option<String> {
    let snapshot = model.snapshot()?;
    let density = snapshot.resolved()?;
    let (degree, theory) = model.unstable()?;
    let measured = *density.growth.get(degree - 1)?;
    let size = *density.spectrum.get(degree - 1)?;
    if !measured.is_finite() || !size.is_finite() || size > 0.05 {
        return None;
    }
    let error = measured / theory - 1.0;
    let error = if error.abs() < 1e-4 {
        format!("{error:+.0e}")
    } else {
        format!("{:+.2} %", 100.0 * error)
    };
    Some(format!(
        "growth of the density, {} = {degree}: measured {measured:.4}  theory {theory:.4}  ({error})  |m_{degree}| {}",
        degree_name(snapshot),
        crate::tui::number::short(size)
    ))
}

/// t, what the worker does, and how well the density is resolved.
// long: one part of the line after another
pub(crate) fn status(model: &Model, buffer: &mut Buffer, area: Rect) {
    let theme = model.theme;
    let mut spans = Vec::new();
    if let Status::Failed(reason) = &model.report.status {
        let line = Line::from(Span::styled(
            format!(" failed: {reason}  (r restarts, p lists presets)"),
            theme.failure(),
        ));
        words::line(buffer, area.x, area.y, &line, area.width);
        return;
    }
    if let Some(snapshot) = model.snapshot() {
        let last = snapshot.experiment.time.last();
        let time = match last {
            last if last >= 1e5 || model.log_time() => short(snapshot.time),
            last if last < 0.5 => format!("{:.5}", snapshot.time),
            _ => format!("{:.2}", snapshot.time),
        };
        spans.push(Span::styled(format!(" t {time}"), theme.title()));
        let past = if snapshot.time > last * (1.0 + 1e-9) {
            "past"
        } else {
            "/"
        };
        spans.push(Span::raw(format!(" {past} {}  ", tidy(last))));
    } else {
        spans.push(Span::raw(" starting  "));
    }
    let (glyph, word, style) = match model.report.status {
        _ if model.snapshot().is_none() => ("…", "computing", theme.dim()),
        _ if model.looks_back() => ("◂", "looking back", theme.warning()),
        // The worker stops at the end of the frame it is at; the key is answered now.
        Status::Running if model.paused => ("‖", "pausing…", theme.warning()),
        Status::Running => ("▶", "running", Style::new()),
        Status::Paused => ("‖", "paused", theme.warning()),
        _ => ("■", "finished", theme.title()),
    };
    spans.push(Span::styled(format!("{glyph} {word}"), style));
    let mut rates = Vec::new();
    if let Some(progress) = model.under_way {
        rates.push(format!(" · {progress}"));
    } else if model.report.status == Status::Running {
        rates.push(format!(" · {:.0} steps/s", model.report.steps_per_second));
        rates.push(format!(" · {} fps", model.frames_per_second));
    }
    if let Some(given_up) = &model.given_up {
        rates.insert(0, format!(" · {given_up}"));
    }
    let at = spans.len();
    if let Some(snapshot) = model.snapshot() {
        let used: usize = spans.iter().map(Span::width).sum();
        let room = usize::from(area.width).saturating_sub(used);
        spans.push(companion(model, &snapshot.field, room));
    }
    // what the density is says more than how fast the screen is
    let width = |rates: &[String], spans: &[Span]| {
        let spans: usize = spans.iter().map(Span::width).sum();
        spans + rates.iter().map(|rate| rate.chars().count()).sum::<usize>()
    };
    while !rates.is_empty() && width(&rates, &spans) > usize::from(area.width) {
        rates.pop();
    }
    let rates = rates
        .into_iter()
        .map(|rate| Span::styled(rate, theme.dim()));
    spans.splice(at..at, rates);
    words::line(buffer, area.x, area.y, &Line::from(spans), area.width);
}

/// That markers carry the density, in as many words as fit.
fn handed_over(carried: Carried, tail: f64, room: usize) -> String {
    let (since, markers) = (tidy(carried.since), carried.markers);
    let left = if carried.bodies < markers {
        format!(", {} left", carried.bodies)
    } else {
        String::new()
    };
    let bodies = carried.bodies;
    let words = [
        format!(
            " · density by characteristics since t = {since}: {markers} markers{left}, loss {tail:.0e}"
        ),
        format!(" · characteristics since t = {since}, {bodies} markers, loss {tail:.0e}"),
        format!(" · characteristics since t = {since}, loss {tail:.0e}"),
        format!(" · characteristics, loss {tail:.0e}"),
    ];
    let fits = words.iter().find(|words| words.chars().count() <= room);
    fits.unwrap_or(&words[3]).clone()
}

/// What stands beside the tokens, in a few words that fit into `room` columns.
fn companion(model: &Model, field: &FieldView, room: usize) -> Span<'static> {
    let theme = model.theme;
    match field {
        FieldView::None(_) => Span::styled(" · no density", theme.dim()),
        FieldView::Gaussian { .. } => Span::styled(" · Gaussian mean field", theme.dim()),
        FieldView::Reference(view) => {
            let text = format!(" · beside it a run of {} tokens", view.count);
            Span::styled(text, theme.dim())
        }
        FieldView::Resolved(Density {
            carried: Some(carried),
            tail,
            ..
        }) => {
            let text = handed_over(*carried, *tail, room);
            // a loss that shows is not hidden in grey
            let style = if *tail > 1e-4 {
                theme.warning()
            } else {
                theme.dim()
            };
            Span::styled(text, style)
        }
        FieldView::Resolved(density) => {
            let what = match &density.picture {
                Picture::Circle(_) => format!("S¹ {} modes", density.modes),
                Picture::Sphere { .. } => format!("S² degree {}", density.modes),
                Picture::Zonal { axis, .. } => {
                    format!(
                        "zonal S{} degree {}",
                        superscript(axis.len() - 1),
                        density.modes
                    )
                }
            };
            let text = match density.populations {
                Some((count, true)) => format!(" · {count} frequencies by Ott–Antonsen"),
                Some((count, false)) => format!(
                    " · {count} frequencies · resolved {:.0e} · {what}",
                    density.tail
                ),
                // a density without any coefficients has nothing that could be cut off
                None if density.tail == 0.0 => format!(" · resolved · {what}"),
                None => format!(" · resolved {:.0e} · {what}", density.tail),
            };
            Span::styled(text, theme.dim())
        }
        FieldView::UnderResolved { .. } => {
            Span::styled(" · density under-resolved", theme.warning())
        }
    }
}
