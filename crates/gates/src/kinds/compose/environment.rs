//! Secrets that stand in the environment of a service as they are.

use super::container::Service;
use super::interpolate::{Values, fill};
use super::keys::field;
use crate::kinds::secrets::named::secret;
use crate::yaml::fault::{Fault, short};
use crate::yaml::node::Node;

/// Finds the variables, and the arguments of the build, whose values are secrets.
pub(super) fn faults<'a>(service: &Service<'a>) -> Vec<Fault<'a>> {
    let build = service.get("build").and_then(|build| field(build, "args"));
    let places = [("variable", service.get("environment")), ("build argument", build)];
    let mut faults = Vec::new();
    for (sort, all) in places {
        for (name, value, at) in all.into_iter().flat_map(pairs) {
            // What is handed over from outside is not written here; a default is.
            if let Some(why) = secret(name, &fill(value, &Values::new())) {
                let what = format!("has a secret written out in the {sort} `{}`: {why}", short(name));
                faults.push(Fault::new("secret-in-env", at, what).of(Some(service.name)));
            }
        }
    }
    faults
}

/// Returns names, values and places of a mapping, or of a list of `name=value`; names without a value are left out.
fn pairs<'a>(all: Node<'a>) -> Vec<(&'a str, &'a str, Node<'a>)> {
    let of_mapping = all.fields().into_iter().filter(|(_, value)| !value.is_null());
    let of_mapping = of_mapping.filter_map(|(name, value)| Some((name.text()?, value.text()?, value)));
    let of_list = all.items().filter_map(|item| item.text()?.split_once('=').map(|(name, value)| (name, value, item)));
    of_mapping.chain(of_list).collect()
}
