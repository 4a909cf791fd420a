//! The kinds of gate: one module and one line each.

use charter_host::Catalog;

use crate::Gate;

pub mod accessibility;
pub mod branches;
pub mod clean_tree;
pub mod code_quality;
pub mod command;
pub mod commits;
pub mod compose;
pub mod core_web_vitals;
pub mod dependencies;
pub mod dockerfile;
pub mod headers;
pub mod html;
pub mod kubernetes;
pub mod licenses;
pub mod lighthouse;
pub mod links;
pub mod migrations;
pub mod page_weight;
pub mod policy;
pub mod publishable;
pub mod pwa;
pub mod runbook;
pub mod sbom;
pub mod secrets;
pub mod spec_driven;
pub mod typescript;
pub mod zero_actions;

pub(crate) fn register(catalog: &mut Catalog<dyn Gate>) {
    catalog.register(&accessibility::META, accessibility::gate);
    catalog.register(&branches::META, branches::gate);
    catalog.register(&clean_tree::META, clean_tree::gate);
    catalog.register(&code_quality::META, code_quality::gate);
    catalog.register(&command::META, command::gate);
    catalog.register(&commits::META, commits::gate);
    catalog.register(&compose::META, compose::gate);
    catalog.register(&core_web_vitals::META, core_web_vitals::gate);
    catalog.register(&dockerfile::META, dockerfile::gate);
    catalog.register(&dependencies::META, dependencies::gate);
    catalog.register(&headers::META, headers::gate);
    catalog.register(&html::META, html::gate);
    catalog.register(&kubernetes::META, kubernetes::gate);
    catalog.register(&licenses::META, licenses::gate);
    catalog.register(&lighthouse::META, lighthouse::gate);
    catalog.register(&links::META, links::gate);
    catalog.register(&migrations::META, migrations::gate);
    catalog.register(&page_weight::META, page_weight::gate);
    catalog.register(&policy::META, policy::gate);
    catalog.register(&publishable::META, publishable::gate);
    catalog.register(&pwa::META, pwa::gate);
    catalog.register(&runbook::META, runbook::gate);
    catalog.register(&sbom::META, sbom::gate);
    catalog.register(&secrets::META, secrets::gate);
    catalog.register(&spec_driven::META, spec_driven::gate);
    catalog.register(&typescript::META, typescript::gate);
    catalog.register(&zero_actions::META, zero_actions::gate);
}
