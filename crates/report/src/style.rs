//! The few styles and marks there are.

use anstyle::{AnsiColor, Style};

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const CARE: Style = AnsiColor::Yellow.on_default();
pub(crate) const CODE: Style = AnsiColor::Cyan.on_default();

/// What a line says before its first word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Good,
    Bad,
    Care,
    Quiet,
}

impl Mark {
    pub(crate) const fn style(self) -> Style {
        match self {
            Self::Good => GOOD,
            Self::Bad => BAD,
            Self::Care => CARE,
            Self::Quiet => DIM,
        }
    }

    /// The mark in its colour; one column wide.
    pub(crate) fn painted(self) -> String {
        let mark = match self {
            Self::Good => "✓",
            Self::Bad => "✗",
            Self::Care => "!",
            Self::Quiet => "·",
        };
        paint(self.style(), mark)
    }
}

pub(crate) fn paint(style: Style, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}
