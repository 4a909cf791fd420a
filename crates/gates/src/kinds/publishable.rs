//! What GitHub Pages refuse, and what they would lose.

use std::sync::Arc;

use async_trait::async_trait;
use charter_deploy_model::{Inspection, KindMeta, LookedAt, Measure, Unit};
use charter_host::{Refusal, Scope, Setup};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::blocking;
use crate::{DependsOn, Gate, GateError, Subject};

mod checks;

/// The target that publishes a branch, adds `.nojekyll` and carries an earlier `CNAME` on.
const GIT_BRANCH: &str = "git-branch";
charter_deploy_model::kind! {
    /// Refuses a build that GitHub Pages would not publish, or not as it is.
    ///
    /// It judges builds that go to a target of the kind `git-branch`; with `always = true` every build, for those who
    /// bring it to Pages by other means. That target writes `.nojekyll` itself and carries the `CNAME` of the live
    /// release on, so with it the lack of either is no finding.
    ///
    /// ```toml
    /// [gates.publishable]
    /// always = true
    /// ```
    ///
    /// ```text,site=.nojekyll,passes
    /// ```
    pub static META: "publishable", needs Artifact, lane Shared {
        /// A file is larger than GitHub takes, 100 MiB.
        ///
        /// The push is refused as a whole. Host the file elsewhere, or cut it into parts.
        ///
        /// ```toml
        /// [gates.publishable]
        /// always = true
        /// max-file-bytes = 10
        /// ```
        ///
        /// ```text,site=film.bin,blocks=publishable/file-size
        /// More than ten bytes.
        /// ```
        "publishable/file-size": Error, principle Some(LocalValidation);
        /// A file is larger than GitHub likes, 50 MiB.
        ///
        /// It is taken with a warning, and every version of it stays in the history of the branch for good.
        ///
        /// ```toml
        /// [gates.publishable]
        /// always = true
        /// large-file-bytes = 10
        /// ```
        ///
        /// ```text,site=film.bin,blocks=publishable/large-file
        /// More than ten bytes.
        /// ```
        "publishable/large-file": Warning, principle None;
        /// The site is larger than Pages publish, 1 GB.
        ///
        /// Host large files elsewhere, or make them smaller: the finding names the largest.
        ///
        /// ```toml
        /// [gates.publishable]
        /// always = true
        /// max-site-bytes = 10
        /// ```
        ///
        /// ```text,site=index.html,blocks=publishable/site-size
        /// More than ten bytes.
        /// ```
        "publishable/site-size": Error, principle Some(LocalValidation);
        /// A file is a pointer of Git LFS, and users would get the pointer.
        ///
        /// Pages do not serve what lies in LFS. Run `git lfs pull` before the build, so that it copies the files
        /// themselves.
        ///
        /// ```toml
        /// [gates.publishable]
        /// always = true
        /// ```
        ///
        /// ```text,site=photo.jpg,blocks=publishable/lfs-pointer
        /// version https://git-lfs.github.com/spec/v1
        /// oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
        /// size 12345
        /// ```
        "publishable/lfs-pointer": Error, principle Some(UserPreservation);
        /// A file is a symbolic link, which Pages do not publish from a branch.
        ///
        /// The target `git-branch` publishes a copy of what the link leads to; whatever else commits the folder commits
        /// a link, and users get an error. Have the build write the file.
        "publishable/symlink": Warning, principle None;
        /// There is no `.nojekyll`, so Pages build the site once more and leave files out.
        ///
        /// Jekyll drops whatever has a part of its path that begins with `_`, `.` or `#` or ends with `~`, and
        /// `node_modules` and `vendor`; and its run is one of Actions. Write an empty `.nojekyll` at the top of the site.
        ///
        /// ```toml
        /// [gates.publishable]
        /// always = true
        /// ```
        ///
        /// ```text,site=_astro/app.js,blocks=publishable/nojekyll
        /// console.log("lost")
        /// ```
        "publishable/nojekyll": Error, principle Some(UserPreservation);
        /// The live release says which domain it is for, and this one says another or none.
        ///
        /// Pages take the domain from the file `CNAME`, so the site would leave its address. Put the file into what the
        /// build copies; waive this once if the move is meant.
        "publishable/lost-domain": Error, principle Some(UserPreservation);
    }
}

/// The section `[gates.publishable]`. Sizes are bytes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PublishableConfig {
    /// Whether to judge builds for every kind of target, and not only for `git-branch`.
    pub always: bool,
    /// How large a file may be, in bytes; GitHub refuses more than 100 MiB.
    pub max_file_bytes: u64,
    /// From which size on a file is named as large, in bytes; GitHub warns above 50 MiB.
    pub large_file_bytes: u64,
    /// How large the site may be, in bytes; Pages publish up to 1 GB.
    pub max_site_bytes: u64,
}

impl Default for PublishableConfig {
    fn default() -> Self {
        Self { always: false, max_file_bytes: 100 << 20, large_file_bytes: 50 << 20, max_site_bytes: 1_000_000_000 }
    }
}

/// Looks at names, sizes and sorts of files.
#[derive(Debug, Clone)]
pub struct Publishable {
    config: PublishableConfig,
}

/// Builds the gate.
///
/// # Errors
/// Never; the signature is that of every kind.
pub fn gate(config: PublishableConfig, _: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    Ok(Box::new(Publishable { config }))
}

#[async_trait]
impl Gate for Publishable {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    /// The live release is looked at too.
    fn depends_on(&self) -> DependsOn {
        DependsOn::Moment
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let is_git_branch = subject.target.as_deref() == Some(GIT_BRANCH);
        if !is_git_branch && !self.config.always {
            let target = match &subject.target {
                Some(target) => format!("the target is `{target}`"),
                None => "it is not known which target this is for".to_owned(),
            };
            let reason = format!("{target}, and only `{GIT_BRANCH}` publishes by GitHub Pages");
            return Ok(Inspection::NotApplicable { reason });
        }
        let artifact = Arc::clone(subject.artifact()?);
        let (config, live, scope) = (self.config.clone(), subject.live.clone(), scope.clone());
        blocking(move || {
            let mut findings = checks::of_files(&artifact, &config, &scope)?;
            findings.extend(checks::site_size(&artifact, config.max_site_bytes));
            if !is_git_branch {
                findings.extend(checks::nojekyll(&artifact));
            }
            if let Some(live) = live {
                findings.extend(checks::lost_domain(&artifact, &live, is_git_branch)?);
            }
            findings.sort();
            let largest = artifact.files.iter().max_by_key(|file| (file.size, std::cmp::Reverse(&file.path)));
            let bytes = |name: &str, subject: &str, value: u64| Measure {
                name: name.to_owned(),
                subject: subject.to_owned(),
                value: value as f64,
                unit: Unit::Bytes,
                samples: Vec::new(),
            };
            let mut measures = vec![bytes("site-size", "/", artifact.bytes())];
            measures.extend(largest.map(|file| bytes("largest-file", &file.path, file.size)));
            let looked_at = LookedAt::of("files", artifact.files.len() as u64);
            Ok(Inspection::Looked { findings, measures, looked_at })
        })
        .await
    }
}
