// Is everything there? Two users, one group, both transports, once.
import http from 'k6/http';
import { check } from 'k6';
import { BASE_URL, connect, createGroups, createUsers, post, runName } from './lib/chat.js';

export const options = {
  vus: 1,
  iterations: 1,
  thresholds: {
    checks: ['rate==1'],
    http_req_failed: ['rate==0'],
    ws_connecting: ['p(95)<1000'],
  },
};

const TIMEOUT_MS = 10_000;

export default function () {
  const run = runName();
  const [alice, bob] = createUsers(run, 2);
  const [group] = createGroups(run, 1);
  check(http.get(`${BASE_URL}/readyz`), { 'is ready': (response) => response.status === 200 });

  const heard = { alice: [], bob: [] };
  const first = connect(group, alice);
  let second;
  const timeout = setTimeout(finish, TIMEOUT_MS);

  first.onmessage = ({ data }) => {
    heard.alice.push(data);
    if (data === `${alice.username} joined ${group.name}.`) {
      second = connect(group, bob);
      second.onmessage = ({ data }) => {
        heard.bob.push(data);
        if (data === `${bob.username} joined ${group.name}.`) {
          second.send('hello from a socket');
        } else if (data === `${bob.username}: hello from a socket`) {
          post('/messages/', { group_id: group.id, user_id: alice.id, content: 'hello from REST' });
        } else if (data === `${alice.username}: hello from REST`) {
          second.close();
        }
      };
    } else if (data === `${bob.username} left ${group.name}.`) {
      finish();
    }
  };

  function finish() {
    clearTimeout(timeout);
    first.close();
    const lines = [`${bob.username}: hello from a socket`, `${alice.username}: hello from REST`];
    check(heard, {
      'both heard the socket': ({ alice, bob }) => alice.includes(lines[0]) && bob.includes(lines[0]),
      'both heard REST': ({ alice, bob }) => alice.includes(lines[1]) && bob.includes(lines[1]),
      'the leave line came': ({ alice: lines }) => lines.includes(`${bob.username} left ${group.name}.`),
    });
    const stored = http.get(`${BASE_URL}/api/v1/messages/?group_id=${group.id}`);
    check(stored, {
      'both are stored, in order': (response) =>
        response.status === 200 &&
        response.json().map(({ seq, content }) => `${seq} ${content}`).join() ===
          '1 hello from a socket,2 hello from REST',
    });
  }
}
