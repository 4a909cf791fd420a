//! What becomes of gates that hang, panic, fail or are stopped.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use charter_deploy_model::{GateOutcome, Inconclusive, Inspection, KindMeta, LookedAt};
use charter_gates::{Gate, GateError, RunOptions, Subject, run};
use charter_host::Scope;

charter_deploy_model::kind! {
    /// Runs beside others.
    static SHARED: "shared", needs Source, lane Shared {}
}
charter_deploy_model::kind! {
    /// Runs alone.
    static EXCLUSIVE: "exclusive", needs Source, lane Exclusive {}
}

const OPTIONS: RunOptions =
    RunOptions { per_gate: Duration::from_secs(60), per_measuring_gate: Duration::from_secs(60), memory: None };

#[derive(Debug)]
enum Behaviour {
    Looks,
    Hangs,
    Panics,
    PanicsOnAThread,
    Fails,
    IsUnavailable,
    /// Ends only when so many are looking at the same time.
    Meets(Arc<tokio::sync::Barrier>),
    /// Notes whether another of its sort was looking at the same time.
    Watches(Arc<AtomicUsize>, Arc<AtomicBool>),
    /// Says when it is dropped before its end.
    SaysWhenDropped(Arc<AtomicBool>),
}

#[derive(Debug)]
struct Acts(&'static KindMeta, Behaviour);

struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl Gate for Acts {
    fn meta(&self) -> &'static KindMeta {
        self.0
    }

    async fn inspect(&self, _: &Subject, _: &Scope) -> Result<Inspection, GateError> {
        match &self.1 {
            Behaviour::Looks => {}
            Behaviour::Hangs => std::future::pending().await,
            Behaviour::Panics => panic!("the gate is confused"),
            Behaviour::PanicsOnAThread => {
                let joined = tokio::task::spawn_blocking(|| panic!("{}", String::from("deep down"))).await;
                std::panic::resume_unwind(joined.unwrap_err().into_panic());
            }
            Behaviour::Fails => {
                let source = std::io::Error::other("no such luck").into();
                return Err(GateError::Other { doing: "looking".to_owned(), source });
            }
            Behaviour::IsUnavailable => return Err(GateError::Unavailable { reason: "no browser".to_owned() }),
            Behaviour::Meets(barrier) => _ = barrier.wait().await,
            Behaviour::Watches(looking, met) => {
                if looking.fetch_add(1, Ordering::SeqCst) > 0 {
                    met.store(true, Ordering::SeqCst);
                }
                for _ in 0..50 {
                    tokio::task::yield_now().await;
                }
                looking.fetch_sub(1, Ordering::SeqCst);
            }
            Behaviour::SaysWhenDropped(dropped) => {
                let _says = SetOnDrop(Arc::clone(dropped));
                std::future::pending().await
            }
        }
        Ok(Inspection::Looked { findings: vec![], measures: vec![], looked_at: LookedAt::of("gates", 1) })
    }
}

fn subject() -> Arc<Subject> {
    Arc::new(Subject::new("/"))
}

fn gate(meta: &'static KindMeta, behaviour: Behaviour) -> Arc<dyn Gate> {
    Arc::new(Acts(meta, behaviour))
}

async fn outcomes(behaviours: Vec<Behaviour>, scope: &Scope) -> Vec<GateOutcome> {
    let gates: Vec<_> = behaviours.into_iter().map(|behaviour| gate(&SHARED, behaviour)).collect();
    run(&gates, subject(), &OPTIONS, scope, |_| {}).await.into_iter().map(|run| run.outcome).collect()
}

fn broken(reason: &str) -> GateOutcome {
    GateOutcome::Broken { reason: reason.to_owned() }
}

fn unavailable(reason: &str) -> GateOutcome {
    GateOutcome::Inconclusive(Inconclusive::Unavailable { reason: reason.to_owned() })
}

#[tokio::test(start_paused = true)]
async fn one_bad_gate_does_not_take_the_others_down() {
    use Behaviour::{Fails, Hangs, IsUnavailable, Looks, Panics, PanicsOnAThread};
    let seen =
        outcomes(vec![Hangs, Panics, Looks, PanicsOnAThread, Fails, IsUnavailable, Looks], &Scope::default()).await;
    assert_eq!(seen[0], GateOutcome::Inconclusive(Inconclusive::TimedOut { seconds: 60 }));
    assert_eq!(seen[1], broken("panicked: the gate is confused"));
    assert!(matches!(seen[2], GateOutcome::Inspected(_)));
    assert_eq!(seen[3], broken("panicked: deep down"));
    assert_eq!(seen[4], broken("looking failed: no such luck"));
    assert_eq!(seen[5], unavailable("no browser"));
    assert!(matches!(seen[6], GateOutcome::Inspected(_)));
}

#[tokio::test]
async fn gates_of_the_shared_lane_look_at_the_same_time() {
    let barrier = Arc::new(tokio::sync::Barrier::new(3));
    let meet = || Behaviour::Meets(Arc::clone(&barrier));
    let seen = outcomes(vec![meet(), meet(), meet()], &Scope::default()).await;
    assert!(seen.iter().all(|outcome| matches!(outcome, GateOutcome::Inspected(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_of_the_exclusive_lane_looks_alone() {
    let (looking, met) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let watch = |meta| gate(meta, Behaviour::Watches(Arc::clone(&looking), Arc::clone(&met)));
    let gates = [watch(&EXCLUSIVE), watch(&SHARED), watch(&EXCLUSIVE), watch(&EXCLUSIVE)];
    run(&gates, subject(), &OPTIONS, &Scope::default(), |_| {}).await;
    assert!(!met.load(Ordering::SeqCst));
}

#[tokio::test]
async fn results_are_in_the_order_given_and_each_is_told_once() {
    let gates =
        [gate(&EXCLUSIVE, Behaviour::Looks), gate(&SHARED, Behaviour::Fails), gate(&EXCLUSIVE, Behaviour::Panics)];
    let told = Mutex::new(Vec::new());
    let runs = run(&gates, subject(), &OPTIONS, &Scope::default(), |run| {
        told.lock().unwrap().push((run.meta.id, run.outcome.clone()));
    })
    .await;
    let ids: Vec<&str> = runs.iter().map(|run| run.meta.id).collect();
    assert_eq!(ids, ["exclusive", "shared", "exclusive"]);
    assert!(matches!(runs[0].outcome, GateOutcome::Inspected(_)));
    let told = told.into_inner().unwrap();
    assert_eq!(told.len(), 3);
    assert_eq!(told[0].0, "shared");
}

#[tokio::test]
async fn a_cancelled_run_ends_with_every_gate_accounted_for() {
    let scope = Scope::default();
    scope.cancel.cancel();
    let seen = outcomes(vec![Behaviour::Hangs, Behaviour::Hangs], &scope).await;
    assert_eq!(seen, vec![unavailable("stopped before it came to a result"); 2]);
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_took_too_long_does_not_go_on_behind_our_back() {
    let dropped = Arc::new(AtomicBool::new(false));
    outcomes(vec![Behaviour::SaysWhenDropped(Arc::clone(&dropped))], &Scope::default()).await;
    while !dropped.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
}
