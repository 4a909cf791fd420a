//! A bill of materials in the form of CycloneDX 1.6: <https://cyclonedx.org/docs/1.6/json/>.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{Ecosystem, Package};

/// Returns the bill of materials of packages: each version once, with its digests and what it needs.
///
/// `name` and `version` are the project's. The same packages yield the same text, so the serial number is made from
/// the content, and there is no time in it.
///
/// ```
/// let bill = charter_gates::packages::cyclonedx(&[], "docs", "1.0.0");
/// assert_eq!((bill["bomFormat"].as_str(), bill["specVersion"].as_str()), (Some("CycloneDX"), Some("1.6")));
/// ```
#[must_use]
pub fn cyclonedx(packages: &[Package], name: &str, version: &str) -> Value {
    let mut components: BTreeMap<String, Vec<&Package>> = BTreeMap::new();
    for package in packages {
        components.entry(purl(package)).or_default().push(package);
    }
    let root = format!("{name}@{version}");
    let direct = packages.iter().filter(|package| package.is_direct).map(purl);
    let mut needs: BTreeMap<&str, BTreeSet<String>> = BTreeMap::from([(root.as_str(), direct.collect())]);
    for (reference, same) in &components {
        let required = same.iter().flat_map(|package| &package.requires).filter_map(|place| packages.get(*place));
        needs.insert(reference, required.map(purl).filter(|other| other != reference).collect());
    }
    let dependencies: Vec<Value> =
        needs.iter().map(|(reference, on)| json!({ "ref": reference, "dependsOn": on })).collect();
    let mut bill = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": { "type": "application", "bom-ref": &root, "name": name, "version": version },
        },
        "components": components.iter().map(|(purl, same)| component(purl, same)).collect::<Vec<_>>(),
        "dependencies": dependencies,
    });
    let serial = serial(&bill.to_string());
    bill["serialNumber"] = Value::String(serial);
    bill
}

fn component(purl: &str, same: &[&Package]) -> Value {
    let mut component = Map::new();
    let Some(first) = same.first() else { return Value::Object(component) };
    // A package of npm with a scope has it as its group.
    let (group, name) = match first.name.split_once('/') {
        Some((group, name)) if first.ecosystem == Ecosystem::Npm => (Some(group), name),
        _ => (None, first.name.as_str()),
    };
    let mut put = |key: &str, value: Value| _ = component.insert(key.to_owned(), value);
    put("type", "library".into());
    put("bom-ref", purl.into());
    if let Some(group) = group {
        put("group", group.into());
    }
    put("name", name.into());
    put("version", first.version.as_str().into());
    put("purl", purl.into());
    put("scope", if same.iter().all(|package| package.is_dev) { "optional" } else { "required" }.into());
    // Python has many archives for one version, and which of them is installed depends on the machine.
    let digests: BTreeSet<_> = same.iter().flat_map(|package| &package.digests).collect();
    if first.ecosystem != Ecosystem::PyPi && !digests.is_empty() {
        let hash = |digest: &&super::PackageDigest| json!({ "alg": digest.algorithm, "content": digest.hex });
        put("hashes", digests.iter().map(hash).collect());
    }
    if let Some(license) = same.iter().find_map(|package| package.license.as_deref()) {
        let is_expression = spdx::Expression::parse(license).is_ok();
        let license =
            if is_expression { json!({ "expression": license }) } else { json!({ "license": { "name": license } }) };
        put("licenses", json!([license]));
    }
    Value::Object(component)
}

/// Returns a package's URL: <https://github.com/package-url/purl-spec>.
pub(crate) fn purl(package: &Package) -> String {
    let Package { ecosystem, name, version, .. } = package;
    let name = ecosystem.normal_name(name);
    let name: Vec<String> = name.split('/').map(escape).collect();
    format!("pkg:{}/{}@{}", ecosystem.purl_type(), name.join("/"), escape(version))
}

fn escape(text: &str) -> String {
    const KEPT: percent_encoding::AsciiSet =
        percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');
    percent_encoding::utf8_percent_encode(text, &KEPT).to_string()
}

/// Says whether [`cyclonedx`] wrote this, and nobody changed it since: the serial number is that of the content.
pub(super) fn is_own(mut bill: Value) -> bool {
    let own = bill.as_object_mut().and_then(|bill| bill.remove("serialNumber"));
    own.is_some_and(|own| own.as_str() == Some(&serial(&bill.to_string())))
}

/// Makes a UUID of the eighth version, whose bits are the maker's own, from a digest of the content.
fn serial(content: &str) -> String {
    let digest = Sha256::digest(content.as_bytes());
    let mut bytes: Vec<u8> = digest.iter().take(16).copied().collect();
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, requires: &[usize]) -> Package {
        Package {
            ecosystem: Ecosystem::Npm,
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            file: "package-lock.json".to_owned(),
            line: None,
            is_direct: !requires.is_empty(),
            is_dev: false,
            path: Vec::new(),
            license: Some("MIT".to_owned()),
            digests: Vec::new(),
            requires: requires.to_vec(),
        }
    }

    #[test]
    fn every_version_is_listed_once_with_what_it_needs() {
        let packages = [package("@scope/a", &[1]), package("b", &[]), package("b", &[])];
        let bill = cyclonedx(&packages, "site", "1");
        assert_eq!(bill["components"].as_array().unwrap().len(), 2);
        assert_eq!(bill["components"][0]["purl"], "pkg:npm/%40scope/a@1.0.0");
        assert_eq!(bill["components"][0]["licenses"][0]["expression"], "MIT");
        assert_eq!(bill["dependencies"][0]["ref"], "pkg:npm/%40scope/a@1.0.0");
        assert_eq!(bill["dependencies"][0]["dependsOn"], json!(["pkg:npm/b@1.0.0"]));
        assert_eq!(bill, cyclonedx(&packages, "site", "1"));
        assert_ne!(bill["serialNumber"], cyclonedx(&packages[..1], "site", "1")["serialNumber"]);
    }
}
