//! The terminal: entered and always left again, whatever happens, by one writer that sends a frame in one piece and
//! counts its bytes.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::link::Link;
use super::pixels::protocol::{NO_PICTURES, Protocol};
use super::recording::Recorder;
use super::wire::Wire;
use crossterm::{clipboard, cursor, event, execute, style, terminal};
use ratatui::Terminal;
use rustix::termios::{OptionalActions, SpecialCodeIndex};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};

/// Room for a whole frame, so that it leaves in one write.
const FRAME: usize = 256 * 1024;

/// Whether the alternate screen is on.
static ENTERED: AtomicBool = AtomicBool::new(false);

/// Whether the mouse is heard.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Whether pictures lie under the text that do not go with it.
static PICTURES: AtomicBool = AtomicBool::new(false);

/// Standard output that counts.
#[derive(Debug)]
pub(crate) struct Counting {
    out: Stdout,
    link: Link,
    recorder: Recorder,
}

impl Write for Counting {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let written = self.out.write(data)?;
        self.link.count(written as u64);
        self.recorder.hear(&data[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// What frames are drawn on.
pub(crate) type Screen = Terminal<Wire<BufWriter<Counting>>>;

/// A screen on standard output over this link; what it sends is heard by the recorder.
///
/// # Errors
/// When standard output is not a terminal that can be asked for its size.
pub(crate) fn screen(recorder: &Recorder, link: &Link) -> io::Result<Screen> {
    // Whether there are colours is the theme's decision; crossterm's own reading of NO_COLOR garbles attributes.
    style::force_color_output(true);
    let writer = Counting {
        out: io::stdout(),
        link: link.clone(),
        recorder: recorder.clone(),
    };
    let writer = BufWriter::with_capacity(FRAME, writer);
    Terminal::new(Wire::over(writer, link.clone()))
}

/// Puts a text on the clipboard of the reader's terminal, also over SSH (OSC 52); terminals without it ignore it.
///
/// # Errors
/// The terminal's.
pub(crate) fn copy(text: &str) -> io::Result<()> {
    execute!(
        io::stdout(),
        clipboard::CopyToClipboard::to_clipboard_from(text)
    )
}

/// Raw mode, the alternate screen, no cursor.
///
/// # Errors
/// The terminal's.
pub(crate) fn enter() -> io::Result<()> {
    terminal::enable_raw_mode()?;
    never_wait_in_a_read()?;
    ENTERED.store(true, Ordering::SeqCst);
    execute!(
        io::stdout(),
        terminal::EnterAlternateScreen,
        event::EnableBracketedPaste,
        cursor::Hide
    )?;
    if MOUSE.load(Ordering::SeqCst) {
        execute!(io::stdout(), event::EnableMouseCapture)?;
    }
    Ok(())
}

/// A read takes what has come, and returns at once when that is nothing. Crossterm reads on when what came is no event of its own (an answer
/// of the terminal), and would wait there for the next key.
fn never_wait_in_a_read() -> io::Result<()> {
    let stdin = rustix::stdio::stdin();
    if !rustix::termios::isatty(stdin) {
        return Ok(());
    }
    let mut mode = rustix::termios::tcgetattr(stdin)?;
    mode.special_codes[SpecialCodeIndex::VMIN] = 0;
    mode.special_codes[SpecialCodeIndex::VTIME] = 0;
    rustix::termios::tcsetattr(stdin, OptionalActions::Now, &mode)?;
    Ok(())
}

/// Whether the mouse is heard from the next time on that the screen is entered.
pub(crate) fn hear_mouse(heard: bool) {
    MOUSE.store(heard, Ordering::SeqCst);
}

/// Which pictures the terminal is sent.
pub(crate) fn has_pictures(protocol: Option<Protocol>) {
    PICTURES.store(protocol == Some(Protocol::Kitty), Ordering::SeqCst);
}

/// Everything as it was found; harmless when it is so already.
pub(crate) fn leave() {
    if ENTERED.swap(false, Ordering::SeqCst) {
        // Nothing can be done when the terminal is gone.
        if PICTURES.load(Ordering::SeqCst) {
            let _gone = io::stdout().write_all(NO_PICTURES.as_bytes());
        }
        let _gone = execute!(
            io::stdout(),
            // the pen is as the last frame left it
            style::SetAttribute(style::Attribute::Reset),
            event::DisableMouseCapture,
            event::DisableBracketedPaste,
            terminal::LeaveAlternateScreen,
            cursor::Show
        );
        let _gone = terminal::disable_raw_mode();
    }
}

/// Enters the terminal now and leaves it when dropped.
#[derive(Debug)]
pub(crate) struct TerminalGuard;

impl TerminalGuard {
    /// Enters; panics of this thread restore the terminal before they are printed, and those of other threads are not
    /// printed: the worker reports them.
    ///
    /// # Errors
    /// The terminal's.
    pub(crate) fn begin() -> io::Result<Self> {
        let drawing = thread::current().id();
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if thread::current().id() == drawing {
                leave();
                print(panic);
            } else if !ENTERED.load(Ordering::SeqCst) {
                print(panic);
            }
        }));
        let visit = Self;
        enter()?;
        Ok(visit)
    }
}

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        leave();
    }
}

/// Signals that arrived, as flags; and a watch over a terminal that no longer answers.
#[derive(Debug)]
pub(crate) struct Signals {
    ended: Arc<AtomicI32>,
    stop: Arc<AtomicBool>,
    resumed: Arc<AtomicBool>,
    window: Arc<AtomicBool>,
    beat: Arc<AtomicU64>,
    registered: Vec<signal_hook::SigId>,
    done: Arc<AtomicBool>,
}

impl Signals {
    /// Listens.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn listen() -> io::Result<Self> {
        let mut signals = Self {
            ended: Arc::new(AtomicI32::new(0)),
            stop: Arc::default(),
            resumed: Arc::default(),
            window: Arc::default(),
            beat: Arc::default(),
            registered: Vec::new(),
            done: Arc::default(),
        };
        signals.registered = vec![
            signal_hook::flag::register(SIGTSTP, Arc::clone(&signals.stop))?,
            signal_hook::flag::register(SIGCONT, Arc::clone(&signals.resumed))?,
            signal_hook::flag::register(SIGWINCH, Arc::clone(&signals.window))?,
        ];
        signals.watch()?;
        Ok(signals)
    }

    /// A thread that takes the signals that end the program. The loop leaves by itself when it sees one; if it cannot
    /// (the terminal hung up under a read or a write), the thread restores what can be restored and ends the program.
    fn watch(&self) -> io::Result<()> {
        let mut incoming = signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT])?;
        let (ended, done, beat) = (
            Arc::clone(&self.ended),
            Arc::clone(&self.done),
            Arc::clone(&self.beat),
        );
        thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                let mut quiet = 0;
                let mut last = 0;
                while !done.load(Ordering::SeqCst) {
                    if let Some(signal) = incoming.pending().next() {
                        ended.store(signal, Ordering::SeqCst);
                    }
                    thread::sleep(Duration::from_millis(50));
                    let now = beat.load(Ordering::SeqCst);
                    quiet = if now == last { quiet + 1 } else { 0 };
                    last = now;
                    let signal = ended.load(Ordering::SeqCst);
                    if signal != 0 && quiet > 20 && !done.load(Ordering::SeqCst) {
                        leave();
                        std::process::exit(128 + signal);
                    }
                }
            })?;
        Ok(())
    }

    /// The loop is alive.
    pub(crate) fn beat(&self) {
        self.beat.fetch_add(1, Ordering::SeqCst);
    }

    /// The signal that ends the program, if one came.
    #[must_use]
    pub(crate) fn ended(&self) -> Option<i32> {
        Some(self.ended.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }

    /// Raised when the window changes.
    #[must_use]
    pub(crate) fn window(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.window)
    }

    /// Whether the program is asked to stop for a while (once).
    #[must_use]
    pub(crate) fn stop_asked(&self) -> bool {
        self.stop.swap(false, Ordering::SeqCst)
    }

    /// Whether it was stopped by others and goes on (once).
    #[must_use]
    pub(crate) fn resumed(&self) -> bool {
        self.resumed.swap(false, Ordering::SeqCst)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.done.store(true, Ordering::SeqCst);
        for id in self.registered.drain(..) {
            signal_hook::low_level::unregister(id);
        }
    }
}

/// To the shell, and back when it says so.
///
/// # Errors
/// The terminal's.
pub(crate) fn suspend() -> io::Result<()> {
    leave();
    signal_hook::low_level::emulate_default_handler(SIGTSTP)?;
    enter()
}
