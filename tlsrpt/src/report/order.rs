//! The canonical order: policies by type, domain and strings; failures by count, then key.

use core::cmp::Ordering;

use alloc::vec::Vec;

use super::{Detail, Report, Row};

/// Visits the items in order. A list in order, or of at most 256 items, needs no allocation.
pub(super) fn in_order<'t, T, E>(
    items: &'t [T],
    compare: impl Fn(&T, &T) -> Ordering,
    mut visit: impl FnMut(&'t T) -> Result<(), E>,
) -> Result<(), E> {
    if items.is_sorted_by(|a, b| compare(a, b).is_le()) {
        return items.iter().try_for_each(visit);
    }
    let mut few = [const { None }; FEW];
    if let Some(places) = few.get_mut(..items.len()) {
        for (place, item) in places.iter_mut().zip(items) {
            *place = Some(item);
        }
        places.sort_by(|a, b| match (a, b) {
            (Some(a), Some(b)) => compare(a, b),
            _ => Ordering::Equal,
        });
        return places.iter().flatten().try_for_each(|item| visit(item));
    }
    let mut many: Vec<&T> = items.iter().collect();
    many.sort_by(|a, b| compare(a, b));
    many.into_iter().try_for_each(visit)
}

pub(super) fn details(a: &Detail<'_>, b: &Detail<'_>) -> Ordering {
    b.failed_session_count.cmp(&a.failed_session_count).then_with(|| a.failure.cmp(&b.failure))
}

impl Report<'_> {
    /// Puts the policies in the canonical order.
    pub(crate) fn sort_policies(&mut self) {
        let mut rows = core::mem::take(&mut self.rows);
        rows.sort_by(|a, b| self.compare_rows(a, b));
        self.rows = rows;
    }

    pub(super) fn compare_rows(&self, a: &Row<'_>, b: &Row<'_>) -> Ordering {
        let name = |row: &Row<'_>| row.policy_type.rank();
        name(a)
            .cmp(&name(b))
            .then_with(|| a.policy_type.as_str().cmp(b.policy_type.as_str()))
            .then_with(|| a.policy_domain.cmp(&b.policy_domain))
            .then_with(|| self.texts(&a.strings).cmp(self.texts(&b.strings)))
            .then_with(|| self.texts(&a.mx_hosts).cmp(self.texts(&b.mx_hosts)))
    }
}

/// Items sorted on the stack.
const FEW: usize = 256;
