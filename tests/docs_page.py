"""The form of the page /docs, run by Node: a page with that form, a file chosen and sent."""

import json
import re
import subprocess
from typing import Any

# The page's elements, and what Swagger UI has: the document, and the token that was given.
_PAGE = """
const { script, chosen, api, token, answers } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const shown = [], sent = [];
let submit;
const elements = {
  'upload-form': { addEventListener: (_, listener) => { submit = listener; } },
  'upload-file': { files: [new File([Buffer.from(chosen.data, 'base64')], chosen.name, {
    type: chosen.type,
  })] },
  'upload-path': { value: chosen.path },
  'upload-overwrite': { checked: chosen.overwrite },
  'upload-result': { set textContent(text) { shown.push(text); } },
};
globalThis.document = { getElementById: (id) => elements[id] };
globalThis.location = { origin: 'https://api.example' };
globalThis.swaggerUIOptions = { spec: { servers: [{ url: api }] } };
const schemes = token ? { token: { value: token } } : {};
globalThis.ui = { authSelectors: { authorized: () => ({ toJS: () => schemes }) } };
if (answers) {
  globalThis.fetch = async (url, { method = 'GET', headers = {}, body } = {}) => {
    const form = body instanceof FormData;
    const fields = form && [...body].map(([name, each]) => [name, each.name ?? each]);
    sent.push({ url, method, headers, body: form ? fields : body });
    const [status, answer, more] = answers.shift();
    if (status === 0) throw new TypeError('Failed to fetch');
    return new Response(answer, { status, headers: more });
  };
}
(0, eval)(script);
submit({ preventDefault() {} }).then(() => {
  process.stdout.write(JSON.stringify({ shown, sent }));
});
"""


def send_file(
    page: str,
    api: str,
    token: str,
    chosen: dict[str, Any],
    answers: list[tuple[int, str, dict[str, str]]] | None = None,
) -> dict[str, Any]:
    """Sends the form of a page; returns the texts that it showed, and its requests.

    `chosen` has the file's `name`, `type` and base64 `data`, and the form's `path` and `overwrite`.
    With `answers`, which are a status (0: none), a body and headers each, nothing is really sent.
    """
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[0]
    run = subprocess.run(
        ["node", "-e", _PAGE],
        input=json.dumps(
            {"script": script, "chosen": chosen, "api": api, "token": token, "answers": answers}
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    result: dict[str, Any] = json.loads(run.stdout)
    return result
