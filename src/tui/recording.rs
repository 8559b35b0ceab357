//! A recording of the screen: what is sent to the terminal, with its times, as an asciicast (version 2), which `asciinema play` shows again.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use ratatui::layout::Size;

/// A recording under way.
#[derive(Debug)]
struct Tape {
    file: BufWriter<File>,
    path: PathBuf,
    since: Instant,
    /// The beginning of a character whose end has not been sent yet.
    rest: Vec<u8>,
    /// The first thing that could not be written.
    failed: Option<io::Error>,
}

/// The recorder: the writer of the screen hands it everything that is sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Option<Tape>>>);

impl Recorder {
    fn tape(&self) -> MutexGuard<'_, Option<Tape>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a recording is under way.
    #[must_use]
    pub(crate) fn on(&self) -> bool {
        self.tape().is_some()
    }

    /// Begins one in a file, of a window of this size.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn begin(
        &self,
        path: PathBuf,
        file: File,
        size: Size,
        title: &str,
    ) -> io::Result<()> {
        let mut file = BufWriter::new(file);
        let header = serde_json::json!({
            "version": 2,
            "width": size.width,
            "height": size.height,
            "title": title,
        });
        writeln!(file, "{header}")?;
        *self.tape() = Some(Tape {
            file,
            path,
            since: Instant::now(),
            rest: Vec::new(),
            failed: None,
        });
        Ok(())
    }

    /// Ends it; says where it is.
    ///
    /// # Errors
    /// What could not be written, in words.
    pub(crate) fn end(&self) -> Option<Result<String, String>> {
        let mut tape = self.tape().take()?;
        let path = tape.path.display().to_string();
        let written = match tape.failed.take() {
            Some(error) => Err(error),
            None => tape.file.flush(),
        };
        Some(match written {
            Ok(()) => Ok(format!(
                "recorded to {path} · shown again by: asciinema play {path}"
            )),
            Err(error) => Err(format!("the recording {path} is not whole: {error}")),
        })
    }

    /// Takes what is sent.
    pub(crate) fn hear(&self, data: &[u8]) {
        if let Some(tape) = &mut *self.tape() {
            tape.hear(data);
        }
    }

    /// Takes note of another size of the window.
    pub(crate) fn resize(&self, size: Size) {
        if let Some(tape) = &mut *self.tape() {
            tape.event("r", &format!("{}x{}", size.width, size.height));
        }
    }
}

impl Tape {
    fn hear(&mut self, data: &[u8]) {
        self.rest.extend_from_slice(data);
        // a write may end within a character: its end comes with the next
        let whole = match std::str::from_utf8(&self.rest) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let after = self.rest.split_off(whole);
        let text = String::from_utf8_lossy(&self.rest).into_owned();
        self.rest = after;
        if !text.is_empty() {
            self.event("o", &text);
        }
    }

    fn event(&mut self, kind: &str, data: &str) {
        if self.failed.is_some() {
            return;
        }
        let time = (self.since.elapsed().as_secs_f64() * 1e6).round() / 1e6;
        let line = serde_json::json!([time, kind, data]);
        self.failed = writeln!(self.file, "{line}").err();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_an_asciicast_whose_output_is_what_was_sent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.cast");
        let recorder = Recorder::default();
        recorder.hear(b"before");
        let file = File::create(&path).unwrap();
        recorder
            .begin(path.clone(), file, Size::new(80, 24), "a \"title\"")
            .unwrap();
        let sent = "\x1b[1mρ ≤ 1▀";
        let (head, tail) = sent.as_bytes().split_at(6);
        recorder.hear(head);
        recorder.resize(Size::new(100, 30));
        recorder.hear(tail);
        assert!(recorder.on());
        let said = recorder.end().unwrap().unwrap();
        assert!(said.contains("asciinema play"), "{said}");
        assert!(!recorder.on() && recorder.end().is_none());
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines[0]["version"], 2);
        assert_eq!(
            (&lines[0]["width"], &lines[0]["title"]),
            (&80.into(), &"a \"title\"".into())
        );
        let output: String = (lines[1..].iter())
            .filter(|event| event[1] == "o")
            .map(|event| event[2].as_str().unwrap())
            .collect();
        assert_eq!(output, sent);
        assert!(
            lines[1..]
                .iter()
                .any(|event| event[1] == "r" && event[2] == "100x30")
        );
    }
}
