//! Scripted servers on loopback.
