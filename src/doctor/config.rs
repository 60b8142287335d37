//! Checks of Nix's settings.

#[cfg(test)]
mod examples;
mod files;
mod flakes;
pub(super) mod place;
mod sandbox;
mod table;
mod trust;

#[cfg(test)]
pub(super) use examples::examples;
pub(super) use table::CHECKS;
