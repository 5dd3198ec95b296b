const scheme = matchMedia('(prefers-color-scheme: dark)');
const dark = () => localStorage.mode === 'dark' || (localStorage.mode !== 'light' && scheme.matches);
const paint = () => document.documentElement.classList.toggle('dark', dark());
addEventListener('storage', paint);
scheme.addEventListener('change', paint);
paint();

const post = (path, body) =>
  fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });

addEventListener('DOMContentLoaded', () => {
  document.getElementById('sign-in')?.addEventListener('submit', async (event) => {
    event.preventDefault();
    const credentials = JSON.stringify(Object.fromEntries(new FormData(event.target)));
    if ((await post('/oauth2/sign_in', credentials)).ok) location.reload();
  });
  document.getElementById('sync')?.addEventListener('click', async ({ target }) => {
    const outcome = document.getElementById('outcome');
    outcome.textContent = 'Syncing…';
    const answer = await post('/v1/sync', target.dataset.body);
    outcome.textContent = answer.ok ? 'Sync request successful' : 'Sync failed';
  });
});
