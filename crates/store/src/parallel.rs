//! Doing the same with many records at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use charter_host::Scope;
use tokio::task::JoinSet;

use crate::archive::fetch;
use crate::log::Line;
use crate::{Backend, BackendError, Store, StoreError};

/// How many records a worker takes at a time, and how often it looks whether it should stop.
const BLOCK: usize = 64;

impl Store {
    /// Gets each line's file and returns what `judge` makes of it, in the order of `lines`.
    pub(crate) async fn read_many<T: Send + 'static>(
        &self,
        lines: Vec<Line>,
        judge: fn(&Line, Result<Vec<u8>, BackendError>) -> T,
        doing: &'static str,
        scope: &Scope,
    ) -> Result<Vec<T>, StoreError> {
        let work = move |backend: Arc<dyn Backend>, line: Line| async move {
            let bytes = fetch(&*backend, &line).await;
            judge(&line, bytes)
        };
        self.each(lines, work, doing, scope).await
    }

    /// Does `work` with each line and returns what comes of it, in the order of `lines`.
    pub(crate) async fn each<T, F>(
        &self,
        lines: Vec<Line>,
        work: impl Fn(Arc<dyn Backend>, Line) -> F + Clone + Send + 'static,
        doing: &'static str,
        scope: &Scope,
    ) -> Result<Vec<T>, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send,
    {
        let lines: Arc<[Line]> = lines.into();
        let next = Arc::new(AtomicUsize::new(0));
        // Waiting for the disk is most of the work, so there are more workers than processors.
        let workers = 4 * available_parallelism().map_or(1, usize::from);
        let mut running = JoinSet::new();
        for _ in 0..workers.min(lines.len().div_ceil(BLOCK)) {
            let (lines, next, scope) = (Arc::clone(&lines), Arc::clone(&next), scope.clone());
            let (backend, work) = (Arc::clone(&self.backend), work.clone());
            running.spawn(async move {
                let mut done = Vec::new();
                loop {
                    let start = next.fetch_add(BLOCK, Ordering::Relaxed);
                    let Some(block) = lines.get(start..lines.len().min(start + BLOCK)).filter(|it| !it.is_empty())
                    else {
                        return Ok(done);
                    };
                    if scope.cancel.is_cancelled() {
                        return Err(StoreError::Cancelled);
                    }
                    let mut results = Vec::with_capacity(block.len());
                    for line in block {
                        results.push(work(Arc::clone(&backend), line.clone()).await);
                    }
                    done.push((start, results));
                    scope.progress((start + block.len()) as u64, Some(lines.len() as u64), doing);
                }
            });
        }
        let mut blocks = Vec::new();
        for done in running.join_all().await {
            blocks.extend(done?);
        }
        blocks.sort_unstable_by_key(|(start, _)| *start);
        Ok(blocks.into_iter().flat_map(|(_, results)| results).collect())
    }
}
