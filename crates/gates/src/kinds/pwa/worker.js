(async (milliseconds) => {
  const container = navigator.serviceWorker;
  if (!container) return { registrations: [] };
  const late = new Promise((resolve) => setTimeout(resolve, milliseconds));
  const ready = await Promise.race([container.ready, late]);
  if (!ready) {
    const all = await container.getRegistrations();
    const stateOf = ({ active, waiting, installing }) => (active ?? waiting ?? installing)?.state ?? "failed";
    return { registrations: all.map((one) => ({ scope: one.scope, state: stateOf(one) })) };
  }
  const worker = ready.active;
  const changed = () => new Promise((resolve) => worker.addEventListener("statechange", resolve, { once: true }));
  let isLate = false;
  late.then(() => (isLate = true));
  while (worker.state === "activating" && !isLate) await Promise.race([changed(), late]);
  return { active: worker.state === "activated", registrations: [{ scope: ready.scope, state: worker.state }] };
})
