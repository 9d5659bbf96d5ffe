//! Everything that belongs to the data, as records that are the same whichever database they come from and go into.
//!
//! A [`Record`] is a row; [`tables`] has a struct for each table, from which follow its columns in both databases and its
//! form in JSON. The databases hand them out as a [`Snapshot`], table by table, each in the order of its key, so that equal
//! data make equal records in an equal order. They take them by [`Import`], in that order, since rows refer to those before.

mod field;
mod import;
mod record;
mod snapshot;
mod tables;
mod words;

pub(crate) use import::{Import, ImportProgress, ImportState};
pub(crate) use snapshot::Snapshot;
pub(crate) use tables::Record;

pub(super) use field::{Kind, Value};
pub(super) use import::unfinished;
pub(super) use record::{Column, Source, Table};
pub(super) use snapshot::Pages;
pub(super) use tables::{Server, TABLES};
