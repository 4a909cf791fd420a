//! What monitoring runs say together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::statistics::{Better, Trend, mean, median, percentile, trend};
use crate::{
    ConstitutionalGroup, Environment, Lighthouse, MonitoringRun, Percent, ProductionMonitoring, UptimeIncident,
    UptimeStatus, Vital, Window,
};

/// How an environment fares once it is live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonitoringAnalytics {
    /// Whether it answers; absent when nobody looked and nothing happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime: Option<UptimeAnalytics>,
    /// How fast it is; absent when nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance: Option<VisitAnalytics>,
    /// How it stands against the constitution; absent when nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constitutional_compliance: Option<ComplianceStanding>,
}

/// Whether a site answers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UptimeAnalytics {
    /// In which share of looks it answered, degraded or not; a look that found nothing out does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Percent>,
    /// Where that is going, a tenth of a point or more; absent for fewer than four runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
    /// How many incidents began.
    pub incidents: u64,
    /// How long those that are over lasted, in seconds, the mean; absent when none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mttr: Option<f64>,
}

/// How fast a site is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VisitAnalytics {
    /// Lighthouse's scores, the median of its runs; absent when it did not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lighthouse_scores: Option<Lighthouse>,
    /// The web vitals.
    pub core_web_vitals: VitalTrends,
}

/// The web vitals that were measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VitalTrends {
    /// Largest contentful paint, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lcp: Option<VitalTrend>,
    /// First contentful paint, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fcp: Option<VitalTrend>,
    /// Cumulative layout shift, a score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cls: Option<VitalTrend>,
    /// First input delay, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fid: Option<VitalTrend>,
    /// Interaction to next paint, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inp: Option<VitalTrend>,
    /// Total blocking time, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tbt: Option<VitalTrend>,
}

/// Where one web vital stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VitalTrend {
    /// The 75th percentile by nearest rank, which is how web.dev assesses a page.
    pub current: f64,
    /// Where it is going; absent for fewer than four values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
}

/// How a site stands against the constitution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComplianceStanding {
    /// The mean of its scores.
    pub overall_score: Percent,
    /// How often each principle held.
    pub principle_scores: PrincipleShares,
}

/// In which share of looks each principle held; one that was never judged is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrincipleShares {
    /// Nothing routine runs on GitHub Actions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_git_hub_actions: Option<Percent>,
    /// Production is as fast as promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance_first: Option<Percent>,
    /// A change loses nothing and is easy to take back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_preservation: Option<Percent>,
    /// Production branches are named, complete and kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch_preservation: Option<Percent>,
    /// Everything was judged on this machine first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_validation: Option<Percent>,
}

/// Returns how an environment fared in a window.
///
/// Runs are given in the order of time; incidents are those of the environment's endpoints.
#[must_use]
pub fn monitoring(
    runs: &[MonitoringRun],
    incidents: &[UptimeIncident],
    environment: Environment,
    window: Window,
) -> MonitoringAnalytics {
    let runs: Vec<Vec<&ProductionMonitoring>> = runs
        .iter()
        .filter(|run| window.contains(run.timestamp()))
        .map(|run| run.entries().iter().filter(|entry| entry.environment == environment).collect())
        .collect();
    let incidents: Vec<&UptimeIncident> =
        incidents.iter().filter(|incident| window.contains(incident.start_time)).collect();
    let entries: Vec<&ProductionMonitoring> = runs.iter().flatten().copied().collect();
    MonitoringAnalytics {
        uptime: uptime(&runs, &incidents),
        performance: visits(&entries),
        constitutional_compliance: compliance(&entries),
    }
}

fn uptime(runs: &[Vec<&ProductionMonitoring>], incidents: &[&UptimeIncident]) -> Option<UptimeAnalytics> {
    let answers: Vec<(u64, u64)> = runs.iter().map(|entries| answered(entries)).collect();
    let shares: Vec<f64> =
        answers.iter().filter_map(|(up, looks)| Percent::of(*up, *looks)).map(Percent::get).collect();
    let sum = |part: fn(&(u64, u64)) -> u64| answers.iter().map(part).sum();
    let current = Percent::of(sum(|it| it.0), sum(|it| it.1));
    let lasted: Vec<f64> = incidents.iter().filter_map(|incident| incident.seconds()).collect();
    (current.is_some() || !incidents.is_empty()).then(|| UptimeAnalytics {
        current,
        trend: trend(&shares, Better::Higher { by: 0.1 }),
        incidents: incidents.len() as u64,
        mttr: mean(&lasted),
    })
}

/// Returns how many looks found an answer, and how many found anything out.
fn answered(entries: &[&ProductionMonitoring]) -> (u64, u64) {
    let statuses = entries.iter().filter_map(|entry| entry.uptime.as_ref()).map(|uptime| uptime.status);
    statuses.fold((0, 0), |(up, looks), status| match status {
        UptimeStatus::Up | UptimeStatus::Degraded => (up + 1, looks + 1),
        UptimeStatus::Down => (up, looks + 1),
        UptimeStatus::Unknown => (up, looks),
    })
}

fn visits(entries: &[&ProductionMonitoring]) -> Option<VisitAnalytics> {
    let groups: Vec<_> = entries.iter().filter_map(|entry| entry.performance).collect();
    let runs: Vec<Lighthouse> = groups.iter().filter_map(|group| group.lighthouse).map(|run| run.scores).collect();
    let middle = |score: fn(&Lighthouse) -> f64| median(&runs.iter().map(score).collect::<Vec<_>>());
    let lighthouse_scores = || {
        Some(Lighthouse {
            performance: middle(|it| it.performance)?,
            accessibility: middle(|it| it.accessibility)?,
            best_practices: middle(|it| it.best_practices)?,
            seo: middle(|it| it.seo)?,
        })
    };
    let vital = |vital: Vital| {
        let rated = groups.iter().filter_map(|group| group.core_web_vitals.as_ref()?.get(vital));
        let values: Vec<f64> = rated.map(|rated| rated.value).collect();
        Some(VitalTrend { current: percentile(&values, 75)?, trend: trend(&values, Better::COST) })
    };
    (!groups.is_empty()).then(|| VisitAnalytics {
        lighthouse_scores: lighthouse_scores(),
        core_web_vitals: VitalTrends {
            lcp: vital(Vital::Lcp),
            fcp: vital(Vital::Fcp),
            cls: vital(Vital::Cls),
            fid: vital(Vital::Fid),
            inp: vital(Vital::Inp),
            tbt: vital(Vital::Tbt),
        },
    })
}

fn compliance(entries: &[&ProductionMonitoring]) -> Option<ComplianceStanding> {
    let groups: Vec<ConstitutionalGroup> = entries.iter().filter_map(|entry| entry.constitutional).collect();
    let scores: Vec<f64> = groups.iter().map(|group| group.compliance_score.get()).collect();
    let share = |principle: fn(&ConstitutionalGroup) -> Option<bool>| {
        let judged: Vec<bool> = groups.iter().filter_map(principle).collect();
        Percent::of(judged.iter().filter(|held| **held).count() as u64, judged.len() as u64)
    };
    Some(ComplianceStanding {
        overall_score: Percent::new(mean(&scores)?.clamp(0.0, 100.0)).ok()?,
        principle_scores: PrincipleShares {
            zero_git_hub_actions: share(|it| it.zero_git_hub_actions),
            performance_first: share(|it| it.performance_first),
            user_preservation: share(|it| it.user_preservation),
            branch_preservation: share(|it| it.branch_preservation),
            local_validation: share(|it| it.local_validation),
        },
    })
}
