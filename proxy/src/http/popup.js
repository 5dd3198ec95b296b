// The end of a sign-in in a popup: tells the page that opened it, and closes itself.
(() => {
  'use strict';
  const channel = new BroadcastChannel('weft-session');
  channel.postMessage('signed-in');
  channel.close();
  window.close();
})();
