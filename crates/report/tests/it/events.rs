//! The terminal as an observer.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use charter_deploy_model::{Event, EventKind, Observer, Verdict};
use charter_report::json::JsonLines;
use charter_report::{ColourChoice, Marks, Options, Terminal};

use crate::samples;

/// A writer whose text can be read afterwards.
#[derive(Clone, Default)]
pub(crate) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("nobody panicked").clone()).expect("text is UTF-8")
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panicked").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A writer whose reader has gone.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

fn told(options: Options, events: &[(&'static str, Event)]) -> String {
    let paper = Paper::default();
    let terminal = Terminal::new(options, Box::new(paper.clone()));
    for (_, event) in events {
        terminal.observe(event);
    }
    paper.text()
}

#[test]
fn every_event_is_one_plain_line_where_there_is_no_terminal() {
    let events = samples::events();
    let text = told(Options::default(), &events);
    assert_eq!(text.lines().count(), events.len(), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
        assert_eq!(line.trim_end(), line);
    }
}

#[test]
fn the_lines_name_what_matters() {
    let text = told(Options::default(), &samples::events());
    for said in [
        "✓ read         214 files, 3.41 MB · abababababab",
        "✓ staged       20261121-020711-abababababab · 12 B written, 202 B shared",
        "✓ backed up    20261121-020711 · 48.2 kB added",
        "✗ checked      /about/: 404, it is part of the release",
        "✗ rolled back  to 20261120-173000-abababababab · 1 of 2 paths did not answer as it should",
        "! anchored     20261121-020711-prod-new-prices · on this machine only",
        "✓ done         succeeded · https://example.org/",
        "14.2 s",
        "<0.01 s",
    ] {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
}

#[test]
fn quiet_leaves_what_somebody_must_look_at() {
    let text = told(Options { quiet: true, ..Options::default() }, &samples::events());
    let labels: Vec<String> = text.lines().map(|line| line.chars().skip(2).take(11).collect()).collect();
    let labels: Vec<&str> = labels.iter().map(|label| label.trim()).collect();
    assert_eq!(labels, ["recovering", "recovered", "checked", "rolled back", "anchored", "warning"], "{text}");
}

#[test]
fn quiet_does_not_hide_a_gate_that_blocks() {
    let gate = |verdict, blocks| {
        let report = Box::new(samples::report("links", verdict, blocks));
        ("", Event { kind: EventKind::GateFinished { report, milliseconds: 1 }, ..samples::events()[0].1.clone() })
    };
    let events = [gate(Verdict::Passed, false), gate(Verdict::Blocked, true)];
    let text = told(Options { quiet: true, ..Options::default() }, &events);
    assert_eq!(text.lines().count(), 1);
    assert!(text.starts_with("✗ gate         links · failed"), "{text}");
}

#[test]
fn colours_come_when_they_are_wanted_and_ascii_when_it_must_be() {
    let events = samples::events();
    let coloured = told(Options { colour: ColourChoice::Always, ..Options::default() }, &events);
    assert!(coloured.contains("\u{1b}[32m✓"));
    let on_terminal = Options { is_terminal: true, ..Options::default() };
    assert!(on_terminal.coloured());
    assert!(!Options { colour: ColourChoice::Never, ..on_terminal }.coloured());
    let ascii = told(Options { marks: Marks::Ascii, ..Options::default() }, &events);
    assert!(ascii.is_ascii(), "{ascii}");
    assert!(ascii.contains("+ staged "), "{ascii}");
}

#[test]
fn progress_leaves_no_trace_where_there_is_no_terminal() {
    let paper = Paper::default();
    let terminal = Terminal::new(Options::default(), Box::new(paper.clone()));
    terminal.progress(1, Some(2), "reading");
    terminal.progress(1, None, "reading");
    terminal.print("text\n");
    terminal.clear();
    assert_eq!(paper.text(), "text\n");
}

#[test]
fn progress_does_not_mix_with_what_is_printed() {
    let paper = Paper::default();
    let terminal = Terminal::new(Options { is_terminal: true, ..Options::default() }, Box::new(paper.clone()));
    terminal.progress(0, None, "looking");
    terminal.progress(1, Some(3), "reading");
    terminal.print("one\n");
    terminal.clear();
    terminal.progress(2, Some(3), "reading");
    terminal.print("two\n");
    assert_eq!(paper.text(), "one\ntwo\n");
}

#[test]
fn a_reader_who_has_gone_stops_nothing() {
    let terminal = Terminal::new(Options::default(), Box::new(Gone));
    let json = JsonLines::new(Box::new(Gone));
    for (_, event) in samples::events() {
        terminal.observe(&event);
        json.observe(&event);
    }
}
