//! Empty: what was here is in [`buffered`](super::buffered).
