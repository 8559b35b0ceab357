//! The real binary in a pseudo-terminal: it starts, answers keys, follows the window, and leaves the terminal as it was
//! found, however it ends.

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const PATIENCE: Duration = Duration::from_secs(30);

/// What is typed, and what the terminal answers.
type Keys = Arc<Mutex<Box<dyn Write + Send>>>;

/// What lies between the program and the terminal.
#[derive(Debug, Clone, Copy)]
enum Line {
    /// A pseudo-terminal that is read at so many bytes a second, by a terminal that answers nothing.
    Read(f64),
    /// An SSH daemon that takes everything, a link of 20 KB/s and 0.1 s, and a terminal that answers.
    Daemon,
}

/// A dashboard in a terminal of its own.
struct Dashboard {
    master: Option<Box<dyn MasterPty + Send>>,
    child: Box<dyn Child + Send + Sync>,
    keys: Option<Keys>,
    screen: Arc<Mutex<vt100::Parser>>,
    /// Everything that was sent.
    sent: Arc<Mutex<Vec<u8>>>,
    folder: tempfile::TempDir,
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

impl Dashboard {
    fn start(arguments: &[&str]) -> Self {
        Self::start_as("xterm-256color", arguments)
    }

    fn start_as(term: &str, arguments: &[&str]) -> Self {
        Self::start_over(term, arguments, Line::Read(f64::INFINITY))
    }

    fn start_over(term: &str, arguments: &[&str], line: Line) -> Self {
        let pair = native_pty_system().openpty(size(100, 30)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_metastable"));
        command.args(arguments);
        command.cwd(folder.path());
        command.env("TERM", term);
        command.env("HOME", folder.path());
        for variable in ["NO_COLOR", "KITTY_WINDOW_ID", "TERM_PROGRAM"] {
            command.env_remove(variable);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(cells(30), cells(100), 0)));
        let (mut reader, theirs) = (pair.master.try_clone_reader().unwrap(), Arc::clone(&screen));
        let sent: Arc<Mutex<Vec<u8>>> = Arc::default();
        let heard = Arc::clone(&sent);
        let keys: Keys = Arc::new(Mutex::new(pair.master.take_writer().unwrap()));
        let answers = Arc::clone(&keys);
        std::thread::spawn(move || match line {
            Line::Read(rate) => {
                let mut data = vec![0; if rate.is_finite() { 100 } else { 65536 }];
                while let Ok(count @ 1..) = reader.read(&mut data) {
                    heard.lock().unwrap().extend_from_slice(&data[..count]);
                    theirs.lock().unwrap().process(&data[..count]);
                    std::thread::sleep(Duration::from_secs_f64(count as f64 / rate));
                }
            }
            Line::Daemon => {
                let (daemon, link) = std::sync::mpsc::channel();
                let far = std::thread::spawn(move || carry(link, &theirs, &answers));
                let mut data = vec![0; 65536];
                while let Ok(count @ 1..) = reader.read(&mut data) {
                    heard.lock().unwrap().extend_from_slice(&data[..count]);
                    daemon
                        .send((Instant::now(), data[..count].to_vec()))
                        .unwrap();
                }
                drop(daemon);
                far.join().unwrap();
            }
        });
        Self {
            master: Some(pair.master),
            child,
            keys: Some(keys),
            screen,
            sent,
            folder,
        }
    }

    fn resize(&self, columns: u16, rows: u16) {
        let mut screen = self.screen.lock().unwrap();
        (screen.screen_mut()).set_size(cells(rows), cells(columns));
        let master = self.master.as_ref().unwrap();
        master.resize(size(columns, rows)).unwrap();
    }

    fn contents(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Waits until the screen is as wished; fails with what is on it otherwise.
    fn until(&self, what: &str, wished: impl Fn(&vt100::Screen) -> bool) {
        let start = Instant::now();
        while !wished(self.screen.lock().unwrap().screen()) {
            // the screen is locked once at a time: a failing assertion must not wait for itself
            let contents = self.contents();
            assert!(start.elapsed() < PATIENCE, "never {what}:\n{contents}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn until_text(&self, text: &str) {
        self.until(&format!("“{text}”"), |screen| {
            screen.contents().contains(text)
        });
    }

    fn press(&mut self, keys: &str) {
        let mut writer = self.keys.as_ref().unwrap().lock().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// How long a running one takes to answer six times, each a moment after a page began to come; in order.
    fn answers(&mut self) -> Vec<Duration> {
        let mut took = Vec::new();
        for answer in ["paused", "running"].into_iter().cycle().take(6) {
            self.press("\t");
            std::thread::sleep(Duration::from_millis(50));
            let start = Instant::now();
            self.press(" ");
            self.until_text(answer);
            took.push(start.elapsed());
        }
        took.sort();
        took
    }

    fn signal(&self, name: &str) {
        let process = self.child.process_id().unwrap().to_string();
        assert!(
            std::process::Command::new("kill")
                .args(["-s", name, &process])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for the end; the terminal must be restored. Returns the exit code.
    fn ended(&mut self) -> u32 {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "it does not end:\n{}",
                self.contents()
            );
            std::thread::sleep(Duration::from_millis(10));
        };
        self.until_restored();
        status.exit_code()
    }

    fn until_restored(&self) {
        self.until("restored", |screen| {
            !screen.alternate_screen() && !screen.hide_cursor()
        });
    }
}

/// A link of 20 KB/s and 0.1 s, and the terminal at its end, which answers.
fn carry(
    link: std::sync::mpsc::Receiver<(Instant, Vec<u8>)>,
    screen: &Mutex<vt100::Parser>,
    answers: &Mutex<Box<dyn Write + Send>>,
) {
    let (rate, latency) = (20e3, Duration::from_millis(100));
    let mut clear = Instant::now();
    for (when, data) in link {
        for piece in data.chunks(100) {
            clear = clear.max(when) + Duration::from_secs_f64(piece.len() as f64 / rate);
            std::thread::sleep((clear + latency).saturating_duration_since(Instant::now()));
            screen.lock().unwrap().process(piece);
        }
        for _ in data.windows(4).filter(|window| window == b"\x1b[5n") {
            let mut answers = answers.lock().unwrap();
            let _gone = answers.write_all(b"\x1b[0n").and_then(|()| answers.flush());
        }
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _status = self.child.wait();
    }
}

#[test]
fn it_starts_answers_keys_and_quits() {
    let mut dashboard = Dashboard::start(&["metastable"]);
    dashboard.until_text("running");
    assert!(dashboard.screen.lock().unwrap().screen().alternate_screen());
    dashboard.press(" ");
    dashboard.until_text("paused");
    dashboard.press("l");
    dashboard.until_text("β 9.9");
    dashboard.press("?");
    dashboard.until_text("keys (↑↓ scroll, esc closes)");
    dashboard.press("\x1b");
    dashboard.until("closed", |screen| {
        !screen.contents().contains("keys (↑↓ scroll, esc closes)")
    });
    dashboard.press("\t");
    dashboard.until_text("growth rates g_k");
    dashboard.press("\x1b[Z");
    dashboard.until_text("density dμ/dσ");
    dashboard.press("12.5\r");
    dashboard.until_text("β 12.5");
    dashboard.press("u");
    dashboard.until_text("β 9.9");
    dashboard.press("p5");
    dashboard.until_text("β 0");
    dashboard.press("q");
    assert_eq!(dashboard.ended(), 0);
}

#[test]
fn it_follows_the_window() {
    let mut dashboard = Dashboard::start(&["orthogonal"]);
    dashboard.until_text("inner products");
    for (columns, rows, text) in [
        (39, 9, "this window is 39×9"),
        (160, 50, "growth rates g_l"),
        (80, 24, "inner products"),
    ] {
        dashboard.resize(columns, rows);
        dashboard.until_text(text);
    }
    dashboard.press("\x03");
    assert_eq!(dashboard.ended(), 0);
}

#[test]
fn signals_end_it_with_the_terminal_restored() {
    for (name, code) in [("TERM", 143), ("HUP", 129), ("INT", 130), ("QUIT", 131)] {
        let mut dashboard = Dashboard::start(&["metastable"]);
        dashboard.until_text("running");
        dashboard.signal(name);
        assert_eq!(dashboard.ended(), code, "{name}");
    }
}

#[test]
fn it_can_be_stopped_and_goes_on() {
    let mut dashboard = Dashboard::start(&["metastable"]);
    for round in 0..2 {
        dashboard.until_text("running");
        if round == 0 {
            dashboard.press("\x1a");
        } else {
            dashboard.signal("TSTP");
        }
        dashboard.until_restored();
        std::thread::sleep(Duration::from_millis(300));
        dashboard.signal("CONT");
        dashboard.until("back", vt100::Screen::alternate_screen);
    }
    dashboard.until_text("running");
    dashboard.press("q");
    assert_eq!(dashboard.ended(), 0);
}

#[test]
fn a_terminal_that_is_gone_ends_it() {
    let mut dashboard = Dashboard::start(&["metastable"]);
    dashboard.until_text("running");
    dashboard.keys = None;
    dashboard.master = None;
    // The reader's copy keeps the pseudo-terminal open; the signal is what a hang-up sends.
    dashboard.signal("HUP");
    let start = Instant::now();
    while dashboard.child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn what_is_saved_can_be_run_again() {
    let mut dashboard = Dashboard::start(&["metastable", "--speed", "4"]);
    dashboard.until_text("running");
    dashboard.press("l");
    dashboard.until_text("β 9.9");
    dashboard.press(" ");
    dashboard.until_text("paused");
    dashboard.press("s");
    dashboard.until_text("save to: metastable-");
    dashboard.press("\r");
    dashboard.until_text("again with: metastable run");
    // the same name again is refused, and another is taken
    dashboard.press("s");
    dashboard.until_text("save to: metastable-");
    dashboard.press("\x15taken\r");
    dashboard.until_text("saved to taken");
    dashboard.press("s");
    dashboard.until_text("save to: metastable-");
    dashboard.press("\x15taken\r");
    dashboard.until_text("taken is there already");
    dashboard.press("\x1b");
    dashboard.until_text("not saved");
    dashboard.press("q");
    assert_eq!(dashboard.ended(), 0);
    dashboard.until_text("/experiment.toml --out");
    let saved = dashboard.folder.path().join("taken");
    let again = dashboard.folder.path().join("again");
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_metastable"))
        .args([
            "run".as_ref(),
            saved.join("experiment.toml").as_os_str(),
            "--out".as_ref(),
            again.as_os_str(),
        ])
        .output()
        .unwrap();
    assert!(status.status.success(), "{status:?}");
    for file in ["metrics.csv", "tokens.npy", "density.npy"] {
        assert_eq!(
            std::fs::read(saved.join(file)).unwrap(),
            std::fs::read(again.join(file)).unwrap(),
            "{file}"
        );
    }
}

#[test]
fn a_terminal_that_only_prints_lines_gets_the_report() {
    let mut dumb = Dashboard::start_as("dumb", &["single-mode", "--set", "time.last_frame=3"]);
    dumb.until_text("energy E_β");
    assert!(!dumb.contents().contains("space pause"));
    assert_eq!(dumb.ended(), 0);
}

#[test]
fn pictures_go_to_a_terminal_that_has_them_and_are_taken_away() {
    let mut dashboard = Dashboard::start(&["metastable", "--pictures", "kitty", "--speed", "3"]);
    dashboard.until_text("running");
    dashboard.press("o");
    dashboard.until_text("tokens on the density");
    let count = |what: &str, dashboard: &Dashboard| {
        let sent = dashboard.sent.lock().unwrap();
        sent.windows(what.len())
            .filter(|window| *window == what.as_bytes())
            .count()
    };
    let start = Instant::now();
    while count("\x1b_Ga=T,f=100,", &dashboard) < 3 {
        assert!(start.elapsed() < PATIENCE, "no pictures");
        std::thread::sleep(Duration::from_millis(20));
    }
    // the help lies over the page: its pictures go
    dashboard.press(" ");
    dashboard.until_text("paused");
    dashboard.press("?");
    dashboard.until_text("keys (↑↓ scroll, esc closes)");
    let (shown, hidden) = ("\x1b_Ga=T,f=100,", "\x1b_Ga=d,d=I,");
    assert_eq!(count(shown, &dashboard), count(hidden, &dashboard));
    dashboard.press("?q");
    assert_eq!(dashboard.ended(), 0);
    assert_eq!(count("\x1b_Ga=d,d=A,q=2\x1b\\", &dashboard), 1);
}

/// A page of S² is 10 to 20 KB: half a second and more at 20 KB/s. The answer to a key goes before what is left of it: 0.03 s in the median
/// and at most 0.05 s on an idle machine; the bound leaves room for the tests beside this one.
#[test]
fn on_a_slow_link_a_key_is_answered_while_a_page_is_still_coming() {
    let arguments = ["sphere-metastable", "--bandwidth", "20"];
    let mut dashboard = Dashboard::start_over("xterm-256color", &arguments, Line::Read(20e3));
    dashboard.until_text("running");
    dashboard.resize(200, 60);
    dashboard.until_text("undo");
    std::thread::sleep(Duration::from_secs(1));
    let took = dashboard.answers();
    assert!(took[3] <= Duration::from_millis(250), "{took:?}");
    // and the page comes to its end
    dashboard.press("?");
    dashboard.until_text("keys (↑↓ scroll, esc closes)");
    dashboard.press("?q");
    assert_eq!(dashboard.ended(), 0);
}

/// Nobody says that the link is slow: the terminal's answers do. Before, what a daemon had taken grew to some hundred KB, and a key was
/// answered after ten seconds.
#[test]
fn behind_a_daemon_that_takes_everything_a_key_is_answered_too() {
    let arguments = ["sphere-metastable", "--color", "truecolor"];
    let mut dashboard = Dashboard::start_over("xterm-256color", &arguments, Line::Daemon);
    dashboard.until_text("running");
    dashboard.resize(160, 48);
    dashboard.until_text("undo");
    std::thread::sleep(Duration::from_secs(3));
    let took = dashboard.answers();
    // 0.1 s is the link's own
    assert!(took[3] <= Duration::from_millis(350), "{took:?}");
    dashboard.press("q");
    assert_eq!(dashboard.ended(), 0);
}

#[test]
fn what_a_terminal_says_unasked_holds_nothing_up() {
    let mut dashboard = Dashboard::start(&["metastable"]);
    dashboard.until_text("running");
    for said in ["\x1b[0n", "\x1b[8;30;100t", "\x1b[?", "1;2c"] {
        dashboard.press(said);
        let before = dashboard.contents();
        dashboard.until("going on", |screen| screen.contents() != before);
    }
    dashboard.press(" ");
    dashboard.until_text("paused");
    dashboard.press("q");
    assert_eq!(dashboard.ended(), 0);
}

/// The answers to what the terminal was asked at the start, when nobody waits for them any more: nothing is typed by them, and the ground
/// is the one that they tell.
#[test]
fn a_late_answer_is_not_typed_and_tells_the_ground() {
    let mut dashboard = Dashboard::start(&["metastable"]);
    dashboard.until_text("running");
    dashboard.press("\x1b]10;rgb:dddd/dddd/dddd\x1b\\\x1b]11;rgb:ffff/ffff/ffff\x07\x1b[?62;c");
    std::thread::sleep(Duration::from_millis(500));
    let contents = dashboard.contents();
    assert!(
        contents.contains("running") && !contents.contains("nothing is called so"),
        "{contents}"
    );
    // the next after light
    dashboard.press("T");
    dashboard.until_text("colours: high contrast");
    dashboard.press("q");
    assert_eq!(dashboard.ended(), 0);
}

#[test]
fn pasted_text_is_no_command() {
    let mut dashboard = Dashboard::start(&["--paused"]);
    dashboard.until_text("paused");
    dashboard.press("\x1b[200~require q\x1b[201~");
    std::thread::sleep(Duration::from_millis(300));
    dashboard.press("?");
    dashboard.until_text("keys (↑↓ scroll, esc closes)");
    dashboard.press("?q");
    assert_eq!(dashboard.ended(), 0);
}
