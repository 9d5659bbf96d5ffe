//! Many rows as columns, which is how a statement takes any number of them.

/// One column of many rows.
pub(super) fn each<'r, R, V>(rows: &'r [R], value: impl Fn(&'r R) -> V) -> Vec<V> {
    rows.iter().map(value).collect()
}
