//! What a terminal can show, guessed from its environment variables.
//!
//! The guess is a pure function of [`Facts`], so that it can be tested without a terminal.

use std::io::IsTerminal;

/// Columns of a terminal that does not state its width.
pub(super) const DEFAULT_WIDTH: usize = 80;

/// What the guess is made from. `None` stands for a variable that is unset or empty.
#[derive(Clone, Debug, Default)]
struct Facts {
    is_terminal: bool,
    columns: Option<String>,
    no_color: Option<String>,
    term: Option<String>,
    /// The first of `LC_ALL`, `LC_CTYPE` and `LANG` that is not empty: that one decides.
    locale: Option<String>,
    /// The system shows Unicode in any locale.
    always_unicode: bool,
}

/// The form of a text that suits a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) width: usize,
    pub(super) ascii: bool,
    pub(super) colors: bool,
}

impl Facts {
    fn of_standard_output() -> Self {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            is_terminal: std::io::stdout().is_terminal(),
            columns: variable("COLUMNS"),
            no_color: variable("NO_COLOR"),
            term: variable("TERM"),
            locale: ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable),
            always_unicode: cfg!(windows),
        }
    }

    fn form(&self) -> Form {
        let term = self.term.as_deref().unwrap_or_default();
        let locale = self.locale.as_deref().unwrap_or_default().to_lowercase();
        let is_utf8 = self.always_unicode || locale.contains("utf-8") || locale.contains("utf8");
        // The Linux console has a font of 512 glyphs, which lacks the chart's characters.
        let has_font = term != "dumb" && term != "linux";
        let refuses_color = self.no_color.as_deref().is_some_and(|value| !value.is_empty());
        let columns = self.columns.as_deref().and_then(|columns| columns.trim().parse().ok());
        Form {
            width: columns.filter(|&columns| columns > 0).unwrap_or(DEFAULT_WIDTH),
            ascii: !(is_utf8 && has_font),
            colors: self.is_terminal && term != "dumb" && !refuses_color,
        }
    }
}

/// Returns the form that suits standard output.
pub(super) fn form_of_standard_output() -> Form {
    Facts::of_standard_output().form()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Facts {
        Facts {
            is_terminal: true,
            term: Some("xterm-256color".to_owned()),
            locale: Some("en_US.UTF-8".to_owned()),
            ..Facts::default()
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "so it reads better where it is used")]
    fn some(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    #[test]
    fn a_good_terminal() {
        assert_eq!(good().form(), Form { width: DEFAULT_WIDTH, ascii: false, colors: true });
    }

    #[test]
    fn width() {
        for (columns, width) in [
            ("132", 132),
            (" 100 ", 100),
            ("0", DEFAULT_WIDTH),
            ("-3", DEFAULT_WIDTH),
            ("wide", 80),
        ] {
            assert_eq!(Facts { columns: some(columns), ..good() }.form().width, width, "{columns}");
        }
    }

    #[test]
    fn colors() {
        assert!(!Facts { is_terminal: false, ..good() }.form().colors);
        assert!(!Facts { no_color: some("1"), ..good() }.form().colors);
        assert!(Facts { no_color: some(""), ..good() }.form().colors);
        assert!(!Facts { term: some("dumb"), ..good() }.form().colors);
        assert!(Facts { term: some("linux"), ..good() }.form().colors);
    }

    #[test]
    fn ascii() {
        for (locale, ascii) in [
            ("de_DE.utf8", false),
            ("C.UTF-8", false),
            ("C", true),
            ("POSIX", true),
            ("en_US.ISO-8859-1", true),
        ] {
            assert_eq!(Facts { locale: some(locale), ..good() }.form().ascii, ascii, "{locale}");
        }
        assert!(Facts { locale: None, ..good() }.form().ascii);
        assert!(!Facts { locale: None, always_unicode: true, ..good() }.form().ascii);
        assert!(Facts { term: some("linux"), ..good() }.form().ascii);
        assert!(Facts { term: some("dumb"), ..good() }.form().ascii);
    }
}
