// Scores models with the onnxruntime of browsers: `node browser.mjs <folder>`.
// The folder holds <name>.onnx and <name>.json {"rows", "num", "cat"}; <name>.answer.json is written beside them.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-web/wasm";

ort.env.wasm.numThreads = 1;
const folder = process.argv[2];
for (const file of readdirSync(folder).filter((name) => name.endsWith(".onnx"))) {
  const name = file.slice(0, -".onnx".length);
  const given = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
  const session = await ort.InferenceSession.create(new Uint8Array(readFileSync(join(folder, file))));
  const number = (value) => (value === null ? NaN : value); // JSON has no NaN
  const all = {
    num: () => new ort.Tensor("float64", Float64Array.from(given.num, number), [given.rows, given.num.length / given.rows]),
    cat: () => new ort.Tensor("string", given.cat, [given.rows, given.cat.length / given.rows]),
  };
  const feeds = Object.fromEntries(session.inputNames.map((input) => [input, all[input]()]));
  const outputs = await session.run(feeds);
  const plain = (value) => (typeof value === "bigint" ? Number(value) : value);
  const answer = Object.fromEntries(
    session.outputNames.map((output) => [output, Array.from(outputs[output].data, plain)]),
  );
  writeFileSync(join(folder, `${name}.answer.json`), JSON.stringify(answer));
}
