//! One of everything, for the tests and the gallery.

use std::collections::BTreeMap;

use charter_deploy_model::constitution::{self, Audit, Present, Score, present, recorded};
use charter_deploy_model::{
    AccessibilityValidation, BuildInfo, BundleSize, ConstitutionalCompliance, CoreWebVitals, DeploymentError,
    DeploymentErrorType, DeploymentId, DeploymentMetadata, DeploymentStatus, DeploymentType, Digest, Environment,
    ErrorSeverity, Event, EventKind, Failure, Finding, GateReport, KindMeta, Lighthouse, LiveCheck, LiveVerification,
    Location, LookedAt, Measure, PerformanceValidation, ProductionDeployment, Release, ReleaseId, SecurityValidation,
    Snapshot, SnapshotContent, Stamp, Standing, TriggerSource, Unit, UserImpact, UsersSee, Validation, Verdict,
    Verification, VerifiedEntry, Waiver, WaiverUse, WcagLevel, exit, kind,
};
use charter_report::{DeploymentLine, LogSummary, Status};

kind! {
    /// Keeps pages light: what a browser must fetch before a page works.
    ///
    /// Counted are the scripts and styles of each page, as they travel: compressed with brotli. The heaviest page
    /// decides, because **every** visitor may land on it.
    ///
    /// # Configuration
    ///
    /// ```toml,blocks=page-weight/script
    /// [gates.page-weight]
    /// max-script-bytes = 100_000
    /// ```
    ///
    /// - `max-script-bytes`: the scripts of one page, in bytes, and this item is long enough that it has to go on on a
    ///   second line;
    /// - `max-style-bytes`: its styles.
    pub(crate) static PAGE_WEIGHT: "page-weight", needs Artifact, lane Shared {
        /// A page asks for more script than the budget allows.
        ///
        /// Split it, or load what is not needed at once later.
        "page-weight/script": Error, principle Some(PerformanceFirst);
        /// A page asks for more style than the budget allows.
        "page-weight/style": Warning, principle Some(PerformanceFirst);
    }
}

kind! {
    /// Follows every link within the site.
    pub(crate) static LINKS: "links", needs Artifact, lane Shared {
        /// A link leads to a page that is not there.
        "links/broken": Error, principle Some(UserPreservation);
        /// A link leads to a place within a page that is not there.
        "links/fragment": Warning, principle None;
    }
}

pub(crate) fn kinds() -> Vec<&'static KindMeta> {
    vec![&LINKS, &PAGE_WEIGHT]
}

pub(crate) fn digest(byte: u8) -> Digest {
    Digest::new([byte; 32])
}

pub(crate) fn stamp(text: &str) -> Stamp {
    text.parse().expect("a well-formed sample")
}

pub(crate) fn release(text: &str) -> ReleaseId {
    ReleaseId::new(stamp(text), &digest(0xab))
}

pub(crate) fn deployment(text: &str) -> DeploymentId {
    format!("{text}-deployment").parse().expect("a well-formed sample")
}

const NOW: &str = "20261121-020711";
const BEFORE: &str = "20261120-173000";

pub(crate) fn report(gate: &str, verdict: Verdict, blocks: bool) -> GateReport {
    GateReport::new(gate, verdict, blocks)
}

pub(crate) fn broken_link(number: u32) -> Finding {
    let page = format!("guide/{number}.html");
    Finding::new("links/broken", &page, format!("the link to `/old/{number}/` leads nowhere"))
        .at(Location::file(&page).line(number + 10))
        .help("correct the address, or bring the page back")
}

fn measure(subject: &str, value: f64) -> Measure {
    Measure {
        name: "script-brotli".to_owned(),
        subject: subject.to_owned(),
        value,
        unit: Unit::Bytes,
        samples: Vec::new(),
    }
}

pub(crate) fn reports() -> Vec<GateReport> {
    let waiver = Waiver {
        code: "page-weight/script".to_owned(),
        subject: Some("demo/**".to_owned()),
        reason: "the demo ships a whole editor.".to_owned(),
        owner: "web@example.org".to_owned(),
        expires: "2027-01-31".parse().expect("a well-formed sample"),
    };
    let heavy = |page: &str| WaiverUse {
        finding: Finding::new("page-weight/script", page, "its scripts come to 148,201 bytes, and 100,000 are allowed")
            .at(Location::file(page)),
        waiver: waiver.clone(),
    };
    vec![
        GateReport {
            findings: (1..=50).map(broken_link).collect(),
            looked_at: Some(LookedAt {
                counts: BTreeMap::from([("links".to_owned(), 3412), ("pages".to_owned(), 214)]),
                undecided: vec!["`app.js` writes links that only a browser sees".to_owned()],
                ..LookedAt::default()
            }),
            ..report("links", Verdict::Blocked, true)
        },
        GateReport {
            waived: vec![heavy("demo/index.html"), heavy("demo/full.html")],
            measures: vec![measure("demo/index.html", 148_201.0), measure("index.html", 41_234.0)],
            looked_at: Some(LookedAt::of("pages", 214)),
            ..report("page-weight", Verdict::Waived, false)
        },
        GateReport { looked_at: Some(LookedAt::of("pages", 1)), ..report("front-page", Verdict::Passed, false) },
        GateReport {
            reason: Some("the site has no form".to_owned()),
            ..report("forms", Verdict::NotApplicable, false)
        },
        GateReport {
            reason: Some("`chromium` was not found".to_owned()),
            ..report("lighthouse", Verdict::Inconclusive, true)
        },
    ]
}

pub(crate) fn record() -> ProductionDeployment {
    ProductionDeployment {
        deployment_id: deployment(NOW),
        commit_hash: "0123456789abcdef0123456789abcdef01234567".parse().expect("a well-formed sample"),
        branch_name: format!("{NOW}-prod-new-prices"),
        committed_at: None,
        timestamp: "2026-11-21T02:07:11Z".parse().expect("a well-formed sample"),
        shown_at: None,
        finished_at: "2026-11-21T02:07:33.5Z".parse().expect("a well-formed sample"),
        environment: Environment::Production,
        deployment_type: DeploymentType::Update,
        release_class: None,
        trigger_source: TriggerSource::Manual,
        deployed_by: "The deployer".to_owned(),
        configuration_id: None,
        build_info: BuildInfo {
            astro_version: None,
            node_version: Some("20.19.2".to_owned()),
            build_time: Some(14.2),
            bundle_size: Some(BundleSize { javascript: 184_201, css: 22_310, assets: 2_204_118, total: 3_412_800 }),
            optimizations: vec!["brotli".to_owned()],
            files: Some(214),
            artifact_digest: Some(digest(0xab)),
        },
        validation: Validation {
            constitutional_compliance: Some(ConstitutionalCompliance {
                score: None,
                violations: vec!["links/broken".to_owned()],
                passed_checks: vec!["front-page".to_owned()],
            }),
            performance: Some(PerformanceValidation {
                lighthouse: Some(Lighthouse {
                    performance: 98.0,
                    accessibility: 100.0,
                    best_practices: 96.0,
                    seo: 92.5,
                }),
                core_web_vitals: Some(CoreWebVitals {
                    lcp: Some(1.24),
                    fcp: Some(0.8),
                    cls: Some(0.012),
                    fid: None,
                    inp: None,
                    tbt: Some(40.0),
                }),
            }),
            security: Some(SecurityValidation { vulnerabilities: None, security_score: 100.0 }),
            accessibility: Some(AccessibilityValidation {
                wcag_level: WcagLevel::Aa,
                violations: None,
                compliance_score: 97.0,
            }),
            gates: reports(),
            live: Some(LiveVerification {
                url: "https://example.org/".to_owned(),
                loopback: false,
                visible_after_ms: None,
                checks: vec![passed_check(), failed_check()],
            }),
        },
        status: DeploymentStatus::RolledBack,
        deployment_url: "https://example.org/".to_owned(),
        emergency: None,
        rollback_deployment_id: None,
        release_id: Some(release(NOW)),
        previous_release_id: Some(release(BEFORE)),
        switch_ms: Some(3),
        backup_id: Some(stamp(NOW)),
        errors: vec![DeploymentError {
            error_id: "live-check".to_owned(),
            error_type: DeploymentErrorType::Deployment,
            severity: ErrorSeverity::Critical,
            message: "the live check found a page missing".to_owned(),
            stack: None,
            context: BTreeMap::new(),
            timestamp: "2026-11-21T02:07:30Z".parse().expect("a well-formed sample"),
            resolved: true,
            resolution: Some("rolled back within 0.31 s".to_owned()),
        }],
        warnings: vec!["no `url` is configured for staging".to_owned()],
        metadata: DeploymentMetadata {
            constitutional_compliance: false,
            performance_baseline: false,
            user_impact: UserImpact::Low,
            estimated_users: None,
        },
    }
}

fn passed_check() -> LiveCheck {
    LiveCheck { path: "/".to_owned(), passed: true, status: Some(200), problem: None }
}

fn failed_check() -> LiveCheck {
    LiveCheck {
        path: "/about/".to_owned(),
        passed: false,
        status: Some(404),
        problem: Some("it is part of the release".to_owned()),
    }
}

pub(crate) fn deployments() -> Vec<DeploymentLine> {
    let line = |id: &str, kind, status, standing: Option<&str>| DeploymentLine {
        record: ProductionDeployment { deployment_id: deployment(id), deployment_type: kind, status, ..record() },
        standing: standing.map(str::to_owned),
    };
    use {DeploymentStatus as S, DeploymentType as T};
    vec![
        line("20261121-031500", T::Rollback, S::Success, Some("live")),
        line(NOW, T::Update, S::Success, Some("rolled back by 20261121-031500-deployment")),
        line(BEFORE, T::Hotfix, S::RolledBack, None),
        line("20261119-080000", T::Update, S::Failed, None),
        line("20261118-120000", T::Initial, S::Success, None),
    ]
}

pub(crate) fn status() -> Status {
    Status {
        environment: Environment::Production,
        live: Some(Release {
            id: release(NOW),
            deployment_id: deployment(NOW),
            commit: record().commit_hash,
            digest: digest(0xab),
            environment: Environment::Production,
        }),
        since: Some("2026-11-21T02:07:30Z".parse().expect("a well-formed sample")),
        url: Some("https://example.org/".to_owned()),
        unfinished: vec![deployment("20261121-040000")],
        frozen: Some("the shop's busiest day (all, until Monday)".to_owned()),
        log: Some(LogSummary { size: 1042, root: digest(0x5e) }),
        releases: vec![release(NOW), release(BEFORE)],
    }
}

pub(crate) fn verification() -> Verification {
    let fault = |path: &str, standing, detail: Option<&str>| VerifiedEntry {
        path: path.to_owned(),
        standing,
        detail: detail.map(str::to_owned),
    };
    Verification {
        size: 1042,
        root: digest(0x5e),
        sound: 1040,
        anchors: 12,
        anchors_published: 0,
        faults: vec![
            fault("deployments/20261118-120000-deployment.json", Standing::Altered, Some("5e5e… is not abab…")),
            fault("deployments/20261119-080000-deployment.json", Standing::Missing, None),
        ],
    }
}

pub(crate) fn snapshots() -> Vec<Snapshot> {
    let content =
        |name: &str, files, bytes| SnapshotContent { name: name.to_owned(), files, bytes, digest: digest(0x11) };
    let snapshot = |id: &str, reason: &str, added_bytes| Snapshot {
        id: stamp(id),
        taken_at: "2026-11-21T02:07:20Z".parse().expect("a well-formed sample"),
        reason: reason.to_owned(),
        contents: vec![
            content("ledger", 1042, 4_100_200),
            content("configuration", 3, 5_310),
            content("live", 214, 3_412_800),
        ],
        added_bytes,
    };
    vec![snapshot(NOW, "20261121-020711-deployment", 48_210), snapshot(BEFORE, "asked for by hand", 7_518_310)]
}

pub(crate) fn users_see() -> Vec<UsersSee> {
    vec![
        UsersSee::Unchanged { release: Some(release(BEFORE)) },
        UsersSee::Unchanged { release: None },
        UsersSee::RolledBack { release: Some(release(BEFORE)) },
        UsersSee::RolledBack { release: None },
        UsersSee::New { release: release(NOW) },
        UsersSee::Unknown,
        UsersSee::NotConcerned,
    ]
}

pub(crate) fn failure(users_see: UsersSee) -> Failure {
    Failure {
        exit_code: exit::NOT_PUBLISHED,
        what: "could not stage release `20261121-020711-abababababab`".to_owned(),
        why: vec![
            "could not write `site/releases/20261121-020711-abababababab/index.html`".to_owned(),
            "no space left on device (os error 28)".to_owned(),
        ],
        users_see,
        next: vec![
            "free some space on the disk that holds `production/site`".to_owned(),
            "cargo xtask deploy".to_owned(),
        ],
    }
}

/// One event of each kind, with the name it has in JSON.
pub(crate) fn events() -> Vec<(&'static str, Event)> {
    use EventKind as K;
    let kinds = vec![
        ("recovery-started", K::RecoveryStarted { deployment: deployment(BEFORE) }),
        (
            "recovery-finished",
            K::RecoveryFinished {
                deployment: deployment(BEFORE),
                status: DeploymentStatus::Failed,
                summary: "its staged release was removed".to_owned(),
            },
        ),
        (
            "deployment-started",
            K::DeploymentStarted {
                deployment: deployment(NOW),
                environment: Environment::Production,
                deployment_type: DeploymentType::Update,
                commit: record().commit_hash,
            },
        ),
        ("build-started", K::BuildStarted { command: "npm run build".to_owned() }),
        ("artifact-read", K::ArtifactRead { files: 214, bytes: 3_412_800, digest: digest(0xab), milliseconds: 14_200 }),
        ("release-staged", K::ReleaseStaged { release: release(NOW), written: 12, shared: 202, milliseconds: 83 }),
        ("gate-finished", K::GateFinished { report: Box::new(reports()[2].clone()), milliseconds: 420 }),
        ("backed-up", K::BackedUp { snapshot: stamp(NOW), reused: false, added_bytes: 48_210, milliseconds: 310 }),
        (
            "release-activated",
            K::ReleaseActivated { release: release(NOW), previous: Some(release(BEFORE)), milliseconds: 3 },
        ),
        ("live-checked", K::LiveChecked { check: failed_check() }),
        (
            "rolled-back",
            K::RolledBack {
                release: Some(release(BEFORE)),
                reason: "1 of 2 paths did not answer as it should".to_owned(),
                milliseconds: 12,
            },
        ),
        (
            "recorded",
            K::Recorded {
                path: "deployments/20261121-020711-deployment.json".to_owned(),
                log_size: 1042,
                root: digest(0x5e),
            },
        ),
        ("anchored", K::Anchored { branch: "20261121-020711-prod-new-prices".to_owned(), pushed: false }),
        ("release-retired", K::ReleaseRetired { release: release("20261101-000000") }),
        ("warned", K::Warned { message: "a waiver expires in 3 days".to_owned() }),
        (
            "deployment-finished",
            K::DeploymentFinished {
                deployment: deployment(NOW),
                status: DeploymentStatus::Success,
                url: "https://example.org/".to_owned(),
                milliseconds: 22_500,
            },
        ),
    ];
    kinds
        .into_iter()
        .zip(1..)
        .map(|((name, kind), sequence)| {
            (name, Event { sequence, at: "2026-11-21T02:07:12Z".parse().expect("a well-formed sample"), kind })
        })
        .collect()
}

/// A site that is nearly as it should be, and what its records and surroundings tell of it.
pub(crate) fn score() -> Score {
    let mut record = record();
    record.validation.gates = reports();
    let mut evidence = recorded(&record, &kinds());
    let anchored = BTreeMap::from([(record.branch_name.parse().expect("a well-formed sample"), false)]);
    evidence.extend(present(&Present {
        verification: Verification { faults: Vec::new(), ..verification() },
        anchored,
        shown: vec![(record.deployment_id, record.branch_name.clone())],
        remote: Some("origin".to_owned()),
        staged: record.previous_release_id.iter().cloned().collect(),
        backup: record.backup_id.map(|id| (id, Vec::new())),
        record,
    }));
    constitution::score(evidence)
}

pub(crate) fn audit(week: &str) -> Audit {
    let scored = |mut record: ProductionDeployment, score| {
        record.validation.constitutional_compliance = Some(ConstitutionalCompliance {
            score: Some(score),
            violations: vec!["links/broken".to_owned()],
            passed_checks: Vec::new(),
        });
        record
    };
    let mut before = record();
    before.deployment_id = deployment("20261111-080000");
    before.timestamp = "2026-11-11T08:00:00Z".parse().expect("a well-formed sample");
    before.status = DeploymentStatus::Success;
    let mut newest = record();
    newest.validation.gates = reports();
    let records = [scored(before, 96.5), scored(newest, 91.25)];
    let now = "2026-11-23T08:00:00Z".parse().expect("a well-formed sample");
    let week = week.parse().expect("a well-formed sample");
    constitution::audit(week, Environment::Production, &records, &kinds(), verification(), now)
}
