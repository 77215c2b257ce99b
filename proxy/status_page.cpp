#include "proxy/status_page.hpp"

#include <string_view>

namespace sipsteer {
namespace {

/// Values reach the page by textContent only: a server's name is text, whatever it contains.
constexpr std::string_view kPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>sipsteer</title>
<style>
:root { --ground: #f6f7f9; --card: #fff; --ink: #1b2129; --soft: #5a6572; --line: #dfe3e8;
        --good: #17703a; --bad: #b3261e; --mark: #1d5fc2; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #12161b; --card: #1b2128; --ink: #e6eaef; --soft: #9aa6b3; --line: #2e3742;
          --good: #5fd08a; --bad: #ff8a80; --mark: #7db2ff; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 66rem; padding: 1rem; background: var(--ground); color: var(--ink);
       font: 1rem/1.45 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; }
h1 { margin: 0; font-size: 1.5rem; }
header p, .none { margin: 0; color: var(--soft); }
main { display: grid; gap: 1rem; margin-top: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); }
section { padding: .75rem 1rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--card);
          overflow-x: auto; }
.wide { grid-column: 1 / -1; }
table { width: 100%; border-collapse: collapse; }
caption { padding-bottom: .4rem; text-align: left; font-weight: 600; }
th, td { padding: .3rem .6rem .3rem 0; border-top: 1px solid var(--line); text-align: left; overflow-wrap: anywhere; }
thead th { border: 0; color: var(--soft); font-weight: 400; font-size: .875rem; white-space: nowrap; }
tbody th { font-weight: 400; }
.number { padding-right: 0; padding-left: .6rem; text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.transfer th { color: var(--mark); font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
#law { margin: .6rem 0 0; }
</style>
</head>
<body>
<header>
  <h1>sipsteer</h1>
  <p><span id="version"></span> <span id="uptime"></span></p>
  <p id="trouble" class="bad" role="status"></p>
</header>
<noscript><p>This page needs JavaScript. The same figures: <a href="/api/v1/servers">servers</a>,
<a href="/api/v1/status">status</a>, <a href="/metrics">metrics</a>.</p></noscript>
<main>
<section class="wide"><table>
  <caption>Servers</caption>
  <thead><tr><th scope="col">Name</th><th scope="col">Address</th><th scope="col">State</th><th scope="col">Up</th>
    <th scope="col" class="number">Calls</th></tr></thead>
  <tbody id="servers"></tbody>
</table></section>
<section><table>
  <caption>Messages</caption>
  <thead><tr><th scope="col">Kind</th><th scope="col" class="number">Total</th>
    <th scope="col" class="number">Per second</th></tr></thead>
  <tbody id="messages"></tbody>
</table><p id="law" role="status"></p></section>
<section><table>
  <caption>Decisions, transfers first</caption>
  <thead><tr><th scope="col">Reason</th><th scope="col" class="number">Messages</th></tr></thead>
  <tbody id="decisions"></tbody>
</table></section>
<section><table>
  <caption>Dropped</caption>
  <thead><tr><th scope="col">Reason</th><th scope="col" class="number">Messages</th></tr></thead>
  <tbody id="dropped"></tbody>
</table></section>
</main>
<script>
"use strict";
const kinds = ["received", "forwarded", "answered", "absorbed", "dropped"];
const byId = id => document.getElementById(id);
const number = value => value.toLocaleString("en");
let before = null, rests = [];

// Assistive technology announces a change of a role="status": so only write what has changed.
function put(node, text, kind = "") {
  if (node.textContent !== text) node.textContent = text;
  if (node.className !== kind) node.className = kind;
}

// rows: lists of [text, class]; the first cell of each is its header.
function fill(id, rows, kindOfRow = () => "") {
  const body = byId(id), columns = body.parentNode.tHead.rows[0].cells.length;
  if (!rows.length) rows = [[["none so far", "none"], ...Array(columns - 1).fill(["", ""])]];
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((cells, i) => {
    const row = body.rows[i] || body.insertRow();
    row.className = kindOfRow(cells);
    cells.forEach(([text, kind], column) => {
      if (!row.cells[column]) {
        const cell = document.createElement(column ? "td" : "th");
        if (!column) cell.scope = "row";
        row.append(cell);
      }
      put(row.cells[column], text, kind);
    });
  });
}

function read(metrics) {
  const sums = Object.fromEntries(kinds.map(kind => [kind, 0])), decisions = [], dropped = [];
  for (const line of metrics.split("\n")) {
    const [, name, label, value] = line.match(/^sipsteer_(messages_\w+|decisions)_total(?:\{(.*)\})? (\S+)/) || [];
    if (!name) continue;
    const reason = label && (label.match(/reason="(\w+)"/) || [])[1];
    if (name === "decisions") { if (+value) decisions.push([reason, +value]); continue; }
    sums[name.slice("messages_".length)] += +value;
    if (reason && +value) dropped.push([reason, +value]);
  }
  const first = ([a, many], [b, more]) => b.startsWith("transfer") - a.startsWith("transfer") || more - many;
  return {sums, decisions: decisions.sort(first), dropped: dropped.sort(first), at: performance.now()};
}

function uptime(seconds) {
  const [days, hours, minutes] = [seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60].map(Math.floor);
  return "up " + (days ? days + " d " : "") + (days || hours ? hours + " h " : "") + minutes + " min " + seconds % 60 + " s";
}

function show(status, servers, now) {
  put(byId("version"), status.version);
  put(byId("uptime"), uptime(status.uptime_s));
  fill("servers", servers.map(server => [
    [server.name, ""], [server.addresses.join(", ") || server.uri, ""], [server.state, ""],
    server.up ? ["up", "good"] : ["down", "bad"], [number(server.calls), "number"]]));
  // A smaller total is another process: no rate before its second answer.
  const since = before && before.sums.received <= now.sums.received ? before : null;
  fill("messages", kinds.map(kind => [[kind, ""], [number(now.sums[kind]), "number"],
    [since ? number(Math.round((now.sums[kind] - since.sums[kind]) / (now.at - since.at) * 1e4) / 10) : "", "number"]]));
  // Messages in hand are not lost: only what is missing ten times in a row breaks the law.
  const rest = now.sums.received - kinds.slice(1).reduce((sum, kind) => sum + now.sums[kind], 0);
  rests = [...(since ? rests : []), rest].slice(-10);
  if (rests.includes(0)) put(byId("law"), "✓ every message is accounted for", "good");
  else if (rests.length === 10) put(byId("law"), "✗ messages unaccounted for: " + number(rest), "bad");
  const list = pairs => pairs.map(([reason, count]) => [[reason, ""], [number(count), "number"]]);
  fill("decisions", list(now.decisions), cells => cells[0][0].startsWith("transfer") ? "transfer" : "");
  fill("dropped", list(now.dropped));
  before = now;
}

async function ask(path) {
  const answer = await fetch(path, {signal: AbortSignal.timeout(5000)});
  if (!answer.ok) throw new Error(path + ": " + answer.status);
  return answer;
}

async function poll() {
  try {
    const [status, servers, metrics] = await Promise.all([
      ask("/api/v1/status").then(answer => answer.json()), ask("/api/v1/servers").then(answer => answer.json()),
      ask("/metrics").then(answer => answer.text())]);
    show(status, servers.servers, read(metrics));
    put(byId("trouble"), "", "bad");
  } catch (error) {
    put(byId("trouble"), "no answer from the proxy: the figures below are old", "bad");
  }
  setTimeout(poll, 1000);
}
poll();
</script>
</body>
</html>
)html";

}  // namespace

HttpResponse status_page() {
    return {.body = std::string{kPage},
            .content_type = "text/html; charset=utf-8",
            .headers = {{"Content-Security-Policy",
                         "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                         "connect-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"}}};
}

}  // namespace sipsteer
