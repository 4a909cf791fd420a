// Writes what Mozilla's Observatory makes of each answer in answers.json:
//   npm install @mdn/mdn-http-observatory@1.4.8 in a folder of its own, put `{}` into its conf/hsts-preload.json, and
//   node observatory.mjs <that folder>/node_modules/@mdn/mdn-http-observatory > expected.json
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const root = path.resolve(process.argv[2]);
const load = (file) => import(path.join(root, file));
const { AxiosHeaders } = createRequire(path.join(root, "src/index.js"))("axios");
const { ALL_TESTS } = await load("src/constants.js");
const { Requests } = await load("src/types.js");
const { Session } = await load("src/retriever/session.js");
const { parseHttpEquivHeaders } = await load("src/retriever/utils.js");
const { getGradeForScore, getScoreModifier } = await load("src/grader/grader.js");

const ORIGIN = "https://elsewhere.example";
const answers = JSON.parse(readFileSync(new URL("answers.json", import.meta.url)));
const results = answers.map((answer) => {
  const url = new URL(answer.url);
  const requests = new Requests(url.hostname);
  const headers = new AxiosHeaders();
  for (const [name, value] of answer.headers) headers.set(name, value);
  if (answer.policies.length > 0) headers.set("content-security-policy", answer.policies);
  if (answer.cookies.length > 0) headers.set("set-cookie", answer.cookies);
  const response = { headers, status: 200, verified: true, data: answer.html, request: { headers: new AxiosHeaders() } };
  const cors = { headers: new AxiosHeaders(), request: { headers: new AxiosHeaders({ Origin: ORIGIN }) } };
  for (const [name, value] of answer.cors) cors.headers.set(name, value);
  requests.session = new Session(url);
  for (const cookie of answer.cookies) requests.session.jar.setCookieSync(cookie, url.href, { ignoreError: true });
  requests.resources.path = answer.html;
  const isPage = ["text/html", "application/xhtml+xml"].includes(headers.get("content-type")?.split(";")[0]);
  response.httpEquiv = isPage ? parseHttpEquivHeaders(answer.html, url.href) : new Map();
  requests.responses.auto = response;
  requests.responses.cors = cors;
  requests.responses.https = url.protocol === "https:" ? response : null;
  requests.responses.http = answer.route ? response : null;
  requests.responses.httpRedirects = (answer.route ?? []).map((step) => ({ url: new URL(step), status: 200 }));
  const tests = {};
  let [all, uncurved] = [100, 100];
  for (const test of ALL_TESTS) {
    const output = test(requests);
    const modifier = getScoreModifier(output.result);
    tests[output.constructor.name] = output.result;
    all += modifier;
    uncurved += Math.min(modifier, 0);
  }
  const { score, grade } = getGradeForScore(uncurved >= 90 ? all : uncurved);
  return { name: answer.name, score, grade, tests };
});
console.log("[\n" + results.map((result) => JSON.stringify(result)).join(",\n") + "\n]");
