// Calls a gateway with the npm client of OpenAI as it is, and prints one line of JSON for each step.
//
// On standard input: {"address", "steps": [{"do", "key", "model", "text", "retries", "seconds", ...}]}. A step is one of
// `steps` below. Its line has what the client gave back, or under `error` the exception as a program meets it.
import { text } from "node:stream/consumers";
import OpenAI from "openai";

const asked = (step) => ({
  model: step.model,
  messages: step.messages ?? [{ role: "user", content: step.text ?? "Say hello." }],
  max_completion_tokens: step.tokens ?? 8,
});

const steps = {
  async whole(client, step) {
    const answer = await client.chat.completions.create(asked(step));
    const [choice] = answer.choices;
    return { text: choice.message.content, finish: choice.finish_reason, usage: answer.usage, model: answer.model };
  },

  async stream(client, step) {
    const stream_options = { include_usage: true };
    const stream = await client.chat.completions.create({ ...asked(step), stream: true, stream_options });
    const said = { pieces: 0, text: "", finish: null, usage: null };
    for await (const chunk of stream) {
      const piece = chunk.choices[0]?.delta?.content;
      said.pieces += piece ? 1 : 0;
      said.text += piece ?? "";
      said.finish = chunk.choices[0]?.finish_reason ?? said.finish;
      said.usage = chunk.usage ?? said.usage;
      said.model = chunk.model;
    }
    return said;
  },

  async left(client, step) {
    const stream = await client.chat.completions.create({ ...asked(step), stream: true });
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta?.content) break;
    }
    return { aborted: stream.controller.signal.aborted };
  },

  async models(client) {
    const found = [];
    for await (const model of client.models.list()) found.push(model.id);
    return { models: found };
  },

  async model(client, step) {
    return { model: (await client.models.retrieve(step.model)).id };
  },
};

const problem = (error) => ({
  class: error.constructor.name,
  status: error.status ?? null,
  code: error.code ?? null,
  type: error.type ?? null,
  param: error.param ?? null,
  message: error.message,
  request: error.requestID ?? null,
  retryAfter: error.headers?.get?.("retry-after") ?? null,
});

async function taken(address, step) {
  const wait = 1000 * (step.seconds ?? 60);
  const client = new OpenAI({ baseURL: address, apiKey: step.key, maxRetries: step.retries ?? 0, timeout: wait });
  try {
    return await steps[step.do](client, step);
  } catch (error) {
    return { error: problem(error) };
  }
}

const given = JSON.parse(await text(process.stdin));
for (const step of given.steps) {
  process.stdout.write(JSON.stringify({ did: step.do, ...(await taken(given.address, step)) }) + "\n");
}
