//! The kinds of gate: one module and one line each.

use charter_host::Catalog;

use crate::Gate;

pub mod branches;
pub mod clean_tree;
pub mod page_weight;

pub(crate) fn register(catalog: &mut Catalog<dyn Gate>) {
    catalog.register(&branches::META, branches::gate);
    catalog.register(&clean_tree::META, clean_tree::gate);
    catalog.register(&page_weight::META, page_weight::gate);
}
