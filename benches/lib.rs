//! The benches of glasspool. Each begins with the question that it answers.
