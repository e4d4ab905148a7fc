"""Ready-made calls to a deployment, for people to copy: curl, Python and JavaScript, whole and as a stream."""

import json
from string import Template
from typing import NamedTuple

VARIABLE = "GATEWAY_API_KEY"
"""The variable of the environment in which the snippets look for the key."""
ASKED = "What can you help me with?"


class Snippet(NamedTuple):
    """A call in one language: `whole` waits for the answer, `stream` shows it as it is written."""

    slug: str
    label: str
    whole: str
    stream: str


_CURL = Template("""\
curl$unbuffered $url/chat/completions \\
  -H "Authorization: Bearer $$$variable" \\
  -H "Content-Type: application/json" \\
  -d '{"model": $slug,$streaming "messages": [{"role": "user", "content": $asked}]}'
""")
_PYTHON = Template("""\
import os

from openai import OpenAI

client = OpenAI(base_url=$url, api_key=os.environ["$variable"])
""")
_PYTHON_WHOLE = Template("""
answer = client.chat.completions.create(
    model=$slug,
    messages=[{"role": "user", "content": $asked}],
)
print(answer.choices[0].message.content)
""")
_PYTHON_STREAM = Template("""
stream = client.chat.completions.create(
    model=$slug,
    messages=[{"role": "user", "content": $asked}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
""")
_JAVASCRIPT = Template("""\
import OpenAI from "openai";

const client = new OpenAI({ baseURL: $url, apiKey: process.env.$variable });
""")
_JAVASCRIPT_WHOLE = Template("""
const answer = await client.chat.completions.create({
  model: $slug,
  messages: [{ role: "user", content: $asked }],
});
console.log(answer.choices[0].message.content);
""")
_JAVASCRIPT_STREAM = Template("""
const stream = await client.chat.completions.create({
  model: $slug,
  messages: [{ role: "user", content: $asked }],
  stream: true,
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}
""")


def base_url(gateway: str) -> str:
    """The address that clients of OpenAI's protocol are given, from the gateway's own."""
    return f"{gateway.rstrip('/')}/v1"


def snippets(gateway: str, slug: str) -> tuple[Snippet, ...]:
    """The calls to the deployment of that name behind the gateway at that address; plain text, escaped by nobody."""
    words = {"variable": VARIABLE, "slug": json.dumps(slug), "asked": json.dumps(ASKED)}
    quoted = words | {"url": json.dumps(base_url(gateway))}
    shell = words | {"url": base_url(gateway)}
    curl = [
        _CURL.substitute(shell, unbuffered=flag, streaming=said)
        for flag, said in (("", ""), (" -N", ' "stream": true,'))
    ]
    python, javascript = _PYTHON.substitute(quoted), _JAVASCRIPT.substitute(quoted)
    return (
        Snippet("curl", "curl", *curl),
        Snippet(
            "python", "Python", python + _PYTHON_WHOLE.substitute(quoted), python + _PYTHON_STREAM.substitute(quoted)
        ),
        Snippet(
            "javascript",
            "JavaScript",
            javascript + _JAVASCRIPT_WHOLE.substitute(quoted),
            javascript + _JAVASCRIPT_STREAM.substitute(quoted),
        ),
    )
