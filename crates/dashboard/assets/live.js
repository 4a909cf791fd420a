// Keeps the page up to date: when the server says that there is another view, the sections that differ are replaced.
(() => {
  'use strict';
  const connection = document.getElementById('connection');
  const announcer = document.getElementById('announcer');
  let events = null;
  let shown = document.body.dataset.version;
  let loading = false;
  let wanted = null;

  // What somebody is filling in, or has opened, is left alone.
  const inUse = section => {
    const active = document.activeElement;
    const filled = [...section.querySelectorAll('input, select')].some(field =>
      field.type !== 'hidden' && (field.value !== '' && field.value !== (field.defaultValue ?? field.options[0].value)));
    return filled || (section.contains(active) && active.matches('input, select, button'));
  };

  const replace = (section, next) => {
    const active = section.contains(document.activeElement) ? document.activeElement : null;
    const place = active && [...section.querySelectorAll('a, summary, [tabindex]')].indexOf(active);
    const opened = [...section.querySelectorAll('details')].map(each => each.open);
    next.querySelectorAll('details').forEach((each, at) => { each.open = opened[at] ?? each.open; });
    section.replaceWith(next);
    if (active) next.querySelectorAll('a, summary, [tabindex]')[place]?.focus({ preventScroll: true });
  };

  const load = async version => {
    wanted = version;
    if (loading) return;
    loading = true;
    while (wanted !== shown) {
      const aim = wanted;
      try {
        const answer = await fetch(location.href, { cache: 'no-store' });
        const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
        if (!answer.ok || answer.redirected) break;
        const said = document.getElementById('summary')?.dataset.says;
        for (const section of document.querySelectorAll('[data-live]')) {
          const next = page.getElementById(section.id);
          if (next && section.outerHTML !== next.outerHTML && !inUse(section)) replace(section, next);
        }
        document.title = page.title;
        const says = document.getElementById('summary')?.dataset.says;
        if (says && says !== said) announcer.textContent = says;
        shown = aim;
      } catch {
        break;
      }
    }
    loading = false;
  };

  const listen = () => {
    if (events || document.hidden) return;
    events = new EventSource('/events');
    events.addEventListener('open', () => { connection.textContent = 'Live'; connection.className = 'live'; });
    events.addEventListener('error', () => { connection.textContent = 'Not connected: this may be out of date'; connection.className = 'lost'; });
    events.addEventListener('change', event => load(event.data));
  };

  // Browsers keep six connections to a server at most: pages that nobody sees hold none.
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) return listen();
    events?.close();
    events = null;
  });
  listen();
})();
