(() => {
  if (window !== window.top) return;
  const seen = { lcp: null, fcp: null, cls: 0 };
  const tasks = [];
  // Shifts less than a second apart and within five seconds are one; the worst such window counts.
  let shift = 0;
  let first = -Infinity;
  let last = -Infinity;
  const watch = (type, take) => {
    const observer = new PerformanceObserver((list) => list.getEntries().forEach(take));
    observer.observe({ type, buffered: true });
    return () => observer.takeRecords().forEach(take);
  };
  const flush = [
    watch("largest-contentful-paint", (entry) => (seen.lcp = entry.startTime)),
    watch("paint", (entry) => {
      if (entry.name === "first-contentful-paint") seen.fcp = entry.startTime;
    }),
    watch("layout-shift", (entry) => {
      if (entry.hadRecentInput) return;
      if (entry.startTime - last < 1000 && entry.startTime - first < 5000) {
        shift += entry.value;
      } else {
        shift = entry.value;
        first = entry.startTime;
      }
      last = entry.startTime;
      seen.cls = Math.max(seen.cls, shift);
    }),
    watch("longtask", (entry) => tasks.push([entry.startTime, entry.duration])),
  ];
  const blocked = ([start, duration]) => {
    const end = start + duration;
    const from = Math.max(start, seen.fcp ?? Infinity);
    return Math.max(0, end - from - 50);
  };
  const tell = () => {
    flush.forEach((each) => each());
    return { ...seen, tbt: tasks.map(blocked).reduce((sum, time) => sum + time, 0) };
  };
  Object.defineProperty(window, Symbol.for("charter-vitals"), { value: tell });
})();
