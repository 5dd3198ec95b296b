// Adds one entry, Promotions, to the dashboard's navigation, and shows Weft in its content area.
// The dashboard is a React app that may redraw its navigation at any time: what is here only watches,
// adds, and lays a frame over the content; it never changes what React owns.
(() => {
  'use strict';
  const home = new URL('./', document.currentScript.src).pathname;
  const NAVIGATION = 'div[role=tablist][aria-orientation=vertical]';
  const MARK = 'data-weft-entry';
  const HASH = '#promotions';
  let frame = null;
  let unselected = [];

  const isOpen = () => location.hash === HASH;

  function icon() {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('width', '20');
    svg.setAttribute('height', '20');
    svg.setAttribute('aria-hidden', 'true');
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    path.setAttribute('d', 'M3 12h4m4 0h4m4 0h2M9 9v6m8-6v6');
    path.setAttribute('fill', 'none');
    path.setAttribute('stroke', 'currentColor');
    path.setAttribute('stroke-width', '2');
    path.setAttribute('stroke-linecap', 'round');
    svg.append(path);
    return svg;
  }

  // Looks like the entries beside it: their class names are hashed, so a copy is the only way.
  function entry(navigation) {
    const beside = navigation.querySelector('a.link-flex:not(.selected)') ?? navigation.querySelector('a');
    const link = beside ? beside.cloneNode(true) : document.createElement('a');
    for (const name of [...link.getAttributeNames()]) {
      if (name !== 'class' && name !== 'role') link.removeAttribute(name);
    }
    link.classList.remove('selected');
    link.setAttribute(MARK, '');
    link.href = `${location.pathname}${location.search}${HASH}`;
    const texts = document.createTreeWalker(link, NodeFilter.SHOW_TEXT, {
      acceptNode: (node) => (node.data.trim() ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_SKIP),
    });
    const text = texts.nextNode();
    const drawing = link.querySelector('svg, img');
    if (drawing) drawing.replaceWith(icon());
    if (text) text.data = 'Promotions';
    else link.append('Promotions');
    link.addEventListener('click', (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      event.stopPropagation();
      if (!isOpen()) location.hash = HASH;
    });
    return link;
  }

  // The content: what lies beside the navigation.
  function content(navigation) {
    for (let at = navigation; at && at !== document.body; at = at.parentElement) {
      const next = at.nextElementSibling;
      if (next && next !== frame && next.getBoundingClientRect().width > innerWidth / 3) return next;
    }
    return null;
  }

  function place() {
    if (!frame) return;
    const navigation = document.querySelector(NAVIGATION);
    const area = navigation && content(navigation);
    const box = area?.getBoundingClientRect();
    const edge = navigation?.getBoundingClientRect().right ?? 0;
    const left = box ? box.left : edge;
    const top = box ? Math.max(box.top, 0) : 0;
    Object.assign(frame.style, {
      left: `${left}px`,
      top: `${top}px`,
      width: `${(box ? box.right : innerWidth) - left}px`,
      height: `${innerHeight - top}px`,
    });
  }

  function open() {
    frame = document.createElement('iframe');
    frame.title = 'Promotions';
    frame.src = `${home}?embed=1`;
    Object.assign(frame.style, { position: 'fixed', border: '0', zIndex: '1', background: 'Canvas' });
    document.body.append(frame);
    place();
  }

  function close() {
    frame.remove();
    frame = null;
  }

  function select(navigation, link) {
    link.classList.toggle('selected', isOpen());
    if (isOpen()) {
      link.setAttribute('aria-current', 'page');
      for (const other of navigation.querySelectorAll('a.selected')) {
        if (other === link) continue;
        other.classList.remove('selected');
        unselected.push(other);
      }
    } else {
      link.removeAttribute('aria-current');
      for (const other of unselected.splice(0)) {
        if (new URL(other.href).pathname === location.pathname) other.classList.add('selected');
      }
    }
  }

  function sync() {
    const navigation = document.querySelector(NAVIGATION);
    if (navigation) {
      let link = navigation.querySelector(`[${MARK}]`);
      if (!link) {
        link = entry(navigation);
        navigation.append(link);
      }
      if (link.classList.contains('selected') !== isOpen()) select(navigation, link);
    }
    if (isOpen() && navigation && !frame) open();
    else if (!isOpen() && frame) close();
    else place();
  }

  new MutationObserver(sync).observe(document.documentElement, { childList: true, subtree: true });
  addEventListener('hashchange', sync);
  addEventListener('popstate', sync);
  addEventListener('resize', place);
  addEventListener('transitionend', place);
  // The dashboard's own links change the path without an event that a script could hear.
  addEventListener('click', () => setTimeout(sync));
  sync();
})();
