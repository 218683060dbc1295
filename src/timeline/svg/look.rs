//! What everything looks like: sizes, and a style sheet for light, dark and print.
//!
//! All colours of the picture are here. Each state has a pattern or mark and a word besides its
//! colour, so that the picture can be read without colours.

use std::fmt::{self, Write as _};

use super::text::FACES;

pub(super) const WIDTH: f64 = 1000.0;
pub(super) const MARGIN: f64 = 24.0;
/// Names are left of it, and time is right of it.
pub(super) const PLOT_LEFT: f64 = 176.0;
/// Right of it is space for the ends of futures.
pub(super) const PLOT_RIGHT: f64 = 884.0;
/// Space between the names and the plot.
pub(super) const GAP: f64 = 12.0;
/// Number of colours that tasks take in turn.
pub(super) const TASK_COLOURS: usize = 6;

/// A rule of the style sheet: its selector, and its style in all schemes, in light and in dark.
struct Rule(&'static str, &'static str, &'static str, &'static str);

const RULES: [Rule; 54] = [
    Rule(".paper", "", "fill:#fff", "fill:#14161b"),
    Rule(".ink", "", "fill:#1b1d22", "fill:#eceef2"),
    Rule(".dim", "", "fill:#545965", "fill:#adb3bf"),
    Rule(".good", "", "fill:#0b6b42", "fill:#6fdcaa"),
    Rule(".bad", "", "fill:#a81c2b", "fill:#ff9aa3"),
    Rule(".lane", "", "fill:#f3f4f7", "fill:#20232b"),
    Rule(".panel", "", "fill:#f3f4f7", "fill:#20232b"),
    Rule(".grid", "stroke-width:1", "stroke:#dbdee4", "stroke:#353a45"),
    Rule(".rule", "stroke-width:1", "stroke:#c3c7d0", "stroke:#454b58"),
    Rule(".frame", "fill:none;stroke-width:1", "stroke:#c3c7d0", "stroke:#454b58"),
    Rule(".bar", "stroke-width:1", "stroke:#4b505b", "stroke:#0b0c0f"),
    Rule(".task-0", "fill:#7cc4ee", "", ""),
    Rule(".task-1", "fill:#f4bc55", "", ""),
    Rule(".task-2", "fill:#76cfa6", "", ""),
    Rule(".task-3", "fill:#e0a3cb", "", ""),
    Rule(".task-4", "fill:#bcb8f2", "", ""),
    Rule(".task-5", "fill:#dcd272", "", ""),
    Rule(".on-task", "fill:#14161b", "", ""),
    Rule(".blocked", "fill:url(#gp-blocked)", "stroke:#b23a48", "stroke:#e0808b"),
    Rule(".hatch", "", "fill:#e7a3ab", "fill:#8d4751"),
    Rule(".callback", "fill:url(#gp-callback)", "stroke:#00695f", "stroke:#53c7b8"),
    Rule(".weave", "fill:none;stroke-width:1", "stroke:#1f8f82", "stroke:#3fb0a2"),
    Rule(".pending", "fill:url(#gp-pending)", "stroke:#7d8390", "stroke:#8a91a0"),
    Rule(".dot", "", "fill:#7d8390", "fill:#9aa1af"),
    Rule(".idle", "fill:none;stroke-dasharray:3 4", "stroke:#8b919e", "stroke:#7b8290"),
    Rule(".many", "fill:url(#gp-many)", "stroke:#2f6d94", "stroke:#7cc4ee"),
    Rule(".stripe", "", "fill:#7fb4d6", "fill:#4f8db3"),
    Rule(".many-ground", "", "fill:#b5d6ea", "fill:#2b5673"),
    Rule(".blocked-ground", "", "fill:#fdeff1", "fill:#3a1d23"),
    Rule(".callback-ground", "", "fill:#e3f5f2", "fill:#123631"),
    Rule(".pending-ground", "", "fill:#fff", "fill:#20232b"),
    Rule(".under-blocked-text", "", "fill:#fdeff1", "fill:#3a1d23"),
    Rule(".under-callback-text", "", "fill:#e3f5f2", "fill:#123631"),
    Rule(".under-ink", "", "fill:#fff", "fill:#20232b"),
    Rule(".under-dim", "", "fill:#f3f4f7", "fill:#20232b"),
    Rule(".blocked-text", "", "fill:#7a1626", "fill:#ffd9dd"),
    Rule(".callback-text", "", "fill:#004d46", "fill:#c4f3ec"),
    Rule(".mark", "stroke:none", "fill:#0b5fa5", "fill:#7dc0f5"),
    Rule(".alarm", "stroke:none", "fill:#a81c2b", "fill:#ff8e98"),
    Rule(".badge", "stroke:none", "fill:#1b1d22", "fill:#eceef2"),
    Rule(".closed", "stroke:none", "fill:#1b1d22", "fill:#eceef2"),
    Rule(".on-badge", "", "fill:#fff", "fill:#14161b"),
    Rule(".void", "fill:none;stroke-width:1.8", "stroke:#545965", "stroke:#adb3bf"),
    Rule(".hollow", "", "fill:#fff", "fill:#14161b"),
    Rule(".teeth", "fill:#a81c2b;stroke:none", "", ""),
    Rule(".onward", "stroke:none", "fill:#545965", "fill:#adb3bf"),
    Rule(
        ".waits",
        "fill:none;stroke-width:1.5;stroke-dasharray:6 2 1 2",
        "stroke:#0b5fa5",
        "stroke:#7dc0f5",
    ),
    Rule(".open", "stroke-dasharray:2 2", "", ""),
    Rule(".asis", "", "fill:#9aa0ac", "fill:#6f7684"),
    Rule(".enough", "", "fill:#2d9a68", "fill:#3fae7b"),
    Rule(".thin", "stroke:none", "", ""),
    Rule(".plate", "stroke:none", "", ""),
    Rule(".slice", "fill:#888;fill-opacity:0;stroke:none", "", ""),
    Rule(".hit:hover>.slice", "fill-opacity:.25", "", ""),
];

/// Patterns: name, size, transform, and the mark in each square.
const PATTERNS: [(&str, u32, &str, &str); 4] = [
    ("pending", 6, "", "<circle class=\"dot\" cx=\"3\" cy=\"3\" r=\"1.1\"/>"),
    (
        "blocked",
        7,
        " patternTransform=\"rotate(45)\"",
        "<rect class=\"hatch\" width=\"2.6\" height=\"7\"/>",
    ),
    ("callback", 6, "", "<path class=\"weave\" d=\"M0 0L6 6M6 0L0 6\"/>"),
    ("many", 4, "", "<rect class=\"stripe\" width=\"2\" height=\"4\"/>"),
];

/// Displays the style sheet and the patterns.
pub(super) struct Definitions;

impl fmt::Display for Definitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<style>\n.glasspool text{font-family:system-ui,-apple-system,")?;
        f.write_str(
            "\"Segoe UI\",Roboto,\"Noto Sans\",\"DejaVu Sans\",sans-serif;white-space:pre}\n",
        )?;
        for face in FACES {
            let weight = if face.bold { ";font-weight:bold" } else { "" };
            writeln!(f, ".glasspool .{}{{font-size:{}px{weight}}}", face.class, face.size)?;
        }
        for Rule(selector, always, light, _) in RULES {
            let between = if always.is_empty() || light.is_empty() { "" } else { ";" };
            writeln!(f, ".glasspool {selector}{{{always}{between}{light}}}")?;
        }
        f.write_str(".glasspool .hit:hover>.bar,.glasspool .hit:hover>.waits{stroke-width:2.5}\n")?;
        // Print stays light.
        f.write_str("@media screen and (prefers-color-scheme:dark){\n")?;
        for Rule(selector, _, _, dark) in
            RULES.iter().filter(|Rule(_, _, _, dark)| !dark.is_empty())
        {
            writeln!(f, ".glasspool {selector}{{{dark}}}")?;
        }
        f.write_str("}\n</style>\n<defs>\n")?;
        for (name, size, transform, mark) in PATTERNS {
            let square = format!("width=\"{size}\" height=\"{size}\"");
            write!(f, "<pattern id=\"gp-{name}\" {square} ")?;
            writeln!(f, "patternUnits=\"userSpaceOnUse\"{transform}>")?;
            writeln!(f, "<rect class=\"{name}-ground\" {square}/>{mark}</pattern>")?;
        }
        f.write_str("</defs>")?;
        f.write_char('\n')
    }
}
