//! Nothing but what its tests say.
