//! The observer that people watch.

use std::fmt;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use charter_deploy_model::{Event, EventKind, Observer};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use crate::layout::cut;
use crate::style::Mark;
use crate::told::told;
use crate::{Marks, dress, visible};

/// Whether output is coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ColourChoice {
    /// On a terminal only.
    #[default]
    Auto,
    /// Even where it is not a terminal.
    Always,
    /// Not at all.
    Never,
}

/// How a [`Terminal`] behaves. What `NO_COLOR`, the locale and the command line say is the caller's to find out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether only what somebody must look at is printed: warnings, gates that do not pass, failed checks, rollbacks,
    /// recoveries, ends that are no success.
    pub quiet: bool,
    /// Whether lines are coloured.
    pub colour: ColourChoice,
    /// Whether the writer is a terminal; live progress is drawn on standard error only then.
    pub is_terminal: bool,
    /// Which characters it can show.
    pub marks: Marks,
}

impl Options {
    /// Says whether lines are coloured.
    #[must_use]
    pub const fn coloured(&self) -> bool {
        match self.colour {
            ColourChoice::Auto => self.is_terminal,
            ColourChoice::Always => true,
            ColourChoice::Never => false,
        }
    }
}

/// Tells people what happens: one line an event, and on a terminal how far the work is, live.
///
/// The writer should be standard error, so that standard output holds results alone. A writer that fails is ignored:
/// nobody's deployment may fail because nobody listens.
pub struct Terminal {
    options: Options,
    // Both are locked in this order.
    live: Mutex<Option<Live>>,
    writer: Mutex<Box<dyn Write + Send>>,
}

/// Progress on the screen.
struct Live {
    bar: ProgressBar,
    counted: bool,
}

impl Terminal {
    /// Makes a terminal that prints to `writer`.
    #[must_use]
    pub fn new(options: Options, writer: Box<dyn Write + Send>) -> Self {
        Self { options, live: Mutex::new(None), writer: Mutex::new(writer) }
    }

    /// Shows that `done` of `total` steps of `doing` are behind us; the total may be unknown.
    ///
    /// It stays until the next event or [`Terminal::clear`], and is drawn on a terminal alone: elsewhere the events say
    /// how far the work has come.
    pub fn progress(&self, done: u64, total: Option<u64>, doing: &str) {
        if !self.options.is_terminal || self.options.quiet {
            return;
        }
        let marks = self.options.marks;
        let mut live = locked(&self.live);
        let live = live.get_or_insert_with(|| Live::new(marks));
        if live.counted != total.is_some() {
            live.counted = total.is_some();
            live.bar.set_style(style(if live.counted { COUNTED } else { OPEN }, marks));
        }
        if let Some(total) = total {
            live.bar.set_length(total);
            live.bar.set_position(done);
        }
        live.bar.set_message(dress(&cut(&visible(doing), 36), false, marks));
    }

    /// Prints text that this crate made, above the live progress, as the terminal can show it.
    pub fn print(&self, text: &str) {
        let dressed = dress(text, self.options.coloured(), self.options.marks);
        let write = || {
            let mut writer = locked(&self.writer);
            let _ = writer.write_all(dressed.as_bytes()).and_then(|()| writer.flush());
        };
        match &*locked(&self.live) {
            Some(live) => live.bar.suspend(write),
            None => write(),
        }
    }

    /// Takes the live progress off the screen, until there is more.
    pub fn clear(&self) {
        if let Some(live) = locked(&self.live).take() {
            live.bar.finish_and_clear();
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Live {
    fn new(marks: Marks) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
            .with_style(style(OPEN, marks))
            .with_finish(ProgressFinish::AndClear);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, counted: false }
    }
}

impl Observer for Terminal {
    fn observe(&self, event: &Event) {
        let told = told(event);
        self.clear();
        // Whoever reads that something is recovered from wants to read that it was.
        let matters =
            matches!(told.mark, Mark::Bad | Mark::Care) || matches!(event.kind, EventKind::RecoveryFinished { .. });
        if matters || !self.options.quiet {
            self.print(&told.line());
        }
        // A build says nothing for as long as it lasts, so its time is shown running.
        if let EventKind::BuildStarted { .. } = event.kind {
            self.progress(0, None, "building");
        }
    }
}

const COUNTED: &str = "{spinner} {msg:36} {bar:20} {human_pos} of {human_len} · {elapsed}";
const OPEN: &str = "{spinner} {msg:36} {elapsed}";

fn style(template: &str, marks: Marks) -> ProgressStyle {
    let template = dress(template, false, marks);
    let style = ProgressStyle::with_template(&template).expect("both templates are well-formed");
    match marks {
        Marks::Unicode => style.tick_strings(&["·", "•", "●", "•", " "]).progress_chars("█░"),
        Marks::Ascii => style.tick_strings(&["-", "\\", "|", "/", " "]).progress_chars("#."),
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").field("options", &self.options).finish_non_exhaustive()
    }
}
