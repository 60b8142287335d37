//! The modules under test, and what judges them without using them.

pub mod dotenv;
pub mod judge;
