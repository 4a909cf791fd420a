//! What people and programs are told.

mod events;
mod human;
mod json;
mod safety;
mod samples;
