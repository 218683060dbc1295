//! The country codes, and how a user names some of them.

/// The twenty most populous countries, ordered by population, as in the book.
pub const POP20: [&str; 20] = [
    "CN", "IN", "US", "ID", "BR", "PK", "NG", "BD", "RU", "JP", "MX", "PH", "VN", "ET", "EG", "DE",
    "IR", "TR", "CD", "FR",
];

/// Every country with a flag on the book's site.
const ALL: &str = "\
    AD AE AF AG AL AM AO AR AT AU AZ BA BB BD BE BF BG BH BI BJ BN BO BR BS \
    BT BW BY BZ CA CD CF CG CH CI CL CM CN CO CR CU CV CY CZ DE DJ DK DM DZ \
    EC EE EG ER ES ET FI FJ FM FR GA GB GD GE GH GM GN GQ GR GT GW GY HN HR \
    HT HU ID IE IL IN IQ IR IS IT JM JO JP KE KG KH KI KM KN KP KR KW KZ LA \
    LB LC LI LK LR LS LT LU LV LY MA MC MD ME MG MH MK ML MM MN MR MT MU MV \
    MW MX MY MZ NA NE NG NI NL NO NP NR NZ OM PA PE PG PH PK PL PT PW PY QA \
    RO RS RU RW SA SB SC SD SE SG SI SK SL SM SN SO SR SS ST SV SY SZ TD TG \
    TH TJ TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VN VU WS YE ZA \
    ZM ZW";

/// Returns the codes in alphabetical order.
pub fn all() -> impl Iterator<Item = &'static str> {
    ALL.split_whitespace()
}

/// Returns `true` if there is a flag for this upper-case code.
pub fn exists(code: &str) -> bool {
    code.len() == 2 && all().any(|known| known == code)
}

/// Returns every possible code, AA to ZZ.
pub fn every() -> impl Iterator<Item = String> {
    ('A'..='Z').flat_map(with_first_letter)
}

/// Returns the codes that an argument names: one code, or all codes with a first letter, in upper
/// or lower case.
pub fn named_by(argument: &str) -> Option<Vec<String>> {
    let argument = argument.to_ascii_uppercase();
    let letters: Vec<char> = argument.chars().collect();
    match letters[..] {
        [first @ 'A'..='Z'] => Some(with_first_letter(first).collect()),
        ['A'..='Z', 'A'..='Z'] => Some(vec![argument]),
        _ => None,
    }
}

fn with_first_letter(first: char) -> impl Iterator<Item = String> {
    ('A'..='Z').map(move |second| format!("{first}{second}"))
}
