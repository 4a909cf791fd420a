//! Exact weights of what can be the heaviest or over a budget; of all else a bound says enough.
//!
//! Compressing is most of what the gate could spend its time on, and nothing weighs more than without compression.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;

use charter_artifact::Artifact;
use charter_deploy_model::Digest;
use charter_host::Scope;
use rayon::prelude::*;

use super::address::Site;
use super::compress::{Compression, at_most, is_packed, weigh};
use super::pages::{FileIndex, InlineText, Load, text_of, unreadable};
use super::step::Step;
use crate::GateError;

/// Compressed side by side before the bounds are looked at again: few at first, while the heaviest is not yet known.
const FIRST_BATCH: usize = 4;
const LARGEST_BATCH: usize = 64;

/// Weighs files and texts under one compression; what comes again is weighed once.
pub(super) struct Scales<'a> {
    artifact: &'a Artifact,
    site: &'a Site<'a>,
    compression: Compression,
    files: HashMap<Digest, u64>,
    texts: HashMap<[u8; 32], u64>,
}

impl<'a> Scales<'a> {
    pub(super) fn new(artifact: &'a Artifact, site: &'a Site<'a>, compression: Compression) -> Self {
        Self { artifact, site, compression, files: HashMap::new(), texts: HashMap::new() }
    }

    /// Weighs every load that is the heaviest or over the budget, and perhaps some more; by their places.
    pub(super) fn weigh_heavy(
        &mut self,
        loads: &[&Load],
        budget: Option<u64>,
        scope: &Scope,
    ) -> Result<BTreeMap<usize, u64>, GateError> {
        let mut by_bound: Vec<(u64, usize)> =
            loads.iter().enumerate().map(|(index, load)| (self.bound(load), index)).collect();
        by_bound.sort_unstable_by_key(|(bound, index)| (std::cmp::Reverse(*bound), *index));
        let mut weights: BTreeMap<usize, u64> = BTreeMap::new();
        let mut heaviest = 0;
        let may_matter = |bound: u64, heaviest: u64| bound >= heaviest || budget.is_some_and(|most| bound > most);
        let mut rest = by_bound.as_slice();
        let mut size = FIRST_BATCH;
        while rest.first().is_some_and(|(bound, _)| may_matter(*bound, heaviest)) {
            let (batch, behind) = rest.split_at(size.min(rest.len()));
            rest = behind;
            size = (size * 2).min(LARGEST_BATCH);
            let batch: Vec<usize> = batch
                .iter()
                .map(|(_, index)| *index)
                .filter(|index| may_matter(self.bound(loads[*index]), heaviest))
                .collect();
            self.weigh_all(batch.iter().map(|index| loads[*index]), scope)?;
            for index in batch {
                // Weighing all made the bound exact.
                let weight = self.bound(loads[index]);
                heaviest = heaviest.max(weight);
                weights.insert(index, weight);
            }
        }
        Ok(weights)
    }

    /// Weighs one load exactly.
    pub(super) fn weigh(&mut self, load: &Load, scope: &Scope) -> Result<u64, GateError> {
        self.weigh_all(std::iter::once(load), scope)?;
        Ok(self.bound(load))
    }

    /// Returns the most that a file can weigh: its weight, once that is known.
    pub(super) fn bound_of_file(&self, file: FileIndex) -> u64 {
        let file = &self.artifact.files[file as usize];
        match self.compression {
            Compression::None => file.size,
            _ if is_packed(&file.path) => file.size,
            _ => self.files.get(&file.digest).copied().unwrap_or_else(|| at_most(file.size)),
        }
    }

    fn bound(&self, load: &Load) -> u64 {
        let text = load.text.map_or(0, |text| match self.compression {
            Compression::None => text.bytes,
            _ => self.texts.get(&text.digest).copied().unwrap_or_else(|| at_most(text.bytes)),
        });
        load.files.iter().map(|file| self.bound_of_file(*file)).sum::<u64>() + text
    }

    fn weigh_all<'l>(&mut self, loads: impl Iterator<Item = &'l Load>, scope: &Scope) -> Result<(), GateError> {
        if self.compression == Compression::None {
            return Ok(());
        }
        let mut files: BTreeMap<Digest, FileIndex> = BTreeMap::new();
        let mut texts: BTreeMap<[u8; 32], InlineText> = BTreeMap::new();
        for load in loads {
            for index in &load.files {
                let file = &self.artifact.files[*index as usize];
                if !is_packed(&file.path) && !self.files.contains_key(&file.digest) {
                    files.insert(file.digest, *index);
                }
            }
            texts.extend(
                load.text.filter(|text| !self.texts.contains_key(&text.digest)).map(|text| (text.digest, text)),
            );
        }
        let step = Step::new(scope, "compressing what is heavy", 0);
        // One by one, or a thread would take many large ones while others wait.
        let files: Vec<_> = files.into_iter().collect();
        let texts: Vec<_> = texts.into_iter().collect();
        let weighed: Vec<(Digest, u64)> = files
            .into_par_iter()
            .with_max_len(1)
            .map(|(digest, file)| step.then(|| self.weigh_file(file)).map(|weight| (digest, weight)))
            .collect::<Result<_, GateError>>()?;
        self.files.extend(weighed);
        let weighed: Vec<([u8; 32], u64)> = texts
            .into_par_iter()
            .with_max_len(1)
            .map(|(digest, text)| step.then(|| self.weigh_text(&text)).map(|weight| (digest, weight)))
            .collect::<Result<_, GateError>>()?;
        self.texts.extend(weighed);
        Ok(())
    }

    fn weigh_file(&self, file: FileIndex) -> Result<u64, GateError> {
        let file = &self.artifact.files[file as usize];
        File::open(self.artifact.root.join(&file.path))
            .and_then(|content| weigh(self.compression, content, file.size))
            .map_err(|source| unreadable(self.artifact, file, source))
    }

    fn weigh_text(&self, text: &InlineText) -> Result<u64, GateError> {
        let content = text_of(self.artifact, self.site, text)?;
        weigh(self.compression, content.as_slice(), text.bytes)
            .map_err(|source| unreadable(self.artifact, &self.artifact.files[text.page as usize], source))
    }
}
