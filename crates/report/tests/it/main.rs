//! What people and programs are told.

mod constitution;
mod events;
mod formats;
mod human;
mod json;
mod retention;
mod safety;
mod samples;
