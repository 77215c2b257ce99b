"use strict";
// Values reach the page as text nodes only: a server's name is text, whatever it contains.
const KEPT = 600;
const CLASSES = ["1xx", "2xx", "3xx", "4xx", "5xx", "6xx"];
const ENDS = ["forwarded", "answered", "absorbed", "dropped"];
const REASONS = ["transfer_owner", "transfer_store", "transfer_uri", "transfer_probe", "transfer_home", "transfer_fallback",
  "transfer_stripped", "transfer_forwarded", "transfer_rejected", "transfer_waiting"];
const MATCHED = REASONS.slice(0, 4);
const byId = id => document.getElementById(id);

// ---- elements

function element(name, {text, ...attributes} = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

function shape(name, {text, ...attributes} = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

function put(node, text, kind) {
  if (node.textContent !== text) node.textContent = text;       // a reader is told of changes only
  if (kind !== undefined && node.className !== kind) node.className = kind;
}

const count = value => Number(value).toLocaleString("en");
const rate = value => value >= 100 ? count(Math.round(value)) : value === 0 ? "0" : value < 0.05 ? "<0.1" : value.toFixed(1);

function uptime(seconds) {
  const [days, hours, minutes] = [seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60].map(Math.floor);
  return "up " + (days ? days + " d " : "") + (days || hours ? hours + " h " : "") + minutes + " min";
}

// ---- what is kept: one array a figure, newest last

let kept = null;

const zeros = length => new Array(length).fill(0);

function extend(columns, added, length, more) {
  for (const name of new Set([...Object.keys(columns), ...Object.keys(added)])) {
    if (Array.isArray(added[name] ?? columns[name])) {
      columns[name] = (columns[name] ?? zeros(length)).concat(added[name] ?? zeros(more)).slice(-KEPT);
    }
  }
}

function keep(answer) {
  if (!kept || answer.sequence < kept.sequence) kept = {sequence: 0, length: 0, columns: {}, decisions: {}, drops: {}, servers: {}};
  const more = answer.samples.received.length;
  extend(kept.columns, answer.samples, kept.length, more);
  extend(kept.decisions, answer.samples.decisions, kept.length, more);
  extend(kept.drops, answer.samples.drops, kept.length, more);
  const servers = {};
  for (const {name, answers, ...columns} of answer.servers) {
    const server = servers[name] = kept.servers[name] ?? {columns: {}, answers: {}};
    extend(server.columns, columns, kept.length, more);
    extend(server.answers, answers, kept.length, more);
  }
  kept.servers = servers;
  kept.sequence = answer.sequence;
  kept.length = Math.min(KEPT, kept.length + more);
  kept.totals = answer.totals;
}

const total = (column, seconds = KEPT) => (column ?? []).slice(-seconds).reduce((sum, value) => sum + value, 0);
const recent = (column, seconds = 5) => {
  const length = Math.min(seconds, kept.length);
  return length ? total(column, length) / length : 0;
};
const summed = columns => {
  const result = zeros(kept.length);
  for (const column of columns) (column ?? []).forEach((value, at) => { result[at] += value; });
  return result;
};
const most = column => Math.max(0, ...column.filter(value => value !== null));

/** The seconds that plots show: a young proxy has no ten minutes yet. */
const span = () => [60, 120, 300].find(seconds => kept.length <= seconds) ?? KEPT;

/** The span in bins, at most `most` of them, aligned to the newest second, oldest first; null: no data. */
function bins(column, most, join) {
  const result = [], size = Math.max(1, span() / most);
  for (let end = column.length; result.length < span() / size; end -= size) {
    const part = column.slice(Math.max(0, end - size), Math.max(0, end)).filter(value => value !== null);
    result.push(part.length ? join(part) : null);
  }
  return result.reverse();
}
const mean = part => part.reduce((sum, value) => sum + value, 0) / part.length;
const sum = part => part.reduce((a, b) => a + b, 0);

// ---- plots

function nice(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 6, 8, 10].map(step => step * power).find(step => step >= value * 0.999);
}

function runs(values, x, y) {
  let path = "", pen = false;
  values.forEach((value, at) => {
    if (value === null) { pen = false; return; }
    path += (pen ? "L" : "M") + x(at).toFixed(1) + " " + y(value).toFixed(1);
    pen = true;
  });
  return path;
}

function spark(place, column, join = mean) {
  const width = Math.max(60, place.clientWidth), height = place.clientHeight || 30;
  const values = bins(column, 120, join), top = Math.max(1e-9, most(values));
  const x = at => at * (width - 2) / (values.length - 1) + 1, y = value => height - 2 - value / top * (height - 5);
  const first = values.findIndex(value => value !== null);
  const path = runs(values, x, y);
  place.replaceChildren(shape("svg", {width, height, "aria-hidden": "true"},
    shape("line", {class: "grid", x1: 0, x2: width, y1: height - 1.5, y2: height - 1.5}),
    ...(first < 0 ? [] : [
      shape("path", {class: "area", d: runs(values.map(value => value ?? 0).slice(first), at => x(at + first), y) +
        `L${x(values.length - 1)} ${height - 2}L${x(first)} ${height - 2}Z`}),
      shape("path", {class: "line", d: path})])));
}

function frame(place, top, unit) {
  const width = Math.max(240, place.clientWidth), height = place.clientHeight;
  const box = {left: 4, right: width - 4, top: 16, bottom: height - 18, width, height};
  const svg = shape("svg", {width, height});
  for (const share of [0, 0.5, 1]) {
    const y = box.bottom - share * (box.bottom - box.top);
    svg.append(shape("line", {class: "grid", x1: box.left, x2: box.right, y1: y, y2: y}));
    if (share) svg.append(shape("text", {x: box.left, y: y - 3, text: count(top * share) + (share === 1 ? unit : "")}));
  }
  const ago = seconds => seconds < 120 ? seconds + " s" : seconds / 60 + " min";
  for (const [share, anchor, text] of [[0, "start", ago(span())], [0.5, "middle", ago(span() / 2)], [1, "end", "now"]]) {
    svg.append(shape("text", {x: box.left + share * (box.right - box.left), y: height - 4, "text-anchor": anchor, text}));
  }
  place.replaceChildren(svg);
  return {svg, ...box};
}

function plotLines(place, lines, unit, join) {
  const series = lines.map(([tone, column]) => [tone, bins(column, 120, join)]);
  const top = nice(Math.max(...series.map(([, values]) => most(values))));
  const box = frame(place, top, unit);
  const x = at => box.left + at * (box.right - box.left) / (series[0][1].length - 1);
  const y = value => box.bottom - value / top * (box.bottom - box.top);
  for (const [tone, values] of series) box.svg.append(shape("path", {class: "line t-" + tone, d: runs(values, x, y)}));
}

function plotBars(place, columns, tones) {
  const stacks = columns.map(column => bins(column, 60, sum).map(value => value ?? 0));
  const heights = bins([], 60, sum).map((_, at) => stacks.reduce((all, stack) => all + stack[at], 0));
  const top = nice(Math.max(1, ...heights));
  const box = frame(place, top, "");
  const step = (box.right - box.left) / heights.length;
  const base = zeros(heights.length);
  stacks.forEach((stack, which) => stack.forEach((value, at) => {
    if (!value) return;
    const height = value / top * (box.bottom - box.top);
    box.svg.append(shape("rect", {class: "block t-" + tones[which], x: (box.left + at * step + 0.75).toFixed(1),
      y: (box.bottom - base[at] - height).toFixed(1), width: Math.max(1, step - 1.5).toFixed(1), height: height.toFixed(1)}));
    base[at] += height;
  }));
}

// ---- the path

function flow(svg, curve, perSecond, back) {
  svg.append(shape("path", {class: "pipe", d: curve, "stroke-width": 2}));
  if (perSecond <= 0) return;
  const line = shape("path", {class: back ? "flow back" : "flow", d: curve, "stroke-width": (2.5 + Math.min(3, Math.log10(1 + perSecond))).toFixed(1)});
  line.style.animationDuration = Math.max(0.35, 1.8 - 0.45 * Math.log10(1 + perSecond)).toFixed(2) + "s";
  svg.append(line);
}

function node(svg, x, y, width, height, kind, name, lines) {
  svg.append(shape("rect", {class: "node " + kind, x, y, width, height, rx: 9}));
  if (kind !== "us" && kind !== "outside") svg.append(shape("circle", {class: "dot " + kind, cx: x + 13, cy: y + 17, r: 4}));
  const left = kind === "us" || kind === "outside" ? x + 12 : x + 23;
  const room = Math.floor((x + width - left - 8) / 7.6);
  svg.append(shape("text", {class: "name", x: left, y: y + 21.5, text: name.length > room ? name.slice(0, room - 1) + "…" : name}));
  lines.forEach((text, at) => svg.append(shape("text", {x: x + 12, y: y + 38 + 14 * at, text})));
}

function stateOf(server) {
  if (!server.up) return "down";
  return server.state === "ready" ? "up" : "drain";
}

let drawn = "";

function path(servers) {
  const place = byId("path"), width = Math.max(300, place.clientWidth), tall = width < 640;
  const flows = servers.map(server => {
    const columns = kept.servers[server.name]?.columns ?? {};
    return {to: recent(columns.sent), from: recent(columns.received)};
  });
  const sums = ENDS.map(end => recent(kept.columns[end]));
  const toServers = sum(flows.map(({to}) => to)), fromServers = sum(flows.map(({from}) => from));
  const received = recent(kept.columns.received);
  const outside = {to: Math.max(0, received - fromServers), from: Math.max(0, sums[0] + sums[1] - toServers)};
  put(byId("path-text"), `From outside ${rate(outside.to)} messages per second, to outside ${rate(outside.from)}. ` + servers.map((server, at) =>
    `Server ${server.name}, ${server.up ? "up" : "down"}, ${server.state}: ${rate(flows[at].to)} per second to it, ${rate(flows[at].from)} from it.`).join(" "));
  const shown = servers.slice(0, 8), more = servers.length - shown.length;
  const key = JSON.stringify([width, shown.map(stateOf), shown.map(({name, calls}) => [name, calls]), flows, outside]);
  if (key === drawn) return;
  drawn = key;
  const us = [`${rate(received)}/s in`, `${rate(sums[0])}/s forwarded`, `${rate(sums[1] + sums[2])}/s answered here`];
  const lines = server => [`${count(server.calls)} ${server.calls === 1 ? "dialog" : "dialogs"}` + (server.state === "ready" ? "" : ", " + server.state)];
  if (tall) {
    const rows = 222, step = 66, height = rows + step * shown.length + (more > 0 ? 20 : 0), svg = shape("svg", {width, height});
    const middle = width / 2, trunk = 22;
    flow(svg, `M${middle - 8} 56V102`, outside.to);
    flow(svg, `M${middle + 8} 56V102`, outside.from, true);
    svg.append(shape("text", {class: "rate", x: middle - 18, y: 83, "text-anchor": "end", text: rate(outside.to) + "/s ↓"}),
      shape("text", {class: "rate", x: middle + 18, y: 83, text: "↑ " + rate(outside.from) + "/s"}));
    node(svg, middle - 85, 4, 170, 52, "outside", "Outside", ["phones, carriers"]);
    node(svg, middle - 85, 102, 170, 82, "us", "sipsteer", us);
    shown.forEach((server, at) => {
      const y = rows + step * at + 28;
      flow(svg, `M${middle - 85} 150H${trunk + 10}Q${trunk} 150 ${trunk} 160V${y - 12}Q${trunk} ${y - 2} ${trunk + 10} ${y - 2}H58`, flows[at].to);
      svg.append(shape("path", {class: "pipe", d: `M58 ${y + 6}H${trunk + 4}`, "stroke-width": 2}));
      node(svg, 58, y - 26, width - 58 - 100, 52, stateOf(server), server.name, lines(server));
      svg.append(shape("text", {class: "rate", x: width - 92, y: y - 4, text: "→ " + rate(flows[at].to) + "/s"}),
        shape("text", {class: "rate", x: width - 92, y: y + 14, text: "← " + rate(flows[at].from) + "/s"}));
    });
    if (more > 0) svg.append(shape("text", {x: 58, y: height - 4, text: `and ${more} more`}));
    place.replaceChildren(svg);
    return;
  }
  const step = 68, height = Math.max(132, shown.length * step) + (more > 0 ? 18 : 0), svg = shape("svg", {width, height});
  const right = width - 190, left = 150, us0 = (left + right) / 2 - 80, us1 = us0 + 160, mid = (height - (more > 0 ? 18 : 0)) / 2;
  flow(svg, `M${left} ${mid - 7}H${us0}`, outside.to);
  flow(svg, `M${left} ${mid + 7}H${us0}`, outside.from, true);
  const label = (left + us0) / 2;
  svg.append(shape("text", {class: "rate", x: label, y: mid - 16, "text-anchor": "middle", text: rate(outside.to) + "/s →"}),
    shape("text", {class: "rate", x: label, y: mid + 26, "text-anchor": "middle", text: "← " + rate(outside.from) + "/s"}));
  node(svg, 2, mid - 27, left - 4, 54, "outside", "Outside", ["phones, carriers"]);
  const first = mid - shown.length * step / 2;
  shown.forEach((server, at) => {
    const y = first + at * step + step / 2, bend = (us1 + right) / 2;
    flow(svg, `M${us1} ${mid - 6}C${bend} ${mid - 6} ${bend - 20} ${y - 6} ${right - 74} ${y - 6}H${right}`, flows[at].to);
    flow(svg, `M${us1} ${mid + 6}C${bend} ${mid + 6} ${bend - 20} ${y + 6} ${right - 74} ${y + 6}H${right}`, flows[at].from, true);
    svg.append(shape("text", {class: "rate", x: right - 8, y: y - 13, "text-anchor": "end", text: rate(flows[at].to) + "/s →"}),
      shape("text", {class: "rate", x: right - 8, y: y + 23, "text-anchor": "end", text: "← " + rate(flows[at].from) + "/s"}));
    node(svg, right, y - 27, 188, 54, stateOf(server), server.name, lines(server));
  });
  node(svg, us0, mid - 41, 160, 82, "us", "sipsteer", us);
  if (more > 0) svg.append(shape("text", {x: right, y: height - 4, text: `and ${more} more`}));
  place.replaceChildren(svg);
}

// ---- tables

/** Keeps the rows of `body` in step with `items`; `make` builds a row's cells once, `update` changes their text. */
function rows(body, items, key, make, update) {
  const old = new Map([...body.children].map(row => [row.dataset.key, row]));
  const wanted = items.map(item => {
    const row = old.get(key(item)) ?? make(item);
    row.dataset.key = key(item);
    update(row, item);
    return row;
  });
  if (wanted.length !== body.children.length || wanted.some((row, at) => row !== body.children[at])) body.replaceChildren(...wanted);
}

function showServers(servers) {
  const labels = ["State", "Dialogs", "INVITE/s", ...CLASSES, "Probe", "Messages, 10 min"];
  rows(byId("servers"), servers, server => server.name, server => element("tr", {role: "row"},
    element("th", {role: "rowheader", scope: "row", text: server.name}, element("span", {class: "address"})),
    ...labels.map((label, at) => element("td", {role: "cell", class: at && at < 10 ? "number" : "", "data-label": at ? label : undefined},
      ...(at === 10 ? [element("div", {class: "spark"})] : at ? [] : [element("span", {class: "badge"})])))), (row, server) => {
    const {columns, answers} = kept.servers[server.name] ?? {columns: {}, answers: {}};
    const [name, state, calls, invites, ...rest] = row.children;
    put(name.lastChild, server.addresses.join(", ") || server.uri);
    const kind = stateOf(server);
    put(state.firstChild, server.state === "ready" ? server.up ? "up" : "down" : server.state + (server.up ? "" : ", down"),
      "badge " + {up: "good", down: "bad", drain: "warn"}[kind]);
    put(calls, count(server.calls));
    put(invites, rate(recent(columns.invites)));
    CLASSES.forEach((name, at) => {
      const value = total(answers[name], 60);
      put(rest[at], count(value), value ? "number" : "number zero");
    });
    put(rest[6], server.rtt_ms > 0 ? Number(server.rtt_ms).toFixed(1) + " ms" : "–");
    spark(rest[7].firstChild, summed([columns.received, columns.sent]));
  });
}

function legend(body, items, ...numbers) {
  rows(body, items, item => item, item => element("tr", {}, element("th", {scope: "row"},
    element("span", {class: "key t-" + item, "aria-hidden": "true"}), item.replace("transfer_", "")),
    ...numbers.map(() => element("td", {class: "number"}))), (row, item) =>
    numbers.forEach((number, at) => put(row.children[at + 1], number(item))));
}

// ---- the last transfers

const SHOWN = 12;

/** What became of it, in a few words, and how that is shown. */
function outcome(story) {
  if (story.status >= 200 && story.status < 300) return [story.status + " taken over", "good"];
  if (story.status === 401 || story.status === 407) return [story.status + " asked for credentials", ""];
  if (story.status >= 300) return [story.status + " refused", "bad"];
  if (story.reason === "transfer_rejected") return ["rejected", "bad"];
  if (story.reason) return ["no answer yet", ""];
  return ["referred, no INVITE yet", ""];
}

function storyOf(story) {
  const made = element("li", {}, element("details", {}, element("summary", {},
    element("span", {class: "key", "aria-hidden": "true"}), element("span", {class: "when"}), element("span", {class: "what"}),
    element("span", {class: "badge"})), element("div", {class: "facts"}), element("ol", {class: "steps"})));
  return made;
}

function facts(story) {
  const told = [];
  if (story.referred_at) told.push(["REFER at", story.referred_at]);
  if (story.refer_call_id) told.push(["owner when referred", story.owner || "unknown"]);
  told.push(["replaced call", story.replaced_call_id]);
  if (story.invite_call_id) told.push(["new call", story.invite_call_id]);
  return told;
}

function showStories(stories) {
  byId("stories-none").hidden = stories.length > 0;
  rows(byId("stories"), stories.slice(0, SHOWN), story => String(story.number), storyOf, (row, story) => {
    const state = JSON.stringify(story);
    if (row.told === state) return;
    row.told = state;
    const [summary, about, steps] = row.firstChild.children, [key, when, what, badge] = summary.children;
    key.setAttribute("class", "key t-" + story.reason);
    put(when, new Date(story.began_ms).toLocaleTimeString("en-GB"));
    const reason = story.reason ? story.reason.replace("transfer_", "") : "REFER";
    put(what, story.server && story.reason ? `${reason} → ${story.server}` : story.reason ? (reason === "rejected" ? "nobody's call" : reason) : `REFER at ${story.referred_at || "?"}, owner ${story.owner || "unknown"}`);
    const [text, kind] = outcome(story);
    put(badge, text, "badge " + kind);
    about.replaceChildren(element("dl", {}, ...facts(story).flatMap(([name, value]) => [element("dt", {text: name}), element("dd", {text: value})])));
    steps.replaceChildren(...story.steps.map(step => element("li", {},
      element("span", {class: "after", text: "+" + (step.after_ms / 1000).toFixed(3) + " s"}),
      element("b", {text: step.message}), " ",
      element("span", {text: step.from + " → " + (step.to || "nowhere")}), " ",
      element("span", {class: "soft", text: step.reason + (step.copies > 1 ? ", " + step.copies + " copies" : "")}))));
  });
}

let rests = [];

function showLaw() {
  const all = kept.totals;
  legend(byId("law"), ["received", ...ENDS], end => count(all[end]), end => rate(recent(kept.columns[end])));
  const bar = byId("law-bar");
  rows(bar, ENDS, end => end, end => element("span", {class: "t-" + end}), (part, end) => {
    part.style.flexGrow = all.received ? all[end] / all.received : 0;
  });
  // Messages in hand are not lost: only what is missing ten times in a row breaks the law.
  rests = [...rests, all.in_hand].slice(-10);
  if (rests.includes(0)) put(byId("law-verdict"), "✓ received equals what became of them", "verdict good");
  else if (rests.length === 10) put(byId("law-verdict"), `✗ ${count(all.in_hand)} messages unaccounted for`, "verdict bad");
}

function show(status, servers, stories) {
  const {columns, totals} = kept;
  put(byId("version"), status.version);
  put(byId("uptime"), "· " + uptime(status.uptime_s));
  const up = servers.filter(server => server.up).length;
  put(byId("state"), `${up} of ${servers.length} servers up`, "pill " + (up === servers.length ? "good" : "bad"));

  const serverColumns = Object.values(kept.servers).map(server => server.columns);
  const invites = summed(serverColumns.map(server => server.invites)), calls = summed(serverColumns.map(server => server.calls));
  const transfers = summed(REASONS.map(reason => kept.decisions[reason]));
  const matched = sum(MATCHED.map(reason => total(kept.decisions[reason]))), asked = total(transfers);
  put(byId("now-received"), rate(recent(columns.received)));
  put(byId("now-invites"), rate(recent(invites)));
  put(byId("now-calls"), count(calls.at(-1) ?? 0));
  put(byId("now-matched"), asked ? (100 * matched / asked).toFixed(matched === asked ? 0 : 1) + " %" : "–");
  put(byId("now-matched-of"), asked ? `of ${count(asked)}` : "none yet");
  const p99 = (columns.p99_us ?? []).slice(-10).filter(value => value !== null);
  put(byId("now-p99"), p99.length ? mean(p99).toFixed(p99[0] < 100 ? 1 : 0) : "–");
  const sparks = {received: columns.received ?? [], invites, calls, transfers, p99: columns.p99_us ?? []};
  for (const place of document.querySelectorAll("[data-spark]")) spark(place, sparks[place.dataset.spark]);

  path(servers);
  showServers(servers);
  showStories(stories);
  const seen = REASONS.filter(reason => totals.decisions[reason]);
  plotBars(byId("transfers"), seen.map(reason => kept.decisions[reason] ?? zeros(kept.length)), seen);
  legend(byId("transfer-reasons"), seen.length ? seen : REASONS.slice(0, 1), reason => count(total(kept.decisions[reason])),
    reason => count(totals.decisions[reason] ?? 0));
  const tops = ["p50", "p90", "p99"];
  plotLines(byId("latency"), tops.map(name => [name, columns[name + "_us"] ?? []]), " µs", part => Math.max(...part));
  legend(byId("percentiles"), tops, name => {
    const last = (columns[name + "_us"] ?? []).slice(-60);
    return last.some(value => value !== null) ? most(last).toFixed(1) + " µs" : "–";
  });
  showLaw();
  const drops = Object.keys(totals.drops).sort((a, b) => totals.drops[b] - totals.drops[a]);
  plotBars(byId("drops-plot"), [summed(Object.values(kept.drops))], ["dropped"]);
  legend(byId("drops"), drops.length ? drops : ["none"], drop => count(total(kept.drops[drop])), drop => count(totals.drops[drop] ?? 0));
  plotLines(byId("messages"), ["requests", "responses", "invalid"].map(name => [name, columns[name] ?? []]), " /s", mean);
  const decisions = Object.entries(totals.decisions).sort(([, a], [, b]) => b - a);
  rows(byId("decisions"), decisions, ([reason]) => reason, ([reason]) => element("li", {text: reason}, element("b")),
    (chip, [, value]) => put(chip.lastChild, count(value)));
}

// ---- asking

async function ask(path) {
  const answer = await fetch(path, {signal: AbortSignal.timeout(5000)});
  if (!answer.ok) throw new Error(path + ": " + answer.status);
  return answer.json();
}

let shown = null;

async function poll() {
  if (!document.hidden) {
    try {
      const [status, servers, transfers, statistics] = await Promise.all([ask("/api/v1/status"), ask("/api/v1/servers"),
        ask("/api/v1/transfers?limit=" + SHOWN), ask("/api/v1/statistics?since=" + (kept?.sequence ?? 0))]);
      // Another process counts from 1 again: ask for all it has.
      if (kept && statistics.sequence < kept.sequence) kept = null;
      else keep(statistics);
      if (kept) {
        shown = [status, servers.servers, transfers.transfers];
        show(...shown);
      }
    } catch (error) {
      put(byId("state"), "no answer: these figures are old", "pill bad");
      console.error(error);
    }
  }
  setTimeout(poll, 1000);
}
poll();
// A phone that is turned round need not wait for the next answer.
addEventListener("resize", () => { if (shown) show(...shown); });
