//! Tests of what actions do.
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

use super::*;
use crate::experiment::presets;
use crate::tui::action::Heading;
use crate::tui::canvas::Marker;
use crate::tui::model::PresetLine;
use crate::tui::theme::{Depth, Theme};

fn model() -> Model {
    let experiment = presets::load(presets::DEFAULT).unwrap();
    let lines = presets::list().into_iter().map(PresetLine::from).collect();
    Model::new(experiment, lines, Theme::of(Depth::None), Marker::Braille)
}

#[test]
fn the_ladders_go_up_and_down_and_stop_at_their_ends() {
    assert_eq!(next_beta(9.0, 1), 9.9);
    assert_eq!(next_beta(9.0, -1), 8.2);
    assert_eq!(next_beta(0.0, 1), 0.1);
    assert_eq!(next_beta(0.1, -1), 0.0);
    assert_eq!(next_beta(1000.0, 2), 1000.0);
    assert!(next_beta(0.11, 1) > 0.11);
    assert_eq!(next_diffusion(0.0, 1), 0.001);
    assert_eq!(next_diffusion(0.001, -1), 0.0);
    assert_eq!(next_diffusion(0.05, 1), 0.1);
    assert_eq!(next_diffusion(0.07, -1), 0.05);
    assert_eq!(next_count(64, 1), 96);
    assert_eq!(next_count(64, -1), 48);
    assert_eq!(next_count(1, -2), 1);
    assert_eq!(next_count(4096, 2), 16384);
    assert_eq!(next_count(65536, 1), 65536);
}

#[test]
fn beta_is_changed_while_the_run_goes_on_and_kept_for_a_restart() {
    let mut model = model();
    let before = model.attention().beta;
    let effects = update(&mut model, Action::More);
    assert!(
        matches!(&effects[..], [Effect::Send(Command::Change(change))] if change.beta.is_some_and(|beta| beta > before))
    );
    assert!(model.wishes.beta.is_some() && model.attention().beta > before);
    let effects = update(&mut model, Action::Restart);
    assert!(matches!(&effects[..], [Effect::Send(Command::Start(e))] if e.attention.beta > before));
}

#[test]
fn pause_and_step_are_commands() {
    let mut model = model();
    assert!(matches!(
        update(&mut model, Action::Pause)[..],
        [Effect::Send(Command::Pause(true))]
    ));
    assert!(matches!(
        update(&mut model, Action::Pause)[..],
        [Effect::Send(Command::Pause(false))]
    ));
    assert!(matches!(
        update(&mut model, Action::Step)[..],
        [
            Effect::Send(Command::Pause(true)),
            Effect::Send(Command::Step)
        ]
    ));
    model.report.status = Status::Finished;
    assert!(matches!(
        update(&mut model, Action::Pause)[..],
        [Effect::Send(Command::Pause(false))]
    ));
}

#[test]
fn pages_and_parameters_go_round() {
    let mut model = model();
    // those without anything to be seen in this run are passed over
    let shown: Vec<usize> = (0..PAGES.len())
        .filter(|page| (PAGES[*page].shown)(&model))
        .collect();
    assert!(shown.len() < PAGES.len());
    for page in shown.iter().skip(1) {
        update(&mut model, Action::NextPage);
        assert_eq!(model.page, *page);
    }
    update(&mut model, Action::NextPage);
    assert_eq!(model.page, 0);
    update(&mut model, Action::PreviousPage);
    assert_eq!(Some(&model.page), shown.last());
    model.page = 0;
    update(&mut model, Action::Up);
    assert_eq!(model.parameter(), Parameter::Seed);
    let effects = update(&mut model, Action::More);
    assert!(matches!(&effects[..], [Effect::Send(Command::Start(_))]));
}

fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    let mut last = Vec::new();
    for key in keys.chars() {
        let code = match key {
            '\n' => KeyCode::Enter,
            '\u{1b}' => KeyCode::Esc,
            '\u{8}' => KeyCode::Backspace,
            other => KeyCode::Char(other),
        };
        let event = KeyEvent::new(code, KeyModifiers::NONE);
        last = entry::key(model, event)
            .or_else(|| model.keys.action(event).map(|action| update(model, action)))
            .unwrap_or_default();
    }
    last
}

#[test]
fn digits_type_the_chosen_value_and_undo_takes_it_back() {
    let mut model = model();
    let before = model.attention().beta;
    assert!(press(&mut model, "25").is_empty());
    assert_eq!(model.entry.as_deref(), Some("25"));
    assert!(press(&mut model, "\u{1b}").is_empty() && model.entry.is_none());
    let sent = press(&mut model, "27\u{8}5.5\n");
    assert!(matches!(&sent[..], [Effect::Send(Command::Change(c))] if c.beta == Some(25.5)));
    assert!(model.changed() && model.title().ends_with("(changed)"));
    let back = press(&mut model, "u");
    assert!(matches!(&back[..], [Effect::Send(Command::Change(c))] if c.beta == Some(before)));
    assert!(press(&mut model, "u").is_empty() && model.message.is_some());
}

#[test]
fn a_typed_value_has_the_errors_of_a_file() {
    for (downs, keys, said) in [
        (0, "9e9\n", "attention.beta: 9e9 is out of range"),
        (0, "1e\n", "1e is not a number"),
        (1, "0-1\n", "0-1 is not a number"),
        (4, "2.5\n", "tokens.count: 2.5 is not a whole number"),
        (4, "0\n", "tokens.count: 0 is out of range"),
    ] {
        let mut model = model();
        (0..downs).for_each(|_| drop(update(&mut model, Action::Down)));
        assert!(press(&mut model, keys).is_empty());
        let Some(Message::Error(text)) = &model.message else {
            panic!("{keys:?}: {:?}", model.message);
        };
        assert!(text.contains(said), "{text}");
    }
    let mut model = model();
    (0..4).for_each(|_| drop(update(&mut model, Action::Down)));
    let sent = press(&mut model, "32\n");
    assert!(matches!(&sent[..], [Effect::Send(Command::Start(e))] if e.tokens.count == 32));
    let back = press(&mut model, "u");
    assert!(matches!(&back[..], [_, Effect::Send(Command::Start(e))] if e.tokens.count == 64));
}

#[test]
fn a_digit_starts_no_preset_without_a_yes_and_the_list_starts_the_chosen_one() {
    let mut model = model();
    (0..2).for_each(|_| drop(update(&mut model, Action::Down)));
    assert_eq!(model.parameter(), Parameter::Normalisation);
    assert!(press(&mut model, "2").is_empty());
    assert!(
        matches!(&model.message, Some(Message::Note(text)) if text.contains("Enter starts it"))
    );
    assert!(press(&mut model, "\u{1b}\n").is_empty());
    assert!(matches!(press(&mut model, "2\n")[..], [Effect::Load(1)]));
    model.presets.truncate(3);
    assert!(press(&mut model, "8").is_empty());
    assert!(matches!(model.message, Some(Message::Error(_))));
    update(&mut model, Action::Presets);
    assert!(matches!(press(&mut model, "2")[..], [Effect::Load(1)]));
    update(&mut model, Action::Presets);
    update(&mut model, Action::Down);
    assert!(matches!(
        update(&mut model, Action::Confirm)[..],
        [Effect::Load(1)]
    ));
    assert_eq!(model.popup, None);
    update(&mut model, Action::Presets);
    update(&mut model, Action::Quit);
    assert!(model.popup.is_none() && !model.quit);
}

#[test]
fn usa_at_large_beta_says_how_much_faster_it_is() {
    let mut model = model();
    press(&mut model, "18\n");
    assert!(model.message.is_none());
    (0..2).for_each(|_| drop(update(&mut model, Action::Down)));
    update(&mut model, Action::More);
    assert!(matches!(&model.message, Some(Message::Note(text)) if text.contains("times faster")));
}

#[test]
fn help_opens_and_closes_and_quit_waits_for_a_save_once() {
    let mut model = model();
    update(&mut model, Action::Help);
    assert_eq!(model.popup, Some(Popup::Help(0)));
    update(&mut model, Action::Close);
    assert_eq!(model.popup, None);
    model.saving = Some(0.5);
    update(&mut model, Action::Quit);
    assert!(!model.quit);
    update(&mut model, Action::Quit);
    assert!(model.quit);
}

#[test]
fn nothing_is_saved_at_the_beginning() {
    let mut model = model();
    assert!(update(&mut model, Action::Save).is_empty());
    assert!(matches!(model.message, Some(Message::Error(_))));
}

#[test]
fn the_sphere_turns_by_the_keys_and_becomes_a_map_without_the_worker() {
    let mut model = model();
    let press = |model: &mut Model, letter| {
        let event = crossterm::event::KeyEvent::new(
            crossterm::event::KeyCode::Char(letter),
            crossterm::event::KeyModifiers::NONE,
        );
        let action = model.keys.action(event).unwrap();
        assert!(update(model, action).is_empty(), "{letter}");
    };
    let start = model.gaze;
    "dzax".chars().for_each(|letter| press(&mut model, letter));
    assert!((model.gaze.turn - start.turn).abs() < 1e-12);
    assert!((model.gaze.tilt - start.tilt).abs() < 1e-12);
    press(&mut model, 'g');
    assert!(model.gaze.map);
    model.paused = true;
    press(&mut model, 'd');
    assert!((model.gaze.turn - start.turned(1.0, 0.0).turn).abs() < 1e-12);
    press(&mut model, 'v');
    assert_eq!(
        model.gaze,
        crate::tui::projection::Camera { map: true, ..start }
    );
}

#[test]
fn keys_of_the_sphere_say_so_where_there_is_none() {
    let mut model = model();
    for (dimension, said) in [(2, true), (3, false), (8, true)] {
        model.experiment.tokens.dimension = dimension;
        for action in [
            Action::Turn(Heading::East),
            Action::FirstView,
            Action::Picture,
        ] {
            update(&mut model, action);
            assert_eq!(model.message.is_some(), said, "{dimension} {action:?}");
        }
    }
}

#[test]
fn texts_end_where_their_last_line_is_and_one_key_goes_back_from_there() {
    let mut model = model();
    model.window = ratatui::layout::Size::new(80, 24);
    for (open, end) in [
        (Action::Help, Popup::Help as fn(usize) -> Popup),
        (Action::Words, Popup::Words as fn(usize) -> Popup),
    ] {
        update(&mut model, open);
        let drawn = |model: &Model| crate::tui::view::picture(model, model.window);
        update(&mut model, Action::Last);
        let last = drawn(&model);
        let line = match model.popup {
            Some(Popup::Help(line) | Popup::Words(line)) => line,
            _ => unreachable!("the text is open"),
        };
        update(&mut model, Action::Down);
        assert_eq!(
            model.popup,
            Some(end(line)),
            "nothing is below the last line"
        );
        assert_eq!(drawn(&model), last);
        if line > 0 {
            update(&mut model, Action::Up);
            assert_ne!(drawn(&model), last, "a line back is another picture");
        }
        update(&mut model, Action::Close);
    }
}
