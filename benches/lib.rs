//! The benches of glasspool. Each file beside this one begins with the question that it answers.
