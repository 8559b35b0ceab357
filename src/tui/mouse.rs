//! The mouse: tabs are clicked, the row of time is clicked and dragged along, the wheel goes through lists and values, the globe is dragged.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Rect, Size};

use super::action::Action;
use super::changes::Effect;
use super::looking;
use super::model::Model;
use super::panels::{status, timeline};
use super::sweeping;
use super::update::update;
use super::values;
use super::view;

/// Columns of a drag that turn the globe by one step of a key.
const TURN: i32 = 4;

/// Where the mouse was pressed, and what was grabbed there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grip {
    /// The row of time.
    Time,
    /// The globe, from here on.
    Globe(u16, u16),
}

/// What a movement of the mouse does; `grip` is what it holds.
pub(crate) fn act(
    model: &mut Model,
    event: MouseEvent,
    size: Size,
    grip: &mut Option<Grip>,
) -> Vec<Effect> {
    let area = Rect::from((ratatui::layout::Position::ORIGIN, size));
    let (x, y) = (event.column, event.row);
    match event.kind {
        MouseEventKind::ScrollUp | MouseEventKind::ScrollDown => {
            let up = event.kind == MouseEventKind::ScrollUp;
            // over a list the wheel goes through it, over plots it zooms
            let list = model.popup.is_some() || model.palette.is_some() || values::on_page(model);
            let action = match (list, up) {
                (true, true) => Action::Up,
                (true, false) => Action::Down,
                (false, closer) => Action::Zoom(closer),
            };
            update(model, action)
        }
        MouseEventKind::Up(_) => {
            *grip = None;
            Vec::new()
        }
        MouseEventKind::Down(MouseButton::Left)
            if model.popup.is_none() && model.palette.is_none() =>
        {
            let row = view::time_row(model, area);
            if y == 0 {
                if let Some(page) = status::tab_at(model, area.width, x) {
                    model.page = page;
                }
            } else if row.is_some_and(|row| row.y == y) {
                *grip = Some(Grip::Time);
                return along(model, row, x);
            } else if model.page == 0 && model.has_sphere() {
                *grip = Some(Grip::Globe(x, y));
            } else if sweeping::on_page(model) {
                sweeping::point(model, view::body_of(model, area), (x, y));
            }
            Vec::new()
        }
        MouseEventKind::Drag(MouseButton::Left) => match *grip {
            Some(Grip::Time) => along(model, view::time_row(model, area), x),
            Some(Grip::Globe(from, row)) => {
                let east = (i32::from(x) - i32::from(from)) / TURN;
                let north = (i32::from(y) - i32::from(row)) / (TURN / 2);
                if (east, north) != (0, 0) {
                    model.gaze = model.gaze.turned(f64::from(-east), f64::from(north));
                    *grip = Some(Grip::Globe(x, y));
                }
                Vec::new()
            }
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The frame at a place of the row of time.
fn along(model: &mut Model, row: Option<Rect>, x: u16) -> Vec<Effect> {
    match row.and_then(|row| timeline::frame_at(model, row, x)) {
        Some(frame) => looking::to(model, frame),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::presets;
    use crate::run::Session;
    use crate::tui::canvas::Marker;
    use crate::tui::pages::PAGES;
    use crate::tui::theme::{Depth, Theme};
    use crossterm::event::KeyModifiers;

    fn event(kind: MouseEventKind, column: u16, row: u16) -> MouseEvent {
        MouseEvent {
            kind,
            column,
            row,
            modifiers: KeyModifiers::NONE,
        }
    }

    // long: one gesture after another
    #[test]
    fn tabs_time_and_globe_are_where_they_are_drawn() {
        let experiment = presets::load("sphere-pair").unwrap();
        let mut session = Session::new(experiment.clone());
        let mut model = Model::new(
            experiment,
            Vec::new(),
            Theme::of(Depth::None),
            Marker::Braille,
        );
        for _ in 0..9 {
            let snapshot = session.snapshot();
            let mut report = model.report.clone();
            report.film.add(&snapshot);
            report.snapshot = Some(std::sync::Arc::new(snapshot));
            model.receive(report);
            session.advance(&|| false).unwrap();
        }
        let size = Size::new(120, 36);
        let area = Rect::new(0, 0, 120, 36);
        let mut screen =
            ratatui::Terminal::new(ratatui::backend::TestBackend::new(120, 36)).unwrap();
        screen.draw(|frame| view::view(&model, frame)).unwrap();
        let line = |y: u16| -> Vec<String> {
            (0..120)
                .map(|x| screen.backend().buffer()[(x, y)].symbol().to_owned())
                .collect()
        };
        let (top, row) = (line(0), view::time_row(&model, area).unwrap());
        let mut grip = None;
        let down = MouseEventKind::Down(MouseButton::Left);
        // the tab whose letters stand there
        let at = top
            .concat()
            .find("spec")
            .map(|byte| top.concat()[..byte].chars().count())
            .unwrap() as u16;
        act(&mut model, event(down, at + 1, 0), size, &mut grip);
        assert_eq!(PAGES[model.page].name, "spectrum");
        model.page = 0;
        // the row of time from its first place on
        let time = line(row.y);
        let left = time.iter().position(|c| c == "━" || c == "▸").unwrap() as u16;
        act(&mut model, event(down, left, row.y), size, &mut grip);
        assert_eq!(model.snapshot().unwrap().frame, 0);
        assert_eq!(grip, Some(Grip::Time));
        act(
            &mut model,
            event(MouseEventKind::Drag(MouseButton::Left), left + 90, row.y),
            size,
            &mut grip,
        );
        assert!(!model.looks_back(), "past the latest frame is the run");
        act(
            &mut model,
            event(MouseEventKind::Up(MouseButton::Left), left, row.y),
            size,
            &mut grip,
        );
        // the globe
        let before = model.gaze;
        act(&mut model, event(down, 10, 8), size, &mut grip);
        act(
            &mut model,
            event(MouseEventKind::Drag(MouseButton::Left), 22, 8),
            size,
            &mut grip,
        );
        assert!(model.gaze != before);
        // over plots the wheel zooms, over a list it goes through it
        let mut wheel = |model: &mut Model, kind| act(model, event(kind, 10, 8), size, &mut grip);
        wheel(&mut model, MouseEventKind::ScrollUp);
        assert_eq!(model.zoom, 1);
        wheel(&mut model, MouseEventKind::ScrollDown);
        assert_eq!(model.zoom, 0);
        model.popup = Some(crate::tui::model::Popup::Help(3));
        wheel(&mut model, MouseEventKind::ScrollDown);
        assert_eq!(model.popup, Some(crate::tui::model::Popup::Help(4)));
    }

    /// Every point of a sweep that is drawn is chosen by a click on it.
    #[test]
    fn a_click_on_a_sweep_chooses_the_point_that_is_drawn_there() {
        use crate::sweep::live::Live;
        for name in ["kuramoto-transition", "fig3-d2"] {
            let experiment = presets::load(name).unwrap();
            let live = Live::begun(&experiment, 40);
            let theme = Theme::of(Depth::None);
            let mut model = Model::new(experiment, Vec::new(), theme, Marker::Braille);
            model.sweep.live = Some(Ok(live));
            model.page = PAGES.iter().position(|page| page.name == "sweep").unwrap();
            let size = Size::new(100, 30);
            let mut chosen = std::collections::BTreeSet::new();
            for (x, y) in (0..100).flat_map(|x| (1..28).map(move |y| (x, y))) {
                let down = MouseEventKind::Down(MouseButton::Left);
                act(&mut model, event(down, x, y), size, &mut None);
                chosen.insert(model.sweep.cursor);
                // the cursor is then drawn in the clicked column, or at the first that shows the same point
                if y == 10 && x == 50 {
                    let mut buffer = ratatui::buffer::Buffer::empty(Rect::new(0, 0, 100, 30));
                    let body = view::body_of(&model, Rect::new(0, 0, 100, 30));
                    crate::tui::panels::sweep::draw(&model, &mut buffer, body);
                    let marked = (40..=60)
                        .any(|x| (1..28).any(|y| ["+", "┊"].contains(&buffer[(x, y)].symbol())));
                    assert!(marked, "{name}: {buffer:?}");
                }
            }
            let points = chosen.len();
            assert!(points >= 10, "{name}: {points} points can be chosen");
        }
    }
}
